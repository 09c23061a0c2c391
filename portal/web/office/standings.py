"""Where the learners of a course stand, kept for a short while: a registrar filters, sorts and pages, and two thousand names are not read anew each time.

Only pages look at what is kept. Whatever prepares, approves or issues reads the results itself.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from courses.errors import DiagnosedError
from courses.settings import Site
from issuer.standing import CourseStanding, read_standing

_log = logging.getLogger("patunay.portal")
KEPT = timedelta(seconds=60)
_WAITED_S = 1.0
"""A small course is read meanwhile."""
KEPT_FOR_COUNTS = timedelta(minutes=15)
"""For what only counts learners."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A standing, and when it was read."""

    standing: CourseStanding
    at: datetime


class Standings:
    """What was read of some courses lately; threads may use it at once."""

    def __init__(self, read: Callable[[Site, str], CourseStanding] = read_standing, most: int = 8) -> None:
        self._read, self._most = read, most
        self._kept: dict[tuple[Path, str], Seen] = {}
        self._reading: set[tuple[Path, str]] = set()
        self._lock = threading.Lock()

    def of(self, site: Site, course: str, *, now: datetime, anew: bool = False) -> Seen:
        """Return where the learners stand, as it was at most `KEPT` ago; read now if `anew`."""
        kept = self.recent(site, course, now=now)
        if kept is not None and not anew:
            return kept
        place = (site.root, course)
        seen = Seen(self._read(site, course), now)
        with self._lock:
            self._kept.pop(place, None)
            self._kept[place] = seen
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
        return seen

    def recent(self, site: Site, course: str, *, now: datetime, kept: timedelta = KEPT) -> Seen | None:
        """Return what was read within the time that it is `kept`; None if nothing was."""
        with self._lock:
            found = self._kept.get((site.root, course))
        return found if found is not None and timedelta(0) <= now - found.at < kept else None

    def counted(self, site: Site, course: str, workers: Executor, *, now: datetime) -> Seen | None:
        """Return what was read a quarter of an hour ago or later; None: it takes a while, is read beside, and is there for who asks again.

        Args:
            workers: where it is read.
        """
        found = self.recent(site, course, now=now, kept=KEPT_FOR_COUNTS)
        place = (site.root, course)
        with self._lock:
            if found is not None or place in self._reading:
                return found
            self._reading.add(place)
        reading = workers.submit(self._read_beside, site, course, now)
        with contextlib.suppress(TimeoutError):
            reading.result(_WAITED_S)
        return self.recent(site, course, now=now, kept=KEPT_FOR_COUNTS)

    def _read_beside(self, site: Site, course: str, now: datetime) -> None:
        try:
            self.of(site, course, now=now, anew=True)
        except DiagnosedError as problem:
            _log.warning("the results of %s cannot be read: %s", course, problem)
        finally:
            with self._lock:
                self._reading.discard((site.root, course))


STANDINGS = Standings()
"""Of this process."""
