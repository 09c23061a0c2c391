"""Marks the loops of a test, so that what is asked of the learner's side in them can be seen coming (`autograder.sealed.calls_ahead`). Pure.

Rules:
1. What a test does is not changed: the iterable of a marked loop is handed through a function that gives it back, or an iterator over the very same items.
2. A loop is marked only where it is bound to go through all of its items unless something is raised: not if it may `break` or `return`, and a generator
   expression, or a `map`, only where Python's own function that it is given to takes all of it.
"""

from __future__ import annotations

import ast
import re
from itertools import count
from typing import Any

MARK = "__sealed_loop__"
"""The global name of the function that the iterables of marked loops are handed through."""
_TAKES_ALL = frozenset({"all", "sum", "list", "tuple", "set", "frozenset", "dict", "sorted", "max", "min"})
_CLOCKS = re.compile(
    r"\b(?!runtime(?:error|warning)\b)(?:\w*time\w*|\w*clock\w*|\w*perf_counter\w*|monotonic\w*|tracemalloc|psutil|resource|\w*thread\w*|concurrent|multiprocessing|asyncio|await|sleep"
    r"|gc|weakref|settrace|setprofile|cProfile|signal|tqdm)\b",
    re.IGNORECASE,
)


def is_clocked(source: str) -> bool:
    """Whether a text may look at the time, at memory or at what happens beside it: there it may matter when exactly a call is made."""
    return _CLOCKS.search(source) is not None


class LoopSyntax(ast.NodeTransformer):
    """Marks loops, each by a number of its own."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def visit_For(self, node: ast.For) -> Any:
        """Mark a loop that goes through all of its items."""
        self.generic_visit(node)
        if _calls(*node.body) and not any(isinstance(each, ast.Break | ast.Return) for part in node.body for each in ast.walk(part)):
            node.iter = self._marked(node.iter)
        return node

    def _visit_comprehension(self, node: Any) -> Any:
        self.generic_visit(node)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        innermost = node.generators[-1]
        if _calls(*parts, *innermost.ifs) and not innermost.is_async:
            innermost.iter = self._marked(innermost.iter)
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = _visit_comprehension  # noqa: N815

    def visit_Call(self, node: ast.Call) -> Any:
        """Mark a generator expression that is taken as a whole."""
        is_whole = isinstance(node.func, ast.Name) and node.func.id in _TAKES_ALL and len(node.args) == 1
        self.generic_visit(node)
        if is_whole and isinstance(node.args[0], ast.GeneratorExp):
            self._visit_comprehension(node.args[0])
        elif is_whole and isinstance(mapped := node.args[0], ast.Call) and _is_map(mapped):
            mapped.args[1] = self._marked(mapped.args[1])
        return node

    def _marked(self, iterable: ast.expr) -> ast.expr:
        made = ast.Call(ast.Name(MARK, ast.Load()), [ast.Constant(next(self._numbers)), iterable], [])
        return ast.fix_missing_locations(ast.copy_location(made, iterable))


def _is_map(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == "map" and len(node.args) == 2 and not node.keywords


def _calls(*parts: ast.AST) -> bool:
    return any(isinstance(each, ast.Call) for part in parts for each in ast.walk(part))
