"""Makes the notebook that is run: the learner's answers in the instructor's frame. Pure: JSON in, JSON out.

Rules, each of which differs from nbgrader only where nbgrader loses the submission:
1. Tests, read-only cells, points, kernel and cell types come from the source; of the learner's notebook only answers and free cells are used.
2. A cell that was copied keeps its last copy; earlier copies become ordinary cells (nbgrader stops the whole run here).
3. A graded cell that was deleted or stripped of its metadata is put back after the cell that it followed, at the end if nothing of the frame is left (nbgrader leaves it waiting for a person for ever).
4. Old outputs, execution counts and tags go: what the learner's file claims to have printed is no evidence.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import nbformat

from autograder.jobs import SourceCell, SourceNotebook
from courses.notebook import read_notebook_json

_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def rebuild_notebook(submitted: str, source: SourceNotebook, *, where: str) -> tuple[Any, list[str]]:
    """Return the notebook to run as an nbformat node, and what was put right.

    Raises:
        NotebookError: `submitted` is no notebook.
    """
    node = read_notebook_json(submitted, where=where)
    trusted = {cell.name: cell for cell in source.cells}
    notes: list[str] = []
    cells = _without_copies([_clean(cell) for cell in node.cells], trusted, notes)
    cells = [_restored(cell, trusted) for cell in cells]
    _put_back_missing(cells, source.cells, notes)
    kernelspec = source.kernelspec or {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    _number_cells(cells)
    metadata = nbformat.NotebookNode(kernelspec=nbformat.NotebookNode(kernelspec))
    return nbformat.NotebookNode(cells=cells, metadata=metadata, nbformat=4, nbformat_minor=5), notes


def _number_cells(cells: list[Any]) -> None:
    """Give every cell an id of its own: a copied cell brings its id with it, and old formats have none."""
    taken: set[str] = set()
    unused = (name for number in itertools.count() if (name := f"cell-{number}") not in taken)
    for cell in cells:
        if not _CELL_ID.fullmatch(cell.id) or cell.id in taken:
            cell.id = next(unused)
        taken.add(cell.id)


def _grade_id(cell: Any) -> str | None:
    metadata = cell.metadata.get("nbgrader")
    name = metadata.get("grade_id") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else None


def _clean(cell: Any) -> Any:
    """Return the cell without anything that a run or a reader does not need: outputs, counts and tags go, pictures in texts stay."""
    name = _grade_id(cell)
    clean = nbformat.NotebookNode(cell_type=cell.cell_type, source=str(cell.source), metadata=nbformat.NotebookNode())
    clean.id = str(cell.get("id", ""))
    if cell.cell_type == "code":
        clean.outputs, clean.execution_count = [], None
    elif _are_attachments(cell.get("attachments")):
        clean.attachments = cell.attachments
    if name is not None:
        clean.metadata.nbgrader = nbformat.NotebookNode(grade_id=name)
    return clean


def _are_attachments(found: Any) -> bool:
    """Whether `found` is what nbformat calls attachments: by file name and media type, base64 text."""
    bundles = found.values() if isinstance(found, dict) else [None]
    texts = [text for bundle in bundles for text in (bundle.values() if isinstance(bundle, dict) else [None])]
    return all(isinstance(text, str) and text.isascii() for text in texts) and all(name.isprintable() for name in found or ())


def _without_copies(cells: list[Any], trusted: dict[str, SourceCell], notes: list[str]) -> list[Any]:
    seen: set[str] = set()
    for cell in reversed(cells):
        name = _grade_id(cell)
        if name is None:
            continue
        if name in seen:
            notes.append(f"cell {name!r} stands there more than once; the last one counts")
        if name in seen or name not in trusted:
            del cell.metadata["nbgrader"]
        seen.add(name)
    return cells


def _restored(cell: Any, trusted: dict[str, SourceCell]) -> Any:
    name = _grade_id(cell)
    if name is None:
        return cell
    framed = _framed(trusted[name], cell.source, cell.id)
    if "attachments" in cell and framed.cell_type != "code" and not trusted[name].locked:
        framed.attachments = cell.attachments
    return framed


def _framed(source: SourceCell, answer: str | None, cell_id: str) -> Any:
    """Return the source's cell; with the learner's `answer` where the source lets them write."""
    text = source.source if source.locked or answer is None else answer
    cell = nbformat.NotebookNode(cell_type=source.cell_type, source=text, id=cell_id, metadata=nbformat.NotebookNode())
    if source.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    cell.metadata.nbgrader = nbformat.NotebookNode(
        schema_version=3,
        grade_id=source.name,
        grade=source.is_grade,
        solution=source.is_solution,
        task=source.is_task,
        locked=source.locked,
        cell_type=source.cell_type,
    )
    if source.checksum:
        cell.metadata.nbgrader.checksum = source.checksum
    if source.points is not None:
        cell.metadata.nbgrader.points = source.points
    return cell


def _put_back_missing(cells: list[Any], sources: tuple[SourceCell, ...], notes: list[str]) -> None:
    places = {_grade_id(cell): index for index, cell in enumerate(cells) if _grade_id(cell) is not None}
    after: int | None = None
    for number, source in enumerate(sources):
        if source.name in places:
            after = places[source.name]
        elif source.points is not None or source.locked:
            later = (places[each.name] for each in sources[number:] if each.name in places)
            at = next(later, len(cells)) if after is None else after + 1
            cells.insert(at, _framed(source, None, f"restored-{len(cells)}"))
            places = {name: index + (index >= at) for name, index in places.items()}
            after = at
            notes.append(f"cell {source.name!r} was missing and was put back")
