"""Writes versions of an assignment as submissions: the instructor's own, the untouched one, and ones with other answers in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat

from autograder.jobs import AssignmentSource, SourceNotebook
from courses.content_hash import regular_files
from courses.notebook import read_notebook_json

CellKey = tuple[str, str]
"""A cell by its notebook and its nbgrader id."""


def write_blank(source: AssignmentSource, folder: Path) -> None:
    """Write the untouched release version of the assignment's notebooks into `folder`: the instructor's frame with the answers taken out."""
    released = {(notebook.name, cell.name): cell.source for notebook in source.notebooks for cell in notebook.cells}
    _write(source, folder, lambda key, text: released.get(key, text))


def write_reference(source: AssignmentSource, folder: Path, *, first_cell: str = "") -> None:
    """Write the instructor's own version into `folder`.

    Args:
        first_cell: code that each notebook begins with; empty: none.
    """
    _write(source, folder, lambda _, text: text, first_cell)


def write_answers(source: AssignmentSource, folder: Path, answers: Mapping[CellKey, str]) -> None:
    """Write the instructor's own version into `folder`, with the cells of `answers` replaced by its texts."""
    _write(source, folder, lambda key, text: answers.get(key, text))


def _write(source: AssignmentSource, folder: Path, text_of: Callable[[CellKey, str], str], first_cell: str = "") -> None:
    for name in regular_files(Path(source.folder), ignored=source.ignored):
        if not name.endswith(".ipynb"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(source.folder, name), folder / name)
    for notebook in source.notebooks:
        node = read_source(source, notebook)
        for cell in node.cells:
            cell.source = text_of((notebook.name, cell.metadata.get("nbgrader", {}).get("grade_id", "")), cell.source)
        if first_cell:
            node.cells.insert(0, nbformat.v4.new_code_cell(first_cell))
        (folder / f"{notebook.name}.ipynb").write_text(nbformat.writes(node), encoding="utf-8")


def read_source(source: AssignmentSource, notebook: SourceNotebook) -> Any:
    """Return the instructor's version of a notebook as nbformat's node.

    Raises:
        NotebookError: it cannot be read.
    """
    path = Path(source.folder, f"{notebook.name}.ipynb")
    return read_notebook_json(path.read_text(encoding="utf-8"), where=str(path))
