"""Which Jupyter server somebody gets."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.hub.server_plan import ServerPlan, assignment_address, formgrader_address, plan_server, server_name, unix_group
from portal.web.visitor import Visitor, visitor_of

ROOT, EXCHANGE = Path("/srv/site"), Path("/srv/site/exchange")
IDS = st.from_regex(r"[a-z0-9]{1,12}(-[a-z0-9]{1,12}){0,8}", fullmatch=True)


def plan(visitor: Visitor, name: str) -> ServerPlan | None:
    return plan_server(visitor, name, root=ROOT, exchange=EXCHANGE, servers="/conf")


def test_everybodys_own_server_is_a_learners_whatever_they_teach() -> None:
    own = plan(visitor_of("reyes", ["formgrade-a-course", "patunay-admin"]), "")
    assert own is not None
    assert (own.kind, own.folder, own.default_url) == ("learner", "", "/lab")
    assert own.environment == {"PATUNAY_EXCHANGE": "/srv/site/exchange", "JUPYTER_CONFIG_PATH": "/conf/learner"}


def test_a_teacher_has_formgrader_for_each_course_of_theirs() -> None:
    teaching = plan(visitor_of("reyes", ["formgrade-a-course", "formgrade-b-course"]), "b-course")
    assert teaching is not None
    assert (teaching.kind, teaching.course, teaching.folder, teaching.default_url) == ("teacher", "b-course", "/srv/site", "/formgrader")
    assert teaching.environment["PATUNAY_COURSE"] == "b-course"
    assert teaching.environment["JUPYTER_CONFIG_PATH"] == "/conf/teacher:/srv/site"


@pytest.mark.parametrize("groups", [[], ["nbgrader-a-course"], ["formgrade-b-course"], ["patunay-admin", "patunay-quality"]])
def test_nobody_else_may_have_a_courses_server(groups: list[str]) -> None:
    assert plan(visitor_of("someone", groups), "a-course") is None


@given(IDS)
def test_every_course_has_a_name_that_the_hub_and_the_machine_take(course: str) -> None:
    slugs = pytest.importorskip("jupyterhub.slugs")
    assert slugs.is_valid_safe_slug(server_name(course), 30)
    assert len(unix_group(course)) <= 31
    teaching = plan(Visitor("reyes", teaches=frozenset({course, "another"})), server_name(course))
    assert teaching is not None
    assert teaching.course == course


@given(IDS, IDS)
def test_two_courses_share_neither_server_nor_unix_group(one: str, other: str) -> None:
    assert (server_name(one) == server_name(other)) == (one == other)
    assert (unix_group(one) == unix_group(other)) == (one == other)


def test_links_to_servers_survive_names_with_signs() -> None:
    address = formgrader_address("/jupyter/hub/", "ana&co@uni.example", "a-course")
    assert urlsplit(address).path == "/jupyter/hub/spawn/ana%26co%40uni.example/a-course"
    assert parse_qs(urlsplit(address).query) == {"next": ["/jupyter/user/ana%26co%40uni.example/a-course/formgrader"]}
    opening = assignment_address("/hub/", "ana", "a-course", "Problem set 1?")
    assert parse_qs(urlsplit(opening).query) == {"next": ["/user/ana/patunay/open/a-course/Problem%20set%201%3F"]}
