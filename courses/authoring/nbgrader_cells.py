"""Builds notebooks of cells with nbgrader's metadata (schema 3), as its Create Assignment sidebar makes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import nbformat

BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
PYTHON = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
"""The kernel of a new notebook."""


class CellNames:
    """Gives every nbgrader cell of a notebook an id of its own."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def name(self, wanted: str) -> str:
        """Return `wanted` as an nbgrader id that no other cell has: letters, digits, - and _, beginning with a letter."""
        plain = re.sub(r"[^A-Za-z0-9_-]+", "_", wanted).strip("_") or "cell"
        plain = plain if plain[0].isalpha() else f"cell_{plain.lstrip('-')}"
        free, number = plain, 2
        while free in self._taken:
            free, number = f"{plain}_{number}", number + 1
        self._taken.add(free)
        return free


def text_cell(source: str, *, attachments: Any = None) -> Any:
    """Return a Markdown cell that nbgrader does not look at."""
    cell = nbformat.v4.new_markdown_cell(source)
    if attachments:
        cell["attachments"] = attachments
    return cell


def code_cell(source: str) -> Any:
    """Return a code cell that nbgrader does not look at: learners may change it."""
    return nbformat.v4.new_code_cell(source)


def answer_cell(source: str, name: str) -> Any:
    """Return a code cell that learners fill in."""
    return _marked(nbformat.v4.new_code_cell(source), name, solution=True)


def test_cell(source: str, name: str, points: float) -> Any:
    """Return a test: it is worth `points`, and learners cannot change it."""
    return _marked(nbformat.v4.new_code_cell(source), name, grade=True, locked=True, points=points)


def manual_cell(source: str, name: str, points: float, *, kind: str = "markdown") -> Any:
    """Return an answer that a person marks: text, or code for the kind "code"."""
    cell = nbformat.v4.new_markdown_cell(source) if kind == "markdown" else nbformat.v4.new_code_cell(source)
    return _marked(cell, name, grade=True, solution=True, points=points)


def read_only_cell(source: str, name: str, *, kind: str = "code") -> Any:
    """Return a cell that learners see and cannot change."""
    cell = nbformat.v4.new_markdown_cell(source) if kind == "markdown" else nbformat.v4.new_code_cell(source)
    return _marked(cell, name, locked=True)


def notebook_of(cells: list[Any], kernelspec: Any = None) -> Any:
    """Return a notebook of `cells` with cell ids that stay: those of nbgrader cells are made from their names."""
    node = nbformat.v4.new_notebook()
    node.metadata["kernelspec"] = dict(kernelspec or PYTHON)
    node.cells = cells
    with_stable_ids(node)
    return node


def with_stable_ids(node: Any) -> None:
    """Give every cell of `node` an id that is the same each time: from its nbgrader name, else from its number."""
    seen: set[str] = set()
    for number, cell in enumerate(node.cells, start=1):
        wanted = (
            _ID_REFUSED.sub("-", str((cell.metadata.get("nbgrader") or {}).get("grade_id") or f"cell-{number}"))[:56] or f"cell-{number}"
        )
        cell["id"] = wanted if wanted not in seen else f"{wanted}-{number}"
        seen.add(cell["id"])
    node["nbformat"], node["nbformat_minor"] = 4, 5


_ID_REFUSED = re.compile(r"[^A-Za-z0-9_-]")


def notebook_text(node: Any) -> str:
    """Return a notebook as the text of an .ipynb file, with sorted keys and a line end, so that two of them can be compared line by line."""
    return str(nbformat.writes(node)).rstrip("\n") + "\n"


def _marked(cell: Any, name: str, **said: object) -> Any:
    metadata = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False, "grade_id": name, **said}
    cell.metadata["nbgrader"] = dict(sorted(metadata.items()))
    return cell
