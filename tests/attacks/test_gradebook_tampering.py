"""Rows of nbgrader's gradebook are not evidence: what was not recorded by us does not count."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.gradebook import GRADED, UNGRADED, read_gradebook
from autograder.grading import GradingOptions, grade_assignment
from courses.nbgrader_course import open_course
from tests.attacks.arena import Record
from tests.small_course import make_small_course

pytestmark = pytest.mark.slow


def test_automatic_scores_that_somebody_else_wrote_make_the_work_undecided(tmp_path: Path, record: Record) -> None:
    course = make_small_course(tmp_path / "course")
    course.submit("ben", "def square(n):\n    return 0", "found = 1")
    directory = open_course(course.root)

    def state() -> tuple[str, float]:
        row = read_gradebook(directory).assignments.iloc[0]
        return str(row["state"]), float(row["final_score"])

    grade_assignment(directory, "ps1", GradingOptions(), now=lambda: datetime.now(UTC))
    assert state() == (GRADED, 1.0)
    with sqlite3.connect(course.root / "gradebook.db") as database:
        database.execute("UPDATE grade SET auto_score = 3 WHERE auto_score IS NOT NULL")
    database.close()
    with Gradebook(directory.database_url) as believed:
        score = believed.find_submission("ps1", "ben").score
    tampered = state()
    record("scores written into nbgrader's gradebook", "our own record", without=score > 1, behind=tampered[0] == GRADED)
    assert tampered[0] == UNGRADED
    assert tampered[1] != tampered[1]  # no number stands there
    grade_assignment(directory, "ps1", GradingOptions(force=True), now=lambda: datetime.now(UTC))
    assert state() == (GRADED, 1.0)
