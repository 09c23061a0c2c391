"""The one thing that a learner does next in a course. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from issuer.eligibility import Status
from portal.learner_work import LearnerCourse, Work, WorkStage

Kind = Literal["claim", "confirm name", "await award", "hand in again", "start", "try again", "wait", "look", "done", "former"]
_WAITS = {WorkStage.QUEUED, WorkStage.RUNNING, WorkStage.NEEDS_PERSON}
_STEPS: tuple[tuple[Kind, set[WorkStage]], ...] = (
    ("hand in again", {WorkStage.FAILED, WorkStage.REFUSED}),
    ("start", {WorkStage.NOT_STARTED}),
    ("try again", {WorkStage.READY}),
)


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do."""

    kind: Kind
    work: Work | None = None
    """The assignment that it is about, None if it is about none."""

    @property
    def due(self) -> datetime | None:
        """Until when, None if there is no date."""
        return self.work.due if self.work and self.kind in {"start", "try again", "hand in again"} else None


def next_step(
    course: LearnerCourse, *, has_unclaimed: bool, is_awarded: bool, has_told_name: bool, now: datetime, was_awarded: bool = False
) -> NextStep:
    """Return what comes first: what a person waits for, then what went wrong, then what is new, then what can be better.

    Args:
        has_unclaimed: whether a credential of the course waits to be claimed.
        is_awarded: whether the learner has one that is in force.
        has_told_name: whether the learner has said whether the name is shown.
        was_awarded: whether the learner had one that was erased, suspended or withdrawn: no other one is issued by itself.
    """
    if has_unclaimed:
        return NextStep("claim")
    if is_awarded:
        return NextStep("done")
    if course.eligibility is not None and course.eligibility.status is Status.ELIGIBLE:
        return NextStep("former" if was_awarded else "await award" if has_told_name else "confirm name")
    return _step_in_work(course, now)


def _step_in_work(course: LearnerCourse, now: datetime) -> NextStep:
    able = [each for each in course.works if course.is_enrolled and each.attempts_left != 0 and not course.is_closed(each, now)]
    for kind, stages in _STEPS:
        chosen = next((each for each in sorted(able, key=_order) if each.stage in stages), None)
        if chosen is not None:
            return NextStep(kind, chosen)
    waiting = next((each for each in course.works if each.stage in _WAITS), None)
    return NextStep("wait", waiting) if waiting is not None else NextStep("look")


def _order(work: Work) -> float:
    """Return the key that puts what is due soonest first, and keeps the course's order otherwise."""
    return math.inf if work.due is None else work.due.timestamp()
