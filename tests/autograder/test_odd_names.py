"""Courses whose notebooks have names that people give, and submissions that changed them or are large."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from autograder.grading import GradingSummary
from courses.nbgrader_course import open_course
from courses.release import nbgrader_environment
from tests.autograder.grading_calls import by_learner, grade, state
from tests.small_course import SQUARE, TIMESTAMP, SmallCourse, source_notebook

NAMES = ("my naïve résumé v1.2", "p 2", "第三")
LEARNER = "jean.dupont-3"


def _hand_in(course: SmallCourse, learner: str) -> Path:
    """Hand in every notebook with right answers: 5 points each."""
    folder = course.root / "submitted" / learner / "ps1"
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text(TIMESTAMP, encoding="utf-8")
    for name in NAMES:
        node = nbformat.read(course.root / "release" / "ps1" / f"{name}.ipynb", as_version=4)
        solutions = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("solution") and cell.cell_type == "code"]
        for cell, answer in zip(solutions, (SQUARE, "found = 3"), strict=True):
            cell.source = answer
        (folder / f"{name}.ipynb").write_text(nbformat.writes(node), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    """A course of one assignment with three notebooks. Only read."""
    root = tmp_path_factory.mktemp("odd names") / "a course, ünnamed"
    source = root / "source" / "ps1"
    source.mkdir(parents=True)
    for name in NAMES:
        (source / f"{name}.ipynb").write_text(nbformat.writes(source_notebook()), encoding="utf-8")
    (root / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'odd'\n", encoding="utf-8")
    course = open_course(root)
    with nbgrader_environment():
        result = NbGraderAPI(coursedir=course.directory, config=course.config).generate_assignment("ps1")
    assert result["success"], result
    return SmallCourse(root)


@pytest.fixture(scope="module", params=["compat", "sealed"])
def graded(
    request: pytest.FixtureRequest, made: SmallCourse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SmallCourse, GradingSummary]]:
    """The course after grading: one learner with all notebooks, one with one of them renamed."""
    course = SmallCourse(shutil.copytree(made.root, tmp_path_factory.mktemp("graded odd") / "c ü"))
    _hand_in(course, LEARNER)
    folder = _hand_in(course, "renames")
    (folder / "p 2.ipynb").rename(folder / "p 2 (final).ipynb")
    yield course, grade(course, assurance=request.param)


@pytest.mark.slow
def test_notebooks_with_spaces_dots_and_letters_of_any_script_are_all_graded(graded: tuple[SmallCourse, GradingSummary]) -> None:
    course, summary = graded
    done = by_learner(summary)[LEARNER]
    assert (done.status, done.score, done.reason) == ("graded", 15.0, "")
    with Gradebook(course.open().database_url) as gradebook:
        notebooks = {
            each.name: each.auto_score if hasattr(each, "auto_score") else each.score
            for each in gradebook.find_submission("ps1", LEARNER).notebooks
        }
    assert notebooks == dict.fromkeys(NAMES, 5.0)
    for name in NAMES:
        assert (course.root / "autograded" / LEARNER / "ps1" / f"{name}.ipynb").is_file()


@pytest.mark.slow
def test_a_renamed_notebook_earns_nothing_and_the_others_keep_what_they_earned(graded: tuple[SmallCourse, GradingSummary]) -> None:
    course, summary = graded
    done = by_learner(summary)["renames"]
    assert done.status == "graded"
    assert done.score == 10.0
    with Gradebook(course.open().database_url) as gradebook:
        scores = {each.name: each.score for each in gradebook.find_submission("ps1", "renames").notebooks}
    assert scores == {NAMES[0]: 5.0, "p 2": 0.0, NAMES[2]: 5.0}


@pytest.mark.slow
def test_the_size_that_a_course_allows_is_the_size_that_is_taken(small_course: SmallCourse) -> None:
    small_course.submit("large", SQUARE, "found = 3")
    (small_course.root / "submitted" / "large" / "ps1" / "data.bin").write_bytes(bytes(70_000))
    small_course.submit("small", SQUARE, "found = 3")
    config = small_course.root / "nbgrader_config.py"
    before = config.read_text(encoding="utf-8")
    config.write_text(f"{before}\nc.CourseDirectory.max_dir_size = 60\n", encoding="utf-8")
    assert set(by_learner(grade(small_course))) == {"small"}
    assert "larger than what is taken, 0.06 MB" in state(small_course, "large")["reason"]
