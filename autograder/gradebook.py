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

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pandas as pd
from sqlalchemy import TextClause, bindparam, create_engine, select, text

from autograder.jobs import GradedCell
from autograder.nbgrader_database import open_gradebook, students_of
from autograder.records import Attempt, Result, attempts_of, credited_attempt, newest_result, open_records, standing_result
from courses.attempts import LAST, AttemptRule, AttemptRules
from courses.databases import diagnosed_database
from courses.nbgrader_course import NbgraderCourse

GRADED = "graded"
NEEDS_MANUAL = "needs manual grading"
UNGRADED = "ungraded"
NOT_SUBMITTED = "not submitted"
STATES = (GRADED, NEEDS_MANUAL, UNGRADED, NOT_SUBMITTED)
FOR_STAFF = "`patunay grade"
"""Stands in a reason that a teacher has to act on, not the learner."""

CELL_COLUMNS = (
    "learner", "assignment", "notebook", "cell", "kind", "points_possible", "auto_score", "manual_score", "extra_credit", "score", "state",
    "assurance",
)  # fmt: skip
ASSIGNMENT_COLUMNS = (
    "learner", "assignment", "state", "reason", "score", "points_possible", "late_penalty", "final_score", "submitted_at", "due", "seconds_late",
    "attempts", "attempt", "run", "source", "assurance", "graded_at",
)  # fmt: skip

_CELLS = """
SELECT student.id AS learner, assignment.name AS assignment, notebook.name AS notebook, base_cell.name AS cell,
       CASE WHEN task_cells.id IS NOT NULL THEN 'task' WHEN answer.id IS NOT NULL THEN 'manual' ELSE 'test' END AS kind,
       COALESCE(grade_cells.max_score, task_cells.max_score) AS points_possible,
       grade.auto_score AS auto_score, grade.manual_score AS manual_score, grade.extra_credit AS extra_credit, grade.needs_manual_grade AS needs_manual
FROM grade
JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
JOIN student ON submitted_assignment.student_id = student.id
JOIN assignment ON submitted_assignment.assignment_id = assignment.id
JOIN base_cell ON grade.cell_id = base_cell.id
JOIN notebook ON base_cell.notebook_id = notebook.id
LEFT JOIN grade_cells ON grade_cells.id = base_cell.id
LEFT JOIN task_cells ON task_cells.id = base_cell.id
LEFT JOIN base_cell AS answer ON answer.notebook_id = notebook.id AND answer.name = base_cell.name AND answer.type = 'SolutionCell'
{where}
ORDER BY student.id, assignment.name, notebook.name, base_cell.name
"""

_SUBMISSIONS = """
SELECT student.id AS learner, assignment.name AS assignment, assignment.duedate AS due, submitted_assignment.timestamp AS submitted_at,
       submitted_assignment.extension AS extension, SUM(COALESCE(submitted_notebook.late_submission_penalty, 0)) AS late_penalty
FROM submitted_assignment
JOIN student ON submitted_assignment.student_id = student.id
JOIN assignment ON submitted_assignment.assignment_id = assignment.id
JOIN submitted_notebook ON submitted_notebook.assignment_id = submitted_assignment.id
{where}
GROUP BY student.id, assignment.name, assignment.duedate, submitted_assignment.timestamp, submitted_assignment.extension
"""


@dataclass(frozen=True, slots=True)
class GradebookFrames:
    """A course's gradebook; columns in the module's docstring."""

    cells: pd.DataFrame
    assignments: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Standing:
    """What our records say of one learner and assignment."""

    attempts: int
    attempt: Attempt | None
    result: Result | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Released:
    """What an assignment is to everybody."""

    name: str
    due: datetime | None
    possible: float


@dataclass(frozen=True, slots=True)
class Slice:
    """Some learners' part of a gradebook."""

    frames: GradebookFrames
    attempts: Mapping[str, Mapping[str, list[Attempt]]]
    """By assignment and learner, oldest first, with their results and runs; of no open session."""


