"""What nbgrader makes of the last line of a test cell, as far as the text tells.

Measured on nbgrader 0.9.6 with a cell of five points: a displayed number from 0 to 5 is the score; `False`, `None`-like words, `'0/5'`, `np.float64(0.0)`, a negative
number and nan give five points; a number above five stops the grading of the submission. What is not displayed (None, a line that ends in `;`) gives five points.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from courses.static_checks.python_cells import PythonCell, PythonNotebook

_TRUE_OR_FALSE = frozenset(
    (
        "all",
        "any",
        "bool",
        "isinstance",
        "issubclass",
        "callable",
        "hasattr",
        "allclose",
        "array_equal",
        "isclose",
        "equals",
        "startswith",
        "endswith",
        "isdigit",
        "isalpha",
        "issubset",
        "issuperset",
        "isdisjoint",
    )
)
_SHOWS_NOTHING = frozenset({"print", "display", "pprint", "show", "append", "extend", "close", "seed"})
_NUMPY_SCALAR = re.compile(
    r"numpy\.(float(16|32|64)|int(8|16|32|64)|bool_?|mean|sum|min|max|amin|amax|median|std|var|prod|average|dot|round|abs|sqrt|floor|ceil|minimum|maximum|clip)"
)


@dataclass(frozen=True, slots=True)
class LastLine:
    """The value that a test cell displays, if it displays one."""

    values: tuple[ast.expr, ...]
    """What it can be: the branches of a conditional expression, or all that was assigned to a name; empty if nothing is displayed."""


def last_line(cell: PythonCell) -> LastLine:
    """Return what the cell displays."""
    last = cell.tree.body[-1] if cell.tree and cell.tree.body else None
    if not isinstance(last, ast.Expr) or _ends_in_semicolon(cell.cell.source) or cell.tree is None:
        return LastLine(())
    return LastLine(tuple(_values_of(last.value, cell.tree)))


def _ends_in_semicolon(source: str) -> bool:
    lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return bool(lines) and re.sub(r"#[^\"']*$", "", lines[-1]).rstrip().endswith(";")


def _values_of(value: ast.expr, tree: ast.Module) -> Iterator[ast.expr]:
    if isinstance(value, ast.IfExp):
        yield from _values_of(value.body, tree)
        yield from _values_of(value.orelse, tree)
    elif isinstance(value, ast.Name):
        yield from _assigned(value, tree) or [value]
    else:
        yield value


def _assigned(name: ast.Name, tree: ast.Module) -> list[ast.expr]:
    """Return all that the cell assigns to `name`, empty if it changes in a way that is not followed."""
    values: list[ast.expr] = []
    changes = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == name.id and not isinstance(node.ctx, ast.Load):
            changes += 1
        elif (
            isinstance(node, ast.Assign)
            and len(node.targets) == 1
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == name.id
        ):
            changes -= 1
            values += (node.value.body, node.value.orelse) if isinstance(node.value, ast.IfExp) else (node.value,)
    return values if changes == 0 else []


def is_true_or_false(value: ast.expr) -> bool:
    """Whether `value` is a truth value, by its form."""
    match value:
        case ast.Compare():
            return True
        case ast.UnaryOp():
            return isinstance(value.op, ast.Not)
        case ast.BoolOp():
            return all(is_true_or_false(each) for each in value.values)
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name in _TRUE_OR_FALSE
        case _:
            return False


def shows_nothing(value: ast.expr) -> bool:
    """Whether `value` is known to be None, or words for people."""
    match value:
        case ast.Constant():
            return isinstance(value.value, str | bytes) or value.value is None or value.value is True or value.value is Ellipsis
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name in _SHOWS_NOTHING
        case ast.JoinedStr() | ast.List() | ast.Tuple() | ast.Dict() | ast.Set():
            return True
        case _:
            return False


def misread_score(value: ast.expr, notebook: PythonNotebook) -> str | None:
    """Return how `value` looks if it is meant as a score and nbgrader gives full marks for it, None if it is none of those."""
    if isinstance(value, ast.Constant) and (value.value is False or _is_fraction(value.value)):
        return repr(value.value)
    number = number_of(value)
    if number is not None and number < 0:
        return f"{number:g}"
    if isinstance(value, ast.Call):
        dotted = notebook.dotted(value.func)
        if _NUMPY_SCALAR.fullmatch(dotted):
            return f"a number of NumPy, {dotted.replace('numpy', 'np')}(...)"
        if dotted == "float" and [each.value for each in value.args if isinstance(each, ast.Constant)] == ["nan"]:
            return "nan"
    return None


def _is_fraction(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\s*\d+(\.\d+)?\s*(/\s*\d+(\.\d+)?|%)\s*", value) is not None


def number_of(value: ast.expr) -> float | None:
    """Return the number that is written there, with its sign; None if there is none."""
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        number = number_of(value.operand)
        return None if number is None else -number
    if isinstance(value, ast.Constant) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
        return float(value.value)
    return None
