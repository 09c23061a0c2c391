"""Runs the portal: alone on an address of this machine, or as the service of the hub that started it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer

from courses.errors import SettingsError
from courses.settings import Site
from portal.web.application import make_application
from portal.web.portal_site import TRY_OUT_VARIABLE, PortalSite
from portal.web.sign_in import is_behind_hub
from portal.web.trying_out import people_of, require_loopback


def serve(site: Site, *, address: str, port: int, started: Callable[[str], None], try_out: bool = False) -> None:
    """Serve until the process is told to end (SIGINT, SIGTERM); `started` gets the address when the portal listens.

    Args:
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
    asyncio.run(_serve(portal, address, port, started))


async def _serve(portal: PortalSite, address: str, port: int, started: Callable[[str], None]) -> None:
    server = HTTPServer(make_application(portal), xheaders=bool(portal.hub_home), max_body_size=32 * 2**20)
    try:
        server.listen(port, address)
    except OSError as refusal:
        raise SettingsError(
            f"the portal cannot listen on {address}, port {port}: {refusal.strerror}",
            where="patunay serve",
            remedy="Something else may run there already. Give another one with --port.",
        ) from refusal
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, ended.set)
    started(f"http://{address}:{port}{portal.prefix}")
    await ended.wait()
    server.stop()
    portal.workers.shutdown(wait=False, cancel_futures=True)
