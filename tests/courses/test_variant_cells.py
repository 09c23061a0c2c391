"""The parameters cell with other values in it: only they change, and what is computed from them is right."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.utils import compute_checksum

from courses.errors import VariantError
from courses.variant_cells import assigned_once, default_of, literal, personalise_notebook, released_cell, with_values
from tests.small_course import nbgrader_cell

SCALARS: st.SearchStrategy[Any] = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())
VALUES = st.one_of(SCALARS, st.lists(st.one_of(SCALARS, st.lists(SCALARS).map(tuple))).map(tuple))


def run(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(text, names)
    return names


def listed(value: Any) -> Any:
    return list(map(listed, value)) if isinstance(value, tuple) else value


@given(VALUES)
def test_a_value_as_text_is_that_value(value: Any) -> None:
    found = run(f"x = {literal(value)}")["x"]
    assert found == listed(value)
    assert repr(found) == repr(listed(value))


@given(VALUES, VALUES)
def test_the_values_stand_where_others_stood_and_all_else_is_as_it_was(n: Any, name: Any) -> None:
    text = "# Ééé: what this is about\nn = (\n    3 +\n    4\n)  # ñ how many; é\nname: str = 'x'; other = 'é'\ntwice = [n, n]\n"
    found = run(with_values(text, {"n": n, "name": name, "unknown": 1}))
    assert found["n"] == listed(n)
    assert found["name"] == listed(name)
    assert found["twice"] == [found["n"]] * 2
    assert found["other"] == "é"
    assert "unknown" not in found


@pytest.mark.parametrize(
    "text", ["n, m = 1, 2", "n = m = 3", "n = 1\nn = 2", "for n in [1]: pass", "n = 1\nn += 1", "if True:\n    n = 1", "m = 1", ""]
)
def test_a_parameter_that_is_not_set_once_on_its_own_is_not_one(text: str) -> None:
    assert "n" not in assigned_once(text)
    with pytest.raises(VariantError, match="sets none"):
        with_values(text, {"n": 5})


def test_a_cell_with_magics_is_refused() -> None:
    with pytest.raises(VariantError, match="no plain Python"):
        with_values("%matplotlib inline\nn = 3", {"n": 5})


def test_a_default_is_a_plain_value_or_none() -> None:
    found = assigned_once("a = 1\nb = [1, 'x']\nc = f(2)\nd = -2.5")
    assert [default_of(each) for each in found.values()] == [1, (1, "x"), None, -2.5]


def test_the_released_cell_asks_the_module_and_a_personal_one_does_not() -> None:
    cell = nbgrader_cell("code", released_cell("n = 3  # how many\nm = 2 * n", ("n", "name")), "values", locked=True, checksum="old")
    assert cell.source.splitlines()[0].startswith("from my_variant import mine")
    assert 'n = mine["n"]  # how many' in cell.source
    node = nbformat.v4.new_notebook(cells=[cell])
    personal = personalise_notebook(node, "values", {"n": 17})
    assert personal.cells[0].source == "n = 17  # how many\nm = 2 * n"
    assert personal.cells[0].metadata.nbgrader["checksum"] == compute_checksum(personal.cells[0])
    assert "mine" in node.cells[0].source, "the released notebook is left as it was"
    with pytest.raises(VariantError, match="no cell 'other'"):
        personalise_notebook(node, "other", {"n": 17})
