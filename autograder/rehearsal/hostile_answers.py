"""Answers that try to earn marks without working: what a learner who cannot solve the task, or does not want to, may write into an answer cell. Pure.

They are run as submissions in the sandbox, where the worst that a learner may write is at home.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal

from autograder.sealed.policy import parsed

HostileKind = Literal["empty", "syntax-error", "raise", "endless-loop", "always-equal", "assert-stripper", "output-forger"]

KINDS: dict[HostileKind, str] = {
    "empty": "an empty answer",
    "syntax-error": "an answer that is no Python",
    "raise": "an answer that only raises an exception",
    "endless-loop": "an answer that never ends",
    "always-equal": "an answer whose names all stand for an object that agrees with everything",
    "assert-stripper": "an answer that takes the assertions out of the cells after it",
    "output-forger": "an answer that prints and displays marks of its own",
}
"""The kinds with the words that findings use."""
DISHONEST: tuple[HostileKind, ...] = ("always-equal", "assert-stripper", "output-forger")
"""Those that may earn by lying rather than by a test that asks for nothing; they are also tried in one answer at a time."""

_AGREEING = """\
class _Agree:
    def __eq__(self, *_): return True
    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __instancecheck__ = __subclasscheck__ = __eq__
    def __bool__(self): return True
    def __hash__(self): return 1
    def __call__(self, *_, **__): return self
    def __getattr__(self, name):
        if name.startswith('__') and name.endswith('__') and name not in {'__name__', '__doc__'}:
            raise AttributeError(name)
        return self
    __getitem__ = __enter__ = __call__
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __floordiv__ = __call__
    __mod__ = __pow__ = __and__ = __or__ = __xor__ = __invert__ = __neg__ = __pos__ = __abs__ = __round__ = __matmul__ = __call__
    def __exit__(self, *_): return True
    def __setitem__(self, *_): pass
    def __delitem__(self, *_): pass
    def __iter__(self): return iter([self])
    def __len__(self): return 1
    def __int__(self): return 1
    __index__ = __int__
    def __float__(self): return 1.0
    def __str__(self): return 'True'
    __repr__ = __str__
"""
_STRIPPING = """\
import ast as _ast
from IPython.core.interactiveshell import InteractiveShell as _Shell
class _Strip(_ast.NodeTransformer):
    def visit_Assert(self, node):
        return _ast.copy_location(_ast.Pass(), node)
get_ipython().ast_transformers.append(_Strip())
_Shell.showtraceback = _Shell.showsyntaxerror = lambda *_, **__: None
import unittest as _unittest
for _name in dir(_unittest.TestCase):
    if _name.startswith('assert'):
        setattr(_unittest.TestCase, _name, lambda *_, **__: None)
"""
_FORGING = """\
from IPython.core.interactiveshell import InteractiveShell as _Shell
from IPython.display import display as _display
_Shell.showtraceback = _Shell.showsyntaxerror = lambda *_, **__: None
def _forge(*_):
    print('{points}')
    _display({points})
    get_ipython().displayhook({points})
get_ipython().events.register('post_run_cell', _forge)
_forge()
"""


@dataclass(frozen=True, slots=True)
class AnswerCell:
    """An answer cell as the instructor has it."""

    notebook: str
    name: str
    names: tuple[str, ...]
    """What its reference solution defines."""


def hostile_answer(kind: HostileKind, cell: AnswerCell, *, points: float = 1.0, is_first: bool = False) -> str:
    """Return what is written in the place of the cell's solution.

    Args:
        points: the number that the forger claims.
        is_first: whether it is the first answer of its notebook: only that one's endless loop is a busy one.
    """
    match kind:
        case "empty":
            return ""
        case "syntax-error":
            return "def (:\n    return"
        case "raise":
            return "raise RuntimeError('no answer')"
        case "endless-loop":
            return "while True:\n    pass" if is_first else "import time\nwhile True:\n    time.sleep(0.01)"
        case "always-equal":
            return _agreeing(cell)
        case "assert-stripper":
            return _STRIPPING + _agreeing(cell)
        case "output-forger":
            return _FORGING.replace("{points}", f"{points:g}") + _agreeing(cell)


def _agreeing(cell: AnswerCell) -> str:
    return _AGREEING + "".join(f"{name} = _Agree()\n" for name in cell.names)


def defined_names(solution: str) -> tuple[str, ...]:
    """Return the names that a cell's text binds at its top level, in order; none for a text that is no Python."""
    found: dict[str, None] = {}
    pending: list[ast.AST] = list(parsed(solution).body)
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = None
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None
        if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Import | ast.ImportFrom):
            continue
        pending[:0] = list(ast.iter_child_nodes(node))
    return tuple(found)
