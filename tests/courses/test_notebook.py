from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.errors import NotebookError
from courses.notebook import CellKind, load_notebook, load_notebooks, read_notebook_json
from tests.small_course import nbgrader_cell, source_notebook

_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.floats(), st.text(max_size=5))
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6
)
_CELLS = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading", 3, None]),
        "source": _JSON,
        "metadata": st.one_of(_JSON, st.fixed_dictionaries({"nbgrader": _JSON})),
        "outputs": _JSON,
        "id": _JSON,
        "attachments": _JSON,
        "execution_count": _JSON,
    },
)
ANY_NOTEBOOK_JSON = st.one_of(
    _JSON,
    st.fixed_dictionaries(
        {},
        optional={
            "nbformat": st.sampled_from([1, 2, 3, 4, 5, "4", None]),
            "nbformat_minor": st.sampled_from([0, 2, 5, 99, "x"]),
            "metadata": st.one_of(st.just({}), _JSON),
            "cells": st.one_of(_JSON, st.lists(_CELLS, max_size=4)),
            "worksheets": _JSON,
        },
    ),
    st.fixed_dictionaries(
        {"nbformat": st.just(4), "nbformat_minor": st.sampled_from([4, 5]), "metadata": st.just({}), "cells": st.lists(_CELLS, max_size=4)}
    ),
)


def write(path: Path, *cells: Any, **metadata: object) -> Path:
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=list(cells), metadata=metadata)), encoding="utf-8")
    return path


def test_every_kind_of_cell_is_told_from_its_metadata(tmp_path: Path) -> None:
    path = write(
        tmp_path / "p1.ipynb",
        nbformat.v4.new_markdown_cell("# Title"),
        nbgrader_cell("code", "import math", "setup", locked=True),
        nbgrader_cell("code", "f = 1", "answer", solution=True),
        nbgrader_cell("code", "assert f", "test", grade=True, locked=True, points=2),
        nbgrader_cell("markdown", "?", "essay", grade=True, solution=True, points=1.5),
        nbgrader_cell("markdown", "?", "task", task=True, points=3),
        nbgrader_cell("code", "1", "nothing"),
    )
    notebook = load_notebook(path)
    kinds = [CellKind.PLAIN, CellKind.READ_ONLY, CellKind.ANSWER, CellKind.TEST, CellKind.MANUAL, CellKind.TASK, CellKind.PLAIN]
    assert [cell.kind for cell in notebook.cells] == kinds
    assert [(cell.grade_id, cell.points) for cell in notebook.graded_cells] == [("test", 2.0), ("essay", 1.5), ("task", 3.0)]
    assert [cell.index for cell in notebook.cells] == list(range(7))
    assert (notebook.name, notebook.kernel, notebook.language) == ("p1", "python3", "python")


def test_the_kernel_is_what_the_notebook_says(tmp_path: Path) -> None:
    notebook = load_notebook(write(tmp_path / "r.ipynb", kernelspec={"name": "ir", "display_name": "R", "language": "R"}))
    assert (notebook.kernel, notebook.language) == ("ir", "R")


@pytest.mark.parametrize("points", [None, -1, "2", True, float("nan"), float("inf")])
def test_points_that_are_no_points_are_refused_with_their_cell(tmp_path: Path, points: object) -> None:
    path = tmp_path / "p1.ipynb"
    text = nbformat.writes(nbformat.v4.new_notebook(cells=[nbgrader_cell("code", "1", "test", grade=True, locked=True, points=7)]))
    path.write_text(text.replace('"points": 7', f'"points": {json.dumps(points)}'), encoding="utf-8")
    with pytest.raises(NotebookError, match=r"p1\.ipynb, cell 1: .* is no number of points"):
        load_notebook(path)


@pytest.mark.parametrize("name", ["", "a b", "a/b", None, 3, "a\n"])
def test_a_cell_id_that_nbgrader_would_refuse_is_refused(tmp_path: Path, name: object) -> None:
    cell = nbgrader_cell("code", "1", "x", solution=True)
    cell.metadata["nbgrader"]["grade_id"] = name
    with pytest.raises(NotebookError, match=r"cell 1: .* is no nbgrader cell id"):
        load_notebook(write(tmp_path / "p1.ipynb", cell))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": null}'])
def test_what_is_no_notebook_is_refused_with_a_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / "p1.ipynb").write_text(text, encoding="utf-8")
    with pytest.raises(NotebookError, match=r"(?s)this is not a notebook.*Open it in JupyterLab"):
        load_notebook(tmp_path / "p1.ipynb")


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ({"cell_type": "heading", "source": "x", "metadata": {}}, "cell 1 is neither code nor text"),
        ({"cell_type": "code", "source": 5, "metadata": {}, "outputs": []}, "cell 1 has no source"),
        ({"cell_type": "code", "source": "'\ud800'", "metadata": {}, "outputs": []}, "lone surrogate"),
    ],
)
def test_a_cell_that_no_program_can_work_with_is_refused(cell: object, told: str) -> None:
    text = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]})
    with pytest.raises(NotebookError, match=told):
        read_notebook_json(text, where="p1.ipynb")


def test_a_notebook_that_is_not_utf_8_or_is_absent_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p1.ipynb").write_bytes(b"\xff\xfe{")
    with pytest.raises(NotebookError, match="cannot be read"):
        load_notebook(tmp_path / "p1.ipynb")
    with pytest.raises(NotebookError, match="cannot be read"):
        load_notebook(tmp_path / "none.ipynb")


def test_a_notebook_nested_without_end_is_refused() -> None:
    with pytest.raises(NotebookError, match="this is not a notebook"):
        read_notebook_json('{"cells":' + "[" * 100_000, where="x")


def test_the_notebooks_of_a_folder_come_by_name(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path / f"{name}.ipynb")
    assert [notebook.name for notebook in load_notebooks(tmp_path)] == ["a", "b"]
    assert load_notebooks(tmp_path / "none") == ()


def test_an_old_notebook_is_read_as_a_new_one() -> None:
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [{"cells": [{"cell_type": "code", "input": "1", "outputs": []}]}],
    }
    assert read_notebook_json(json.dumps(old), where="x").cells[0].source == "1"


def test_the_small_course_is_read_as_it_was_written() -> None:
    node = source_notebook()
    again = read_notebook_json(nbformat.writes(node), where="x")
    assert [cell.source for cell in again.cells] == [cell.source for cell in node.cells]


@pytest.mark.slow
@given(ANY_NOTEBOOK_JSON)
@settings(max_examples=300, deadline=None)
def test_any_json_is_a_well_formed_notebook_or_a_diagnosed_error(document: object) -> None:
    try:
        node = read_notebook_json(json.dumps(document), where="x")
    except NotebookError:
        return
    for cell in node.cells:
        assert cell.cell_type in {"code", "markdown", "raw"}
        cell.source.encode("utf-8")
        assert isinstance(cell.metadata, dict)


@given(st.text(max_size=60))
def test_any_text_is_a_notebook_or_a_diagnosed_error(text: str) -> None:
    with pytest.raises(NotebookError):
        read_notebook_json(text, where="x")
