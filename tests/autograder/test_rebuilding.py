from __future__ import annotations

import copy
import json
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.jobs import SourceCell, SourceNotebook
from autograder.rebuilding import rebuild_notebook
from courses.errors import NotebookError
from tests.courses.test_notebook import ANY_NOTEBOOK_JSON


def source_cell(name: str, source: str, **fields: Any) -> SourceCell:
    values: dict[str, Any] = {
        "cell_type": "code", "checksum": "0" * 32, "locked": False, "is_grade": False, "is_solution": False, "is_task": False, "points": None,
    }  # fmt: skip
    return SourceCell(name=name, source=source, **{**values, **fields})


SOURCE = SourceNotebook(
    name="p1",
    kernelspec={"name": "python3", "display_name": "Python 3", "language": "python"},
    cells=(
        source_cell("setup", "import math", locked=True),
        source_cell("square", "# your answer", is_solution=True),
        source_cell("test_square", "assert square(3) == 9  # hidden", locked=True, is_grade=True, points=2.0),
        source_cell("essay", "Write here.", cell_type="markdown", is_solution=True, is_grade=True, points=4.0),
        source_cell("test_last", "assert True", locked=True, is_grade=True, points=1.0),
    ),
)
_LOCKED = {cell.name: cell for cell in SOURCE.cells if cell.locked}
_GRADED = [cell.name for cell in SOURCE.cells if cell.points is not None]


def cell(name: str | None, source: str, kind: str = "code", **extra: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"cell_type": kind, "source": source, "metadata": {"nbgrader": {"grade_id": name}} if name else {}, **extra}
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    return made


def honest() -> list[dict[str, Any]]:
    return [
        cell(None, "Title", "markdown"),
        cell("setup", "import math"),
        cell("square", "def square(n): return n * n"),
        cell("test_square", "assert square(2) == 4"),
        cell("essay", "I think.", "markdown"),
        cell("test_last", "assert True"),
    ]


def rebuild(cells: list[dict[str, Any]], **metadata: Any) -> tuple[Any, list[str]]:
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return rebuild_notebook(json.dumps(document), SOURCE, where="p1.ipynb")


def names(node: Any) -> list[str]:
    return [each.metadata.nbgrader.grade_id for each in node.cells if "nbgrader" in each.metadata]


def sources(node: Any) -> dict[str, str]:
    return {each.metadata.nbgrader.grade_id: each.source for each in node.cells if "nbgrader" in each.metadata}


def test_answers_are_the_learners_and_everything_else_is_the_instructors() -> None:
    node, notes = rebuild(honest())
    assert notes == []
    assert names(node) == [each.name for each in SOURCE.cells]
    found = sources(node)
    assert found["square"] == "def square(n): return n * n"
    assert found["essay"] == "I think."
    assert found["test_square"] == "assert square(3) == 9  # hidden"
    assert node.cells[0].source == "Title"


def test_a_changed_test_is_the_instructors_again() -> None:
    cells = honest()
    cells[3]["source"] = "pass"
    cells[3]["metadata"]["nbgrader"] |= {"points": 100, "grade": False, "locked": False, "solution": True}
    node, _ = rebuild(cells)
    restored = next(each for each in node.cells if each.get("metadata", {}).get("nbgrader", {}).get("grade_id") == "test_square")
    assert restored.source == "assert square(3) == 9  # hidden"
    assert (restored.metadata.nbgrader.points, restored.metadata.nbgrader.grade, restored.metadata.nbgrader.locked) == (2.0, True, True)


def test_a_test_made_into_text_is_code_again() -> None:
    cells = honest()
    cells[3] = cell("test_square", "nothing to run", "markdown")
    node, _ = rebuild(cells)
    assert [each.cell_type for each in node.cells if each.metadata.get("nbgrader", {}).get("grade_id") == "test_square"] == ["code"]


@pytest.mark.parametrize("gone", ["setup", "test_square", "essay", "test_last"])
def test_a_deleted_cell_is_put_back_where_it_stood(gone: str) -> None:
    node, notes = rebuild([each for each in honest() if each["metadata"].get("nbgrader", {}).get("grade_id") != gone])
    assert names(node) == [each.name for each in SOURCE.cells]
    assert notes == [f"cell {gone!r} was missing and was put back"]


def test_an_empty_notebook_gets_every_cell_that_counts_back_in_order() -> None:
    node, notes = rebuild([])
    assert names(node) == ["setup", "test_square", "essay", "test_last"]
    assert len(notes) == 4


def test_a_cell_whose_metadata_was_stripped_is_put_back_and_the_stripped_one_is_an_ordinary_cell() -> None:
    cells = honest()
    cells[3]["metadata"] = {}
    node, notes = rebuild(cells)
    assert names(node) == [each.name for each in SOURCE.cells]
    assert "cell 'test_square' was missing and was put back" in notes
    assert "assert square(2) == 4" in [each.source for each in node.cells]


def test_a_notebook_that_lost_all_its_metadata_is_tested_after_what_the_learner_wrote() -> None:
    cells = honest()
    for each in cells:
        each["metadata"] = {}
    node, notes = rebuild(cells)
    assert [each.source for each in node.cells[: len(cells)]] == [each["source"] for each in cells]
    assert names(node) == ["setup", "test_square", "essay", "test_last"]
    assert len(notes) == 4


def test_of_a_copied_cell_the_last_copy_counts() -> None:
    cells = honest()
    cells.insert(2, cell("square", "def square(n): return 0"))
    cells.insert(4, copy.deepcopy(cells[4]))
    node, notes = rebuild(cells)
    assert names(node) == [each.name for each in SOURCE.cells]
    assert sources(node)["square"] == "def square(n): return n * n"
    assert sorted(notes) == [f"cell {name!r} stands there more than once; the last one counts" for name in ("square", "test_square")]


