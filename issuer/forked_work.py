"""Lets forked processes do a piece of work many times, in order, a stream in and a stream out.

Rules:
1. A worker is a fork: it has what this process has in memory (a key, say), and nothing goes over a disk. It writes nothing, and reads over no connection
   of this process's: who reads from a database there opens it there.
2. Two chunks wait for each worker, no more, so memory does not grow with the stream.
3. A worker ends when this process does, however it ends: its pipe is closed then. If a worker ends first, that is told.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import queue
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from courses.errors import DiagnosedError
from issuer.errors import BatchError

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
_CHUNK = 50
_WAITING = 2
_END_S = 10.0


@contextlib.contextmanager
def forked_work(
    work: Callable[[_Given], _Made], processes: int, *, at_once: int = _CHUNK
) -> Iterator[Callable[[Iterable[_Given]], Iterator[_Made]]]:
    """Yield a function that does `work` on each item of a stream, once, and yields what it makes in the stream's order.

    Args:
        processes: how many do it; 0: this one.
        at_once: how many items are sent together.

    Raises:
        BatchError: (by the function) a worker ended before it had answered.
        DiagnosedError: (by the function) the one that `work` raised.
    """
    if processes < 1:
        yield lambda items: map(work, items)
        return
    workers: list[_Worker[_Given, _Made]] = []
    try:
        for _ in range(processes):
            workers.append(_Worker(work, [each.pipe for each in workers]))
        yield lambda items: _in_order(items, workers, at_once)
    finally:
        for each in workers:
            each.end()


def _in_order(items: Iterable[_Given], workers: list[_Worker[_Given, _Made]], at_once: int) -> Iterator[_Made]:
    stream, busy = iter(items), deque[_Worker[_Given, _Made]]()
    for worker in cycle(workers):
        if len(busy) == _WAITING * len(workers):
            yield from busy.popleft().answer()
        if not (chunk := list(islice(stream, at_once))):
            break
        worker.give(chunk)
        busy.append(worker)
    for worker in busy:
        yield from worker.answer()


class _Worker(Generic[_Given, _Made]):
    """One forked process."""

    def __init__(self, work: Callable[[_Given], _Made], foreign: list[Connection]) -> None:
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(work, theirs, [self.pipe, *foreign]), daemon=True)
        self._process.start()
        theirs.close()

    def give(self, chunk: list[_Given]) -> None:
        try:
            self.pipe.send(chunk)
        except (BrokenPipeError, ConnectionResetError) as gone:
            raise self._gone() from gone

    def answer(self) -> list[_Made]:
        try:
            made: list[_Made] | DiagnosedError = self.pipe.recv()
        except (EOFError, ConnectionResetError) as gone:
            raise self._gone() from gone
        if isinstance(made, DiagnosedError):
            raise made
        return made

    def end(self) -> None:
        self.pipe.close()
        self._process.kill()
        self._process.join()

    def _gone(self) -> BatchError:
        self._process.join(_END_S)
        return BatchError(
            f"a process that helps was ended (exit code {self._process.exitcode})",
            remedy="Look whether the machine was short of memory, then run the same command again: it goes on where it stopped.",
        )


def _serve(work: Callable[[_Given], _Made], pipe: Connection, foreign: list[Connection]) -> None:
    """Do the work on each chunk that comes. What comes is read by a thread at once, so that whoever sends never waits for what this sends."""
    gc.freeze()  # what was there before the fork is not looked through, and so stays shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who presses ^C stops the process that started this one
    for each in foreign:
        each.close()
    chunks: queue.SimpleQueue[list[_Given] | None] = queue.SimpleQueue()

    def read() -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                chunks.put(pipe.recv())
        chunks.put(None)

    threading.Thread(target=read, daemon=True).start()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while (chunk := chunks.get()) is not None:
            pipe.send(_done(work, chunk))


def _done(work: Callable[[_Given], _Made], chunk: list[_Given]) -> list[_Made] | DiagnosedError:
    try:
        return [work(each) for each in chunk]
    except DiagnosedError as problem:
        return problem
