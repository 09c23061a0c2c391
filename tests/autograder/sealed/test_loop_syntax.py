"""Which loops of a test are marked, and that a marked test does the same."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest

from autograder.sealed.loop_syntax import MARK, LoopSyntax, is_clocked

MARKED = {
    "for": "for i in range(3):\n    f(i)",
    "list": "[f(i) for i in range(3)]",
    "set": "{f(i) for i in range(3)}",
    "dict": "{i: f(i) for i in range(3)}",
    "all": "all(f(i) for i in range(3))",
    "condition": "[i for i in range(3) if f(i)]",
    "map": "sum(map(f, range(3)))",
    "in a function": "def each():\n    for i in range(3):\n        f(i)\neach()",
}
UNMARKED = {
    "break": "for i in range(3):\n    f(i)\n    break",
    "return": "def each():\n    for i in range(3):\n        return f(i)\neach()",
    "any": "any(f(i) for i in range(3))",
    "next": "next(f(i) for i in range(3))",
    "kept": "found = (f(i) for i in range(3))\nnext(found)",
    "no call": "for i in range(3):\n    i + 1",
    "a lazy map": "next(map(f, range(3)))",
    "a map of two": "list(map(f, range(3), range(3)))",
}


def _noting(seen: list[Any]) -> Callable[..., int]:
    def f(*each: Any) -> int:
        seen.append(each)
        return 1

    return f


def marks_in(source: str) -> int:
    """Return how often a marked test hands something through, and run it."""
    handed: list[object] = []
    seen: list[Any] = []

    def mark(_: int, items: Any) -> Any:
        handed.append(items)
        return iter(items)

    tree = LoopSyntax().visit(ast.parse(source))
    exec(compile(tree, "<test>", "exec"), {MARK: mark, "f": _noting(seen)})
    alone: list[Any] = []
    exec(source, {"f": _noting(alone)})
    assert seen == alone
    return len(handed)


@pytest.mark.parametrize("source", MARKED.values(), ids=MARKED)
def test_a_loop_that_goes_through_all_of_its_items_is_marked(source: str) -> None:
    assert marks_in(source) == 1


@pytest.mark.parametrize("source", UNMARKED.values(), ids=UNMARKED)
def test_a_loop_that_may_end_early_or_calls_nothing_is_not(source: str) -> None:
    assert marks_in(source) == 0


def test_the_innermost_loop_of_a_comprehension_is_marked_and_each_has_a_number_of_its_own() -> None:
    text = ast.unparse(LoopSyntax().visit(ast.parse("[f(i, j) for i in range(3) for j in range(i)]\n[f(i) for i in xs]")))
    assert text == f"[f(i, j) for i in range(3) for j in {MARK}(1, range(i))]\n[f(i) for i in {MARK}(2, xs)]"


@pytest.mark.parametrize(
    "source", ["import time", "t0 = perf_counter()", "%timeit f(3)", "datetime.now()", "with Timer():", "threading.Thread(f)"]
)
def test_a_text_that_may_look_at_a_clock_is_known(source: str) -> None:
    assert is_clocked(source)


def test_a_runtime_error_is_no_clock() -> None:
    assert not is_clocked("raise RuntimeError")