def test_a_cell_that_the_instructor_does_not_know_is_an_ordinary_cell() -> None:
    node, _ = rebuild([*honest(), cell("bonus", "x = 1")])
    assert "bonus" not in names(node)
    assert node.cells[-1].source == "x = 1"


def test_what_the_file_claims_to_have_printed_is_gone() -> None:
    cells = honest()
    claimed = {"output_type": "execute_result", "data": {"text/plain": "2"}, "metadata": {}, "execution_count": 7}
    for each in cells:
        if each["cell_type"] == "code":
            each |= {"outputs": [claimed], "execution_count": 7}
            each["metadata"] = {**each["metadata"], "tags": ["raises-exception", "skip-execution"]}
    node, _ = rebuild(cells)
    assert all(each.outputs == [] and each.execution_count is None for each in node.cells if each.cell_type == "code")
    assert not any("tags" in each.metadata for each in node.cells)


def test_the_kernel_is_the_instructors() -> None:
    node, _ = rebuild(honest(), kernelspec={"name": "evil", "display_name": "x"})
    assert node.metadata.kernelspec.name == "python3"


def test_a_picture_pasted_into_an_answer_stays_and_into_a_locked_cell_does_not() -> None:
    picture = {"image.png": {"image/png": "aGVsbG8="}}
    cells = honest()
    cells[4]["attachments"] = picture
    cells[0]["attachments"] = picture
    node, _ = rebuild(cells)
    assert node.cells[0].attachments == picture
    assert next(each for each in node.cells if each.source == "I think.").attachments == picture


@pytest.mark.parametrize("attachments", ["x", {"a": "b"}, {"a": {"b": 5}}, {"a": {"b": "\ud800"}}, {"\ud800": {}}, [1]])
def test_attachments_of_another_shape_are_left_out_or_refused(attachments: object) -> None:
    try:
        node, _ = rebuild([cell(None, "x", "markdown", attachments=attachments)])
    except NotebookError:
        return
    assert "attachments" not in node.cells[0]


@pytest.mark.parametrize("minor", [0, 4])
def test_a_notebook_of_an_older_format_without_cell_ids_is_taken(minor: int) -> None:
    document = {"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": honest()}
    node, notes = rebuild_notebook(json.dumps(document), SOURCE, where="p1.ipynb")
    check_frame(node)
    assert notes == []
    assert sources(node)["square"] == "def square(n): return n * n"


def test_every_cell_has_an_id_of_its_own() -> None:
    cells = [
        cell(None, str(number), "markdown", id=name) for number, name in enumerate(["cell-4", "x", "x", "cell-2", "", "a b", "cell-0"])
    ]
    node, _ = rebuild(cells)
    ids = [each.id for each in node.cells]
    assert len(set(ids)) == len(ids)
    nbformat.validate(node)


def test_what_is_no_notebook_is_refused() -> None:
    with pytest.raises(NotebookError, match=r"p1\.ipynb: this is not a notebook"):
        rebuild_notebook("{]", SOURCE, where="p1.ipynb")


def check_frame(node: Any) -> None:
    """What holds of every rebuilt notebook: it can be run and written, and each trusted cell stands there exactly once, as the instructor wrote it."""
    nbformat.validate(node)
    nbformat.writes(node).encode("utf-8")
    found = names(node)
    assert len(found) == len(set(found))
    assert set(found) >= {*_LOCKED, *_GRADED}
    for each in node.cells:
        metadata = each.metadata.get("nbgrader")
        if metadata is None:
            continue
        source = next(one for one in SOURCE.cells if one.name == metadata.grade_id)
        assert (each.cell_type, metadata.get("points"), metadata.grade) == (source.cell_type, source.points, source.is_grade)
        if source.locked:
            assert each.source == source.source
        if each.cell_type == "code":
            assert each.outputs == []


@pytest.mark.slow
@given(ANY_NOTEBOOK_JSON)
@settings(max_examples=300, deadline=None)
def test_any_json_is_refused_or_becomes_a_notebook_with_every_trusted_cell_once_and_in_order(document: object) -> None:
    try:
        node, _ = rebuild_notebook(json.dumps(document), SOURCE, where="x")
    except NotebookError:
        return
    check_frame(node)
    assert [name for name in names(node) if name in _LOCKED or name in _GRADED] == ["setup", "test_square", "essay", "test_last"]


_ANY_CELLS = st.lists(
    st.builds(
        cell,
        st.sampled_from(["setup", "square", "test_square", "essay", "test_last", "other", None]),
        st.sampled_from(["", "x = 1", "assert False", "### BEGIN HIDDEN TESTS"]),
        st.sampled_from(["code", "markdown", "raw"]),
        id=st.sampled_from(["a", "b", "cell-0", "cell-1", "restored-2", "", "ü"]),
    ),
    max_size=12,
)


@pytest.mark.slow
@given(_ANY_CELLS)
@settings(max_examples=300, deadline=None)
def test_whatever_is_copied_moved_and_deleted_every_trusted_cell_stands_there_once(cells: list[dict[str, Any]]) -> None:
    node, notes = rebuild(cells)
    check_frame(node)
    given_names = [each["metadata"].get("nbgrader", {}).get("grade_id") for each in cells]
    missing = [name for name in ("setup", "test_square", "essay", "test_last") if name not in given_names]
    assert [note for note in notes if "put back" in note] == [f"cell {name!r} was missing and was put back" for name in missing]
    order = {name: place for place, name in enumerate(names(node))}
    for before, after in zip(SOURCE.cells, SOURCE.cells[1:], strict=False):
        if after.name in missing and before.name in order:
            assert order[after.name] == order[before.name] + 1, "what was put back follows the cell that it followed"
