"""Ctrl-C and SIGTERM while a command works on many things: the first asks it to stop cleanly, the second stops it at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from portal.cli.output import say

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Yield a function that raises `RunStoppedError` once a signal has come; to be called where stopping loses nothing."""
    from autograder.scheduling.protocol import RunStoppedError

    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        say("stopping: running submissions are ended, finished ones are written down. Once more stops at once.", style="yellow")

    def check() -> None:
        if asked:
            raise RunStoppedError

    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield check
        return
    before = {number: signal.signal(number, note) for number in _SIGNALS}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def asked_to_end() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether the process was asked to end: for what runs until then."""
    asked: list[int] = []
    before = {number: signal.signal(number, lambda received, _: asked.append(received)) for number in _SIGNALS}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
