"""Turns otter's tests into asserts. Pure.

An otter test is a cell whose recorded output is what must come again (it is run as a doctest). So what it showed becomes what is asserted:

| the cell's last line, and its output | becomes |
|---|---|
| a comparison or the like, `True` | `assert x > 0` |
| an expression, a value that can be written (`9`, `'a'`, `[1, 2]`) | `assert square(3) == 9` |
| an expression, any other text (`array([1, 2])`) | `assert repr(x) == 'array([1, 2])'` |
| something printed | the text printed is asserted |
| asserts, or a function of asserts and its call | as they are |
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

from courses.authoring.otter.questions import OLD_TEST
from courses.authoring.placeholder_checks import TODO_IN_NOTEBOOK
from courses.authoring.yaml_settings import load_settings
from courses.errors import NotebookError
from courses.python_syntax import parse

_BEGIN = re.compile(r"\s*(?:\w+\s*=\s*)?(\"\"\"|'''|\"\")\s*#\s*BEGIN\s*TEST\s*CONFIG", re.IGNORECASE)
_END = re.compile(r"\s*(\"\"\"|'''|\"\");?\s*#\s*END\s*TEST\s*CONFIG", re.IGNORECASE)
_HIDDEN = re.compile(r"#+\s*hidden(\s+test)?\s*#*\s*$", re.IGNORECASE)
_IGNORE = re.compile(r"\s*#\s*IGNORE\s*$")
_TRUTHS = {
    "isinstance",
    "issubclass",
    "all",
    "any",
    "callable",
    "hasattr",
    "allclose",
    "isclose",
    "array_equal",
    "startswith",
    "endswith",
    "equals",
}
"""Functions whose result is a truth value."""


@dataclass(frozen=True, slots=True)
class OtterTest:
    """One test of an otter question, as asserts."""

    source: str
    is_hidden: bool
    points: object
    """As its settings say; None if they do not."""
    name: str
    doubts: tuple[str, ...]
    """What the author should look at."""
    lost: tuple[str, ...]
    """Settings that have no place in nbgrader."""


def read_test(cell: Any, *, where: str) -> OtterTest:
    """Return the test in a code cell.

    Raises:
        NotebookError: its settings cannot be read, or it is no Python.
    """
    settings, lines = _settings(cell.source.splitlines(), where)
    is_hidden = bool(settings.get("hidden", False))
    if lines and (_HIDDEN.match(lines[0].strip()) or OLD_TEST.match(lines[0].strip())):
        is_hidden = is_hidden or "hidden" in lines[0].lower()
        lines = lines[1:]
    code = "\n".join(_IGNORE.sub("", line) for line in lines).strip("\n")
    try:
        tree = parse(code)
    except (SyntaxError, ValueError, RecursionError) as broken:
        raise NotebookError(f"a test is no Python: {broken}", where=where, remedy="Correct it in the source.") from broken
    message = settings.get("failure_message")
    source, doubts = _asserted(code, tree, _Output.of(cell), message if isinstance(message, str) else None)
    lost = tuple(key for key in settings if key not in {"hidden", "points", "failure_message", "name"})
    return OtterTest(source, is_hidden, settings.get("points"), str(settings.get("name") or ""), tuple(doubts), lost)


def _settings(lines: list[str], where: str) -> tuple[dict[str, Any], list[str]]:
    if not lines or not _BEGIN.match(lines[0]):
        return {}, lines
    for number, line in enumerate(lines[1:], start=1):
        if _END.match(line):
            return load_settings("\n".join(lines[1:number]), where=where), lines[number + 1 :]
    raise NotebookError("BEGIN TEST CONFIG is not closed", where=where, remedy="Close it with END TEST CONFIG.")


@dataclass(frozen=True, slots=True)
class _Output:
    """What was recorded of a cell's run."""

    printed: str
    shown: str | None
    was_run: bool

    @classmethod
    def of(cls, cell: Any) -> _Output:
        printed, shown = "", None
        outputs = cell.get("outputs") or []
        for output in outputs:
            text = output.get("text", "")
            printed += "".join(text) if output.get("output_type") == "stream" and output.get("name") != "stderr" else ""
            data = (output.get("data") or {}).get("text/plain") if output.get("output_type") == "execute_result" else None
            shown = "".join(data) if data is not None else shown
        return cls(printed, shown, bool(outputs) or cell.get("execution_count") is not None)


