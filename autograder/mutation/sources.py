"""Reads an assignment's source folder as what is graded against, without nbgrader's gradebook: authors try their tests before anything is released."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autograder.jobs import AssignmentSource, SourceCell, SourceNotebook
from courses.content_hash import folder_sha256
from courses.notebook import read_notebook_json


def read_source(course: str, folder: Path) -> AssignmentSource:
    """Return the source of the assignment in `folder`.

    Raises:
        NotebookError: a notebook cannot be read.
        StorageError: the folder holds a link.
    """
    notebooks = tuple(_notebook(path) for path in sorted(folder.glob("*.ipynb")))
    ignored = (".ipynb_checkpoints", "*.pyc", "__pycache__")
    return AssignmentSource(
        course=course,
        assignment=folder.name,
        folder=str(folder.resolve()),
        ignored=ignored,
        notebooks=notebooks,
        digest=folder_sha256(folder),
    )


def _notebook(path: Path) -> SourceNotebook:
    node = read_notebook_json(path.read_text(encoding="utf-8"), where=str(path))
    spec = node.metadata.get("kernelspec")
    kernelspec = {str(key): str(value) for key, value in spec.items()} if isinstance(spec, dict) else None
    return SourceNotebook(name=path.stem, kernelspec=kernelspec, cells=tuple(_cell(cell) for cell in node.cells if _is_nbgrader(cell)))


def _is_nbgrader(cell: Any) -> bool:
    about = cell.metadata.get("nbgrader")
    return (
        isinstance(about, dict) and any(about.get(key) for key in ("grade", "solution", "task", "locked")) and bool(about.get("grade_id"))
    )


def _cell(cell: Any) -> SourceCell:
    about = cell.metadata.nbgrader
    is_graded = bool(about.get("grade") or about.get("task"))
    return SourceCell(
        name=str(about.grade_id),
        cell_type=cell.cell_type,
        source=cell.source,
        checksum=None,
        locked=bool(about.get("locked")),
        is_grade=bool(about.get("grade")),
        is_solution=bool(about.get("solution")),
        is_task=bool(about.get("task")),
        points=float(about.get("points") or 0.0) if is_graded else None,
    )
