"""How far a long task is, on stderr: a bar with the time left on a terminal, a plain line every few seconds in a log."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_LINE_EVERY_S = 10.0
_LOOK_EVERY_S = 0.1
LINES_FROM = 500
"""Of fewer credentials than these a log is told nothing."""
_LONGER = 10
"""So many times as long as one takes nothing was finished: no time can be foretold."""


Show = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Words:
    """What the task is called."""

    doing: str = "grading"
    begun: str = "grading {total} submissions"
    so_far: str = "graded {done} of {total}{left}"


REHEARSING = Words("rehearsing", "rehearsing {total} submissions", "rehearsed {done} of {total}{left}")
MUTATING = Words("mutating", "mutating {total} mutants", "graded {done} of {total}{left}")
GRADING, SIGNING = Words(), Words("signing", "signing {total} credentials", "signed {done} of {total}{left}")
DRAWING = Words("drawing", "drawing {total} credentials", "drawn {done} of {total}{left}")


@contextlib.contextmanager
def grading_progress(check: Callable[[], None]) -> Iterator[Callable[[int, int], None]]:
    """Yield a function `(done, all)` that tells how far grading is; it is called several times a second.

    Args:
        check: called each time; what it raises stops the run.
    """
    with shown_progress(GRADING) as (show,):

        def progress(done: int, total: int) -> None:
            show(done, total)
            check()

        yield progress


@contextlib.contextmanager
def shown_progress(*tasks: Words, fewest: int = 0) -> Iterator[tuple[Show, ...]]:
    """Yield a function `(done, all)` for each task, that tells how far it is.

    Args:
        fewest: of fewer things than these a log is told nothing.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield tuple(PlainLines(time.monotonic, _write, words, fewest=fewest) for words in tasks)
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    # Without a thread of its own: worker processes are forked while it is shown.
    with Progress(*columns, console=console, transient=True, auto_refresh=False, speed_estimate_period=600) as bars:
        yield tuple(_Bar(bars, words) for words in tasks)


class _Bar:
    """One task's line; it is shown from the first time on that something is told of the task."""

    def __init__(self, bars: Progress, words: Words) -> None:
        self._bars, self._task = bars, bars.add_task(words.doing, total=None, visible=False)
        self._total, self._next = -1, 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if total != self._total or (done == 0 and self._bars.tasks[self._task].completed):
            self._bars.reset(self._task, total=total, visible=True)
        elif done < total and now < self._next:
            return
        self._total, self._next = total, now + _LOOK_EVERY_S
        self._bars.update(self._task, completed=done, total=total, refresh=True)


class PlainLines:
    """Says how far a run is: at its start, every ten seconds, and at its end."""

    def __init__(self, clock: Callable[[], float], write: Callable[[str], None], words: Words = GRADING, *, fewest: int = 0) -> None:
        self._clock, self._write, self._words, self._fewest = clock, write, words, fewest
        self._total, self._started, self._next = 0, 0.0, 0.0
        self._done, self._last_done = 0, 0.0
        self._is_over = True

    def __call__(self, done: int, total: int) -> None:
        """Note that `done` of `total` are done."""
        if total < self._fewest:
            return
        now = self._clock()
        if self._is_over or total != self._total:
            self._total, self._started, self._next, self._is_over = total, now, now + _LINE_EVERY_S, False
            self._done, self._last_done = done, now
            self._write(self._words.begun.format(total=total))
        else:
            if done > self._done:
                self._done, self._last_done = done, now
            if done >= total or now >= self._next:
                self._next = now + _LINE_EVERY_S
                self._write(self._words.so_far.format(done=done, total=total, left=self._left(done, now)))
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
