"""What grading as attempts arrive needs beside `autograder.grading`: which attempts wait, and the gradebook brought up to date without grading.

Rule: an attempt waits if it never had a result, or if the last one was broken, which is no fault of the learner's. What was graded stays as it is, also when
a new version is released: grading again is a person's decision (`autograder.regrading`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from autograder.evidence import end_interrupted_runs
from autograder.grading import GradingOptions, show_results
from autograder.nbgrader_database import load_source
from autograder.records import Attempt, Result, open_records, working_alone
from autograder.submissions import adopt_submitted
from autograder.wire_value import WireValue
from courses.nbgrader_course import NbgraderCourse


class WaitingAttempt(WireValue):
    """An attempt that has to be graded."""

    id: int
    """Of its row."""
    assignment: str
    learner: str
    submitted_at: str
    """ISO 8601, UTC."""
    broken: int = 0
    """How often grading broke off."""
    last_broken_at: str = ""
    """ISO 8601, UTC; empty if it never did."""


def waiting_attempts(session: Session, assignments: Collection[str]) -> tuple[WaitingAttempt, ...]:
    """Return the attempts that wait, oldest first; one query, however many were graded."""
    is_broken = case((Result.status == "broken", 1), else_=0)
    newest = (
        select(Result.attempt_id, func.max(Result.id).label("newest"), func.sum(is_broken).label("broken"))
        .group_by(Result.attempt_id)
        .subquery()
    )
    rows = session.execute(
        select(Attempt.id, Attempt.assignment, Attempt.learner, Attempt.submitted_at, newest.c.broken, Result.status, Result.graded_at)
        .outerjoin(newest, newest.c.attempt_id == Attempt.id)
        .outerjoin(Result, Result.id == newest.c.newest)
        .where(Attempt.assignment.in_(assignments), Attempt.refusal == "", (Result.id.is_(None)) | (Result.status == "broken"))
        .order_by(Attempt.submitted_at, Attempt.id)
    )
    return tuple(
        WaitingAttempt(
            id=row.id,
            assignment=row.assignment,
            learner=row.learner,
            submitted_at=row.submitted_at,
            broken=int(row.broken or 0),
            last_broken_at=row.graded_at or "",
        )
        for row in rows
    )


def show_assignment(course: NbgraderCourse, assignment: str, options: GradingOptions, *, now: datetime) -> None:
    """End runs that were interrupted, take what lies in the `submitted` step, and make the gradebook show what the records hold.

    Raises:
        SourceError: the gradebook does not know the assignment.
        StorageError: another process grades or collects in this course, the disk is full, or a database is locked.
    """
    source = load_source(course, assignment)
    with working_alone(course.root), open_records(course) as session:
        end_interrupted_runs(session, now=now)
        show_results(course, source, session, options, adopt_submitted(course, assignment, session, now=now))
