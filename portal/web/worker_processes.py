"""Several processes that answer on the same address: Python computes in one thread at a time, so that a second core needs a second process.

The address is listened on before they are forked, so each takes who comes next. One that dies is started again; when this process is told to end, all end. If it is killed,
the kernel tells them (prctl(2), PR_SET_PDEATHSIG): workers without it would keep the address from whoever is started next.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from types import FrameType

from autograder.sandbox.syscalls import PR_SET_PDEATHSIG, prctl

_TOO_SOON_S = 1.0
"""A worker that dies sooner than this is not started again at once: it would do nothing but die."""
_ENDING = (signal.SIGTERM, signal.SIGINT)


def run_workers(work: Callable[[], None], count: int, started: Callable[[], None], *, ended: Callable[[], None] = lambda: None) -> None:
    """Run `work`, which returns when it gets SIGTERM, in `count` processes until this one gets SIGTERM or SIGINT.

    Args:
        ended: called when this process is told to end, in a signal's handler.

    Call it before there are threads, event loops or open databases: they do not survive a fork.
    """
    workers = _Workers(work, ended)
    before = {number: signal.signal(number, workers.end) for number in _ENDING}
    try:
        for _ in range(count):
            workers.start()
        started()
        workers.watch()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Workers:
    def __init__(self, work: Callable[[], None], ended: Callable[[], None]) -> None:
        self._work, self._ended = work, ended
        self._born: dict[int, float] = {}
        """When each process was started, in seconds of a clock that only goes forward."""
        self._is_ending = False

    def start(self) -> None:
        parent = os.getpid()
        process = os.fork()
        if not process:
            _run(self._work, parent)
        self._born[process] = time.monotonic()
        if self._is_ending:  # told to end while it forked
            _tell(process)

    def watch(self) -> None:
        """Start again who dies, until all have ended."""
        while self._born:
            process, _ = os.wait()
            lived_s = time.monotonic() - self._born.pop(process, 0.0)
            if not self._is_ending and lived_s < _TOO_SOON_S:
                time.sleep(_TOO_SOON_S)
            if not self._is_ending:
                self.start()

    def end(self, _number: int, _frame: FrameType | None) -> None:
        self._is_ending = True
        self._ended()
        for process in list(self._born):
            _tell(process)


def _run(work: Callable[[], None], parent: int) -> None:
    """Do the work in this process, which was forked by `parent`, and end it."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches every process of a terminal: the parent tells what it means
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == parent:  # otherwise it was gone before that
            work()
        status = 0
    finally:
        if status:  # the last that anybody hears of this process
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _tell(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)
