"""The process that grades one course: it keeps the course's kernels warm, and does one order of the watching process after another.

`python -m portal.grading_service.course_process SITE COURSE DESCRIPTOR PARENT`. It ends when the other side has gone, however that ended.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from autograder.arriving import show_assignment, waiting_attempts
from autograder.execution.engines import EngineRoom
from autograder.records import FILE_NAME, open_records
from autograder.sandbox.syscalls import tie_to
from autograder.scheduling.framing import read_frame, send_frame
from autograder.scheduling.protocol import RunStoppedError
from courses.errors import DiagnosedError
from courses.nbgrader_course import open_course
from courses.release import find_release, load_released_manifest
from courses.settings import Site, load_site
from issuer.standing import released_root
from portal.course_work import GradeRequest, collect_course, grade_course, grading_options
from portal.grading_service.course_queue import changed_ns
from portal.grading_service.messages import MOST_OF_ONE, MOST_TOLD, Answer, GradedNow, Order
from portal.grading_service.turns import first_of_each, is_given_up
from portal.invented_learners import enter_invented_learners
from portal.web.portal_site import TRY_OUT_VARIABLE

_OF_LEARNERS = ("attempts", "submitted", "autograded", "graded", "feedback", "inbound")


class CourseDesk:
    """Does orders for one course.

    Args:
        room: the course's kernels; they stay the caller's.
    """

    def __init__(self, site: Site, course: str, room: EngineRoom) -> None:
        self._site, self._course, self._room = site, course, room
        self._is_told_to_stop = False

    def stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Grade no further: what runs is ended, what is graded is written down."""
        self._is_told_to_stop = True

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._is_told_to_stop

    def do(self, order: Order) -> Answer:
        """Return what came of an order; a problem that we know is said in the answer."""
        try:
            return self._look(order) if order.kind == "look" else self._grade(order)
        except DiagnosedError as problem:
            return Answer(problem=str(problem.problem), where=without_learner(str(problem.where)), remedy=str(problem.remedy))
        except RunStoppedError:
            return Answer()

    def _look(self, order: Order) -> Answer:
        found = {}
        if order.names is None or order.names:
            found = collect_course(self._site, self._course, (), now=_now(), names=order.names)
        if found and os.environ.get(TRY_OUT_VARIABLE):
            enter_invented_learners(released_root(self._site, self._course))
        if order.names is None:
            self._show_all()
        new, refused = sum(each.new for each in found.values()), sum(len(each.refused) for each in found.values())
        return self._waiting(Answer(collected=new, refused=refused))

    def _show_all(self) -> None:
        root = released_root(self._site, self._course)
        manifest, directory = load_released_manifest(root), open_course(root)
        for assignment in self._assignments(root):
            show_assignment(directory, assignment, grading_options(self._site, manifest, assignment, GradeRequest()), now=_now())

    def _grade(self, order: Order) -> Answer:
        request = GradeRequest(learners=order.learners, only=order.attempts, jobs=order.jobs)
        summaries = grade_course(self._site, self._course, (order.assignment,), request, now=_now, progress=self._check, room=self._room)
        graded = (each for summary in summaries for each in summary.graded)
        told = tuple(GradedNow(learner=each.learner, status=each.status, duration_s=each.duration_s) for each in graded)
        return self._waiting(Answer(graded=told))

    def _check(self, _done: int, _all: int) -> None:
        if self._is_told_to_stop:
            raise RunStoppedError

    def _waiting(self, answer: Answer) -> Answer:
        root = released_root(self._site, self._course)
        changed = changed_ns(root / FILE_NAME)
        with open_records(open_course(root)) as session:
            found = waiting_attempts(session, self._assignments(root))
        front = first_of_each(found, of_one=MOST_OF_ONE, of_all=MOST_TOLD)
        told = {"waiting": front, "waiting_count": len(found), "given_up": sum(map(is_given_up, found)), "records_ns": changed}
        return answer.model_copy(update=told)

    def _assignments(self, root: Path) -> tuple[str, ...]:
        release = find_release(root)
        return release.assignments if release else ()


def without_learner(where: str) -> str:
    """Return a place that an error names, cut off where learners' own folders begin: logs and pages of offices name nobody."""
    for folder in _OF_LEARNERS:
        head, found, _ = where.partition(f"/{folder}/")
        where = f"{head}/{folder}" if found else where
    return where


def main(site_root: str, course: str, descriptor: str, parent: str) -> None:
    """Do orders until the other side has gone, or this process is told to end."""
    tie_to(int(parent))
    channel = socket.socket(fileno=int(descriptor))
    site = load_site(Path(site_root))
    with EngineRoom(sandbox_required=site.settings.grading.sandbox == "required") as room:
        desk = CourseDesk(site, course, room)
        signal.signal(signal.SIGTERM, desk.stop)
        while not desk.is_stopped and (frame := read_frame(channel)) is not None:
            send_frame(channel, desk.do(Order.model_validate_json(frame)).model_dump_json().encode("utf-8"))


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main(*sys.argv[1:])
