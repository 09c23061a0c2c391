"""What `jupyter_config.py` gets when a hub reads it: the site's settings in the hub's words. Reads files and the environment; everything else is in the pure files beside it.

Imported by a hub only: nbgrader and JupyterLab read the same `jupyter_config.py` and start no slower for it.
"""

from __future__ import annotations

import getpass
import importlib.util
import os
import pwd
import sys
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from courses.catalogue import course_ids
from courses.errors import SettingsError
from courses.settings import Site, load_site
from portal.hub.hub_settings import HubSettings, HubWanted, Ports, hub_settings
from portal.hub.people import FILE_NAME, load_people
from portal.hub.proxy_program import proxy_program
from portal.hub.secret_files import hub_folder, kept_secret
from portal.hub.server_plan import SERVERS, plan_server, unix_group
from portal.web.hub_pages import HubPages
from portal.web.portal_site import TRY_OUT_VARIABLE
from portal.web.visitor import visitor_of

ADDRESS_VARIABLE = "PATUNAY_HUB_ADDRESS"
DEFAULT_ADDRESS = "127.0.0.1:8000"
ACCOUNT = "patunay"
"""The Unix account of the portal and of grading where the hub runs as root."""
TEMPLATES = Path(__file__).resolve().parent / "templates"


@dataclass(frozen=True, slots=True)
class SiteHub:
    """What the configuration file assigns."""

    settings: HubSettings
    bind_url: str
    hub_port: int
    proxy_api_url: str
    proxy_command: list[str]
    proxy_token: str
    folder: str
    """The hub's own files: its database, secrets, log."""
    template_paths: list[str]
    template_vars: dict[str, Any]
    headers: dict[str, str]
    """Of every answer of the hub's own."""
    prepare_server: Callable[[Any], None]
    """The spawner's `pre_spawn_hook`."""


def site_hub(root: Path, *, idle_minutes: int = 60, servers: Path | str = SERVERS) -> SiteHub:
    """Return what the hub of the site in `root` is told.

    Args:
        idle_minutes: a Jupyter server that nobody used for so long is stopped.
        servers: where the machines of Jupyter servers have `portal/hub/servers`, if not where this one has it (containers).

    Raises:
        SettingsError: the site's settings or `people.toml` do not fit, or the proxy is not installed.
    """
    site = load_site(root)
    courses = tuple(course_ids(site.courses))
    address, _, port = os.environ.get(ADDRESS_VARIABLE, DEFAULT_ADDRESS).rpartition(":")
    ports = Ports(int(port))
    folder = hub_folder(site.root)
    wanted = HubWanted(
        root=site.root,
        courses=courses,
        people=load_people(site.root / FILE_NAME, courses),
        python=sys.executable,
        ports=ports,
        account=_account(),
        idle_minutes=idle_minutes,
        commands=_commands(),
        environment={TRY_OUT_VARIABLE: "1"} if os.environ.get(TRY_OUT_VARIABLE) else {},
    )
    return SiteHub(
        settings=hub_settings(wanted),
        bind_url=f"http://{address}:{port}",
        hub_port=ports.hub,
        proxy_api_url=f"http://127.0.0.1:{ports.proxy_api}",
        proxy_command=[proxy_program(folder), *forwarding(address)],
        proxy_token=kept_secret(folder / "proxy-token"),
        folder=str(folder),
        template_paths=[str(TEMPLATES)],
        template_vars={
            "site_name": site.settings.name,
            "patunay": HubPages(site.settings.issuer.name, site.settings.name, site.settings.timezone),
        },
        headers={
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "geolocation=(), microphone=(), payment=()",
        },
        prepare_server=preparing(site, servers),
    )


def forwarding(address: str) -> list[str]:
    """Return how the proxy is told whose word counts about who asks: that of a web server on this machine, where only this machine reaches the proxy.

    Elsewhere the proxy adds who asked it, and that is plain HTTP: JupyterHub believes the last word about TLS, and its cookies would not be *Secure* behind the web server.
    """
    try:
        is_own = address == "localhost" or ip_address(address.strip("[]")).is_loopback
    except ValueError:
        is_own = False
    return ["--no-x-forward"] if is_own else []


def _account() -> str:
    """Return the Unix account of the services: the site's own where the hub may become another user and means it, otherwise that of the hub."""
    if os.geteuid() != 0 or os.environ.get(TRY_OUT_VARIABLE):
        return ""
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise SettingsError(
            f"there is no Unix account {ACCOUNT!r} for the portal; it must not run as {getpass.getuser()}",
            where="jupyter_config.py",
            remedy="`patunay hub` makes it, with the folders' permissions. To look around first: `patunay hub --try-out`.",
        ) from None
    return ACCOUNT


def _commands() -> tuple[str, ...]:
    watches = importlib.util.find_spec("portal.cli.watch_command") is not None
    return ("serve", "watch") if watches else ("serve",)


def preparing(site: Site, servers: Path | str = SERVERS) -> Callable[[Any], None]:
    """Return the spawner's `pre_spawn_hook`: it gives a server what its owner's groups allow, and refuses one that they do not."""

    def prepare(spawner: Any) -> None:
        """Give the server that starts what its owner's groups allow."""
        from tornado.web import HTTPError

        visitor = visitor_of(spawner.user.name, [group.name for group in spawner.user.groups])
        plan = plan_server(visitor, spawner.name, root=site.root, exchange=site.exchange, servers=servers)
        if plan is None:
            raise HTTPError(403, f"You teach no course with the server {spawner.name!r}.")
        spawner.environment = {**spawner.environment, **plan.environment}
        spawner.default_url = plan.default_url
        if plan.folder:
            spawner.notebook_dir = plan.folder
        if plan.course and spawner.has_trait("course_group"):  # local servers with real Unix users
            spawner.course_group = unix_group(plan.course)
            spawner.environment["PATUNAY_COURSE_GROUP"] = spawner.course_group

    return prepare