@dataclass(frozen=True, slots=True)
class GradebookReader:
    """Reads a course's gradebook some learners at a time. Both databases are read anew for each, so that several processes can read."""

    course: NbgraderCourse
    attempt_rules: AttemptRules
    released: tuple[_Released, ...]
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
        released = tuple(
            _Released(str(each.name), each.duedate, float(each.max_score or 0))
            for each in sorted(gradebook.assignments, key=lambda each: str(each.name))
        )
        learners = {str(student[0]) for student in students_of(gradebook)}
    with open_records(course) as session:
        learners.update(session.scalars(select(Attempt.learner).distinct().where(Attempt.assignment.in_([each.name for each in released]))))
    return GradebookReader(course, attempt_rules, released, tuple(sorted(learners)))


def _read_slice(
    course: NbgraderCourse, released: Sequence[_Released], attempt_rules: AttemptRules, learners: tuple[str, ...], *, is_all: bool
) -> Slice:
    where, names = ("", {}) if is_all else ("WHERE student.id IN :learners", {"learners": learners})

    def query(wanted: str) -> TextClause:
        found = text(wanted.replace("{where}", where))
        return found if is_all else found.bindparams(bindparam("learners", expanding=True))

    with diagnosed_database(course.database_url):
        engine = create_engine(course.database_url)
        with engine.connect() as connection:
            cells = pd.read_sql_query(query(_CELLS), connection, params=names)
            submissions = pd.read_sql_query(query(_SUBMISSIONS), connection, params=names, parse_dates=["submitted_at", "due"])
        engine.dispose()
    with open_records(course) as session:
        attempts = {each.name: attempts_of(session, each.name, None if is_all else learners) for each in released}
    standings = {
        name: {learner: _standing(theirs, attempt_rules.get(name, LAST)) for learner, theirs in of.items()} for name, of in attempts.items()
    }
    by_pair: dict[tuple[str, str], list[Any]] = {}
    for cell in cells.itertuples(index=False):
        by_pair.setdefault((str(cell.learner), str(cell.assignment)), []).append(cell)
    found = {(row.learner, row.assignment): row for row in submissions.itertuples()}
    rows = []
    for learner in learners:
        for each in released:
            pair = (learner, each.name)
            standing = standings[each.name].get(learner, _Standing(0, None, None, ""))
            rows.append(_row(pair, standing, by_pair.get(pair, []), found.get(pair), each))
    table = pd.DataFrame(rows, columns=list(ASSIGNMENT_COLUMNS))
    table["submitted_at"] = pd.to_datetime(table["submitted_at"], utc=True, format="ISO8601")
    table["due"] = pd.to_datetime(table["due"], utc=True)
    return Slice(GradebookFrames(_cell_frame(cells, table, _assurances(standings)), table), attempts)


def _standing(attempts: list[Attempt], rule: AttemptRule) -> _Standing:
    attempt = credited_attempt(attempts, rule)
    if attempt is None:
        return _Standing(len(attempts), None, None, attempts[-1].refusal)
    result, newest = standing_result(attempt), newest_result(attempt)
    if result is None:
        return _Standing(len(attempts), attempt, None, newest.reason if newest else "it has not been graded yet")
    if not result.recorded:
        return _Standing(len(attempts), attempt, None, "grading was interrupted; run `patunay grade` again")
    return _Standing(len(attempts), attempt, result, "")


def _row(pair: tuple[str, str], standing: _Standing, cells: Sequence[Any], submission: Any, released: _Released) -> dict[str, object]:
    state, reason = _state(standing, cells, submission)
    decided = state == GRADED
    score = math.fsum(map(_score, cells)) if decided else float("nan")
    penalty = float(submission.late_penalty) if decided else float("nan")
    attempt, result = standing.attempt, standing.result
    submitted = attempt.submitted_at if attempt else None
    return {
        "learner": pair[0],
        "assignment": pair[1],
        "state": state,
        "reason": reason,
        "score": score,
        "points_possible": released.possible,
        "late_penalty": penalty,
        "final_score": max(0.0, score - penalty) if decided else float("nan"),
        "submitted_at": submitted,
        "due": released.due,
        "seconds_late": _seconds_late(submitted, released.due, submission),
        "attempts": standing.attempts,
        "attempt": attempt.digest if attempt else "",
        "run": result.run_id if result else "",
        "source": result.run.source_digest if result else "",
        "assurance": result.assurance if result else "",
        "graded_at": result.graded_at if result else "",
    }


