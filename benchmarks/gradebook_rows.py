"""Fabricates the rows of a large gradebook, nbgrader's and our record's, as a semester of grading leaves them."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from nbgrader.api import BaseCell, Grade, Notebook, Student, SubmittedAssignment, SubmittedNotebook, new_uuid
from sqlalchemy import insert, select

from autograder.evidence import end_run
from autograder.jobs import GradedCell
from autograder.nbgrader_database import open_gradebook
from autograder.records import Attempt, GradingRun, Result, open_records, utc_text
from courses.nbgrader_course import NbgraderCourse

ASSIGNMENTS = ("first", "second", "third")
CELLS = (*(f"test_{number}" for number in range(1, 8)), "essay")
POINTS = 2.0
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
_AT_ONCE = 1_000


def enter_gradebook(course: NbgraderCourse, learners: int) -> None:
    """Write `learners` who handed in everything, but for one in ten who left out the last assignment."""
    chance = random.Random(1)  # noqa: S311 - made-up scores, no secret
    names = [f"learner{number:06}" for number in range(learners)]
    with open_gradebook(course) as gradebook, open_records(course) as session:
        for assignment in ASSIGNMENTS:
            gradebook.update_or_create_assignment(assignment, duedate="2026-11-30 00:00:00 UTC")
            gradebook.add_notebook("work", assignment)
            for cell in CELLS:
                gradebook.add_grade_cell(cell, "work", assignment, max_score=POINTS, cell_type="code")
            gradebook.add_solution_cell("essay", "work", assignment)
            session.add(_run(assignment))
        session.commit()
        for start in range(0, learners, _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            gradebook.db.execute(insert(Student.__table__), [{"id": name} for name in some])
            for number, assignment in enumerate(ASSIGNMENTS):
                handed_in = [name for index, name in enumerate(some) if number < len(ASSIGNMENTS) - 1 or index % 10]
                scores = {name: list(_scores(name, chance)) for name in handed_in}
                _enter_grades(gradebook, assignment, scores)
                _enter_results(session, assignment, scores)
            gradebook.db.commit()
            session.commit()
        for run in session.scalars(select(GradingRun)).all():
            end_run(session, run, "finished", now=NOW)


def _scores(name: str, chance: random.Random) -> Iterator[float]:
    ability = int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) / 0xFFFF
    for number in range(len(CELLS)):
        yield POINTS if chance.random() < 0.2 + 0.7 * ability - 0.02 * number else 0.0


def _enter_grades(gradebook: Any, assignment: str, scores: dict[str, list[float]]) -> None:
    entry = gradebook.find_assignment(assignment)
    notebook = gradebook.db.execute(select(Notebook.id).where(Notebook.assignment_id == entry.id)).scalar_one()
    cells = {
        name: key
        for key, name in gradebook.db.execute(
            select(BaseCell.id, BaseCell.name).where(BaseCell.notebook_id == notebook, BaseCell.type == "GradeCell")
        )
    }
    works, notebooks, grades = [], [], []
    for name, given in scores.items():
        work, place = new_uuid(), new_uuid()
        works.append({"id": work, "assignment_id": entry.id, "student_id": name, "timestamp": NOW.replace(tzinfo=None)})
        notebooks.append({"id": place, "assignment_id": work, "notebook_id": notebook, "flagged": False})
        grades += [
            {"id": new_uuid(), "notebook_id": place, "cell_id": cells[cell], "needs_manual_grade": False,
             "auto_score": None if cell == "essay" else score, "manual_score": score if cell == "essay" else None}
            for cell, score in zip(CELLS, given, strict=True)
        ]  # fmt: skip
    for model, rows in ((SubmittedAssignment, works), (SubmittedNotebook, notebooks), (Grade, grades)):
        gradebook.db.execute(insert(model.__table__), rows)


def _run(assignment: str) -> GradingRun:
    return GradingRun(
        id=f"run-of-{assignment}", assignment=assignment, source_digest=hashlib.sha256(assignment.encode()).hexdigest(), engine="sealed",
        sandbox="none", environment="{}", started_at=utc_text(NOW), finished_at=None,
    )  # fmt: skip


def _enter_results(session: Any, assignment: str, scores: dict[str, list[float]]) -> None:
    for index, (name, given) in enumerate(scores.items()):
        cells = [
            GradedCell(name=cell, notebook="work", kind="manual" if cell == "essay" else "test", points_possible=POINTS,
                       auto_score=None if cell == "essay" else score, is_sealed=cell != "essay").model_dump()
            for cell, score in zip(CELLS, given, strict=True)
        ]  # fmt: skip
        digest = hashlib.sha256(f"{name} {assignment}".encode()).hexdigest()
        moment = utc_text(NOW - timedelta(minutes=index))
        attempt = Attempt(
            assignment=assignment, learner=name, origin=f"{name}+{assignment}", digest=digest, submitted_at=moment, collected_at=moment,
            folder=f"attempts/{assignment}/{name}", refusal="",
        )  # fmt: skip
        session.add(
            Result(attempt=attempt, run_id=f"run-of-{assignment}", status="graded", cells=json.dumps(cells),
                   notebooks=json.dumps({"work": digest}), graded_at=utc_text(NOW), duration_s=1.0, recorded=True)
        )  # fmt: skip
    session.flush()
