"""Which answers a test depends on, by the names that cells bind, change and read.

It errs on the side of "it does": every earlier cell that binds or changes a name that is read counts, and a test that can reach anything (`globals()`, `eval`,
the current figure, a magic line) depends on all answers before it.
"""

from __future__ import annotations

import ast
from functools import cached_property

from courses.notebook import CellKind
from courses.static_checks.python_cells import PythonCell, PythonNotebook

ANSWERS = frozenset({CellKind.ANSWER, CellKind.MANUAL})
_REACHES_ANYTHING = frozenset(
    ("globals", "locals", "vars", "dir", "eval", "exec", "get_ipython", "In", "Out", "_", "__main__", "gcf", "gca", "get_fignums", "currentframe", "subprocess",
     "run_path")
)  # fmt: skip


class AnswerFlow:
    """The ways from answers to tests in one notebook."""

    def __init__(self, code: PythonNotebook) -> None:
        """Look at `code`, cell by cell."""
        self._cells = code.cells
        self._found: dict[int, tuple[PythonCell, ...]] = {}

    def answers_before(self, cell: PythonCell) -> tuple[PythonCell, ...]:
        """Return the answer cells before `cell`, in order."""
        return tuple(each for each in self._before(cell) if each.cell.kind in ANSWERS)

    def answers_of(self, cell: PythonCell) -> tuple[PythonCell, ...]:
        """Return the answer cells that `cell` depends on."""
        index = cell.cell.index
        if index not in self._found:
            self._found[index] = self._follow(cell)
        return self._found[index]

    def _follow(self, cell: PythonCell) -> tuple[PythonCell, ...]:
        if _reaches_anything(cell):
            return self.answers_before(cell)
        before = self._before(cell)
        found, pending, names = set[int](), [cell], set[str]()
        while pending:
            here = pending.pop()
            names |= here.names.reads
            for number, each in enumerate(before):
                if number not in found and (_gives(each) & names or each.file_names & here.file_names):
                    found.add(number)
                    pending.append(each)
        return tuple(each for number, each in enumerate(before) if number in found and each.cell.kind in ANSWERS)

    @cached_property
    def tested(self) -> frozenset[int]:
        """The places (in the notebook) of the answers that a test or a cell read by a person depends on."""
        return frozenset(
            answer.cell.index
            for cell in self._cells
            if cell.cell.kind.is_graded
            for answer in (*self.answers_of(cell), cell)
            if answer.cell.kind in ANSWERS
        )

    def is_followed_by_test(self, answer: PythonCell) -> bool:
        """Whether a graded cell stands between `answer` and the next answer."""
        for each in self._cells[self._cells.index(answer) + 1 :]:
            if each.cell.kind.is_graded:
                return True
            if each.cell.kind is CellKind.ANSWER:
                return False
        return False

    def _before(self, cell: PythonCell) -> tuple[PythonCell, ...]:
        return self._cells[: self._cells.index(cell)]


def works_by_effect(answer: PythonCell) -> bool:
    """Whether an answer leaves no name behind that could be followed: it draws, prints, writes a file, or cannot be read."""
    return answer.tree is None or not answer.is_whole or not _gives(answer)


def _gives(cell: PythonCell) -> set[str]:
    return cell.names.binds | cell.names.changes


def _reaches_anything(cell: PythonCell) -> bool:
    if cell.tree is None or not cell.is_whole:
        return True
    words = {node.id for node in cell.nodes if isinstance(node, ast.Name)}
    words |= {node.attr for node in cell.nodes if isinstance(node, ast.Attribute)}
    words |= {alias.name for node in cell.nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}
    return bool(words & _REACHES_ANYTHING)
