"""What a hub is told about a site."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from portal.hub.hub_settings import OFFICES, HubSettings, HubWanted, Ports, groups_of, hub_settings

WANTED = HubWanted(Path("/srv/site"), ("a-course", "b-course"), {"nbgrader-a-course": ("ben", "ana")}, "/opt/patunay/bin/python")


def settings(**changed: Any) -> HubSettings:
    return hub_settings(HubWanted(**{name: getattr(WANTED, name) for name in WANTED.__dataclass_fields__} | changed))


def scopes_of(role: str) -> list[str]:
    return next(each["scopes"] for each in settings().load_roles if each["name"] == role)


def test_every_course_has_a_group_of_learners_and_one_of_teachers_and_there_are_four_offices() -> None:
    assert set(settings().load_groups) == {
        "nbgrader-a-course", "formgrade-a-course", "nbgrader-b-course", "formgrade-b-course",
        "patunay-registrar", "patunay-approver", "patunay-quality", "patunay-admin",
    }  # fmt: skip


def test_people_are_put_into_their_groups() -> None:
    assert settings().load_groups["nbgrader-a-course"] == {"users": ["ana", "ben"]}


def test_everybody_has_their_own_server_and_the_portal_and_nothing_else() -> None:
    assert scopes_of("user") == ["self", "access:services!service=portal"]


def test_a_jupyter_server_knows_its_owners_groups_and_nothing_about_others() -> None:
    assert scopes_of("server") == ["users:activity!user", "access:servers!server", "read:users:name!user", "read:users:groups!user"]


def test_an_administrator_keeps_people_and_cannot_enter_their_servers_or_act_as_them() -> None:
    scopes = scopes_of("patunay-administrator")
    assert scopes == ["admin-ui", "admin:users", "admin:groups", "list:users", "read:servers", "delete:servers", "read:hub"]
    assert not [scope for scope in scopes if scope.startswith(("access:servers", "admin:servers", "tokens", "servers"))]


def test_only_the_culler_among_the_services_has_scopes() -> None:
    roles = settings(commands=("serve", "watch")).load_roles
    assert {service: role["scopes"] for role in roles for service in role.get("services", ())} == {
        "idle-culler": ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    }


def test_who_is_signed_in_comes_to_their_own_page_and_anybody_else_to_the_portals_first() -> None:
    first_page = settings().default_url
    assert first_page(SimpleNamespace(current_user=None)) == "/services/portal/"
    assert first_page(SimpleNamespace(current_user="ana")) == "/services/portal/sign-in"


def test_the_portal_is_the_first_page_and_asks_for_no_consent() -> None:
    portal = settings(ports=Ports(9000)).services[0]
    assert (portal["name"], portal["url"], portal["oauth_no_confirm"]) == ("portal", "http://127.0.0.1:9003", True)
    assert portal["command"] == ["/opt/patunay/bin/python", "-m", "portal.cli", "serve", "--site", "/srv/site"]


def test_with_an_account_every_service_runs_as_it() -> None:
    services = settings(account="patunay", commands=("serve", "watch")).services
    assert {service["name"]: service["user"] for service in services} == {
        "portal": "patunay",
        "idle-culler": "patunay",
        "grading": "patunay",
    }
    assert all("user" not in service for service in settings().services)


def test_grading_is_a_service_where_the_command_is_there() -> None:
    assert [service["name"] for service in settings().services] == ["portal", "idle-culler"]
    grading = settings(commands=("serve", "watch")).services[-1]
    assert (grading["name"], grading["command"][-3:]) == ("grading", ["watch", "--site", "/srv/site"])
    assert "url" not in grading


def test_idle_servers_are_stopped_after_the_minutes_wanted() -> None:
    assert settings(idle_minutes=45).services[1]["command"][-1] == "--timeout=2700"


@given(st.lists(st.from_regex(r"[a-z]{1,9}(-[a-z0-9]{1,9}){0,3}", fullmatch=True), unique=True, max_size=6))
def test_no_two_groups_of_a_site_have_one_name(courses: list[str]) -> None:
    groups = groups_of(courses)
    assert len(set(groups)) == len(groups) == 2 * len(courses) + len(OFFICES)


def test_the_values_for_kubernetes_give_our_roles_and_import_what_is_there() -> None:
    values = Path(__file__).resolve().parents[3] / "docs" / "howto" / "zero-to-jupyterhub-values.yaml"
    hub = yaml.safe_load(values.read_text(encoding="utf-8"))["hub"]
    ours = {role["name"]: (role["scopes"], role.get("groups")) for role in settings().load_roles if role["name"] != "idle-culler"}
    assert {name: (role["scopes"], role.get("groups")) for name, role in hub["loadRoles"].items()} == ours
    imports = [node for node in ast.walk(ast.parse(hub["extraConfig"]["patunay"])) if isinstance(node, ast.ImportFrom)]
    assert len(imports) > 4
    for node in imports:
        assert {each.name for each in node.names} <= vars(importlib.import_module(str(node.module))).keys()
