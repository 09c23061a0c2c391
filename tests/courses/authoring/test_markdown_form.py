from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from courses.authoring.markdown_form import from_markdown, plain, to_markdown
from courses.errors import NotebookError

ROOT = Path(__file__).resolve().parents[3]
LINES = st.one_of(
    st.sampled_from(
        [
            "", "# heading", "```", "```python", "    indented", "<!-- #region -->", "<!-- #endregion -->", "---", "%%time", "%matplotlib inline", "!ls",
            "# %%", "$x$", "a  ", "\ttab", "x = 1", "### BEGIN SOLUTION", "### END SOLUTION", "- item", "| a | b |", "'''", '"""', "# + {}", "+++", "~~~",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12),
)  # fmt: skip
SOURCES = st.lists(LINES, max_size=5).map("\n".join)
NBGRADER = st.fixed_dictionaries(
    {
        "grade": st.booleans(),
        "grade_id": st.from_regex(r"[a-z_-]{1,9}", fullmatch=True),
        "points": st.one_of(st.integers(0, 9), st.floats(0, 9)),
        "schema_version": st.just(3),
    }
)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "nbgrader": NBGRADER,
        "tags": st.lists(st.sampled_from(["parameters", "test", "a b", "hide-input"]), max_size=2, unique=True),
        "editable": st.booleans(),
        "collapsed": st.just(True),
    },
)


@st.composite
def notebooks(draw: st.DrawFn) -> Any:
    node = nbformat.v4.new_notebook()
    if draw(st.booleans()):
        node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["code", "markdown", "raw"]))
        cell = getattr(nbformat.v4, f"new_{kind}_cell")(draw(SOURCES), metadata=nbformat.from_dict(draw(METADATA)))
        cell["id"] = f"cell-{number}"
        if kind != "code" and draw(st.booleans()):
            cell["attachments"] = {"p.png": {"image/png": "iVBORw0KGgo="}}
        node.cells.append(cell)
    return node


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(notebooks())
@example(nbformat.v4.new_notebook())
def test_what_goes_to_markdown_comes_back_as_it_was(node: Any) -> None:
    before = copy.deepcopy(node)
    text = to_markdown(node, where="x")
    assert node == before
    assert plain(from_markdown(text, where="x")) == plain(node)
    assert to_markdown(from_markdown(text, where="x"), where="x") == text


@pytest.mark.parametrize("path", sorted((ROOT / "source_notebooks").glob("*/*/*.ipynb")), ids=lambda path: path.stem)
def test_the_sample_courses_come_back_and_can_be_read(path: Path) -> None:
    node = nbformat.read(path, as_version=4)
    text = to_markdown(node, where=path.name)
    assert plain(from_markdown(text, where=path.name)) == plain(node)
    assert "exact_source" not in text
    assert '"outputs"' not in text


def test_a_change_of_a_text_is_a_change_of_one_line() -> None:
    node = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("One.\n\nTwo.", id="a"), nbformat.v4.new_code_cell("x = 1", id="b")]
    )
    changed = copy.deepcopy(node)
    changed.cells[0].source = "One.\n\nThree."
    one, other = (to_markdown(each, where="x").splitlines() for each in (node, changed))
    assert [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]] == [("Two.", "Three.")]


def test_a_cell_that_was_added_in_markdown_gets_an_id() -> None:
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1", id="a")])
    back = from_markdown(to_markdown(node, where="x") + "\n```python\ny = 2\n```\n", where="x")
    assert [(cell.id, cell.source) for cell in back.cells] == [("a", "x = 1"), ("new-2", "y = 2")]
    nbformat.validate(back)


def test_outputs_are_left_out() -> None:
    cell = nbformat.v4.new_code_cell("1", id="a", outputs=[nbformat.v4.new_output("stream", text="secret")], execution_count=3)
    text = to_markdown(nbformat.v4.new_notebook(cells=[cell]), where="x")
    assert "secret" not in text
    assert from_markdown(text, where="x").cells[0].outputs == []


def test_a_change_of_a_cell_that_markdown_cannot_hold_is_refused_instead_of_lost() -> None:
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("<!-- #endregion -->\nbefore", id="a")])
    text = to_markdown(node, where="x")
    assert "exact_source" in text
    with pytest.raises(NotebookError, match="cannot hold it exactly"):
        from_markdown(text.replace("\nbefore", "\nafter"), where="x")


def test_options_that_were_spoilt_are_refused() -> None:
    with pytest.raises(NotebookError, match="no JSON"):
        from_markdown('```python cell_id="a" exact_source="{"\nx\n```\n', where="x")


@pytest.mark.parametrize("source", ["'''", '"""', "x = '''\n", "```", "a = 1\n'''''''"])
def test_quotes_that_nobody_closed_come_back(source: str) -> None:
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id="cell-0"), nbformat.v4.new_code_cell("b = 2", id="cell-1")])
    assert plain(from_markdown(to_markdown(node, where="x"), where="x")) == plain(node)
