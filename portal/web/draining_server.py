"""The HTTP server of the portal: it knows which connections are being answered, so that it can end without cutting anybody off, and whose word about a visitor counts.

To end: it accepts nobody any more, closes connections on which nothing is asked, and those that are being answered when they have been.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from tornado.http1connection import HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine

from portal.web.forwarded import THIS_MACHINE, Network, settle_forwarded

_LOOK_S = 0.02
_GRACE_S = 0.3
"""How long a connection may go on without asking when the server ends: its request is on the way, or it is one that waits for the next."""


class DrainingServer(HTTPServer):
    """A server that can end with what it has begun."""

    def initialize(self, *arguments: Any, trusted: Sequence[Network] = THIS_MACHINE, **how: Any) -> None:
        """Take the application, whose proxies' word counts, and what tornado's own server takes."""
        super().initialize(*arguments, **{**how, "xheaders": True})
        self._trusted = tuple(trusted)
        self._open: set[HTTP1ServerConnection] = set()
        self._answering: set[HTTP1ServerConnection] = set()
        self._is_ending = False

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Return what takes the next request of a connection; the one before it has been answered."""
        connection = cast(HTTP1ServerConnection, server_conn)
        self._answering.discard(connection)
        if self._is_ending and connection in self._open:
            connection.stream.close()
        self._open.add(connection)
        inner = super().start_request(server_conn, request_conn)

        def note(headers: HTTPHeaders) -> None:
            self._answering.add(connection)
            settle_forwarded(headers, _peer(connection), self._trusted)

        return _Noting(inner, note)

    def on_close(self, server_conn: object) -> None:
        """Forget a connection."""
        super().on_close(server_conn)
        connection = cast(HTTP1ServerConnection, server_conn)
        self._open.discard(connection)
        self._answering.discard(connection)

    async def end(self, patience_s: float, at_once: asyncio.Event) -> int:
        """Accept nobody any more, let what is asked be answered, and return how many were not.

        Args:
            patience_s: how long that may take.
            at_once: set: it may take no longer.
        """
        ends_at = asyncio.get_running_loop().time() + patience_s
        self.stop()
        self.conn_params.no_keep_alive = True  # whoever asks now is told that it was the last time
        await asyncio.sleep(_GRACE_S)
        self._is_ending = True
        for connection in self._open - self._answering:
            connection.stream.close()
        while self._answering and not at_once.is_set() and asyncio.get_running_loop().time() < ends_at:
            await asyncio.sleep(_LOOK_S)
        return len(self._answering)


def _peer(connection: HTTP1ServerConnection) -> str:
    address = getattr(connection.context, "address", None)
    return str(address[0]) if isinstance(address, tuple) and address else ""


class _Noting(HTTPMessageDelegate):
    """Passes a request on, and tells of its headers first."""

    def __init__(self, inner: HTTPMessageDelegate, note: Callable[[HTTPHeaders], None]) -> None:
        self._inner, self._note = inner, note

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> Awaitable[None] | None:
        self._note(headers)
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._inner.data_received(chunk)

    def finish(self) -> None:
        self._inner.finish()

    def on_connection_close(self) -> None:
        self._inner.on_connection_close()