def _asserted(code: str, tree: ast.Module, output: _Output, message: str | None) -> tuple[str, list[str]]:
    last = tree.body[-1] if tree.body else None
    tail = f", {message.strip()!r}" if message and message.strip() else ""
    if output.printed:
        return _printed(tree, output, tail), []
    if not isinstance(last, ast.Expr):
        return _called(code, last), [] if _asserts(tree) else [_NOTHING]
    expression = ast.get_source_segment(code, last.value) or ast.unparse(last.value)
    before = code.splitlines()[: last.lineno - 1]
    if len(tree.body) > 1 and tree.body[-2].end_lineno == last.lineno:
        before, expression = ast.unparse(ast.Module(tree.body[:-1], [])).splitlines(), ast.unparse(last.value)
    if output.shown is not None:
        return "\n".join([*before, _claim(last.value, expression, output.shown, tail)]), _doubts(output.shown)
    if _asserts(tree):
        return code, []
    if isinstance(last.value, ast.Compare | ast.BoolOp) or _is_truth(last.value):
        doubt = [] if output.was_run else ["it was not run, so what it must give is not recorded: taken to be true"]
        return "\n".join([*before, f"assert {_in_parentheses(expression)}{tail}"]), doubt
    if output.was_run:
        return code, [_NOTHING]
    return f"{code}\n# {TODO_IN_NOTEBOOK}: what must this give? Write an assert.", ["it was not run, so what it must give is not recorded"]


_NOTHING = "it asserts nothing, so every answer passes"


def _claim(value: ast.expr, expression: str, shown: str, tail: str) -> str:
    """Return the assert that `expression` gives what was shown."""
    expression = _in_parentheses(expression)
    if shown in {"True", "False"} and (isinstance(value, ast.Compare | ast.BoolOp) or _is_truth(value)):
        return f"assert {expression}{tail}" if shown == "True" else f"assert not ({expression}){tail}"
    compared = expression if isinstance(value, ast.Call | ast.Name | ast.Attribute | ast.Subscript) else f"({expression})"
    try:
        ast.literal_eval(shown)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return f"assert repr({expression}) == {shown!r}{tail}"
    return f"assert {compared} == {_one_line(shown)}{tail}"


def _one_line(literal: str) -> str:
    return literal if "\n" not in literal else ast.unparse(ast.parse(literal, mode="eval").body)


def _in_parentheses(expression: str) -> str:
    return expression if "\n" not in expression else f"({expression})"


def _is_truth(value: ast.expr) -> bool:
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.op, ast.Not)
    if not isinstance(value, ast.Call):
        return False
    name = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
    return name in _TRUTHS


def _doubts(shown: str) -> list[str]:
    if re.fullmatch(r"-?\d+\.\d+(e[+-]?\d+)?", shown) and len(shown) > 6:
        return ["a number with a fraction is compared exactly, as otter does: consider math.isclose"]
    return ["an address in memory is asserted, which differs each time"] if re.search(r" at 0x[0-9a-f]+", shown) else []


def _printed(tree: ast.Module, output: _Output, tail: str) -> str:
    """Return a test that asserts what is printed, and what is shown."""
    body, shown = list(tree.body), output.shown
    lines = [ast.unparse(statement) for statement in body[:-1]]
    last = body[-1] if body else None
    if shown is not None and isinstance(last, ast.Expr):
        lines.append(f"_shown = {ast.unparse(last.value)}")
    elif last is not None:
        lines.append(ast.unparse(last))
    block = "\n".join("    " + line for text in lines for line in text.splitlines())
    claims = [f"assert _printed.getvalue() == {output.printed!r}{tail}"]
    if shown is not None and isinstance(last, ast.Expr):
        claims.append(_claim(ast.Name("_shown"), "_shown", shown, tail))
    return "\n".join(["import contextlib, io", "with contextlib.redirect_stdout(io.StringIO()) as _printed:", block, *claims])


def _called(code: str, last: ast.stmt | None) -> str:
    """Return `code`, with a call where it is a function that nobody calls: otter calls it with what its arguments are named after."""
    if not isinstance(last, ast.FunctionDef):
        return code
    arguments = [each.arg for each in (*last.args.posonlyargs, *last.args.args)]
    return f"{code}\n\n{last.name}({', '.join('globals()' if each == 'env' else each for each in arguments)})"


def _asserts(tree: ast.Module) -> bool:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = {node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "") for node in calls}
    return any(isinstance(node, ast.Assert | ast.Raise) for node in ast.walk(tree)) or any("assert" in name for name in named)
