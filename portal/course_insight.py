"""What a course's teachers look at: standing, tables of the report, what waits for a person; read together, and kept a short while for pages.

Only pages look at what is kept. Whatever decides anything reads the results itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from autograder.analysis.course_results import Tables, course_tables
from autograder.gradebook import NEEDS_MANUAL
from autograder.review import ReviewItem
from courses.settings import Site
from issuer.standing import CourseStanding, read_standing
from portal.course_reports import CourseResults, read_results
from portal.course_work import course_reviews

KEPT = timedelta(seconds=60)
_STAMPED = ("*.db", "*.db-wal", "*.json", "*.jsonl")


@dataclass(frozen=True, slots=True)
class CourseInsight:
    """A released course as its teachers see it."""

    standing: CourseStanding
    results: CourseResults
    tables: Tables
    """See `docs/reference/report-tables.md`; without `messages`."""
    reviews: tuple[ReviewItem, ...]
    """Tests that a person decides, decided or not."""
    read_at: datetime

    @property
    def by_hand(self) -> pd.DataFrame:
        """What waits for a mark by a person, and is no test: rows of the gradebook's cells."""
        cells = self.results.cells
        return cells[(cells["state"] == NEEDS_MANUAL) & (cells["kind"] != "test") & cells["manual_score"].isna()]

    @property
    def undecided_tests(self) -> tuple[ReviewItem, ...]:
        """Tests that wait for a person."""
        return tuple(each for each in self.reviews if each.manual_score is None)


def read_insight(site: Site, course: str, *, now: datetime) -> CourseInsight:
    """Return a released course as it is now.

    Raises:
        UnknownCourseError: the site has no such course.
        ReleaseRefusedError: it is not released.
        StorageError: a database is locked, damaged or of another version.
    """
    standing = read_standing(site, course)
    results = read_results(site, standing)
    tables = course_tables(results.subject, results.work, results.responses, results.attempts, now=now)
    return CourseInsight(standing, results, tables, course_reviews(site, course, ()), now)


class Insights:
    """What was read of some courses lately; threads may use it at once, and nothing is read twice at once."""

    def __init__(self, read: Callable[..., CourseInsight] = read_insight, most: int = 8) -> None:
        self._read, self._most = read, most
        self._kept: dict[tuple[Path, str], tuple[object, CourseInsight]] = {}
        self._locks: dict[tuple[Path, str], threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, site: Site, course: str, *, now: datetime) -> CourseInsight:
        """Return a released course as it is now, or was at most `KEPT` ago if its files did not change since."""
        place = (site.root, course)
        with self._lock:
            lock = self._locks.setdefault(place, threading.Lock())
        with lock:
            stamp = _stamp(site.course_root(course))
            kept = self._kept.get(place)
            if kept is not None and kept[0] == stamp and timedelta(0) <= now - kept[1].read_at < KEPT:
                return kept[1]
            insight = self._read(site, course, now=now)
            with self._lock:
                self._kept.pop(place, None)
                self._kept[place] = (_stamp(site.course_root(course)), insight)
                while len(self._kept) > self._most:
                    del self._kept[next(iter(self._kept))]
            return insight


INSIGHTS = Insights()
"""Of this process."""


def _stamp(root: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when the course's databases and files of decisions do."""
    found = []
    for pattern in _STAMPED:
        for path in root.glob(pattern):
            try:
                about = path.stat()
            except FileNotFoundError:
                continue
            found.append((path.name, about.st_mtime_ns, about.st_size))
    return tuple(sorted(found))
