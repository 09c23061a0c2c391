"""The mistakes that are made in Python's own expressions. Pure: a text with its tree in, edits out.

After DeMillo, Lipton and Sayward ("Hints on test data selection", 1978), who take small mistakes for the seeds of large ones, and the operators that Jia and
Harman's survey (2011) finds in common use.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from autograder.mutation.edits import CodeText, Edit

Operator = Callable[[CodeText, ast.AST], Iterator[Edit]]

_ARITHMETIC: dict[type[ast.operator], tuple[str, tuple[str, ...]]] = {
    ast.Add: ("+", ("-",)),
    ast.Sub: ("-", ("+",)),
    ast.Mult: ("*", ("/", "+")),
    ast.Div: ("/", ("*", "//")),
    ast.FloorDiv: ("//", ("/",)),
    ast.Mod: ("%", ("//", "*")),
    ast.Pow: ("**", ("*",)),
    ast.MatMult: ("@", ("*",)),
}
_MASKS: dict[type[ast.operator], tuple[str, str]] = {ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.BitXor: ("^", "|")}
_COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[tuple[str, str], ...]]] = {
    ast.Lt: ("<", (("boundary", "<="), ("comparison", ">="))),
    ast.LtE: ("<=", (("boundary", "<"), ("comparison", ">"))),
    ast.Gt: (">", (("boundary", ">="), ("comparison", "<="))),
    ast.GtE: (">=", (("boundary", ">"), ("comparison", "<"))),
    ast.Eq: ("==", (("comparison", "!="),)),
    ast.NotEq: ("!=", (("comparison", "=="),)),
    ast.In: ("in", (("comparison", "not in"),)),
    ast.NotIn: ("not in", (("comparison", "in"),)),
    ast.Is: ("is", (("comparison", "is not"),)),
    ast.IsNot: ("is not", (("comparison", "is"),)),
}


def arithmetic(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """Another arithmetic operator."""
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC and not _is_text(node.left):
        symbol, others = _ARITHMETIC[type(node.op)]
        yield from _replaced(code, "arithmetic", symbol, others, code.span(node.left)[1], code.span(node.right)[0])
    elif isinstance(node, ast.AugAssign) and type(node.op) in _ARITHMETIC:
        symbol, others = _ARITHMETIC[type(node.op)]
        yield from _replaced(code, "arithmetic", symbol, others, code.span(node.target)[1], code.span(node.value)[0])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        start, end = code.span(node)
        yield Edit("sign", start, end, code.source(node.operand))


def masks(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """`&` for `|`, and no `~`."""
    if isinstance(node, ast.BinOp) and type(node.op) in _MASKS:
        symbol, other = _MASKS[type(node.op)]
        yield from _replaced(code, "mask", symbol, (other,), code.span(node.left)[1], code.span(node.right)[0])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        start, end = code.span(node)
        yield Edit("mask", start, end, code.source(node.operand))


def comparisons(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """A boundary moved by one, or a comparison the other way round."""
    if not isinstance(node, ast.Compare):
        return
    sides = [node.left, *node.comparators]
    for place, kind in enumerate(node.ops):
        symbol, others = _COMPARISONS[type(kind)]
        for name, other in others:
            yield from _replaced(code, name, symbol, (other,), code.span(sides[place])[1], code.span(sides[place + 1])[0])


def booleans(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """`and` for `or`, and no `not`."""
    if isinstance(node, ast.BoolOp):
        symbol, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield from _replaced(code, "boolean", symbol, (other,), code.span(left)[1], code.span(right)[0])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        start, end = code.span(node)
        yield Edit("boolean", start, end, code.source(node.operand))


def constants(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """Another number, an empty text, True for False."""
    if not isinstance(node, ast.Constant):
        return
    start, end = code.span(node)
    value = node.value
    if isinstance(value, bool):
        yield Edit("constant", start, end, str(not value))
    elif isinstance(value, int):
        for other in {0: (1,), 1: (0, 2)}.get(value, (value + 1, value - 1)):
            yield Edit("constant", start, end, str(other))
    elif isinstance(value, float):
        yield Edit("constant", start, end, f"{value * 1.1:.6g}" if value else "1.0")
    elif isinstance(value, str) and value and not code.source(node).endswith(("'''", '"""')):
        yield Edit("text", start, end, '""')


def swapped_arguments(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """The first two arguments of a call, or of a pair that is returned, exchanged."""
    pair: list[ast.expr] = []
    if isinstance(node, ast.Call) and len(node.args) > 1:
        pair = node.args[:2]
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
        pair = node.value.elts
    if pair and not any(isinstance(each, ast.Starred) for each in pair):
        start, end = code.span(pair[0])[0], code.span(pair[1])[1]
        between = code.text[code.span(pair[0])[1] : code.span(pair[1])[0]]
        if "#" not in between:
            yield Edit("swapped arguments", start, end, code.source(pair[1]) + between + code.source(pair[0]))


def off_by_one(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """A bound of a slice, the end of a range, or an index, one further or one less; constants are left to `constants`."""
    bounds: list[ast.expr] = []
    if isinstance(node, ast.Slice):
        bounds = [each for each in (node.lower, node.upper) if each is not None]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range" and node.args:
        bounds = [node.args[min(1, len(node.args) - 1)]]
    for bound in bounds:
        if not _is_number(bound):
            start, end = code.span(bound)
            text = (
                code.source(bound) if isinstance(bound, ast.Name | ast.Call | ast.Attribute | ast.Subscript) else f"({code.source(bound)})"
            )
            yield Edit("off by one", start, end, f"{text} - 1")
            yield Edit("off by one", start, end, f"{text} + 1")


def returned(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """None for what is returned, and of a pair only its first part."""
    if not isinstance(node, ast.Return) or node.value is None:
        return
    start, end = code.span(node.value)
    yield Edit("return value", start, end, "None")
    if isinstance(node.value, ast.Tuple) and len(node.value.elts) > 1:
        yield Edit("return value", start, end, code.source(node.value.elts[0]))


def conditions(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """A condition negated, or one of a comprehension left out."""
    tests: list[ast.expr] = []
    if isinstance(node, ast.If | ast.IfExp):
        tests = [node.test]
    elif isinstance(node, ast.comprehension):
        tests = node.ifs
    for test in tests:
        start, end = code.span(test)
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            yield Edit("condition", start, end, "True")  # the comparison itself is turned round by `comparisons`
        else:
            yield Edit("condition", start, end, f"not ({code.source(test)})")


def _replaced(code: CodeText, name: str, symbol: str, others: tuple[str, ...], start: int, end: int) -> Iterator[Edit]:
    found = code.find(symbol, start, end)
    if found is not None:
        for other in others:
            yield Edit(name, *found, other)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_number(node: ast.expr) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(inner, ast.Constant)


EXPRESSIONS: tuple[Operator, ...] = (
    arithmetic, masks, comparisons, booleans, constants, swapped_arguments, off_by_one, returned, conditions,
)  # fmt: skip
