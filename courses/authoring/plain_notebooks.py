"""Makes an nbgrader notebook of a plain one: what a cell becomes is said by its tags, or else guessed, and told in the report. Pure.

| tags | becomes |
|---|---|
| `answer` | an answer: learners write it |
| `test`, `points:2` | a test, worth its points |
| `manual`, `points:4` | an answer that a person marks |
| `read-only` | a cell that learners cannot change |
| `id:test_square` | its nbgrader id is test_square |

Without tags: BEGIN SOLUTION makes an answer (of text: one that a person marks), a cell that asserts is a test of 1 point, a cell of imports alone is
read-only, and everything else stays as it is.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from courses.authoring.import_report import Converted, Notes
from courses.authoring.nbgrader_cells import (
    PYTHON,
    CellNames,
    answer_cell,
    manual_cell,
    read_only_cell,
    test_cell,
    with_stable_ids,
)
from courses.authoring.nbgrader_notebooks import without_outputs
from courses.errors import NotebookError
from courses.python_syntax import parse

_SOLUTION, _HIDDEN = re.compile(r"BEGIN SOLUTION"), re.compile(r"BEGIN HIDDEN TESTS")
_KINDS = {"answer", "test", "manual", "read-only"}


@dataclass(frozen=True, slots=True)
class _Choice:
    kind: str
    points: float
    name: str
    is_said: bool
    """By tags, so that nothing was guessed."""


def convert_plain(node: Any, *, name: str, taken: Iterable[str] = ()) -> Converted:
    """Return a plain notebook as one of nbgrader cells.

    Raises:
        NotebookError: tags contradict each other or the cell.
    """
    notes, names, node = Notes(name), CellNames(taken), copy.deepcopy(node)
    is_python = str((node.metadata.get("kernelspec") or {}).get("language", "python")).lower() == "python"
    asked = 0
    for number, cell in enumerate(node.cells, start=1):
        choice = _tagged(cell, f"{name}, cell {number}") or (_guessed(cell) if is_python else None)
        if choice is None:
            if cell.cell_type == "code" and cell.source.strip():
                notes.add(number, "a code cell", "left as it was: learners may change it")
            continue
        asked += choice.kind in {"answer", "manual"}
        _mark(cell, choice, names.name(choice.name or _usual_name(choice, cell, max(asked, 1))))
        told = f"{choice.kind} cell {cell.metadata['nbgrader']['grade_id']}{_worth(choice)}"
        guessed = "" if choice.is_said else "Guessed: look whether it is right" + (", and set the points." if choice.points else ".")
        notes.add(number, "tagged" if choice.is_said else _why(choice, cell), told, guessed)
    cleared = without_outputs(node)
    if cleared:
        notes.add("outputs", f"outputs of {cleared} cells", "left out: a source has none")
    if not node.metadata.get("kernelspec"):
        node.metadata["kernelspec"] = dict(PYTHON)
    with_stable_ids(node)
    return Converted(node, tuple(notes.entries))


def _tagged(cell: Any, where: str) -> _Choice | None:
    tags = [str(each) for each in cell.metadata.get("tags") or [] if isinstance(each, str)]
    kinds = [each for each in tags if each in _KINDS]
    if not kinds:
        return None
    if len(kinds) > 1:
        raise NotebookError(f"its tags say {' and '.join(kinds)}", where=where, remedy="Keep one of them.")
    kind = kinds[0]
    if (kind in {"answer", "test"} and cell.cell_type != "code") or cell.cell_type == "raw":
        raise NotebookError(
            f"a {cell.cell_type} cell cannot be the tagged {kind}", where=where, remedy="Tag a text to write with `manual`."
        )
    points = next((each.partition(":")[2] for each in tags if each.startswith("points:")), "1")
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", points):
        raise NotebookError(f"{points!r} is no number of points", where=where, remedy="Write points:2.")
    name = next((each.partition(":")[2] for each in tags if each.startswith("id:")), "")
    cell.metadata["tags"] = [each for each in tags if each not in _KINDS and not each.startswith(("points:", "id:"))]
    if not cell.metadata["tags"]:
        del cell.metadata["tags"]
    return _Choice(kind, float(points) if kind in {"test", "manual"} else 0, name, is_said=True)


def _guessed(cell: Any) -> _Choice | None:
    if _SOLUTION.search(cell.source) and cell.cell_type != "raw":
        is_text = cell.cell_type == "markdown"
        return _Choice("manual" if is_text else "answer", 1 if is_text else 0, "", is_said=False)
    if cell.cell_type != "code":
        return None
    if _HIDDEN.search(cell.source):
        return _Choice("test", 1, "", is_said=False)
    lines = ["pass" if line.lstrip().startswith(("%", "!")) else line for line in cell.source.splitlines()]
    try:
        tree = parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError):
        return None
    if any(isinstance(statement, ast.Assert) for statement in tree.body):
        return _Choice("test", 1, "", is_said=False)
    is_setup = any(isinstance(each, ast.Import | ast.ImportFrom) for each in tree.body)
    if is_setup and all(isinstance(each, ast.Import | ast.ImportFrom | ast.Pass) for each in tree.body):
        return _Choice("read-only", 0, "", is_said=False)
    return None


def _mark(cell: Any, choice: _Choice, name: str) -> None:
    """Give `cell` nbgrader's metadata; what else it has stays."""
    points = int(choice.points) if choice.points == int(choice.points) else choice.points
    made = {
        "answer": lambda: answer_cell(cell.source, name),
        "test": lambda: test_cell(cell.source, name, points),
        "manual": lambda: manual_cell(cell.source, name, points, kind=cell.cell_type),
        "read-only": lambda: read_only_cell(cell.source, name, kind=cell.cell_type),
    }[choice.kind]()
    cell.metadata["nbgrader"] = made.metadata["nbgrader"]


def _usual_name(choice: _Choice, cell: Any, asked: int) -> str:
    """Return a name after what the cell defines or tests, else after the number of the answer."""
    if choice.kind == "read-only":
        return "setup"
    called = re.search(r"^\s*(?:def|class)\s+(\w+)", cell.source, re.MULTILINE)
    if choice.kind in {"answer", "manual"}:
        return called[1] if called else f"answer_{asked}"
    asserted = re.search(r"\bassert\s+(?:not\s+)?(?:\w+\()*?([A-Za-z_]\w*)\(", cell.source)
    return f"test_{asserted[1]}" if asserted and asserted[1] not in {"isinstance", "abs", "len", "round", "all", "any"} else f"test_{asked}"


def _worth(choice: _Choice) -> str:
    if choice.kind not in {"test", "manual"}:
        return ""
    return ", 1 point" if choice.points == 1 else f", {choice.points:g} points"


def _why(choice: _Choice, cell: Any) -> str:
    if choice.kind in {"answer", "manual"}:
        return "a cell with BEGIN SOLUTION"
    if choice.kind == "test":
        return "a cell with hidden tests" if _HIDDEN.search(cell.source) else "a cell that asserts"
    return "a cell of imports alone"
