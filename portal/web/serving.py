"""Runs the portal: alone on an address of this machine, or as the service of the hub that started it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from courses.errors import SettingsError
from courses.kept_databases import keeping_databases
from courses.settings import Site
from portal.web.application import MAXIMUM_BODY_BYTES, make_application
from portal.web.cookie_secret import cookie_secret
from portal.web.portal_site import TRY_OUT_VARIABLE, PortalSite
from portal.web.public.warming import warm_up
from portal.web.sign_in import is_behind_hub
from portal.web.trying_out import people_of, require_loopback
from portal.web.worker_processes import run_workers

_BACKLOG = 1024
"""Connections that wait to be accepted: everybody who comes at the same moment."""


_SWITCH_S = 0.001
"""How long a thread that computes may keep the loop that answers from going on: a fifth of Python's own value."""


def serve(  # one more than usual
    site: Site, *, address: str, port: int, started: Callable[[str], None], try_out: bool = False, workers: int = 1
) -> None:
    """Serve until the process is told to end (SIGINT, SIGTERM); `started` gets the address when the portal listens.

    Args:
        workers: how many processes answer.
        try_out: whether visitors may say who they are, see `portal.web.trying_out`; not behind a hub.

    Raises:
        SettingsError: the address cannot be listened on, or others reach it while trying out.
    """
    if is_behind_hub():
        place = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
        address, port = place.hostname or "127.0.0.1", place.port or port
        hub_home, is_tried_out = os.environ.get("JUPYTERHUB_BASE_URL", "/") + "hub/", bool(os.environ.get(TRY_OUT_VARIABLE))
        portal = PortalSite(site, os.environ["JUPYTERHUB_SERVICE_PREFIX"], hub_home, is_tried_out=is_tried_out)
    elif try_out:
        require_loopback(address)
        portal = PortalSite(site, people=people_of(site), is_tried_out=True)
    else:
        portal = PortalSite(site)
    serve_portal(portal, address=address, port=port, started=started, workers=workers)


def serve_portal(portal: PortalSite, *, address: str, port: int, started: Callable[[str], None], workers: int = 1) -> None:
    """Serve a portal until the process is told to end.

    Raises:
        SettingsError: the address cannot be listened on.
    """
    sockets = _listening(address, port)
    secret = cookie_secret(portal.site.keys)
    address = f"http://{address}:{port}{portal.prefix}"

    def work(told: Callable[[str], None]) -> None:
        asyncio.run(_serve(portal, sockets, secret, partial(told, address)))

    if workers == 1:
        work(started)
    else:
        run_workers(lambda: work(lambda _address: None), workers, lambda: started(address))


def _listening(address: str, port: int) -> list[socket.socket]:
    try:
        return bind_sockets(port, address, backlog=_BACKLOG)
    except OSError as refusal:
        raise SettingsError(
            f"the portal cannot listen on {address}, port {port}: {refusal.strerror}",
            where="patunay serve",
            remedy="Something else may run there already. Give another one with --port.",
        ) from refusal


async def _serve(portal: PortalSite, sockets: list[socket.socket], secret: bytes, started: Callable[[], None]) -> None:
    application = make_application(portal, cookie_secret=secret)
    server = HTTPServer(application, xheaders=bool(portal.hub_home), max_body_size=MAXIMUM_BODY_BYTES)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, ended.set)
    sys.setswitchinterval(_SWITCH_S)
    with keeping_databases():
        await asyncio.to_thread(warm_up, portal.site, portal.now())
        server.add_sockets(sockets)
        application.settings["checkers"].start()
        started()
        await ended.wait()
        server.stop()
        application.settings["checkers"].close()
        portal.workers.shutdown(wait=False, cancel_futures=True)
