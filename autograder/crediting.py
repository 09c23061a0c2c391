"""Chooses the attempt that counts: the last one, or the one with the best score.

The score is what nbgrader would show of an attempt: its automatic points, a mark by hand in their place where there is one (nbgrader keeps it whichever attempt is
shown, so it counts for all alike), less the penalty of the attempt's own time by the course's plugin. Of equal ones the earliest counts. What waits for a
person, and what could not be graded, counts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nbgrader.api import Assignment, BaseCell, Grade, Gradebook, GradeCell, MissingEntry, Notebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import select

from autograder.extensions import due_dates, later_than, load_grants
from autograder.nbgrader_database import open_gradebook
from autograder.records import Attempt, counted_attempts, credited_attempt, standing_result
from courses.attempts import AttemptRule
from courses.nbgrader_course import NbgraderCourse

_Cell = tuple[str, str]
"""A notebook's name and a cell's."""


def choose_attempts(
    course: NbgraderCourse, assignment: str, attempts: Mapping[str, list[Attempt]], rule: AttemptRule
) -> dict[str, Attempt]:
    """Return the attempt that counts of each learner who has one, by learner.

    Raises:
        StorageError: the gradebook is locked, damaged or of another version.
    """
    chosen = {learner: credited_attempt(group, rule) for learner, group in attempts.items()}
    if rule.credited == "best" and any(_graded(group, rule) for group in attempts.values()):
        with open_gradebook(course) as gradebook:
            ranking = _Ranking(course, gradebook, assignment)
            for learner, group in attempts.items():
                if graded := _graded(group, rule):
                    chosen[learner] = max(graded, key=ranking.score)  # the first of equal ones: they stand in the order of time
    return {learner: attempt for learner, attempt in chosen.items() if attempt is not None}


def _graded(attempts: list[Attempt], rule: AttemptRule) -> list[Attempt]:
    return [each for each in counted_attempts(attempts, rule) if standing_result(each) is not None]


@dataclass(frozen=True, slots=True)
class _Marks:
    """What persons have given to a learner."""

    by_hand: dict[_Cell, float]
    extra: dict[_Cell, float]


class _Ranking:
    """What nbgrader would show of attempts at one assignment."""

    def __init__(self, course: NbgraderCourse, gradebook: Gradebook, assignment: str) -> None:
        self._assigner: Any = AssignLatePenalties(config=course.config)
        self._assigner.init_plugin()
        try:
            self._due: datetime | None = gradebook.find_assignment(assignment).duedate
        except MissingEntry:
            self._due = None
        self._extensions: dict[str, timedelta] = {}
        self._marks: dict[str, _Marks] = {}
        of_assignment = (
            select(SubmittedAssignment.student_id, SubmittedAssignment.extension)
            .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
            .where(Assignment.name == assignment)
        )
        for learner, extension in gradebook.db.execute(of_assignment):
            self._extensions[learner] = extension or timedelta()
        self._extensions |= later_than(self._due, due_dates(load_grants(course.root), assignment))  # of who has no row yet, too
        marked = (
            select(SubmittedAssignment.student_id, Notebook.name, BaseCell.name, Grade.manual_score, Grade.extra_credit)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .join(BaseCell, BaseCell.id == Grade.cell_id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .where(Assignment.name == assignment, Grade.manual_score.is_not(None) | Grade.extra_credit.is_not(None))
        )
        for learner, notebook, cell, score, extra in gradebook.db.execute(marked):
            marks = self._marks.setdefault(learner, _Marks({}, {}))
            if score is not None:
                marks.by_hand[notebook, cell] = score
            if extra is not None:
                marks.extra[notebook, cell] = extra
        worthless = (
            select(Notebook.name, GradeCell.name)
            .join(Notebook, Notebook.id == GradeCell.notebook_id)
            .join(Assignment, Assignment.id == Notebook.assignment_id)
            .where(Assignment.name == assignment, GradeCell.max_score == 0)
        )
        self._worthless = {(row[0], row[1]) for row in gradebook.db.execute(worthless)}
        """Dropped items: an attempt that could not be graded again has its old points there."""

    def score(self, attempt: Attempt) -> float:
        """Return the points of a graded attempt after its late penalty."""
        result, marks = standing_result(attempt), self._marks.get(attempt.learner, _Marks({}, {}))
        points: dict[str, float] = {}
        for cell in result.cell_list() if result else []:
            place = (cell["notebook"], cell["name"])
            given = marks.by_hand.get(place, 0.0 if place in self._worthless else cell["auto_score"])
            extra = marks.extra.get(place, 0.0) if given is not None else 0.0
            points[place[0]] = points.get(place[0], 0.0) + (given or 0.0) + extra
        return sum(score - self._penalty(attempt, score) for score in points.values())

    def _penalty(self, attempt: Attempt, score: float) -> float:
        """Return what the course's plugin takes from a notebook's score, within [0, score]."""
        if self._due is None or attempt.has_no_time:
            return 0.0
        due = self._due.replace(tzinfo=UTC) + self._extensions.get(attempt.learner, timedelta())
        late = (datetime.fromisoformat(attempt.submitted_at) - due).total_seconds()
        if late <= 0:
            return 0.0
        penalty = self._assigner.plugin_inst.late_submission_penalty(attempt.learner, score, late)
        return 0.0 if penalty is None else min(max(0.0, float(penalty)), score)
