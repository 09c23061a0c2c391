"""Runs the portal: alone on an address of this machine, or as the service of the hub that started it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

from tornado.netutil import bind_sockets

from courses.errors import SettingsError
from courses.kept_databases import keeping_databases
from courses.settings import Site
from portal.web.application import MAXIMUM_BODY_BYTES, make_application
from portal.web.cookie_secret import cookie_secret
from portal.web.draining_server import DrainingServer
from portal.web.forwarded import trusted_networks
from portal.web.portal_site import TRY_OUT_VARIABLE, PortalSite
from portal.web.public.warming import sample_documents, warm_up
from portal.web.sign_in import is_behind_hub
from portal.web.trying_out import people_of, require_loopback
from portal.web.worker_processes import run_workers

_log = logging.getLogger("patunay.portal")
_BACKLOG = 1024
"""Connections that wait to be accepted: everybody who comes at the same moment."""
_FINISH_S = 8.0
"""How long what is being answered may go on when the portal is told to end. A hub sends SIGINT, SIGTERM ten seconds later, and ends it after five more."""
_SWITCH_S = 0.001
"""How long a thread that computes may keep the loop that answers from going on: a fifth of Python's own value."""


def serve(  # one more than usual
    site: Site, *, address: str, port: int, started: Callable[[str], None], try_out: bool = False, workers: int = 0
) -> None:
    """Serve until the process is told to end (SIGINT, SIGTERM); `started` gets the address when the portal listens.

    Args:
        workers: how many processes answer; 0: as many as the site's settings say.
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
    count = workers or worker_count(site.settings.portal.workers, len(os.sched_getaffinity(0)))
    serve_portal(portal, address=address, port=port, started=started, workers=count)


def worker_count(wanted: int, cores: int) -> int:
    """Return how many processes answer: as many as are `wanted`; for 0 two, where the machine has the cores for them.

    A second process keeps pages coming while the first computes one that takes long. More is not the default: limits of addresses and what is remembered are each
    process's own, and hub, grading and people's kernels want the other cores.
    """
    return wanted or max(1, min(2, cores))


def serve_portal(portal: PortalSite, *, address: str, port: int, started: Callable[[str], None], workers: int = 1) -> None:
    """Serve a portal until the process is told to end.

    Raises:
        SettingsError: the address cannot be listened on.
    """
    sockets = _listening(address, port)
    secret = cookie_secret(portal.site.keys)
    address = f"http://{address}:{port}{portal.prefix}"

    def work(told: Callable[[str], None], *signals: signal.Signals) -> None:
        asyncio.run(_serve(portal, sockets, secret, partial(told, address), signals))

    def end() -> None:  # the workers have the address as well, and give it up themselves
        for each in sockets:
            each.close()

    if workers == 1:
        work(started, signal.SIGTERM, signal.SIGINT)
    else:
        run_workers(lambda: work(lambda _address: None, signal.SIGTERM), workers, lambda: started(address), ended=end)


def _listening(address: str, port: int) -> list[socket.socket]:
    try:
        return bind_sockets(port, address, backlog=_BACKLOG)
    except OSError as refusal:
        raise SettingsError(
            f"the portal cannot listen on {address}, port {port}: {refusal.strerror}",
            where="patunay serve",
            remedy="Something else may run there already. Give another one with --port.",
        ) from refusal


async def _serve(
    portal: PortalSite, sockets: list[socket.socket], secret: bytes, started: Callable[[], None], signals: Sequence[signal.Signals]
) -> None:
    """Answer until one of the signals comes, then finish what is being answered; a second signal ends it at once."""
    application = make_application(portal, cookie_secret=secret)
    trusted = trusted_networks(portal.site.settings.portal.trusted_proxies)
    server = DrainingServer(application, trusted=trusted, max_body_size=MAXIMUM_BODY_BYTES)
    ended, at_once = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        (at_once if ended.is_set() else ended).set()

    for each in signals:
        loop.add_signal_handler(each, end)
    sys.setswitchinterval(_SWITCH_S)
    with keeping_databases():
        await asyncio.to_thread(warm_up, portal.site, portal.now())
        server.add_sockets(sockets)
        application.settings["checkers"].learn(await asyncio.to_thread(sample_documents, portal.site))
        started()
        await ended.wait()
        portal.ending.set()
        unanswered = await server.end(_FINISH_S, at_once)
        if unanswered:
            _log.warning("the portal ended before it had answered %d requests", unanswered)
        application.settings["checkers"].close()
        portal.workers.shutdown(wait=False, cancel_futures=True)
