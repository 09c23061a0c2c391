from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.errors import SourceError
from autograder.nbgrader_database import load_source, open_gradebook
from courses.errors import StorageError
from tests.small_course import SmallCourse


def test_the_source_is_the_instructors_with_hidden_tests_and_in_order(small_course: SmallCourse) -> None:
    source = load_source(small_course.open(), "ps1")
    assert (source.course, source.assignment) == ("small", "ps1")
    (notebook,) = source.notebooks
    assert notebook.name == "p1"
    assert notebook.kernelspec is not None and notebook.kernelspec["name"] == "python3"
    assert [cell.name for cell in notebook.cells] == ["setup", "square", "test_square", "found", "test_found", "essay"]
    cells = {cell.name: cell for cell in notebook.cells}
    assert "square(-3) == 9" in cells["test_square"].source
    assert [cells[name].points for name in cells] == [None, None, 2.0, None, 3.0, 4.0]
    assert [name for name in cells if cells[name].locked] == ["setup", "test_square", "test_found"]
    assert [name for name in cells if cells[name].is_solution] == ["square", "found", "essay"]


def test_an_assignment_that_was_never_generated_is_said_in_words(small_course: SmallCourse) -> None:
    with pytest.raises(SourceError, match=r"(?s)does not know assignment 'ps2'.*nbgrader generate_assignment ps2"):
        load_source(small_course.open(), "ps2")


def digest(course: SmallCourse) -> str:
    return load_source(course.open(), "ps1").digest


def test_the_digest_stays_and_follows_the_data_files(small_course: SmallCourse) -> None:
    before = digest(small_course)
    assert digest(small_course) == before
    (small_course.root / "source" / "ps1" / ".ipynb_checkpoints").mkdir()
    (small_course.root / "source" / "ps1" / ".ipynb_checkpoints" / "x.csv").write_text("1", encoding="utf-8")
    assert digest(small_course) == before
    (small_course.root / "source" / "ps1" / "data.csv").write_text("a,b\n3,4\n", encoding="utf-8")
    assert digest(small_course) != before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE source_cell SET source = source || ' ' WHERE name = 'test_square'",
        "UPDATE grade_cells SET max_score = 7 WHERE id = (SELECT id FROM base_cell WHERE name = 'test_square' AND type = 'GradeCell')",
        'UPDATE notebook SET kernelspec = \'{"name": "ir"}\'',
    ],
)
def test_the_digest_follows_tests_points_and_kernel(small_course: SmallCourse, statement: str) -> None:
    before = digest(small_course)
    with sqlite3.connect(small_course.root / "gradebook.db") as connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()
    assert digest(small_course) != before


def test_an_order_that_the_database_does_not_keep_is_the_notebooks(small_course: SmallCourse) -> None:
    path = small_course.root / "source" / "ps1" / "p1.ipynb"
    node: Any = nbformat.read(path, as_version=4)
    node.cells.reverse()
    path.write_text(nbformat.writes(node), encoding="utf-8")
    assert load_source(small_course.open(), "ps1").notebooks[0].cells[0].name == "essay"


def test_a_kernelspec_with_more_than_texts_is_read(small_course: SmallCourse) -> None:
    with sqlite3.connect(small_course.root / "gradebook.db") as connection:
        connection.execute("UPDATE notebook SET kernelspec = ?", (json.dumps({"name": "python3", "env": {"A": "1"}}),))
    connection.close()
    assert load_source(small_course.open(), "ps1").notebooks[0].kernelspec == {"name": "python3"}


def test_files_that_the_learner_may_keep_are_the_courses_setting(small_course: SmallCourse) -> None:
    with (small_course.root / "nbgrader_config.py").open("a", encoding="utf-8") as stream:
        stream.write("c.Autograde.exclude_overwriting = {'ps1': ['data.csv']}\n")
    assert load_source(small_course.open(), "ps1").kept_files == ("data.csv",)


@pytest.mark.parametrize("content", [b"no database " * 200, b"\x00" * 5000])
def test_a_gradebook_that_is_no_database_is_said_in_words(small_course: SmallCourse, content: bytes) -> None:
    (small_course.root / "gradebook.db").write_bytes(content)
    with pytest.raises(StorageError, match=r"gradebook\.db"), open_gradebook(small_course.open()) as gradebook:
        gradebook.find_assignment("ps1")


def test_a_gradebook_of_an_old_nbgrader_is_said_in_words(small_course: SmallCourse) -> None:
    with sqlite3.connect(small_course.root / "gradebook.db") as connection:
        connection.execute("ALTER TABLE source_cell RENAME COLUMN checksum TO md5")
    connection.close()
    with pytest.raises(StorageError, match=r"of another version\n.*nbgrader db upgrade"):
        load_source(small_course.open(), "ps1")


def test_the_instructors_file_may_be_missing(small_course: SmallCourse, tmp_path: Path) -> None:
    (small_course.root / "source").rename(tmp_path / "moved")
    source = load_source(small_course.open(), "ps1")
    assert {cell.name for cell in source.notebooks[0].cells} >= {"test_square", "test_found", "essay"}
