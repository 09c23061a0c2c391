"""Notebooks as typed cells: what nbgrader's metadata (schema 3) says of each cell.

Read from JSON of any origin: nothing here executes, follows a link or trusts a size. Source: nbgrader 0.9.6, `nbgraderformat/v3.py`.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import nbformat

from courses.errors import NotebookError

GRADE_ID = re.compile(r"[a-zA-Z0-9_\-]+")
MAXIMUM_BYTES = 64 * 2**20
_SURROGATE = re.compile("[\ud800-\udfff]")


class CellKind(Enum):
    """What nbgrader does with a cell."""

    PLAIN = "plain"
    READ_ONLY = "read-only"
    ANSWER = "answer"
    TEST = "test"
    MANUAL = "manual"
    TASK = "task"

    @property
    def is_graded(self) -> bool:
        """Whether the cell is worth points."""
        return self in {CellKind.TEST, CellKind.MANUAL, CellKind.TASK}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a source notebook."""

    index: int
    type: str
    """"code", "markdown" or "raw"."""
    kind: CellKind
    source: str
    grade_id: str | None
    points: float | None
    """None unless the cell is graded."""
    tags: tuple[str, ...] = ()
    """Jupyter's tags, such as papermill's `parameters`."""


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook file as typed cells."""

    name: str
    """The file's name without `.ipynb`."""
    path: Path
    kernel: str
    language: str
    cells: tuple[Cell, ...]

    @property
    def graded_cells(self) -> tuple[Cell, ...]:
        """The cells that are worth points, in order."""
        return tuple(cell for cell in self.cells if cell.kind.is_graded)


def read_notebook_json(text: str, *, where: str) -> Any:
    """Return notebook JSON as nbformat's version-4 node.

    Raises:
        NotebookError: it is no JSON, or no notebook.
    """
    if len(text) > MAXIMUM_BYTES:
        raise NotebookError(
            f"the notebook is larger than {MAXIMUM_BYTES // 2**20} MiB", where=where, remedy="Clear its outputs and save it again."
        )
    try:
        with warnings.catch_warnings(action="ignore"):  # of missing and doubled cell ids, which are given anew where a notebook is run
            node = nbformat.reads(text, as_version=4)
    except Exception as unreadable:  # nbformat raises whatever json, jsonschema and its converters raise
        raise _no_notebook(_first_line(unreadable), where) from unreadable
    misfit = _misfit(node)
    if misfit:
        raise _no_notebook(misfit, where)
    return node


def _misfit(node: Any) -> str:
    """Return what nbformat lets pass although no program can work with it, empty if nothing."""
    if not isinstance(node.get("metadata"), dict) or not isinstance(node.get("cells"), list):
        return "it has no metadata or no list of cells"
    for number, cell in enumerate(node.cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") not in {"code", "markdown", "raw"}:
            return f"cell {number} is neither code nor text"
        if not isinstance(cell.get("source"), str) or not isinstance(cell.get("metadata"), dict):
            return f"cell {number} has no source or no metadata"
        if _SURROGATE.search(cell["source"]):
            return f"cell {number} holds half of a character (a lone surrogate)"
    return ""


def _no_notebook(problem: str, where: str) -> NotebookError:
    return NotebookError(f"this is not a notebook: {problem}", where=where, remedy="Open it in JupyterLab, save it there, and try again.")


def load_notebook(path: Path) -> Notebook:
    """Return the notebook at `path` as typed cells.

    Raises:
        NotebookError: it cannot be read, or a cell's nbgrader metadata is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise NotebookError(f"the notebook cannot be read: {unreadable}", where=str(path)) from unreadable
    node = read_notebook_json(text, where=str(path))
    kernelspec = node.metadata.get("kernelspec") or {}
    cells = tuple(_cell(index, cell, path) for index, cell in enumerate(node.cells))
    return Notebook(path.stem, path, str(kernelspec.get("name", "python3")), str(kernelspec.get("language", "python")), cells)


def load_notebooks(folder: Path) -> tuple[Notebook, ...]:
    """Return the notebooks of an assignment's folder, sorted by name."""
    return tuple(load_notebook(path) for path in sorted(folder.glob("*.ipynb")))


def _cell(index: int, cell: Any, path: Path) -> Cell:
    metadata, tags = cell.metadata.get("nbgrader"), _tags(cell)
    if not metadata:
        return Cell(index, cell.cell_type, CellKind.PLAIN, cell.source, None, None, tags)
    kind = _kind(metadata)
    if kind is CellKind.PLAIN:
        return Cell(index, cell.cell_type, kind, cell.source, None, None, tags)
    grade_id = metadata.get("grade_id")
    where = f"{path}, cell {index + 1}"
    if not isinstance(grade_id, str) or not GRADE_ID.fullmatch(grade_id):
        raise NotebookError(f"{grade_id!r} is no nbgrader cell id", where=where, remedy="Use letters, digits, - and _.")
    return Cell(index, cell.cell_type, kind, cell.source, grade_id, _points(metadata, kind, where), tags)


def _tags(cell: Any) -> tuple[str, ...]:
    tags = cell.metadata.get("tags")
    return tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()


def _kind(metadata: Any) -> CellKind:
    if metadata.get("task"):
        return CellKind.TASK
    if metadata.get("grade"):
        return CellKind.MANUAL if metadata.get("solution") else CellKind.TEST
    if metadata.get("solution"):
        return CellKind.ANSWER
    return CellKind.READ_ONLY if metadata.get("locked") else CellKind.PLAIN


def _points(metadata: Any, kind: CellKind, where: str) -> float | None:
    if not kind.is_graded:
        return None
    points = metadata.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points < float("inf"):
        raise NotebookError(
            f"{points!r} is no number of points", where=where, remedy="Give the graded cell its points in the Create Assignment sidebar."
        )
    return float(points)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
