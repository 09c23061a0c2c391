"""nbgrader's rows of scores as arrays: every graded cell of every submission, in five queries however many learners there are.

Joining and sorting hundreds of thousands of rows by their 32-character keys is what takes a database its time. Here only the narrow rows travel, as
they lie in its tables, and their keys become numbers here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine, bindparam, create_engine, text

from courses.databases import diagnosed_database
from courses.kept_databases import open_database

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

_CELLS = """
SELECT base_cell.id, assignment.name, notebook.name, base_cell.name,
       CASE WHEN task_cells.id IS NOT NULL THEN 'task' WHEN answer.id IS NOT NULL THEN 'manual' ELSE 'test' END,
       COALESCE(grade_cells.max_score, task_cells.max_score)
FROM base_cell
JOIN notebook ON base_cell.notebook_id = notebook.id
JOIN assignment ON notebook.assignment_id = assignment.id
LEFT JOIN grade_cells ON grade_cells.id = base_cell.id
LEFT JOIN task_cells ON task_cells.id = base_cell.id
LEFT JOIN base_cell AS answer ON answer.notebook_id = notebook.id AND answer.name = base_cell.name AND answer.type = 'SolutionCell'
WHERE base_cell.type IN ('GradeCell', 'TaskCell')
"""
_NOTEBOOKS = """
SELECT submitted_notebook.id, submitted_assignment.student_id, assignment.name, submitted_notebook.late_submission_penalty,
       submitted_assignment.timestamp, submitted_assignment.extension
FROM submitted_notebook
JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
JOIN assignment ON submitted_assignment.assignment_id = assignment.id
"""
_OF_SOME = "WHERE submitted_assignment.student_id IN :learners"
_GRADES = (
    "SELECT grade.notebook_id, grade.cell_id, grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade FROM grade"
)
_GRADES_OF_SOME = (
    " JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id"
    " JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id "
)


@dataclass(frozen=True, slots=True)
class GradedCells:
    """The graded cells of all assignments, sorted by assignment, notebook and name."""

    assignment: tuple[str, ...]
    notebook: tuple[str, ...]
    name: tuple[str, ...]
    kind: tuple[str, ...]
    """`test`, `manual` or `task`."""
    points: Floats


@dataclass(frozen=True, slots=True)
class Submissions:
    """What nbgrader holds of pairs of a learner and an assignment. A pair's number: the learner's, times the assignments, plus the assignment's."""

    exists: Flags
    has_time: Flags
    late_penalty: Floats
    """Points, over all notebooks."""
    extensions: dict[int, Any]
    """As the database keeps them, by pair; only where there is one."""


@dataclass(frozen=True, slots=True)
class Scores:
    """One row a graded cell of a submission, sorted by pair and cell."""

    cells: GradedCells
    submissions: Submissions
    pair: Places
    cell: Places
    """Places in `cells`."""
    auto: Floats
    """NaN where there is no such score; so are the next two."""
    manual: Floats
    extra: Floats
    needs_manual: Flags

    @property
    def marked(self) -> Floats:
        """nbgrader's `Grade.score`: the manual score where there is one, else the automatic one, plus extra credit."""
        return np.where(np.isnan(self.manual), self.auto, self.manual) + np.nan_to_num(self.extra)


def read_scores(url: str, learners: Sequence[str], assignments: Sequence[str], *, is_all: bool) -> Scores:
    """Return the scores of these learners at these assignments; whoever else is in the database is left out.

    Args:
        url: the gradebook's database address.
        is_all: whether these are all learners, so that the database need not choose.

    Raises:
        StorageError: the database is locked, damaged or of another version.
    """
    with (
        diagnosed_database(url),
        open_database(url, kind="scores", prepare=_as_it_is, make=create_engine) as engine,
        engine.connect() as connection,
    ):
        some = None if is_all else tuple(learners)
        cells = sorted(map(tuple, connection.execute(text(_CELLS))), key=lambda row: row[1:4])
        notebooks = _rows(connection, _NOTEBOOKS + ("" if is_all else _OF_SOME), some)
        grades = _rows(connection, _GRADES + ("" if is_all else _GRADES_OF_SOME + _OF_SOME), some)
    pairs, submissions = _submissions(
        notebooks, {name: i for i, name in enumerate(learners)}, {name: i for i, name in enumerate(assignments)}
    )
    numbers = {row[0]: number for number, row in enumerate(cells)}
    columns = list(zip(*grades, strict=True)) if grades else [()] * 6
    pair = np.fromiter((pairs.get(each, -1) for each in columns[0]), dtype=np.intp, count=len(grades))
    cell = np.fromiter((numbers.get(each, -1) for each in columns[1]), dtype=np.intp, count=len(grades))
    order = np.lexsort((cell, pair))
    order = order[(pair[order] >= 0) & (cell[order] >= 0)]
    auto, manual, extra = (np.array(column, dtype=float)[order] for column in columns[2:5])
    return Scores(_cells(cells), submissions, pair[order], cell[order], auto, manual, extra, np.array(columns[5], dtype=bool)[order])


def _rows(connection: Connection, query: str, learners: tuple[str, ...] | None) -> Sequence[Any]:
    if learners is None:
        return connection.execute(text(query)).fetchall()
    return connection.execute(text(query).bindparams(bindparam("learners", expanding=True)), {"learners": learners}).fetchall()


def _cells(rows: Sequence[tuple[Any, ...]]) -> GradedCells:
    _, assignment, notebook, name, kind, points = zip(*rows, strict=True) if rows else ((),) * 6
    return GradedCells(assignment, notebook, name, kind, np.array(points, dtype=float))


def _submissions(rows: Sequence[Any], learners: dict[str, int], assignments: dict[str, int]) -> tuple[dict[str, int], Submissions]:
    """Return each submitted notebook's pair by its key, and the pairs."""
    count = len(learners) * len(assignments)
    exists, has_time, penalty = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool), np.zeros(count)
    pairs: dict[str, int] = {}
    extensions: dict[int, Any] = {}
    for key, learner, assignment, late, moment, extension in rows:
        if learner in learners and assignment in assignments:
            pair = pairs[key] = learners[learner] * len(assignments) + assignments[assignment]
            exists[pair] = True
            has_time[pair] = moment is not None
            penalty[pair] += late or 0.0
            if extension is not None:
                extensions[pair] = extension
    return pairs, Submissions(exists, has_time, penalty, extensions)


def _as_it_is(_engine: Engine) -> None:
    """Look at nothing: who reads scores has opened the gradebook before."""
