"""The state of the instructor's modules beside the notebook, such as a counter of calls: where a test looks at it, it is the learner's side's.

The tests use such modules themselves, from the instructor's own files; the learner's code has its own copy of each, and what it did with them is told there.

Rules:
1. State is what functions of the module bind as `global` or change in place. Constants, functions and classes are never taken from the learner's side.
2. It is taken only where the test names it, or a function that does nothing but return it, and only of modules that the reference solution imports: a test that
   compares with what such a module works out must not be given the learner's word.
3. It is taken as plain values only.
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.sealed.policy import CHANGING, LibraryName, parsed
from autograder.sealed.references import is_reference

_MISSING = object()
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ModuleText:
    """What the text of a module says of its state."""

    state: frozenset[str]
    getters: Mapping[str, frozenset[str]]
    """By function: the state that it returns, if that is all it does."""


def read_module(source: str) -> ModuleText:
    """Return what a module's text says of its state."""
    tree = parsed(source)
    bound = {
        target.id for each in tree.body for target in ast.walk(each) if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
    }
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]
    state = frozenset(name for each in functions for name in _changed_by(each)) & bound
    getters = {each.name: used & state for each in functions if (used := _returned_by(each)) & state}
    return ModuleText(state, getters)


def _changed_by(function: ast.FunctionDef) -> set[str]:
    found = {name for each in ast.walk(function) if isinstance(each, ast.Global) for name in each.names}
    for each in ast.walk(function):
        if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store | ast.Del) and isinstance(each.value, ast.Name):
            found.add(each.value.id)
        if isinstance(each, ast.Attribute) and each.attr in CHANGING and isinstance(each.value, ast.Name):
            found.add(each.value.id)
    return found


def _returned_by(function: ast.FunctionDef) -> frozenset[str]:
    """Return the names that a function of no arguments returns, where it does nothing else."""
    body = [each for each in function.body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]
    if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None or function.args.args:
        return frozenset()
    return frozenset(each.id for each in ast.walk(body[0].value) if isinstance(each, ast.Name))


class FollowedState:
    """The examiner's end.

    Args:
        ask: asks the learner's side.
        imports: what the reference solution imports.
        local: the modules beside the notebook.
    """

    def __init__(self, ask: Callable[..., Any], imports: Iterable[LibraryName], local: Iterable[str]) -> None:
        self._ask, self._local = ask, frozenset(local)
        self._imports = {each.name: each for each in imports if self._is_local(each.module)}
        self._shared = {each.module for each in self._imports.values()}
        self._read: dict[str, ModuleText] = {}
        self._places: dict[Place, object] = {}
        """What is followed in this cell, with what both sides hold."""
        self._is_busy = False

    def _is_local(self, module: str) -> bool:
        return module.partition(".")[0] in self._local

    def begin(self, source: str, names: Mapping[str, Any]) -> None:
        """Follow what a test's text names, from now on until the next one.

        Args:
            names: the test's global names.
        """
        self._places = {}
        if not self._shared:
            return
        for module, name in _named(source, self._imports, names):
            told = self._told_by_text(module) if module in self._shared else None
            if told is not None:
                found = told.getters.get(name, frozenset({name} & told.state))
                self._places.update({(module, each): _MISSING for each in found})
        self.take()

    @property
    def places(self) -> frozenset[Place]:
        """What is followed in this cell: modules and names."""
        return frozenset(self._places)

    def end(self) -> None:
        """The test is over: leave to the learner's side what it has changed."""
        self.hand_over()
        self._places = {}

    def hand_over(self) -> None:
        """Tell the learner's side what a test has set."""
        for (module, name), before in list(self._places.items()):
            now = vars(sys.modules[module]).get(name, _MISSING) if module in sys.modules else _MISSING
            if before is not _MISSING and now is not _MISSING and now is not before:
                self._places[module, name] = now
                self._quietly("put state", module, name, now)

    def take(self) -> None:
        """Take what the learner's code has made of it."""
        for module, name in list(self._places):
            found = self._quietly("state", module, name)
            if type(found) is list and len(found) == 1 and not is_reference(found[0]) and module in sys.modules:
                self._places[module, name] = found[0]
                setattr(sys.modules[module], name, found[0])

    def _quietly(self, operation: str, *arguments: Any) -> Any:
        if self._is_busy:
            return None
        self._is_busy = True
        try:
            return self._ask(operation, *arguments)
        except Exception:  # noqa: BLE001 - the test will meet it, where it counts
            return None
        finally:
            self._is_busy = False

    def _told_by_text(self, module: str) -> ModuleText | None:
        if module not in self._read:
            try:
                __import__(module)
                self._read[module] = read_module(inspect.getsource(sys.modules[module]))
            except (ImportError, OSError, TypeError):
                return None
        return self._read[module]


def _named(source: str, imports: Mapping[str, LibraryName], names: Mapping[str, Any]) -> set[Place]:
    """Return what of which module a test's text names."""
    tree = parsed(source)
    modules = {name: each.module for name, each in imports.items() if each.attribute is None}
    found = set()
    for each in ast.walk(tree):
        if isinstance(each, ast.Import):
            modules |= {alias.asname or alias.name: alias.name for alias in each.names}
        elif isinstance(each, ast.ImportFrom) and each.module:
            found |= {(each.module, alias.name) for alias in each.names}
    for each in ast.walk(tree):
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
            own = dict.get(names, each.value.id) if isinstance(names, dict) else None
            module = own.__name__ if isinstance(own, types.ModuleType) else modules.get(each.value.id)
            found |= {(module, each.attr)} if module else set()
        elif isinstance(each, ast.Name):
            if (known := imports.get(each.id)) is not None and known.attribute:
                found.add((known.module, known.attribute))
            own = dict.get(names, each.id) if isinstance(names, dict) else None
            if isinstance(own, types.FunctionType):
                found.add((own.__module__, own.__name__))
    return found
