"""What this machine can do at best: a server that looks nothing up and checks nothing, but computes for a while before each answer.

`python -m benchmarks.bare_server PORT WORKERS MILLISECONDS BYTES`. Its latencies under the same load are the machine's own: how long processors stand still that other
machines want as well, and how long a queue needs to become short again. So many processes on plain asyncio, one address.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time

_TRIES = 300
_STEPS = 1000


def main() -> None:
    """Answer until SIGTERM."""
    port, workers, milliseconds, size = (int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
    with socket.create_server(("127.0.0.1", port), backlog=1024) as listening:
        listening.setblocking(False)
        steps = int(_STEPS * milliseconds / 1000 / min(_time_s() for _ in range(_TRIES)))
        children = [_fork(listening, steps, size) for _ in range(workers)]
        signal.signal(signal.SIGTERM, lambda *_: [os.kill(each, signal.SIGTERM) for each in children])
        for each in children:
            os.waitpid(each, 0)


def _fork(listening: socket.socket, steps: int, size: int) -> int:
    process = os.fork()
    if not process:
        asyncio.run(_serve(listening, steps, size))
    return process


async def _serve(listening: socket.socket, steps: int, size: int) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)
    server = await asyncio.get_running_loop().create_server(lambda: _Bare(steps, answer), sock=listening)
    await server.serve_forever()


class _Bare(asyncio.Protocol):
    def __init__(self, steps: int, answer: bytes) -> None:
        self._steps, self._answer = steps, answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - whatever is asked
        _compute(self._steps)
        self._transport.write(self._answer)


def _compute(steps: int) -> int:
    total = 0
    for each in range(steps):
        total += each * each
    return total


def _time_s() -> float:
    started = time.thread_time()
    _compute(_STEPS)
    return time.thread_time() - started


if __name__ == "__main__":
    main()
