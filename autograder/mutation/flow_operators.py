"""The mistakes that are made in statements: one left out, a loop that ends early, a function that returns too soon, an exception that is not caught. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.mutation.edits import CodeText, Edit
from autograder.mutation.operators import Operator

_LEFT_OUT = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Raise, ast.Delete, ast.Break, ast.Continue, ast.Assert)
_ENDS = (ast.Return, ast.Break, ast.Continue, ast.Raise)
_COSMETIC_CALLS = frozenset({"tight_layout", "show", "legend", "grid", "set_dpi"})


def left_out(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """A statement left out."""
    if not isinstance(node, _LEFT_OUT) or (isinstance(node, ast.Expr) and not _does_something(node.value)):
        return
    start, end = code.span(node)
    yield Edit("left out", start, end, "pass")


def _does_something(value: ast.expr) -> bool:
    """Whether a statement is no text, no `...`, and nothing that only concerns a plot's looks."""
    if isinstance(value, ast.Constant):
        return False
    return not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _COSMETIC_CALLS)


def loops(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """A loop that ends after its first round."""
    if isinstance(node, ast.For | ast.While) and code.stands_alone(node.body[-1]) and not isinstance(node.body[-1], _ENDS):
        end = code.span(node.body[-1])[1]
        yield Edit("loop", end, end, f"\n{code.indentation(node.body[-1])}break")


def early_returns(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """A function that returns within a branch or a loop, before it has done there what it should."""
    if not isinstance(node, ast.FunctionDef):
        return
    for inner in _own_statements(node):
        first = inner.body[0] if isinstance(inner, ast.If | ast.For | ast.While) else None
        if first is not None and code.stands_alone(first) and not isinstance(first, (*_ENDS, ast.Pass)):
            start = code.span(first)[0]
            yield Edit("early return", start, start, f"return None\n{code.indentation(first)}")


def _own_statements(function: ast.FunctionDef) -> Iterator[ast.stmt]:
    """Yield the statements of a function at any depth, those of functions within it left out."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.stmt):
            yield node
        waiting += ast.iter_child_nodes(node)


def exceptions(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """An exception that is not caught."""
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        start, end = code.span(node.type)
        yield Edit("exception", start, end, "()")


STATEMENTS: tuple[Operator, ...] = (left_out, loops, early_returns, exceptions)
