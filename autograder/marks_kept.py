"""Marks that persons gave, through a regrade: nbgrader asks for every mark again after each grading, because another answer may stand there now.

In a regrade the same answer does: whose shown attempt stays the same need not be marked anew. A crash in between leaves nbgrader's request, never less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbgrader.api import Assignment, Grade, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import select, update

from autograder.nbgrader_database import open_gradebook
from autograder.records import attempts_of, open_records
from courses.nbgrader_course import NbgraderCourse


@dataclass(frozen=True, slots=True)
class Marks:
    """What was marked, and of which attempts."""

    grades: dict[str, tuple[str, float]]
    """Learner and manual score by the id of the row, of the cells that waited for nobody."""
    shown: dict[str, int]
    """The id of the attempt that the gradebook shows, by learner."""


def read_marks(course: NbgraderCourse, assignment: str) -> Marks:
    """Return the marks that persons gave in an assignment."""
    query = (
        select(Grade.id, SubmittedAssignment.student_id, Grade.manual_score)
        .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .where(Assignment.name == assignment, Grade.manual_score.is_not(None), Grade.needs_manual_grade.is_(False))
    )
    with open_gradebook(course) as gradebook:
        grades = {row[0]: (str(row[1]), float(row[2])) for row in gradebook.db.execute(query)}
    return Marks(grades, _shown(course, assignment))


def confirm_marks(course: NbgraderCourse, assignment: str, before: Marks) -> None:
    """Let the marks of before stand, of those whose shown attempt is the same."""
    shown = _shown(course, assignment)
    same = {learner for learner, attempt in before.shown.items() if shown.get(learner) == attempt}
    table: Any = Grade.__table__
    with open_gradebook(course) as gradebook:
        for name, (learner, score) in before.grades.items():
            if learner in same:
                mine = (table.c.id == name) & (table.c.manual_score == score)
                gradebook.db.execute(update(table).where(mine).values(needs_manual_grade=False))
        gradebook.db.commit()


def _shown(course: NbgraderCourse, assignment: str) -> dict[str, int]:
    with open_records(course) as session:
        return {
            learner: attempt.id
            for learner, group in attempts_of(session, assignment).items()
            for attempt in group
            if any(result.recorded for result in attempt.results)
        }
