"""What a cell means for its verdict, so that two wordings of one meaning compare equal.

Of Python that is its syntax tree without comments, layout, docstrings and the messages of assertions; of anything else its lines without the space round
them. Of an answer cell it is only what learners are given: the reference solution decides no verdict of theirs.
"""

from __future__ import annotations

import ast

from courses.leak_secrets import MARKS, SecretKind
from courses.notebook import Cell, CellKind
from courses.python_syntax import parse


def assessed_meaning(cell: Cell) -> tuple[str, ...]:
    """Return what the cell means for learners' verdicts: of a test, all of it and then the part that is not hidden."""
    if cell.kind is CellKind.ANSWER:
        given = without_region(cell.source, SecretKind.SOLUTION)
        return (_meaning(given, cell) if given is not None else "",)
    shown = without_region(cell.source, SecretKind.HIDDEN_TEST)
    return (_meaning(cell.source, cell), "" if shown is None else _meaning(shown, cell))


def code_meaning(source: str) -> str:
    """Return what Python code means; of what is no Python, its lines."""
    lines = source.split("\n")
    magic = [line.strip() for line in lines if line.lstrip().startswith(("%", "!"))]
    try:
        tree = parse("\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in lines))
    except (SyntaxError, ValueError, RecursionError):
        return _lines(source)
    return "\n".join([*magic, *(ast.dump(statement) for statement in _Meaning().visit(tree).body)])


def without_region(source: str, kind: SecretKind) -> str | None:
    """Return `source` with `pass` in place of nbgrader's regions of that kind; None if it has none."""
    begin, end = MARKS[kind]
    if begin not in source:
        return None
    kept: list[str] = []
    inside = False
    for line in source.split("\n"):
        if begin in line:
            kept.append(f"{line[: len(line) - len(line.lstrip())]}pass")
            inside = True
        elif end in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


class _Meaning(ast.NodeTransformer):
    """Takes out what changes no verdict."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Leave out a text that stands for itself, such as a docstring."""
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return None
        return self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        """Leave out a message in words."""
        if isinstance(node.msg, ast.Constant):
            node.msg = None
        return self.generic_visit(node)


def _meaning(source: str, cell: Cell) -> str:
    return code_meaning(source) if cell.type == "code" else _lines(source)


def _lines(source: str) -> str:
    return "\n".join(line.strip() for line in source.split("\n") if line.strip())
