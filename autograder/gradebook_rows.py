"""Writes learners' standings into the rows of nbgrader's gradebook, by the tables of its own models: a few statements each, however large the course is.

nbgrader's `update_or_create_submission` commits twice before there is a score, and reads the whole assignment again after each; who looked at the gradebook
meanwhile would see a new time with the old scores. Here nothing is committed: the caller does, for one learner or for some.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from nbgrader.utils import parse_utc
from sqlalchemy import Boolean, Float, Text, bindparam, insert, or_, select, update

NO_RESPONSE = "No response."
"""nbgrader's comment at an answer cell that was left as it was."""
_GRADED, _COMMENTED = frozenset({"GradeCell", "TaskCell"}), frozenset({"SolutionCell", "TaskCell"})

CellName = tuple[str, str]
"""A notebook's name and a cell's."""


@dataclass(frozen=True, slots=True)
class _Cell:
    id: str
    name: str
    notebook_id: str
    kind: str


class StandingWriter:
    """Writes into the rows of one assignment.

    Args:
        gradebook: open; the caller commits.
    """

    def __init__(self, gradebook: Gradebook, assignment: str) -> None:
        self._db: Any = gradebook.db
        self._assignment_id: str = self._db.execute(select(Assignment.id).where(Assignment.name == assignment)).scalar_one()
        of_assignment = select(Notebook.id, Notebook.name).where(Notebook.assignment_id == self._assignment_id)
        self._notebooks: dict[str, str] = {row.id: row.name for row in self._db.execute(of_assignment)}
        cells = select(BaseCell.id, BaseCell.name, BaseCell.notebook_id, BaseCell.type).where(BaseCell.notebook_id.in_(self._notebooks))
        self._cells = [_Cell(row.id, row.name, row.notebook_id, row.type) for row in self._db.execute(cells)]

    def write(
        self, learner: str, moment: datetime | None, scores: Mapping[CellName, float | None], unanswered: Iterable[CellName] = ()
    ) -> None:
        """Make the rows show a learner's standing.

        Args:
            moment: when it was handed in; None leaves what stands there.
            scores: the automatic scores; a cell that is not among them has none, and waits for a person.
            unanswered: the answer cells that were left as they were.
        """
        rows = self._submitted_notebooks(self._submission(learner, moment))
        self._write_grades(rows, scores)
        self._write_comments(rows, frozenset(unanswered))

    def _submission(self, learner: str, moment: datetime | None) -> str:
        """Return the id of the learner's submission, made if absent."""
        if self._db.execute(select(Student.id).where(Student.id == learner)).scalar() is None:
            self._db.execute(insert(_table(Student)).values(id=learner))
        stamp = {} if moment is None else {"timestamp": parse_utc(moment)}
        own = (SubmittedAssignment.assignment_id == self._assignment_id) & (SubmittedAssignment.student_id == learner)
        found: str | None = self._db.execute(select(SubmittedAssignment.id).where(own)).scalar()
        table = _table(SubmittedAssignment)
        if found is None:
            found = new_uuid()
            self._db.execute(insert(table).values(id=found, assignment_id=self._assignment_id, student_id=learner, **stamp))
        elif stamp:
            self._db.execute(update(table).where(table.c.id == found).values(**stamp))
        return found

    def _submitted_notebooks(self, submission: str) -> dict[str, str]:
        """Return the ids of the submission's notebooks by those of the assignment's; made if absent."""
        wanted = select(SubmittedNotebook.id, SubmittedNotebook.notebook_id).where(SubmittedNotebook.assignment_id == submission)
        rows = {row.notebook_id: row.id for row in self._db.execute(wanted)}
        new = [
            {"id": new_uuid(), "assignment_id": submission, "notebook_id": each, "flagged": False}
            for each in self._notebooks
            if each not in rows
        ]
        if new:
            self._db.execute(insert(_table(SubmittedNotebook)), new)
        return rows | {each["notebook_id"]: each["id"] for each in new}

    def _write_grades(self, notebooks: dict[str, str], scores: Mapping[CellName, float | None]) -> None:
        table = _table(Grade)
        known, new = [], []
        there = self._rows_of(Grade, notebooks)
        for cell in self._cells:
            if cell.kind not in _GRADED:
                continue
            score = scores.get((self._notebooks[cell.notebook_id], cell.name))
            place = (notebooks[cell.notebook_id], cell.id)
            if place in there:
                known.append({"row": there[place], "score": score, "waits": score is None})
            else:
                new.append(
                    {
                        "id": new_uuid(),
                        "notebook_id": place[0],
                        "cell_id": cell.id,
                        "auto_score": score,
                        "needs_manual_grade": score is None,
                    }
                )
        if new:
            self._db.execute(insert(table), new)
        if known:
            waits = or_(table.c.manual_score.is_not(None), bindparam("waits", type_=Boolean))  # nbgrader's rule, by what stands there now
            changed = update(table).where(table.c.id == bindparam("row"))
            self._db.execute(changed.values(auto_score=bindparam("score", type_=Float), needs_manual_grade=waits), known)

    def _write_comments(self, notebooks: dict[str, str], unanswered: frozenset[CellName]) -> None:
        table = _table(Comment)
        known, new = [], []
        there = self._rows_of(Comment, notebooks)
        for cell in self._cells:
            if cell.kind not in _COMMENTED:
                continue
            is_empty = cell.kind == "SolutionCell" and (self._notebooks[cell.notebook_id], cell.name) in unanswered
            told = NO_RESPONSE if is_empty else None
            place = (notebooks[cell.notebook_id], cell.id)
            if place not in there:
                new.append({"id": new_uuid(), "notebook_id": place[0], "cell_id": cell.id, "auto_comment": told})
            elif cell.kind == "SolutionCell":
                known.append({"row": there[place], "told": told})
        if new:
            self._db.execute(insert(table), new)
        if known:
            changed = update(table).where(table.c.id == bindparam("row"))
            self._db.execute(changed.values(auto_comment=bindparam("told", type_=Text)), known)

    def _rows_of(self, model: Any, notebooks: dict[str, str]) -> dict[tuple[str, str], str]:
        """Return the ids of the rows that are there, by submitted notebook and cell."""
        wanted = select(model.id, model.notebook_id, model.cell_id).where(model.notebook_id.in_(notebooks.values()))
        return {(row.notebook_id, row.cell_id): row.id for row in self._db.execute(wanted)}


def _table(model: Any) -> Any:
    return model.__table__
