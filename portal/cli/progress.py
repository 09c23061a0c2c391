"""How far grading is, on stderr: a bar with the time left on a terminal, a plain line every few seconds in a log."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_LINE_EVERY_S = 10.0
_LONGER = 10
"""So many times as long as one submission takes nothing was finished: no time can be foretold."""


@contextlib.contextmanager
def grading_progress(check: Callable[[], None]) -> Iterator[Callable[[int, int], None]]:
    """Yield a function `(done, all)` that tells how far grading is; it is called several times a second.

    Args:
        check: called each time; what it raises stops the run.
    """
    console = Console(stderr=True)
    with _bar(console) if console.is_terminal else contextlib.nullcontext(PlainLines(time.monotonic, _write)) as show:

        def progress(done: int, total: int) -> None:
            show(done, total)
            check()

        yield progress


@contextlib.contextmanager
def _bar(console: Console) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    # Without a thread of its own: worker processes are forked while it is shown.
    with Progress(*columns, console=console, transient=True, auto_refresh=False, speed_estimate_period=600) as bar:
        task, total_before = bar.add_task("grading", total=None), 0

        def show(done: int, total: int) -> None:
            nonlocal total_before
            if done == 0 and total != total_before:
                bar.reset(task, total=total)
            total_before = total
            bar.update(task, completed=done, total=total, refresh=True)

        yield show


class PlainLines:
    """Says how far a run is: at its start, every ten seconds, and at its end."""

    def __init__(self, clock: Callable[[], float], write: Callable[[str], None]) -> None:
        self._clock, self._write = clock, write
        self._total, self._started, self._next = 0, 0.0, 0.0
        self._done, self._last_done = 0, 0.0
        self._is_over = True

    def __call__(self, done: int, total: int) -> None:
        """Note that `done` of `total` submissions are graded."""
        now = self._clock()
        if self._is_over or total != self._total:
            self._total, self._started, self._next, self._is_over = total, now, now + _LINE_EVERY_S, False
            self._done, self._last_done = done, now
            self._write(f"grading {total} submissions")
        else:
            if done > self._done:
                self._done, self._last_done = done, now
            if done >= total or now >= self._next:
                self._next = now + _LINE_EVERY_S
                self._write(f"graded {done} of {total}{self._left(done, now)}")
        self._is_over = done >= total

    def _left(self, done: int, now: float) -> str:
        if not 0 < done < self._total:
            return ""
        each = (self._last_done - self._started) / done
        if now - self._last_done > _LONGER * each:
            return ", those left take longer than the others: an endless loop runs until its time limit"
        seconds = round(each * (self._total - done))
        return f", about {seconds // 60} min {seconds % 60:02} s left"


def _write(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
