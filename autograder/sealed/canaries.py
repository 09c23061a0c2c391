"""Mutation canaries: copies of a test cell with one assertion made wrong, which no answer that passes the test can pass. Pure: text in, texts out.

A verdict that comes from the learner's own process can be forged: by an object that is equal to everything, by asserts taken out of the syntax tree, by a
patched `run_cell`. What is forged passes a wrong assertion too. Only what a test expects is changed, never what sets it up, and the changed text looks like
any other test: an expected value is another value, an assertion is its contrary. Where only closeness is asserted the other value is far away. Whether a
candidate is of use is found out with the reference solution, which has to fail it (`autograder.rehearsal`).

Source of the idea: mutation analysis (DeMillo, Lipton, Sayward 1978), turned round: here the test is changed and the program stays.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Collection, Iterator

from autograder.sealed.plan import CONTRARY, Canary
from autograder.sealed.policy import plain_python
from courses.python_syntax import parse

_FORMS = ("({}) + 1", "({}) * 3 + 1009", '({}) + "."', "[*({}), None]", "(*({}), None)", "{{**({}), None: None}}", "not ({})", "[({})]")
"""Other values than that of an expression whose type is not known: those that do not fit it fail of themselves and are not kept."""
_FAR_FORMS = ("({}) * 3 + 1009", "not ({})")
_COMPARING_METHODS = frozenset({"equals", "startswith", "endswith", "issubset", "issuperset", "identical", "assertDictEqual"})
_MAXIMUM = 16


def canaries_of(source: str, learners: Collection[str]) -> tuple[Canary, ...]:
    """Return the candidates of a test cell, at most 16, at first one for each assertion about what comes from the learner (for each, if none is).

    Args:
        learners: names that come from the learner; what is compared with them is what the test expects.
    """
    try:
        tree = parse(plain_python(source))
    except (SyntaxError, ValueError, RecursionError):
        return ()
    if source.lstrip().startswith("%%"):
        return ()
    text = _Text(source)
    suspects = _suspects(tree, learners)
    assertions = [node for node in ast.walk(tree) if isinstance(node, ast.Assert) or _is_assertion_call(node)]
    about_answers = [node for node in assertions if _is_suspect(node, suspects)]  # one about anything else tells nothing of an answer
    found = [_changes(node, text, suspects) for node in about_answers or assertions]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*found))
    kept: dict[str, Canary] = {}
    for canary in turns:
        if canary is not None and canary.source != source and _parses(canary.source) and len(kept) < _MAXIMUM:
            kept.setdefault(canary.source, canary)
    return tuple(kept.values())


class _Text:
    """A cell's text, of which the piece of a syntax node can be replaced."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines = source.split("\n")
        self._starts = list(itertools.accumulate((len(line) + 1 for line in self._lines), initial=0))

    def of(self, node: ast.expr) -> str:
        """Return the piece of `node`."""
        begin, end = self._span(node)
        return self._source[begin:end]

    def with_piece(self, node: ast.expr, piece: str, what: str) -> Canary:
        """Return the cell with `piece` in the place of `node`."""
        begin, end = self._span(node)
        change = f"line {node.lineno}: {what} {_short(self._source[begin:end])} made {_short(piece)}"
        return Canary(source=f"{self._source[:begin]}{piece}{self._source[end:]}", change=change)

    def _span(self, node: ast.expr) -> tuple[int, int]:
        return self._place(node.lineno, node.col_offset), self._place(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def _place(self, line: int, column: int) -> int:
        """Return the place in the text; the syntax tree counts columns in UTF-8 bytes."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode(errors="ignore"))


def _short(piece: str) -> str:
    flat = " ".join(piece.split())
    return repr(flat if len(flat) <= 60 else f"{flat[:57]}...")


def _parses(source: str) -> bool:
    try:
        parse(plain_python(source))
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def _is_assertion_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and "assert" in _called(node.value).lower()


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def _suspects(tree: ast.Module, learners: Collection[str]) -> frozenset[str]:
    """Return the names that hold what comes from the learner: theirs, and what the test makes of them."""
    found = set(learners)
    for _ in range(3):  # a name may be made of one that stands further down, in a function
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr)
                and node.value
                and _is_suspect(node.value, found)
            ):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
            elif isinstance(node, ast.For | ast.comprehension) and _is_suspect(node.iter, found):
                found |= {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
            elif isinstance(node, ast.withitem) and node.optional_vars and _is_suspect(node.context_expr, found):
                found |= {each.id for each in ast.walk(node.optional_vars) if isinstance(each, ast.Name)}
            elif isinstance(node, ast.FunctionDef) and _is_suspect(node, found):
                found.add(node.name)
    return frozenset(found)


def _is_suspect(node: ast.AST, suspects: Collection[str]) -> bool:
    return any(isinstance(each, ast.Name) and each.id in suspects for each in ast.walk(node))


def _changes(node: ast.AST, text: _Text, suspects: frozenset[str]) -> list[Canary]:
    """Return the ways to make one assertion wrong, the strongest first: another expected value is not met by what is equal to everything."""
    if isinstance(node, ast.Expr):
        call = node.value
        assert isinstance(call, ast.Call)
        return list(_wrong_call(call, text, suspects))
    assert isinstance(node, ast.Assert)
    values = list(_wrong_values(node.test, text, suspects))
    contrary = node.test.operand if isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not) else None
    piece = f"({text.of(contrary)})" if contrary is not None else f"not ({text.of(node.test)})"
    negated = text.with_piece(node.test, piece, CONTRARY)
    return [*values[:1], negated, *values[1:]]


def _wrong_call(call: ast.Call, text: _Text, suspects: frozenset[str]) -> Iterator[Canary]:
    name = _called(call)
    if name in {"assertTrue", "assertFalse", "assert_"} and call.args:
        yield text.with_piece(call.args[0], f"not ({text.of(call.args[0])})", CONTRARY)
        return
    expected = _expected_argument(call, suspects)
    if expected is not None:
        is_exact = name in {"assertEqual", "assertEquals", "assert_equal", "assert_array_equal", "assertListEqual", "assertIs"}
        yield from (text.with_piece(node, piece, "the value") for node, piece in _others(expected, text, is_far=not is_exact))


def _expected_argument(call: ast.Call, suspects: frozenset[str]) -> ast.expr | None:
    """Return which of two compared arguments the test expects: the one without a name of the learner's, else the second."""
    pair = [each for each in call.args[:2] if not isinstance(each, ast.Starred)]
    if len(pair) == 1:
        pair += [each.value for each in call.keywords if each.arg in {"desired", "right", "second", "y", "b", "expected"}][:1]
    if len(pair) < 2:
        return None
    free = [each for each in pair if not _is_suspect(each, suspects)]
    return free[-1] if free else pair[1]


def _wrong_values(node: ast.expr, text: _Text, suspects: frozenset[str]) -> Iterator[Canary]:
    """Yield the assertion with another value where the test says what it expects."""
    for expected, is_far in _expected(node, suspects):
        yield from (text.with_piece(each, piece, "the value") for each, piece in _others(expected, text, is_far=is_far))


def _expected(node: ast.expr, suspects: frozenset[str]) -> Iterator[tuple[ast.expr, bool]]:
    """Yield the parts of a condition that are what the test expects, and whether only a far value is surely wrong."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for each in node.values:
            yield from _expected(each, suspects)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = node.left, node.comparators[0]
        if isinstance(node.ops[0], ast.Eq | ast.Is):
            yield (left if _is_suspect(right, suspects) and not _is_suspect(left, suspects) else right), False
        elif isinstance(node.ops[0], ast.Lt | ast.LtE):
            yield from _distance(left, suspects)
        elif isinstance(node.ops[0], ast.Gt | ast.GtE):
            yield from _distance(right, suspects)
    elif isinstance(node, ast.Call):
        yield from _in_call(node, suspects)


def _in_call(call: ast.Call, suspects: frozenset[str]) -> Iterator[tuple[ast.expr, bool]]:
    name = _called(call)
    if name in _COMPARING_METHODS and isinstance(call.func, ast.Attribute) and len(call.args) == 1:
        yield (
            (call.func.value if _is_suspect(call.args[0], suspects) and not _is_suspect(call.func.value, suspects) else call.args[0]),
            False,
        )
    elif name == "all" and not call.args and isinstance(call.func, ast.Attribute):
        yield from _expected(call.func.value, suspects)
    elif name in {"all", "bool"} and len(call.args) == 1:
        inner = call.args[0]
        yield from _expected(inner.elt if isinstance(inner, ast.GeneratorExp | ast.ListComp) else inner, suspects)
    elif not _is_suspect(call.func, suspects) and len(call.args) >= 2 and any(_is_suspect(each, suspects) for each in call.args[:2]):
        expected = _expected_argument(call, suspects)
        if expected is not None and name not in {"isinstance", "issubclass", "hasattr"}:
            yield expected, True


def _distance(node: ast.expr, suspects: frozenset[str]) -> Iterator[tuple[ast.expr, bool]]:
    """Yield what is subtracted from the learner's value, or the other way round, in something like `abs(f(2) - 4)`."""
    for each in ast.walk(node):
        if isinstance(each, ast.BinOp) and isinstance(each.op, ast.Sub):
            if _is_suspect(each.left, suspects) and not _is_suspect(each.right, suspects):
                yield each.right, True
            elif _is_suspect(each.right, suspects) and not _is_suspect(each.left, suspects):
                yield each.left, True


def _others(node: ast.expr, text: _Text, *, is_far: bool) -> Iterator[tuple[ast.expr, str]]:
    """Yield a node, `node` itself or one in it, and the text of another value to put in its place."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        inside = list(_inside(node, text, is_far=is_far))
        yield from inside
        if not inside or not is_far:
            forms = _FAR_FORMS if is_far else _FORMS
            yield from ((node, f"({form.format(text.of(node))})") for form in forms)
        return
    yield from ((node, other) for other in _other_literals(value, is_far=is_far))


def _inside(node: ast.expr, text: _Text, *, is_far: bool) -> Iterator[tuple[ast.expr, str]]:
    """Yield changes of the constants in an expression such as `Point(4, 6)` or `np.array([1, 2])`."""
    parts: list[ast.expr] = []
    if isinstance(node, ast.Call):
        parts = [*node.args, *(each.value for each in node.keywords if each.arg not in {"dtype", "name", "columns", "index", "axis"})]
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        parts = list(node.elts)
    elif isinstance(node, ast.Dict):
        parts = list(node.values)
    for part in parts[:3]:
        yield from itertools.islice(_others(part, text, is_far=is_far) if _has_constant(part) else iter(()), 2)


def _has_constant(node: ast.expr) -> bool:
    return any(
        isinstance(each, ast.Constant) and each.value is not None and not isinstance(each.value, str) for each in ast.walk(node)
    ) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _other_literals(value: object, *, is_far: bool) -> Iterator[str]:
    """Yield the texts of other values of the same type, the least conspicuous first."""
    if isinstance(value, bool):
        yield repr(not value)
    elif isinstance(value, int):
        yield from (
            [repr(value * 3 + 1009), repr(-value * 2 - 507)] if is_far else [repr(value + 1), repr(-value - 2), repr(value * 3 + 1009)]
        )
    elif isinstance(value, float):
        yield from [repr(value * 3 + 1009.25), repr(-value * 2 - 507.5)] if is_far else [repr(value * 2 + 1.5), repr(-value - 2.5)]
    elif isinstance(value, complex):
        yield repr(value * 3 + 1009)
    elif isinstance(value, str):
        yield from (repr(f"{value}s"), repr(f"not {value}"))
    elif isinstance(value, bytes):
        yield repr(value + b"s")
    elif value is None:
        yield "0"
    elif isinstance(value, list | tuple | set | dict):
        yield from _other_containers(value, is_far=is_far)


def _other_containers(value: list[object] | tuple[object, ...] | set[object] | dict[object, object], *, is_far: bool) -> Iterator[str]:
    """Yield containers with one element changed, then with one more."""
    if isinstance(value, dict):
        for key in list(value)[:1]:
            yield from (repr({**value, key: ast.literal_eval(other)}) for other in _other_literals(value[key], is_far=is_far))
        if not is_far:
            yield repr({**value, "more": 1})
        return
    items = list(value)
    for other in itertools.islice(_other_literals(items[0], is_far=is_far), 2) if items else ():
        changed = [ast.literal_eval(other), *items[1:]]
        yield (
            repr(type(value)(changed)) if len(set(map(repr, changed))) == len(changed) or not isinstance(value, set) else repr(set(changed))
        )
    if items and not is_far and isinstance(value, list) and len(set(map(repr, items))) > 1 and items != items[::-1]:
        yield repr(items[::-1])
    if not items or not is_far:
        yield repr(type(value)([*items, 1009]))
