"""Finds the questions of an otter-assign source: which cells are settings, text, prompt, solution and tests.

Two forms are read. Since otter-grader 1.0, raw cells (or fences marked `otter`) begin and end each part: `# BEGIN QUESTION`, `# BEGIN PROMPT`,
`# BEGIN SOLUTION`, `# BEGIN TESTS`. Before, a fence in the question's text holds its settings (BEGIN QUESTION), the next cell is the solution, and
tests are code cells that begin with `## Test ##` or `## Hidden Test ##`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from courses.authoring.yaml_settings import load_settings
from courses.errors import NotebookError

Role = Literal["text", "prompt", "solution", "tests"]

_BOUNDARY = re.compile(r"#\s+(BEGIN|END)\s+(QUESTION|PROMPT|SOLUTION|TESTS)\s*$", re.IGNORECASE)
_CONFIG = re.compile(r"#\s+ASSIGNMENT\s+CONFIG\s*$", re.IGNORECASE)
_IGNORED = re.compile(r"(##\s*ignore\s*##|#\s*ignore)\s*$", re.IGNORECASE)
_PLUGIN = re.compile(r"#\s+(BEGIN|END)\s+PLUGIN", re.IGNORECASE)
_OTTER_FENCE = re.compile(r"^[ \t]*```otter[ \t]*\n(.*?)^[ \t]*```[ \t]*$\n?", re.MULTILINE | re.DOTALL)
_OLD_FENCE = re.compile(r"^[ \t]*```[ \t]*\n[ \t]*BEGIN (QUESTION|ASSIGNMENT)[ \t]*\n(.*?)^[ \t]*```[ \t]*$\n?", re.MULTILINE | re.DOTALL)
OLD_TEST = re.compile(r"#+\s*(hidden\s+)?test\s*#*\s*$", re.IGNORECASE)
_OLD_SOLUTION = re.compile(r"\s*(#+\s*solution|\*\*solution|<strong>solution|_solution)", re.IGNORECASE)
SOLUTION_MARK = re.compile(r"#\s?(BEGIN )?SOLUTION\b")


@dataclass(frozen=True, slots=True)
class Part:
    """One cell of a question."""

    role: Role
    number: int
    """Its place in the source, counted from 1."""
    cell: Any


@dataclass(slots=True)
class Question:
    """One question with its settings and cells in their order."""

    name: str
    settings: dict[str, Any]
    number: int
    """Where it begins."""
    parts: list[Part] = field(default_factory=list)

    def of(self, role: Role) -> list[Part]:
        """Return the cells of that role."""
        return [part for part in self.parts if part.role == role]


@dataclass(slots=True)
class Master:
    """A source, taken apart."""

    settings: dict[str, Any] = field(default_factory=dict)
    """Of the assignment."""
    sequence: list[Question | Part] = field(default_factory=list)
    """Questions, and cells outside of them (with the role "text")."""
    dropped: list[tuple[int, str]] = field(default_factory=list)
    """Cells that stand in no output, each with what it was."""


def is_otter_source(node: Any) -> bool:
    """Whether a notebook is an otter-assign source."""
    return any(
        _first_line(cell) is not None or _OLD_FENCE.search(cell.source) or _OTTER_FENCE.search(cell.source)
        for cell in node.cells
        if cell.cell_type != "code"
    )


def take_apart(node: Any, *, where: str) -> Master:
    """Return the parts of an otter-assign source.

    Raises:
        NotebookError: a part is not closed or stands where it cannot, or settings cannot be read.
    """
    return _Reader(where).read(node)


def _first_line(cell: Any) -> tuple[str, str] | None:
    """Return what a raw cell begins or ends: ("BEGIN", "QUESTION"), ("CONFIG", ""); None if nothing."""
    first = (cell.source.strip().splitlines() or [""])[0].strip()
    if cell.cell_type != "raw":
        return None
    if _CONFIG.match(first):
        return "CONFIG", ""
    found = _BOUNDARY.match(first)
    return (found[1].upper(), found[2].upper()) if found else None


def _unfenced(node: Any) -> list[tuple[int, Any]]:
    """Return the cells with their numbers, each fence marked `otter` as a raw cell of its own."""
    import nbformat

    found: list[tuple[int, Any]] = []
    for number, cell in enumerate(node.cells, start=1):
        if cell.cell_type != "markdown" or not _OTTER_FENCE.search(cell.source):
            found.append((number, cell))
            continue
        for index, piece in enumerate(_OTTER_FENCE.split(cell.source)):
            if piece.strip():
                made = nbformat.v4.new_raw_cell(piece.strip("\n")) if index % 2 else nbformat.v4.new_markdown_cell(piece.strip("\n"))
                found.append((number, made))
    return found


class _Reader:
    def __init__(self, where: str) -> None:
        self.where = where
        self.master = Master()
        self.question: Question | None = None
        self.role: Role = "text"
        self.is_old = False
        """Whether the question at hand has the older form."""
        self.in_plugin = False

    def read(self, node: Any) -> Master:
        for number, cell in _unfenced(node):
            self._cell(number, cell)
        if self.question is not None and not self.is_old:
            raise self._misplaced(self.question.number, f"question {self.question.name!r} has no END QUESTION")
        return self.master

    def _cell(self, number: int, cell: Any) -> None:
        first = (cell.source.strip().splitlines() or [""])[0].strip()
        boundary = _first_line(cell)
        if _IGNORED.match(first):
            self.master.dropped.append((number, "a cell marked IGNORE"))
        elif boundary is not None:
            self._boundary(number, cell, *boundary)
        elif cell.cell_type == "raw" and (_PLUGIN.match(first) or self.in_plugin):
            self.in_plugin = "END" not in first.upper()
            self.master.dropped.append((number, "an otter plugin"))
        elif cell.cell_type == "markdown" and _OLD_FENCE.search(cell.source):
            self._old_fence(number, cell)
        elif self.is_old and self.question is not None:
            self._old_part(number, cell, first)
        elif self.question is not None:
            self.question.parts.append(Part(self.role, number, cell))
        else:
            self.master.sequence.append(Part("text", number, cell))

    def _boundary(self, number: int, cell: Any, which: str, what: str) -> None:
        if which == "CONFIG":
            self.master.settings |= load_settings(cell.source, where=self._at(number))
        elif (which, what) == ("BEGIN", "QUESTION"):
            if self.question is not None and not self.is_old:
                raise self._misplaced(number, "a question begins inside another one")
            self._begin(number, load_settings(cell.source, where=self._at(number)), is_old=False)
        elif self.question is None:
            raise self._misplaced(number, f"{which} {what} stands outside a question")
        elif what == "QUESTION":
            if self.role != "text":
                raise self._misplaced(number, f"a {self.role} block is not closed before the end of question {self.question.name!r}")
            self.question = None
        else:
            self._block_boundary(number, which, what)

    def _block_boundary(self, number: int, which: str, what: str) -> None:
        if which == "BEGIN":
            if self.role != "text":
                raise self._misplaced(number, f"a {what.lower()} block begins inside a {self.role} block")
            self.role = _ROLES[what]
        elif self.role != _ROLES[what]:
            raise self._misplaced(number, f"END {what} closes nothing")
        else:
            self.role = "text"

    def _begin(self, number: int, settings: dict[str, Any], *, is_old: bool) -> None:
        name = settings.get("name")
        if not isinstance(name, str | int) or isinstance(name, bool) or not str(name).strip():
            raise self._misplaced(number, "a question has no name")
        self.question, self.is_old, self.role = Question(str(name), settings, number), is_old, "text"
        self.master.sequence.append(self.question)

    def _old_fence(self, number: int, cell: Any) -> None:
        import nbformat

        found = _OLD_FENCE.search(cell.source)
        assert found is not None
        settings = load_settings(found[2], where=self._at(number))
        text = nbformat.v4.new_markdown_cell(_OLD_FENCE.sub("", cell.source).strip("\n"))
        if found[1] == "ASSIGNMENT":
            self.master.settings |= settings
            if text.source.strip():
                self.master.sequence.append(Part("text", number, text))
            return
        self._begin(number, settings, is_old=True)
        if text.source.strip() and self.question is not None:
            self.question.parts.append(Part("text", number, text))

    def _old_part(self, number: int, cell: Any, first: str) -> None:
        """Give a cell its role in a question of the older form, or end the question before it."""
        question = self.question
        assert question is not None
        if cell.cell_type == "code" and OLD_TEST.match(first):
            question.parts.append(Part("tests", number, cell))
            return
        is_marked = bool(_OLD_SOLUTION.match(first) or (cell.cell_type == "code" and SOLUTION_MARK.search(cell.source)))
        is_manual = bool(question.settings.get("manual"))
        may_answer = not question.of("tests") and (is_marked or (not question.of("solution") and (cell.cell_type == "code" or is_manual)))
        if may_answer and cell.cell_type != "raw":
            role: Role = "solution" if is_marked or not is_manual or cell.cell_type == "code" else "prompt"
            question.parts.append(Part(role, number, cell))
        else:
            self.question = None
            self.master.sequence.append(Part("text", number, cell))

    def _at(self, number: int) -> str:
        return f"{self.where}, cell {number}"

    def _misplaced(self, number: int, problem: str) -> NotebookError:
        return NotebookError(problem, where=self._at(number), remedy="Correct the source; `otter assign` refuses it too.")


_ROLES: dict[str, Role] = {"PROMPT": "prompt", "SOLUTION": "solution", "TESTS": "tests"}
