"""Watches the exchange of a site and has what arrives graded: the one process that decides whose turn it is. It grades nothing itself and keeps nothing that is
not in the exchange and the records, so it may end at any moment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import wait

from courses.errors import StorageError
from courses.settings import Site
from courses.storage import held_alone
from portal.grading_service.course_queue import CourseQueue, released_courses
from portal.grading_service.course_worker import CourseWorker
from portal.grading_service.health import ServiceStatus, lock_file, write_status

_PAUSE_S, _PAUSE_BUSY_S = 0.5, 0.2
_WRITTEN_EVERY_S = 5.0
Tell = Callable[[str], None]
"""Gets a line for the log; none names a learner."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done at once, and how long what is warm is kept."""

    courses: int = 2
    """How many courses are graded at the same moment."""
    jobs: int = 0
    """How many submissions, in all courses together; 0: one a core."""
    warm: int = 4
    """How many courses keep their kernels loaded while nothing arrives."""
    idle_s: float = 600.0
    """For how long."""

    @property
    def all_jobs(self) -> int:
        """How many submissions at once."""
        return self.jobs or len(os.sched_getaffinity(0))


def watch(site: Site, pace: Pace, *, now: Callable[[], datetime], is_asked_to_end: Callable[[], bool], tell: Tell) -> None:
    """Have what arrives graded until `is_asked_to_end`.

    Raises:
        StorageError: another process does it at this site.
    """
    with held_alone(lock_file(site), "another process is grading what arrives at this site (`patunay watch`)"):
        watcher = Watcher(site, pace, now=now, tell=tell)
        tell("grading what arrives, until Ctrl+C or SIGTERM")
        try:
            while not is_asked_to_end():
                watcher.step()
        finally:
            watcher.close()


class Watcher:
    """The courses of a site, and the processes that are at them."""

    def __init__(self, site: Site, pace: Pace, *, now: Callable[[], datetime], tell: Tell) -> None:
        self._site, self._pace, self._now, self._tell = site, pace, now, tell
        self._queues: dict[str, CourseQueue] = {}
        self._workers: dict[str, CourseWorker] = {}
        self._started_at = now()
        self._written, self._written_at = "", 0.0

    def step(self) -> None:
        """Look, hand out, wait a moment, hear."""
        self._observe()
        self._hand_out()
        self._hear()
        self._let_go()
        self._write()

    def close(self) -> None:
        """End all processes; what they graded is written down."""
        for worker in self._workers.values():
            worker.ask_to_end()
        for worker in self._workers.values():
            worker.end()
        self._workers.clear()

    def _observe(self) -> None:
        found = released_courses(self._site)
        for course in found:
            queue = self._queues.setdefault(course, CourseQueue(self._site, course))
            queue.observe(self._now(), is_busy=self._is_busy(course))
        for gone in set(self._queues) - set(found):
            if not self._is_busy(gone):
                if gone in self._workers:
                    self._end(gone)
                del self._queues[gone]

    def _hand_out(self) -> None:
        """Give every course that has something to do its turn, the one that waited longest first, while there is room."""
        for queue in sorted(self._queues.values(), key=lambda each: (each.served, each.course)):
            at_work = [worker for worker in self._workers.values() if worker.order is not None]
            if len(at_work) >= self._pace.courses:
                return
            if self._is_busy(queue.course):
                continue
            busy = frozenset(learner for each in self._queues.values() for learner in each.running)
            order = queue.next_order(self._now(), busy=busy, jobs=max(1, self._pace.all_jobs // (len(at_work) + 1)))
            if order is not None:
                queue.served = time.monotonic()
                self._worker_of(queue.course).give(order)

    def _worker_of(self, course: str) -> CourseWorker:
        if course not in self._workers:
            self._make_room()
            self._workers[course] = CourseWorker(self._site, course)
        return self._workers[course]

    def _make_room(self) -> None:
        """End the process that has been idle longest, where as many are there as may be."""
        idle = sorted((worker.since, course) for course, worker in self._workers.items() if worker.order is None)
        if idle and len(self._workers) >= max(self._pace.warm, self._pace.courses):
            self._end(idle[0][1])

    def _hear(self) -> None:
        channels = {worker.channel: course for course, worker in self._workers.items()}
        is_busy = any(worker.order is not None for worker in self._workers.values())
        if not channels:
            time.sleep(_PAUSE_S)
            return
        for channel in wait(list(channels), _PAUSE_BUSY_S if is_busy else _PAUSE_S):
            self._take(channels[channel])  # type: ignore[index]  # it is one of ours

    def _take(self, course: str) -> None:
        queue, worker = self._queues[course], self._workers[course]
        try:
            answer = worker.take()
        except EOFError:
            how = self._workers.pop(course).end(patience_s=1.0)
            remedy = "Nothing is lost, and it is tried again. The service's log says more; `patunay grade` shows it in the open."
            queue.fail(f"the grading process of the course {how}", course, remedy, self._now())
            self._tell(f"{course}: the grading process {how}")
            return
        if answer is None:
            return
        queue.take(answer, self._now())
        if answer.problem:
            self._tell(f"{course}: {answer.problem}{f' ({answer.where})' if answer.where else ''}")
        elif answer.collected or answer.refused or answer.graded:
            took = f", {max(each.duration_s for each in answer.graded):.1f} s the longest" if answer.graded else ""
            refused = f", {answer.refused} refused" if answer.refused else ""
            self._tell(
                f"{course}: {answer.collected} collected{refused}, {len(answer.graded)} graded{took}, {answer.waiting_count} waiting"
            )

    def _let_go(self) -> None:
        """End processes that were idle for long, and those that are lost."""
        for course, worker in list(self._workers.items()):
            if worker.is_hung or (worker.order is None and time.monotonic() - worker.since > self._pace.idle_s):
                self._end(course)

    def _end(self, course: str) -> None:
        worker = self._workers.pop(course)
        is_lost = worker.order is not None
        worker.ask_to_end()
        how = worker.end()
        if is_lost:
            self._queues[course].fail(
                f"the grading process of the course did not answer, and {how}", course, "It is tried again.", self._now()
            )

    def _is_busy(self, course: str) -> bool:
        return course in self._workers and self._workers[course].order is not None

    def _write(self) -> None:
        """Write down how everything is, when it changed, and as a sign of life."""
        courses = tuple(queue.health.model_copy(update={"running": len(queue.running)}) for _, queue in sorted(self._queues.items()))
        told = "".join(each.model_dump_json() for each in courses)
        if told == self._written and time.monotonic() - self._written_at < _WRITTEN_EVERY_S:
            return
        self._written, self._written_at = told, time.monotonic()
        status = ServiceStatus(process=os.getpid(), started_at=self._started_at, beat=self._now(), courses=courses)
        try:
            write_status(self._site, status)
        except (StorageError, OSError) as full:
            self._tell(f"the state of the service cannot be written: {full}")
