"""Where the learners of a course stand, kept for a short while: a registrar filters, sorts and pages, and two thousand names are not read anew each time.

Only pages look at what is kept. Whatever prepares, approves or issues reads the results itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from courses.settings import Site
from issuer.standing import CourseStanding, read_standing

KEPT = timedelta(seconds=60)


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
        self._lock = threading.Lock()

    def of(self, site: Site, course: str, *, now: datetime, anew: bool = False) -> Seen:
        """Return where the learners stand, as it was at most `KEPT` ago; read now if `anew`."""
        place = (site.root, course)
        with self._lock:
            kept = self._kept.get(place)
        if kept is not None and not anew and timedelta(0) <= now - kept.at < KEPT:
            return kept
        seen = Seen(self._read(site, course), now)
        with self._lock:
            self._kept.pop(place, None)
            self._kept[place] = seen
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
        return seen


STANDINGS = Standings()
"""Of this process."""
