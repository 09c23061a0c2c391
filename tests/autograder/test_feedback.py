"""Feedback made by nbgrader from what we graded: the author's message, never a hidden test."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from nbgrader.apps.api import NbGraderAPI

from autograder.feedback import HideTests
from autograder.grading import GradingOptions, grade_assignment
from courses.nbgrader_course import open_course
from courses.release import FEEDBACK_PREPROCESSORS
from tests.small_course import make_small_course, nbgrader_cell


def test_a_test_cell_keeps_its_message_and_loses_its_hidden_part() -> None:
    source = "assert f(1) == 1\n    ### BEGIN HIDDEN TESTS\n    assert f(77) == 78, 'look at big numbers'\n    ### END HIDDEN TESTS\nx = 1"
    cell = nbgrader_cell("code", source, "test_f", grade=True, locked=True, points=1)
    cell.outputs = [
        nbformat.v4.new_output("error", ename="AssertionError", evalue="look at big numbers", traceback=["----> assert f(77) == 78"])
    ]
    cleaned, _ = HideTests().preprocess_cell(cell, {}, 0)
    assert cleaned.source == "assert f(1) == 1\n# Hidden checks were run here.\nx = 1"
    assert cleaned.outputs[0].traceback == ["AssertionError: look at big numbers"]


def test_a_hidden_part_without_an_end_is_hidden_to_the_last_line() -> None:
    cell = nbgrader_cell("code", "a = 1\n### BEGIN HIDDEN TESTS\nassert secret", "t", grade=True, locked=True, points=1)
    assert "secret" not in HideTests().preprocess_cell(cell, {}, 0)[0].source


def test_the_learners_own_cells_and_their_tracebacks_stay(tmp_path: Path) -> None:
    cell = nbgrader_cell("code", "1 / 0", "answer", solution=True)
    cell.outputs = [nbformat.v4.new_output("error", ename="ZeroDivisionError", evalue="", traceback=["line 1"])]
    assert HideTests().preprocess_cell(cell, {}, 0)[0].outputs[0].traceback == ["line 1"]


@pytest.mark.slow
def test_no_hidden_test_stands_in_the_feedback_that_nbgrader_writes(tmp_path: Path) -> None:
    config = f"c.GenerateFeedback.preprocessors = {list(FEEDBACK_PREPROCESSORS)!r}"
    course = make_small_course(tmp_path / "course", config=config)
    course.submit("ben", "def square(n):\n    return 4", "found = 1")
    directory = open_course(course.root)
    grade_assignment(directory, "ps1", GradingOptions(), now=lambda: datetime.now(UTC))
    assert "square(-3)" not in outputs_of(course.root / "autograded" / "ben" / "ps1" / "p1.ipynb")
    result = NbGraderAPI(coursedir=directory.directory, config=directory.config).generate_feedback("ps1", "ben", force=True)
    assert result["success"], result
    page = (course.root / "feedback" / "ben" / "ps1" / "p1.html").read_text(encoding="utf-8")
    assert "Hidden checks were run here" in page
    assert "square(-3)" not in page
    assert "AssertionError: the check is not met; the last value that your code returned was 4" in page


def outputs_of(path: Path) -> str:
    """Return all outputs of a notebook's cells as text."""
    return str([cell.outputs for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"])
