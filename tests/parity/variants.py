"""Answers that learners really hand in, made from the solution: nothing returned, text for a number, an array for a list, a syntax error."""

from __future__ import annotations

import ast
from collections.abc import Callable


def without_markers(source: str) -> str:
    """Return a cell as its author would hand it in: the lines that mark the solution go."""
    return "\n".join(line for line in source.split("\n") if line.strip() not in {"### BEGIN SOLUTION", "### END SOLUTION"})


def broken(source: str) -> str:
    """Return the answer with a syntax error at its end."""
    return f"{source}\nprint('almost done'"


def _rewritten(source: str, replace: Callable[[ast.expr], ast.expr]) -> str:
    """Return the source with every returned value, and where no function returns anything every value that is bound, replaced."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    returns = [node for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value is not None]
    for node in returns:
        assert node.value is not None
        node.value = replace(node.value)
    if not returns:
        for statement in tree.body:
            if isinstance(statement, ast.Assign):
                statement.value = replace(statement.value)
    return ast.unparse(ast.fix_missing_locations(tree))


def returns_none(source: str) -> str:
    """Return the answer with None for every value: the result was printed, or forgotten."""
    return _rewritten(source, lambda _: ast.Constant(None))


def returns_text(source: str) -> str:
    """Return the answer with the text of every value."""
    return _rewritten(source, lambda value: _called("str", value))


def returns_array(source: str) -> str:
    """Return the answer with an array for every value."""
    return _rewritten(source, lambda value: ast.parse(f"__import__('numpy').asarray({ast.unparse(value)})", mode="eval").body)


def returns_iterator(source: str) -> str:
    """Return the answer with an iterator for every value that can be iterated over, a tuple of one for all others."""
    return _rewritten(
        source,
        lambda value: ast.parse(f"(lambda v: iter(v) if hasattr(v, '__iter__') else (v,))({ast.unparse(value)})", mode="eval").body,
    )


def off_by_one(source: str) -> str:
    """Return the answer with its last number one too large."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    numbers = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) in {int, float}]
    if numbers:
        last = max(numbers, key=lambda node: (node.lineno, node.col_offset))
        assert isinstance(last.value, int | float)
        last.value += 1
    return ast.unparse(tree)


def _called(name: str, value: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), [value], [])


ROTATING: dict[str, Callable[[str], str]] = {
    "text": returns_text,
    "array": returns_array,
    "iterator": returns_iterator,
    "off-by-one": off_by_one,
}
"""Of these every assignment gets one, in turn."""
