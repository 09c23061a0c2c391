"""Spares questions that can have one answer only: calls of a test's small function, such as a `key`, with values that it was called with before.

Rules:
1. It holds for functions of a test that reach nothing but functions of Python's own (`closed_functions.built_in_names`) where the test gives none of these names another
   meaning. The examiner says which these are; their text stays there.
2. Arguments and results are immutable and plain; those of other kinds are asked for each time.
3. Nothing is remembered from one test to the next.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from autograder.sealed.closed_functions import built_in_names
from autograder.sealed.policy import parsed
from autograder.sealed.references import is_reference

_MOST = 50_000
_LONGEST = 1000
_CALLS_BEFORE_ASKING = 3
_ELSEWHERE = frozenset(
    {"exec", "eval", "compile", "globals", "setattr", "builtins", "patch", "monkeypatch", "__builtins__", "vars", "__dict__"}
)
_PLAIN = frozenset({type(None), bool, int, float, str})


class RememberedCalls:
    """The learner's side of it.

    Args:
        ask: asks the examiner.
    """

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask
        self._found: dict[Hashable, Any] = {}
        self._counts: dict[int, int] = {}
        self._lasting: dict[int, bool] = {}

    def clear(self) -> None:
        """Forget everything: another test begins."""
        self._found.clear()
        self._counts.clear()
        self._lasting.clear()

    def key_of(self, operation: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Hashable | None:
        """Return under what the answer to a question is remembered; None if it is not."""
        if operation != "call" or named or not is_reference(arguments[0]):
            return None
        number = arguments[0]._sealed_about.number
        key = _key(arguments[1:])
        if key is None or not self._is_lasting(number, arguments[0]):
            return None
        return number, key

    def find(self, key: Hashable) -> tuple[Any, ...]:
        """Return the answer alone, or nothing."""
        return (self._found[key],) if key in self._found else ()

    def note(self, key: Hashable, answer: Any) -> None:
        """Remember an answer."""
        if len(self._found) < _MOST and _key((answer,)) is not None:
            self._found[key] = answer

    def _is_lasting(self, number: int, function: Any) -> bool:
        """Whether the examiner says that a function always gives the same; asked when it has been called a few times."""
        if number not in self._lasting:
            self._counts[number] = self._counts.get(number, 0) + 1
            if self._counts[number] <= _CALLS_BEFORE_ASKING or function._sealed_about.kind != "function":
                return False
            self._lasting[number] = False
            self._lasting[number] = bool(self._ask("is lasting", function))
        return self._lasting[number]


def _key(things: Iterable[Any]) -> Hashable | None:
    """Return what tells values apart as exactly as they are written; None if one is not immutable and plain, or is long."""
    found: list[Hashable] = []
    for thing in things:
        kind = type(thing)
        if kind is tuple:
            part = _key(thing) if len(thing) < _LONGEST else None
            if part is None:
                return None
            found.append((tuple, part))
        elif kind not in _PLAIN or (kind is str and len(thing) > _LONGEST):
            return None
        else:
            found.append((kind, repr(thing) if kind is float else thing))
    return tuple(found)


def is_lasting(function: object, source: str, served: Iterable[str], own: Iterable[str]) -> bool:
    """Whether a function of a test gives the same for the same arguments as long as the test runs.

    Args:
        source: the test's.
        served: names that are the learner's.
        own: global names of the tests.
    """
    names = built_in_names(function)
    if names is None or names & set(served) or names & set(own):
        return False
    bound = set()
    for each in ast.walk(parsed(source)):
        if isinstance(each, ast.Name):
            bound |= {each.id} if not isinstance(each.ctx, ast.Load) else {each.id} & _ELSEWHERE
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(each.name)
        elif isinstance(each, ast.alias):
            bound |= {each.name, each.asname or each.name}
        elif isinstance(each, ast.Attribute):
            bound |= {each.attr} & _ELSEWHERE
    return not bound & (names | _ELSEWHERE | {"*"})