def _state(standing: _Standing, cells: Sequence[Any], submission: Any) -> tuple[str, str]:
    if standing.attempts == 0:
        if submission is None:
            return NOT_SUBMITTED, "nothing was handed in"
        return UNGRADED, "it was graded outside Patunay; run `patunay grade`"
    if standing.result is None:
        return UNGRADED, standing.reason
    if not cells:
        return UNGRADED, "the gradebook holds no cells of it; run `patunay grade --force`"
    if _was_changed_elsewhere(standing.result, cells):
        return UNGRADED, "its automatic scores in the gradebook are not those that Patunay recorded; run `patunay grade --force`"
    waiting = [each.cell for each in cells if each.needs_manual or (pd.isna(each.auto_score) and pd.isna(each.manual_score))]
    if waiting:
        return NEEDS_MANUAL, f"a person has to mark {', '.join(waiting)}"
    return GRADED, ""


def _was_changed_elsewhere(result: Result, cells: Sequence[Any]) -> bool:
    """Whether somebody or something else wrote automatic scores since: `nbgrader autograde`, a hand in the database, learner code under stock nbgrader."""
    recorded = {(each["notebook"], each["name"]): each["auto_score"] for each in result.cell_list()}
    for each in cells:
        theirs = None if pd.isna(each.auto_score) else float(each.auto_score)
        if recorded.get((str(each.notebook), str(each.cell))) != theirs:
            return True
    return False


def _score(cell: Any) -> float:
    """nbgrader's `Grade.score`: the manual score where there is one, else the automatic one, plus extra credit."""
    marked = cell.auto_score if pd.isna(cell.manual_score) else cell.manual_score
    return float(marked) + (0.0 if pd.isna(cell.extra_credit) else float(cell.extra_credit))


def _scores(cells: pd.DataFrame) -> pd.Series[float]:
    """Return `_score` of each row."""
    marked = cells["manual_score"].astype(float).fillna(cells["auto_score"].astype(float))
    return marked + cells["extra_credit"].astype(float).fillna(0.0)


def _seconds_late(submitted: str | None, due: datetime | None, submission: Any) -> float:
    if submitted is None or due is None or (submission is not None and pd.isna(submission.submitted_at)):
        return 0.0
    allowed = pd.Timestamp(due, tz="UTC") + _extension(getattr(submission, "extension", None))
    return max(0.0, (pd.Timestamp(submitted) - allowed).total_seconds())


def _extension(stored: Any) -> pd.Timedelta:
    """Return a learner's extension as the database keeps it: SQLite as the moment that long after 1970 began, others as an interval."""
    if stored is None or pd.isna(stored):
        return pd.Timedelta(0)
    return pd.Timestamp(stored) - pd.Timestamp(0) if isinstance(stored, str) else pd.Timedelta(stored)


_Cell = tuple[str, str, str, str]


def _assurances(standings: dict[str, dict[str, _Standing]]) -> dict[_Cell, str]:
    """Return how far each cell's automatic score can be trusted, by learner, assignment, notebook and cell."""
    return {
        (learner, assignment, cell.notebook, cell.name): cell.assurance
        for assignment, of in standings.items()
        for learner, standing in of.items()
        if standing.result is not None
        for cell in map(GradedCell.model_validate, standing.result.cell_list())
    }


def _cell_frame(cells: pd.DataFrame, assignments: pd.DataFrame, assurances: dict[_Cell, str]) -> pd.DataFrame:
    """Give every cell its state: that of its assignment, but marked cells of a half-marked assignment are graded."""
    if cells.empty:
        return pd.DataFrame(columns=list(CELL_COLUMNS))
    frame = cells.merge(assignments[["learner", "assignment", "state"]], on=["learner", "assignment"], how="left")
    waiting = frame["needs_manual"].astype(bool)
    frame["state"] = frame["state"].where(frame["state"] == UNGRADED, waiting.map({True: NEEDS_MANUAL, False: GRADED}))
    frame["score"] = _scores(frame).where(frame["state"] == GRADED)
    keys = zip(frame["learner"], frame["assignment"], frame["notebook"], frame["cell"], strict=True)
    told = pd.Series([assurances.get((str(a), str(b), str(c), str(d)), "") for a, b, c, d in keys], index=frame.index, dtype=object)
    frame["assurance"] = told.where(frame["manual_score"].isna(), "person")
    return frame[list(CELL_COLUMNS)]
