"""What a hub is told about a site: groups, roles with their scopes, services. Pure.

Scopes are the hub's rights, https://jupyterhub.readthedocs.io/en/stable/rbac/scopes.html. The rule is the least: the portal has none of its own (who a visitor is, it
learns from the visitor's own token), the culler stops servers and no more, an administrator keeps people and groups and never enters another's server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OFFICES = ("patunay-registrar", "patunay-approver", "patunay-quality", "patunay-admin")
PORTAL, CULLER, GRADING = "portal", "idle-culler", "grading"
_PREFIX = f"/services/{PORTAL}/"
_START_S = 120
"""How long the portal may take until it answers, on a machine that has much to do; the hub gives up then."""
_SHARING = ("/bin/sh", "-c", 'umask 0007; exec "$0" "$@"')
"""What the portal writes in a course's folders its teachers may change, and nobody else may read."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the hub's parts listen on this machine; `public` is the one that browsers use."""

    public: int = 8000

    @property
    def proxy_api(self) -> int:
        """Where the hub tells the proxy what leads where."""
        return self.public + 1

    @property
    def hub(self) -> int:
        """Where the hub itself listens."""
        return self.public + 2

    @property
    def portal(self) -> int:
        """Where the portal listens."""
        return self.public + 3


@dataclass(frozen=True, slots=True)
class HubWanted:
    """What the settings follow from."""

    root: Path
    """The site's folder."""
    courses: tuple[str, ...]
    people: Mapping[str, tuple[str, ...]]
    """Who is in which group when the hub starts."""
    python: str
    """The interpreter that the services run with."""
    ports: Ports = Ports()
    account: str = ""
    """The Unix account of the services; empty: that of the hub."""
    idle_minutes: int = 60
    """A Jupyter server that nobody used for so long is stopped."""
    commands: tuple[str, ...] = ("serve",)
    """The subcommands of `patunay` that can run as a service here."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """For every service."""


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Values of traits of JupyterHub, in its own form."""

    load_groups: dict[str, dict[str, list[str]]]
    load_roles: list[dict[str, Any]]
    services: list[dict[str, Any]]
    default_url: Callable[[Any], str]


def groups_of(courses: Sequence[str]) -> tuple[str, ...]:
    """Return the groups that mean something to us, see `portal.web.visitor`."""
    return (*(f"{kind}-{course}" for course in courses for kind in ("nbgrader", "formgrade")), *OFFICES)


def hub_settings(wanted: HubWanted) -> HubSettings:
    """Return what the hub of a site is told."""
    return HubSettings(
        load_groups={group: {"users": sorted(wanted.people.get(group, ()))} for group in groups_of(wanted.courses)},
        load_roles=_roles(),
        services=_services(wanted),
        default_url=first_page,
    )


def first_page(handler: Any) -> str:
    """Return where the hub sends who asks for no page in particular: the signed-in to their own pages, anybody else to the portal's first.

    Args:
        handler: the hub's own, whose `current_user` is None for nobody.
    """
    return f"{_PREFIX}sign-in" if handler.current_user else _PREFIX


def _roles() -> list[dict[str, Any]]:
    return [
        {"name": "user", "description": "Everybody: their own server, and the portal", "scopes": ["self", f"access:services!service={PORTAL}"]},
        {
            "name": "server",
            "description": "A person's Jupyter server: what it needs, and which courses its owner has (nbgrader asks)",
            "scopes": ["users:activity!user", "access:servers!server", "read:users:name!user", "read:users:groups!user"],
        },
        {
            "name": "patunay-administrator",
            "description": "Keeps people and groups, and stops servers; cannot enter them",
            "scopes": ["admin-ui", "admin:users", "admin:groups", "list:users", "read:servers", "delete:servers", "read:hub"],
            "groups": ["patunay-admin"],
        },
        {
            "name": "idle-culler",
            "description": "Stops servers that nobody uses",
            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
            "services": [CULLER],
        },
    ]  # fmt: skip


def _services(wanted: HubWanted) -> list[dict[str, Any]]:
    culling = [wanted.python, "-m", "jupyterhub_idle_culler", f"--timeout={wanted.idle_minutes * 60}"]
    services = [
        _service(wanted, PORTAL, "serve")
        | {"url": f"http://127.0.0.1:{wanted.ports.portal}", "oauth_no_confirm": True, "display": True, "timeout": _START_S},
        _service(wanted, CULLER, "") | {"command": culling, "display": False},
    ]  # fmt: skip
    if "watch" in wanted.commands:  # grades what is handed in; it asks the hub nothing, so it has no role
        services.append(_service(wanted, GRADING, "watch") | {"display": False})
    return services


def _service(wanted: HubWanted, name: str, command: str) -> dict[str, Any]:
    program = [wanted.python, "-m", "portal.cli", command, "--site", str(wanted.root)]
    service: dict[str, Any] = {
        "name": name,
        "command": [*_SHARING, *program] if wanted.account else program,
        "cwd": str(wanted.root),
        "environment": dict(wanted.environment),
    }
    return service | {"user": wanted.account} if wanted.account else service
