"""The simulated teacher: sets due dates, enrols learners, and marks the answers that a person has to mark, through nbgrader's API as formgrader does."""

from __future__ import annotations

from datetime import UTC, datetime

import nbformat

from autograder.gradebook import NEEDS_MANUAL, read_gradebook
from autograder.grading import settle_late_penalties
from autograder.nbgrader_database import open_gradebook
from courses.attempts import AttemptRules
from courses.nbgrader_course import NbgraderCourse
from portal.demonstration.answers import BankEntry
from portal.demonstration.roster import SimulatedLearner


def enrol(course: NbgraderCourse, learners: tuple[SimulatedLearner, ...]) -> None:
    """Enter the learners with names and addresses."""
    with open_gradebook(course) as gradebook:
        for each in learners:
            gradebook.update_or_create_student(each.id, first_name=each.first_name, last_name=each.last_name, email=each.email)


def set_due_dates(course: NbgraderCourse, assignments: tuple[str, ...], now: datetime) -> None:
    """Let every assignment be due now, unless it has a due date."""
    with open_gradebook(course) as gradebook:
        for assignment in assignments:
            if gradebook.find_assignment(assignment).duedate is None:
                gradebook.update_or_create_assignment(assignment, duedate=now.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" "))


def mark_answers(course: NbgraderCourse, bank: dict[str, dict[str, BankEntry]], *, attempt_rules: AttemptRules) -> int:
    """Read every answer that waits for a person and give it its points; return how many were marked."""
    frames = read_gradebook(course, attempt_rules=attempt_rules)
    waiting = frames.assignments[frames.assignments["state"] == NEEDS_MANUAL]
    marked = 0
    with open_gradebook(course) as gradebook:
        for learner, assignment in zip(waiting["learner"], waiting["assignment"], strict=True):
            for notebook in gradebook.find_submission(assignment, learner).notebooks:
                answers = _answers(course, str(learner), str(assignment), str(notebook.name))
                for grade in notebook.grades:
                    if not grade.needs_manual_grade or grade.cell.name not in bank[str(assignment)]:
                        continue
                    points = bank[str(assignment)][grade.cell.name].mark(answers.get(grade.cell.name, ""))
                    grade.manual_score = 0.0 if points is None else points
                    grade.needs_manual_grade = False
                    marked += 1
        gradebook.db.commit()
    settle_late_penalties(course, tuple(attempt_rules))
    return marked


def _answers(course: NbgraderCourse, learner: str, assignment: str, notebook: str) -> dict[str, str]:
    """Return what the learner wrote, by cell, from the notebook that formgrader shows."""
    node = nbformat.read(course.autograded(learner, assignment) / f"{notebook}.ipynb", as_version=4)
    return {cell.metadata.nbgrader.grade_id: cell.source for cell in node.cells if cell.metadata.get("nbgrader", {}).get("solution")}
