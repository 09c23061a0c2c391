"""Asks a web server so often a second, whatever it answers: an open loop, as many people are, who do not wait for each other.

A request is due at its own moment and its latency counts from then, so that a server that stands still for a second is seen to do so by everybody who came in that
second (closed loops ask less then, and hide it). Run as a process of its own: `python -m benchmarks.open_loop` reads a `Load` as JSON, one line, from stdin and
writes a `Measured` as JSON to stdout. Plain asyncio and HTTP/1.1 over connections that stay open, so that it costs little of the cores that it shares.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

_AT_THE_END_S = 20.0
"""How long answers are waited for after the last request."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked, how often."""

    port: int
    rate: float
    """Requests a second, evenly."""
    requests: tuple[tuple[str, str], ...]
    """Path, and lines of the head that belong to it (each ending in CR LF)."""
    accept: str = "text/html"


@dataclass(frozen=True, slots=True)
class Measured:
    """What came back."""

    rate: float
    """Answers a second, from the first request's moment to the last answer."""
    statuses: dict[str, int]
    """Answers by status; `none` for requests without."""
    p50_ms: float
    p95_ms: float
    p99_ms: float
    worst_ms: float
    connections: int
    kilobytes: float
    """Of an answer on average, as sent."""
    cpu_s: float
    """Of the asking process."""


@dataclass
class _Asking:
    load: Load
    free: deque[_Connection] = field(default_factory=deque)
    opened: int = 0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    received: int = 0
    left: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, status: str) -> None:
        """Count a request that is over."""
        self.statuses[status] += 1
        self.left -= 1
        if not self.left:
            self.done.set()


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, asking: _Asking) -> None:
        self._asking, self._data, self._length, self._due = asking, bytearray(), -1, 0.0
        self._status = "none"
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, request: bytes, due: float) -> None:
        assert self._transport is not None
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._asking.received += len(data)
        self._data += data
        if self._length < 0:
            head, ended, rest = self._data.partition(b"\r\n\r\n")
            if not ended:
                return
            self._status = head[9:12].decode()
            lower = head.lower()
            at = lower.find(b"content-length:")
            self._length = int(lower[at + 15 :].partition(b"\r\n")[0]) if at >= 0 else 0
            self._data = bytearray(rest)
        if len(self._data) >= self._length:
            self._length = -1
            self._data.clear()
            self._answered(self._status)
            self._asking.free.append(self)

    def connection_lost(self, _why: Exception | None) -> None:
        if self in self._asking.free:
            self._asking.free.remove(self)
        elif self._due:
            self._answered("none")

    def _answered(self, status: str) -> None:
        self._asking.latencies.append(time.monotonic() - self._due)
        self._due = 0.0
        self._asking.end(status)


async def _ask(load: Load) -> Measured:
    asking = _Asking(load, left=len(load.requests))
    heads = [
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\nAccept: {load.accept}\r\nAccept-Encoding: gzip\r\n{more}\r\n".encode()
        for path, more in load.requests
    ]
    start = time.monotonic() + 0.2
    await _ask_in_time(asking, heads, start)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asking.done.wait(), _AT_THE_END_S)
    asking.statuses["none"] += asking.left
    ended, latencies = time.monotonic(), sorted(asking.latencies) or [float("nan")]

    def share(part: float) -> float:
        return 1000 * latencies[min(len(latencies) - 1, int(part * len(latencies)))]

    return Measured(
        rate=len(asking.latencies) / (ended - start),
        statuses={status: count for status, count in asking.statuses.items() if count},
        p50_ms=share(0.5),
        p95_ms=share(0.95),
        p99_ms=share(0.99),
        worst_ms=share(1.0),
        connections=asking.opened,
        kilobytes=asking.received / max(1, len(asking.latencies)) / 1000,
        cpu_s=time.process_time(),
    )


async def _ask_in_time(asking: _Asking, heads: Sequence[bytes], start: float) -> None:
    """Send each request when it is due, on a connection that is free, or a new one."""
    opening = set[asyncio.Task[None]]()
    for number, head in enumerate(heads):
        due = start + number / asking.load.rate
        pause = due - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        elif number % 20 == 0:
            await asyncio.sleep(0)
        if asking.free:
            asking.free.pop().ask(head, due)
        else:
            task = asyncio.get_running_loop().create_task(_open_and_ask(asking, head, due))
            opening.add(task)
            task.add_done_callback(opening.discard)


async def _open_and_ask(asking: _Asking, head: bytes, due: float) -> None:
    asking.opened += 1
    try:
        _, connection = await asyncio.get_running_loop().create_connection(lambda: _Connection(asking), "127.0.0.1", asking.load.port)
    except OSError:
        asking.end("none")
    else:
        connection.ask(head, due)


def ask(load: Load) -> Measured:
    """Return what a process of its own measured.

    Raises:
        CalledProcessError: it failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.open_loop"], input=json.dumps(asdict(load)), capture_output=True, text=True, check=True,
        cwd=Path(__file__).resolve().parents[1],
    )  # fmt: skip
    return Measured(**json.loads(done.stdout))


def main() -> None:
    """Ask what stdin says."""
    told = json.loads(sys.stdin.read())
    load = Load(told["port"], told["rate"], tuple((path, more) for path, more in told["requests"]), told["accept"])
    sys.stdout.write(json.dumps(asdict(asyncio.run(_ask(load)))))


if __name__ == "__main__":
    main()
