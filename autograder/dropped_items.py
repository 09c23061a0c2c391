"""Items that were taken out of the points possible for everybody (`drop-item`, see `autograder.regrade_decisions`), and nbgrader's gradebook with them.

nbgrader has one number of points a cell, for all learners: a dropped item is worth 0 there, and every learner has 0 of it. What the tests of the source
are worth is read from its notebooks then (`autograder.nbgrader_database`), so that its digest stays the same and the decision can be taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from nbgrader.api import Assignment, BaseCell, Grade, Gradebook, GradeCell, Notebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from autograder.jobs import AssignmentSource
from autograder.nbgrader_database import load_source, open_gradebook
from autograder.records import open_records
from autograder.records_schema import REGRADES
from autograder.regrade_decisions import Decision, dropped_items, load_decisions
from courses.nbgrader_course import NbgraderCourse


def dropped_cells(course: NbgraderCourse, assignments: Collection[str]) -> frozenset[tuple[str, str]]:
    """Return the items that count for nobody, as assignment and cell: by the decisions about the sources that are graded with now."""
    with open_records(course) as session:
        concerned = _with_drops(session, assignments)
    found: set[tuple[str, str]] = set()
    for assignment in concerned:
        digest = load_source(course, assignment).digest
        with open_records(course) as session:
            found |= {(assignment, item) for item in dropped_items(load_decisions(session, assignment, digest))}
    return frozenset(found)


def show_points_again(course: NbgraderCourse, assignments: Collection[str]) -> None:
    """Make nbgrader's gradebook show which items were dropped: making a learner version anew puts their points back."""
    with open_records(course) as session:
        for assignment in _with_drops(session, assignments):
            source = load_source(course, assignment)
            show_points(course, source, load_decisions(session, assignment, source.digest))


def show_points(course: NbgraderCourse, source: AssignmentSource, decisions: Iterable[Decision]) -> None:
    """Make nbgrader's gradebook give each test cell the points that it counts: none, with no points for anybody, to those that were dropped; nothing is done if none ever was.

    Args:
        decisions: about this source.
    """
    made = tuple(decisions)
    if all(each.policy != "drop-item" for each in made):
        return
    gone = dropped_items(made)
    worth = {(notebook.name, cell.name): cell.points for notebook in source.notebooks for cell in notebook.cells if cell.is_grade}
    with open_gradebook(course) as gradebook:
        for identifier, notebook, name, shown in _tests(gradebook, source.assignment):
            points = 0.0 if name in gone else worth.get((notebook, name))
            if points is not None and points != shown:
                _change(gradebook, GradeCell, "id", identifier, max_score=points)
            if name in gone:  # also of those that could not be graded again
                _change(gradebook, Grade, "cell_id", identifier, auto_score=0.0, needs_manual_grade=False)
        gradebook.db.commit()


def marked_by_persons(course: NbgraderCourse, assignment: str, cell: str) -> tuple[str, ...]:
    """Return the learners to whom a person gave points or extra credit in a cell."""
    query = (
        select(SubmittedAssignment.student_id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .where(Assignment.name == assignment, BaseCell.name == cell, Grade.manual_score.is_not(None) | (Grade.extra_credit != 0))
    )
    with open_gradebook(course) as gradebook:
        return tuple(sorted({str(learner) for learner in gradebook.db.scalars(query)}))


def _with_drops(session: Session, assignments: Collection[str]) -> list[str]:
    """Return the assignments about which such a decision was ever made: few, and mostly none."""
    query = select(REGRADES.c.assignment).where(REGRADES.c.policy == "drop-item").distinct()
    return sorted(set(session.scalars(query)) & set(assignments))


def _tests(gradebook: Gradebook, assignment: str) -> list[tuple[str, str, str, float]]:
    query = (
        select(GradeCell.id, Notebook.name, GradeCell.name, GradeCell.max_score)
        .join(Notebook, Notebook.id == GradeCell.notebook_id)
        .join(Assignment, Assignment.id == Notebook.assignment_id)
        .where(Assignment.name == assignment)
    )
    return [(row[0], str(row[1]), str(row[2]), float(row[3] or 0.0)) for row in gradebook.db.execute(query)]


def _change(gradebook: Gradebook, model: Any, column: str, value: str, **values: object) -> None:
    table = model.__table__
    gradebook.db.execute(update(table).where(table.c[column] == value).values(**values))
