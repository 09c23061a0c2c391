"""A portal that runs while a test looks at it: a real server on a port of its own, and visitors who are who they say."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import httpx
from tornado.netutil import bind_sockets

from courses.settings import Site
from portal.web.application import make_application
from portal.web.checking.checkers import CheckLimits
from portal.web.draining_server import DrainingServer
from portal.web.portal_site import Person, PortalSite

COURSE = "tiny-course"
PEOPLE = (
    Person("faculty", "teaches", (f"formgrade-{COURSE}",)),
    Person("clerk", "prepares", ("patunay-registrar",)),
    Person("registrar", "approves", ("patunay-approver",)),
    Person("quality", "reviews", ("patunay-quality",)),
    Person("administrator", "runs the site", ("patunay-admin",)),
)

_PATIENT = CheckLimits(time_s=100.0)
"""Machines that run tests are slow, and busy: what a check may take in earnest is not what most tests are about."""


@dataclass
class RunningPortal:
    """A portal that answers."""

    address: str
    """With a slash at its end."""
    portal: PortalSite
    clients: list[httpx.Client] = field(default_factory=list)

    def visitor(self, name: str = "", *, language: str = "en") -> httpx.Client:
        """Return a client that is `name`, or nobody; its requests are relative to the portal."""
        client = httpx.Client(base_url=self.address, headers={"Accept-Language": language}, follow_redirects=True, timeout=120)
        self.clients.append(client)
        if name:
            submit(client, "sign-in", {"name": name}).raise_for_status()
        return client


def submit(
    client: httpx.Client, page: str, fields: dict[str, str], *, to: str = "", files: dict[str, tuple[str, bytes]] | None = None
) -> httpx.Response:
    """Load `page`, then send its form (to `to`, the page itself by default) with the token that the page has."""
    token = re.search(r'name="_xsrf" value="([^"]+)"', client.get(page).text)
    assert token, f"{page} has no form"
    return client.post(to or page, data={**fields, "_xsrf": token[1]}, files=files)


def free_port() -> int:
    """Return a port on which nothing listens, below those that Linux gives away by itself: none of other tests' connections gets it before a server has it."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def running_portal(
    site: Site,
    *,
    people: tuple[Person, ...] = PEOPLE,
    now: datetime | None = None,
    cookie_secret: bytes = b"",
    check_limits: CheckLimits | None = None,
) -> Iterator[RunningPortal]:
    """Run the portal of `site` in a thread of this process.

    Args:
        now: what the clock says; None: the time.
        cookie_secret: signs cookies; empty: one of this portal alone.
        check_limits: what strangers' files may take; None: what they may in earnest, and more time.
    """
    portal = PortalSite(site, people=people, check_limits=check_limits or _PATIENT)
    if now is not None:
        portal = replace(portal, now=lambda: now)
    sockets = bind_sockets(0, "127.0.0.1")
    port = sockets[0].getsockname()[1]
    loop, ready = asyncio.new_event_loop(), threading.Event()
    servers: list[DrainingServer] = []

    def run() -> None:
        asyncio.set_event_loop(loop)
        application = make_application(portal, cookie_secret=cookie_secret)
        server = DrainingServer(application)
        server.add_sockets(sockets)
        servers.append(server)
        loop.call_soon(ready.set)
        loop.run_forever()
        application.settings["checkers"].close()
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(120)
    running = RunningPortal(f"http://127.0.0.1:{port}/", portal)
    try:
        yield running
    finally:
        for client in running.clients:
            client.close()
        loop.call_soon_threadsafe(servers[0].stop)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        portal.workers.shutdown(wait=True)
