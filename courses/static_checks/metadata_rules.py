"""The rules of nbgrader's cell metadata, version 3, and of what else lies in a notebook file beside the text.

Source: nbgrader 0.9.6, `nbgraderformat/v3.json` and `v3.py`. What `courses.notebook` refuses to read at all (a bad id, points that are no number) comes up
there; this tells what nbgrader would refuse when the learners' version is made.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from courses.catalogue import Course
from courses.findings import Finding
from courses.notebook import Cell, CellKind, Notebook
from courses.static_checks.marks import HIDDEN_TESTS, MARK_SCHEME, SOLUTION, has_mark, is_paired
from courses.static_checks.places import Spot, assignment_spot, cell_spot

_SCHEMA_VERSION = 3
_FLAGS = ("grade", "solution", "locked")
_KEYS = frozenset({*_FLAGS, "schema_version", "task", "grade_id", "points", "checksum", "cell_type"})
_MAXIMUM_OUTPUT = 100_000


def check_ids(course: Course) -> Iterator[Finding]:
    """N03: ids are unique in an assignment."""
    for assignment, notebooks in course.notebooks.items():
        placed = [(str(cell.grade_id), notebook, cell) for notebook in notebooks for cell in notebook.cells if cell.grade_id]
        counts, seen = Counter(name for name, _, _ in placed), Counter[str]()
        for name, notebook, cell in placed:
            seen[name] += 1
            if counts[name] > 1 and seen[name] == counts[name]:
                spot = cell_spot(assignment, notebook, cell)
                yield spot.blocking("N03", f"cell id {name!r} is used twice", "Give every nbgrader cell an id of its own.")


def check_points(course: Course) -> Iterator[Finding]:
    """N01, N02: every assignment has a notebook, and points."""
    for assignment, notebooks in course.notebooks.items():
        spot = assignment_spot(course, assignment)
        if not notebooks:
            yield spot.blocking("N01", "the assignment has no notebook", "Put its .ipynb into a folder of the assignment's name.")
        elif sum(cell.points or 0 for notebook in notebooks for cell in notebook.graded_cells) <= 0:
            yield spot.blocking("N02", "the assignment has no points", "Mark test cells as autograded and give them points.")


def check_cells(notebook: Notebook, assignment: str) -> Iterator[Finding]:
    """Yield what is wrong with the cells of a notebook in any language: marks, metadata, points, outputs."""
    raw = _raw_cells(notebook)
    for cell in notebook.cells:
        spot = cell_spot(assignment, notebook, cell)
        yield from _marks(cell, spot)
        if cell.kind is CellKind.TEST and cell.points == 0:
            yield spot.warning("N09", "the test is worth no points", "Give it points, or make it a read-only cell.")
        if cell.index < len(raw):
            yield from _metadata(cell, raw[cell.index].get("metadata", {}), spot)
            yield from _outputs(raw[cell.index], spot)


def _raw_cells(notebook: Notebook) -> list[dict[str, Any]]:
    """Return the cells as they stand in the file, none if the file is of an older format, whose cells lie elsewhere."""
    try:
        document = json.loads(notebook.path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    cells = document.get("cells") if isinstance(document, dict) else None
    return [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []


def _marks(cell: Cell, spot: Spot) -> Iterator[Finding]:
    """N04, N08, N24: solutions, hidden tests and marking guides are taken out only between two marks, and only of their cells."""
    if cell.kind not in {CellKind.ANSWER, CellKind.MANUAL} and has_mark(cell.source, SOLUTION):
        problem = "a solution stands in a cell that is no answer cell, so learners would see it"
        yield spot.blocking("N04", problem, "Mark the cell as an answer.")
    elif not is_paired(cell.source, SOLUTION) or not is_paired(cell.source, MARK_SCHEME):
        problem = "BEGIN and END of the solution or the mark scheme do not pair"
        yield spot.blocking("N24", problem, "Close each region before the next begins: nbgrader stops here, or releases too much.")
    if not is_paired(cell.source, HIDDEN_TESTS):
        problem = "BEGIN HIDDEN TESTS and END HIDDEN TESTS do not pair"
        yield spot.blocking("N08", problem, "Close the block, or hidden tests are released.")
    elif has_mark(cell.source, HIDDEN_TESTS) and cell.kind not in {CellKind.TEST, CellKind.MANUAL}:
        problem = "hidden tests stand in a cell that is not graded: nbgrader refuses to make the learners' version"
        yield spot.blocking("N08", problem, "Mark the cell as an autograder test, or take the marks out.")


def _metadata(cell: Cell, metadata: Any, spot: Spot) -> Iterator[Finding]:
    """N12, N13: what nbgrader refuses."""
    ours = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if not isinstance(ours, dict):
        return
    version = ours.get("schema_version", 0)
    if version != _SCHEMA_VERSION:
        problem = f"the cell's nbgrader metadata is of version {version!r}, not {_SCHEMA_VERSION}"
        yield spot.blocking(
            "N12", problem, "Run `nbgrader update` on the notebook." if version in (0, 1, 2) else "Make the cell's type anew."
        )
        return
    for misfit in list(_misfits(ours, cell))[:1]:
        yield spot.blocking("N13", misfit, "Choose the cell's type anew in the Create Assignment sidebar.")


def _misfits(ours: dict[str, Any], cell: Cell) -> Iterator[str]:
    """Yield what does not fit, in words, as nbgrader's schema has it."""
    for flag in _FLAGS:
        if not isinstance(ours.get(flag), bool):
            yield f"nbgrader metadata {flag!r} is missing" if flag not in ours else f"nbgrader metadata {flag!r} is neither true nor false"
    if not isinstance(ours.get("task", False), bool):
        yield "nbgrader metadata 'task' is neither true nor false"
    unknown = sorted(ours.keys() - _KEYS)
    if unknown:
        yield f"nbgrader metadata has keys that nbgrader refuses: {', '.join(unknown)}"
    is_text = cell.type == "markdown"
    if ours.get("task"):
        if not is_text:
            yield "a task has to be a Markdown cell"
    elif is_text and bool(ours.get("grade")) != bool(ours.get("solution")):
        yield "a Markdown cell is answered and graded by hand, or neither: nbgrader knows no test and no ungraded answer in Markdown"


def _outputs(raw: dict[str, Any], spot: Spot) -> Iterator[Finding]:
    """N31: an output that makes the source hard to keep and to review."""
    outputs = raw.get("outputs")
    size = len(json.dumps(outputs)) if outputs else 0
    if size > _MAXIMUM_OUTPUT:
        problem = f"the stored output of the cell has {size / 1000:,.0f} kB"
        yield spot.warning("N31", problem, "Clear the outputs before you save: learners get none of them anyway.")
