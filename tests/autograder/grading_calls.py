"""What the tests of grading do again and again: grade, look, take the time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from nbgrader.api import Gradebook

from autograder.gradebook import read_gradebook
from autograder.grading import Graded, GradingOptions, GradingSummary, grade_assignment
from autograder.records import Attempt, attempts_of, open_records
from tests.small_course import SmallCourse


def now() -> datetime:
    return datetime.now(UTC)


def grade(course: SmallCourse, **options: Any) -> GradingSummary:
    """Grade `ps1` of the course; in compat, which most of these tests are about, unless they say otherwise."""
    return grade_assignment(course.open(), "ps1", GradingOptions(**{"assurance": "compat", **options}), now=now)


def by_learner(summary: GradingSummary) -> dict[str, Graded]:
    """Return what was graded now, by learner; each once."""
    assert len({each.learner for each in summary.graded}) == len(summary.graded)
    return {each.learner: each for each in summary.graded}


def attempts(course: SmallCourse, learner: str) -> list[Attempt]:
    """Return the learner's attempts with their results loaded."""
    with open_records(course.open()) as session:
        found = attempts_of(session, "ps1").get(learner, [])
        for attempt in found:
            for result in attempt.results:
                assert result.run
        return found


def scores(course: SmallCourse, learner: str) -> dict[str, tuple[float | None, float | None, bool]]:
    """Return what nbgrader's gradebook says of each cell: automatic score, manual score, whether a person has to mark it."""
    with Gradebook(course.open().database_url) as gradebook:
        submission = gradebook.find_submission("ps1", learner)
        return {
            grade.cell.name: (grade.auto_score, grade.manual_score, bool(grade.needs_manual_grade))
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def state(course: SmallCourse, learner: str, **options: Any) -> Any:
    """Return the learner's row of our gradebook."""
    table = read_gradebook(course.open(), **options).assignments
    (row,) = table[table["learner"] == learner].to_dict("records")
    return row
