"""What `patunay hub` does before the hub runs: looks whether everything is there, gets what is missing, and says in which of two ways it runs.

Trying out: one Unix user, invented people with one password, this machine only. Real: as root with real Unix users, or with the authenticator and spawner that
`jupyter_config.py` names.
"""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Callable

from courses.catalogue import course_ids
from courses.errors import SettingsError
from courses.settings import Site
from portal.hub.people import FILE_NAME, load_people
from portal.hub.proxy_program import install_proxy
from portal.hub.secret_files import hub_folder
from portal.hub.trying_out import password_file, try_out_password
from portal.invented_learners import LEARNERS
from portal.web.trying_out import require_loopback


def start_hub(site: Site, *, address: str, port: int, try_out: bool, told: Callable[[str], None]) -> None:
    """Run a hub for the site until this process is told to end.

    Raises:
        SettingsError: something is missing or does not fit; the remedy says what to do.
    """
    _require_hub()
    if try_out:
        require_loopback(address)
    load_people(site.root / FILE_NAME, course_ids(site.courses))  # said here, before the hub would say it at length
    folder = hub_folder(site.root)
    _require_ports(address, port)
    install_proxy(folder, told=told)
    told(_trying_out(site) if try_out else _real(site, told))
    from portal.hub.running import HubStart, run_hub

    def started(place: str) -> None:
        told(f"The hub is at {place} (end it with Ctrl+C). Its messages: {folder / 'hub.log'}")

    run_hub(HubStart(site, address, port, try_out), started=started)
    told("The hub and all that it started have ended.")


def _require_hub() -> None:
    missing = [name for name in ("jupyterhub", "jupyterhub_idle_culler") if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError(f"{' and '.join(missing)} not installed", where="patunay hub", remedy="pip install 'patunay[hub]'")


def _require_ports(address: str, port: int) -> None:
    for number, place in ((port, address), (port + 1, "127.0.0.1"), (port + 2, "127.0.0.1"), (port + 3, "127.0.0.1")):
        with socket.socket(socket.AF_INET6 if ":" in place else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((place, number))
            except OSError as taken:
                raise SettingsError(
                    f"the hub cannot listen on {place}, port {number}: {taken.strerror}",
                    where="patunay hub",
                    remedy="A hub may run there already. Give another one with --port; this one and the next three have to be free.",
                ) from taken


def _trying_out(site: Site) -> str:
    as_root = " All of it runs as root, learners' code too: use invented work only." if os.geteuid() == 0 else ""
    return (
        "TRYING OUT: everything runs as one Unix user, so people are not kept from each other's files; only this machine reaches it."
        f"{as_root}\nSign in as {', '.join(LEARNERS)} (learners), faculty, clerk, registrar, quality or administrator."
        f" The password of all: {try_out_password(site.root)}   (kept in {password_file(site.root)})"
    )


def _real(site: Site, told: Callable[[str], None]) -> str:
    from portal.hub.unix_accounts import prepare_site

    if os.geteuid() == 0:
        for each in prepare_site(site):
            told(each)
        return "REAL: people sign in and work as jupyter_config.py says; the portal runs as the Unix user patunay."
    return (
        "REAL: people sign in and work as jupyter_config.py says. This is not root, so their Jupyter servers cannot become other Unix users: that works with containers"
        " (see docs/howto/run-a-hub.md), or try it out with --try-out."
    )
