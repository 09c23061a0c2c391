"""The gradebook as pandas frames, each row with its state. A score stands only where everything behind it is decided.

`cells` has one row a learner and graded cell of an assignment that was submitted:
    learner, assignment, notebook, cell, kind (test | manual | task), points_possible, auto_score, manual_score, extra_credit, score (points; NaN unless
    state is graded), state, assurance (sealed | unsealed | compat | person: how far the score can be trusted; empty if it was not recorded by us)
`assignments` has one row a learner and released assignment, submitted or not:
    learner, assignment, state, reason, score, points_possible, late_penalty, final_score (points; NaN unless state is graded),
    submitted_at, due (UTC, NaT if none), seconds_late, attempts (how many were handed in), attempt (SHA-256 of the credited one), run, source
    (SHA-256), assurance, graded_at
States: graded · needs manual grading · ungraded · not submitted.

nbgrader's own export prints 0.0 for a submission that failed to grade; here a row counts as graded only if our record of the run says so too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd
from nbgrader.api import Gradebook
from sqlalchemy import select

from autograder.attempt_rows import AttemptRows, read_attempts
from autograder.gradebook_frames import (
    ASSIGNMENT_COLUMNS,
    CELL_COLUMNS,
    GRADED,
    NEEDS_MANUAL,
    NOT_SUBMITTED,
    STATES,
    UNGRADED,
    Released,
    gradebook_frames,
    standing_of,
)
from autograder.gradebook_scores import read_scores
from autograder.nbgrader_database import open_gradebook, students_of
from autograder.records import Attempt, open_records
from courses.attempts import LAST, AttemptRules
from courses.nbgrader_course import NbgraderCourse

__all__ = [
    "ASSIGNMENT_COLUMNS", "CELL_COLUMNS", "FOR_STAFF", "GRADED", "NEEDS_MANUAL", "NOT_SUBMITTED", "STATES", "UNGRADED", "GradebookFrames",
    "GradebookReader", "Slice", "gradebook_reader", "read_gradebook",
]  # fmt: skip

FOR_STAFF = "`patunay grade"
"""Stands in a reason that a teacher has to act on, not the learner."""


@dataclass(frozen=True, slots=True)
class GradebookFrames:
    """A course's gradebook; columns in the module's docstring."""

    cells: pd.DataFrame
    assignments: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Slice:
    """Some learners' part of a gradebook."""

    frames: GradebookFrames
    attempts: AttemptRows
    """By assignment and learner, oldest first, with their results and runs; of no open session."""


@dataclass(frozen=True, slots=True)
class GradebookReader:
    """Reads a course's gradebook some learners at a time. Both databases are read anew for each, so that several processes can read."""

    course: NbgraderCourse
    attempt_rules: AttemptRules
    released: tuple[Released, ...]
    learners: tuple[str, ...]
    """Everybody whom the gradebook or our records know, by name."""

    def slices(self, learners_at_once: int) -> list[tuple[str, ...]]:
        """Return the learners in groups: one at least, be it empty."""
        return [self.learners[start : start + learners_at_once] for start in range(0, max(1, len(self.learners)), learners_at_once)]

    def read(self, learners: tuple[str, ...]) -> Slice:
        """Return the part of these learners.

        Raises:
            StorageError: a database is locked, full, damaged or of another version.
        """
        return _read_slice(self.course, self.released, self.attempt_rules, learners, is_all=len(learners) == len(self.learners))


def read_gradebook(course: NbgraderCourse, *, attempt_rules: AttemptRules = MappingProxyType({})) -> GradebookFrames:
    """Return the course's gradebook.

    Args:
        attempt_rules: which attempt counts, by assignment; see the manifest.

    Raises:
        StorageError: a database is locked, full, damaged or of another version.
    """
    reader = gradebook_reader(course, attempt_rules=attempt_rules)
    return reader.read(reader.learners).frames


def gradebook_reader(course: NbgraderCourse, *, attempt_rules: AttemptRules) -> GradebookReader:
    """Return a reader of the course's gradebook as it is now.

    Raises:
        StorageError: a database is locked, full, damaged or of another version.
    """
    with open_gradebook(course) as gradebook:
        released = _released(gradebook)
        learners = {str(student[0]) for student in students_of(gradebook)}
    with open_records(course) as session:
        learners.update(session.scalars(select(Attempt.learner).distinct().where(Attempt.assignment.in_([each.name for each in released]))))
    return GradebookReader(course, attempt_rules, released, tuple(sorted(learners)))


def read_learner_slice(course: NbgraderCourse, learner: str, *, attempt_rules: AttemptRules) -> Slice:
    """Return the gradebook's part of one learner, known to it or not; nobody else's rows are read.

    Raises:
        StorageError: a database is locked, full, damaged or of another version.
    """
    with open_gradebook(course) as gradebook:
        released = _released(gradebook)
    return _read_slice(course, released, attempt_rules, (learner,), is_all=False)


def _released(gradebook: Gradebook) -> tuple[Released, ...]:
    return tuple(
        Released(str(each.name), each.duedate, float(each.max_score or 0))
        for each in sorted(gradebook.assignments, key=lambda each: str(each.name))
    )


def _read_slice(
    course: NbgraderCourse, released: Sequence[Released], attempt_rules: AttemptRules, learners: tuple[str, ...], *, is_all: bool
) -> Slice:
    names = [each.name for each in released]
    scores = read_scores(course.database_url, learners, names, is_all=is_all)
    with open_records(course) as session:
        attempts = read_attempts(session, names, None if is_all else learners)
    standings = [standing_of(attempts[name].get(learner, ()), attempt_rules.get(name, LAST)) for learner in learners for name in names]
    return Slice(GradebookFrames(*gradebook_frames(scores, standings, learners, released)), attempts)
