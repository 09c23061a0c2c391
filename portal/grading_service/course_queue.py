"""What the watching process knows of one course: what is new, what waits, what went wrong and when it is tried again."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from autograder.arriving import WaitingAttempt
from autograder.extensions import FILE_NAME as EXTENSIONS
from autograder.records import FILE_NAME as RECORDS
from courses.settings import Site
from portal.grading_service.health import CourseHealth
from portal.grading_service.inbound import Inbound
from portal.grading_service.messages import Answer, Order
from portal.grading_service.turns import Batch, choose_batch, used_after

_MOST_NAMES = 500
"""More are not named one by one: everything is looked at."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=5)


class CourseQueue:
    """One released course."""

    def __init__(self, site: Site, course: str) -> None:
        self.course = course
        self._root = site.course_root(course)
        self._inbound = Inbound(site.exchange / course / "inbound")
        self._new: set[str] = set()
        self._is_look_due, self._is_all_due = True, True
        self._seen: tuple[int, ...] = ()
        self._records_seen = 0
        self._waiting: tuple[WaitingAttempt, ...] = ()
        self._used_s: dict[str, float] = {}
        self._failures = 0
        self._next_try: datetime | None = None
        self.running: tuple[str, ...] = ()
        """Learners of whom an attempt is being graded."""
        self.served = 0.0
        """When it had its last turn, by the clock of the caller."""
        self.health = CourseHealth(course=course)

    def observe(self, now: datetime, *, is_busy: bool) -> None:
        """Look for what is new, without reading what did not change."""
        fresh = self._inbound.fresh(now.timestamp())
        self._new.update(fresh)
        seen = tuple(changed_ns(self._root / name) for name in ("current-release.json", EXTENSIONS))
        if seen != self._seen:
            self._seen, self._is_all_due = seen, True
        if not is_busy and changed_ns(self._root / RECORDS) != self._records_seen:  # somebody else collected or graded
            self._records_seen = changed_ns(self._root / RECORDS)
            self._is_look_due = True

    def next_order(self, now: datetime, *, busy: frozenset[str], jobs: int) -> Order | None:
        """Return what the course's process is to do now, None if nothing.

        Args:
            busy: learners of whom an attempt is being graded in another course.
        """
        if self._next_try is not None and now < self._next_try:
            return None
        if self._is_all_due or len(self._new) > _MOST_NAMES:
            self._new.clear()
            self._is_all_due = self._is_look_due = False
            return Order(kind="look", names=None)
        if self._new or self._is_look_due:
            names = tuple(sorted(self._new))
            self._new.clear()
            self._is_look_due = False
            return Order(kind="look", names=names)
        batch = choose_batch(self._waiting, self._used_s, now=now, busy=busy)
        return None if batch is None else self._order_of(batch, jobs)

    def _order_of(self, batch: Batch, jobs: int) -> Order:
        self.running = tuple(each.learner for each in batch.attempts)
        return Order(
            kind="grade",
            assignment=batch.assignment,
            attempts=tuple(each.id for each in batch.attempts),
            learners=self.running,
            jobs=jobs,
        )

    def take(self, answer: Answer, now: datetime) -> None:
        """Take what the course's process answered."""
        self.running = ()
        self._records_seen = answer.records_ns
        if answer.problem:
            self.fail(answer.problem, answer.where, answer.remedy, now)
            return
        self._waiting = answer.waiting
        self._used_s = used_after(self._used_s, ((each.learner, each.duration_s) for each in answer.graded), answer.waiting)
        self._failures, self._next_try = 0, None
        self.health = self.health.model_copy(
            update={"problem": "", "where": "", "remedy": "", "since": None, "next_try_at": None}
            | {"graded": self.health.graded + len(answer.graded), "waiting": answer.waiting_count}
            | {"given_up": answer.given_up}
            | ({"last_graded_at": now} if answer.graded else {})
        )

    def fail(self, problem: str, where: str, remedy: str, now: datetime) -> None:
        """Note what went wrong; everything is looked at anew after a pause, each time a longer one."""
        self.running, self._is_all_due = (), True
        pause = min(_FIRST_PAUSE * 2 ** min(self._failures, 16), _LONGEST_PAUSE)
        self._failures, self._next_try = self._failures + 1, now + pause
        self.health = self.health.model_copy(
            update={"problem": problem, "where": where, "remedy": remedy, "since": self.health.since or now, "next_try_at": self._next_try}
        )


def released_courses(site: Site) -> list[str]:
    """Return the courses that have something in the exchange, sorted; nothing is read, so none that is damaged hides the others."""
    work = site.root / site.settings.paths.work
    try:
        return sorted(entry.name for entry in os.scandir(work) if (Path(entry.path) / "current-release.json").is_file())
    except OSError:
        return []


def changed_ns(path: Path) -> int:
    """Return when a file was changed last, in nanoseconds since the epoch; 0 if there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
