"""Library functions that a test replaces (`patch("time.sleep")`, `random.random = fake`): the learner's code meets the replacement too, for as long.

Rules:
1. Only attributes of library modules that the text of the tests names are watched; nothing is looked for otherwise.
2. On the learner's side a replacement is in force while the learner's code runs, and never while a message is made or read.
3. Of Python's own functions only `print` and `input` are shown to work; a test that replaces others may give less apart, and then a person decides.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from autograder.sealed.policy import LibraryName, parsed

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_CLOSED = frozenset({"autograder", "IPython", "ipykernel", "courses", "traitlets", "unittest", "zmq", "tornado"})
_ELSEWHERE = frozenset({("builtins", "input"), ("sys", "stdout"), ("sys", "stderr"), ("sys", "modules"), ("sys", "path")})
"""What crosses in another way, or is of the process itself."""
_MAIN = "__main__."
_MISSING = object()
Place = tuple[str, str]


class PatchedLibraries:
    """The examiner's end.

    Args:
        ask: asks the learner's side.
        imports: what the reference solution imports.
    """

    def __init__(self, ask: Callable[..., Any], imports: Iterable[LibraryName] = ()) -> None:
        self._ask = ask
        self._modules = {each.name: each.module if each.attribute is None else f"{each.module}.{each.attribute}" for each in imports}
        self._originals: dict[Place, object] = {}
        self._told: dict[Place, object] = {}
        self._is_busy = False

    def begin(self, source: str, names: dict[str, Any], without: Iterable[Place] = ()) -> None:
        """Note what a cell's text says that it may replace.

        Args:
            names: the tests' own names: what set-up imported stands among them.
            without: what is followed in another way.
        """
        own = {name: thing.__name__ for name, thing in dict.items(names) if isinstance(thing, ModuleType)}
        followed = set(without)
        for place, is_certain in _places(parsed(source), self._modules | own).items():
            if place in followed:
                continue
            if is_certain:
                _load(place[0])
            if place not in self._originals and (found := _found(place)) is not _MISSING:
                self._originals[place] = found

    def end(self, *, trusted: bool) -> None:
        """The cell is over. What set-up replaced here, it replaced on the learner's side too."""
        if trusted:
            self._originals = {place: now for place in self._originals if (now := _found(place)) is not _MISSING}

    def hand_over(self) -> None:
        """Tell the learner's side what is replaced now, and what is itself again."""
        if self._is_busy or not self._originals:
            return
        self._is_busy = True
        try:
            for place, original in self._originals.items():
                now = _found(place)
                if now is original and place in self._told:
                    del self._told[place]
                    self._ask("restore", *place)
                elif now is not original and self._told.get(place, _MISSING) is not now:
                    self._told[place] = now
                    if now is not _MISSING:
                        self._ask("replace", *place, now)
        finally:
            self._is_busy = False


class Replacements:
    """The learner's end: what stands in the place of which library function while the learner's code runs."""

    def __init__(self) -> None:
        self._things: dict[Place, Any] = {}
        self._originals: dict[Place, Any] = {}
        self._is_in_force = False

    def replace(self, module: str, name: str, thing: Any) -> None:
        """Have a library's attribute be something else from the next call on."""
        importlib.import_module(module)
        self._things[module, name] = thing

    def restore(self, module: str, name: str) -> None:
        """Have it be itself again."""
        self._things.pop((module, name), None)

    @contextmanager
    def in_force(self, *, now: bool) -> Iterator[None]:
        """Switch the replacements on or off for a while."""
        before = self._is_in_force
        self._switch(now)
        try:
            yield
        finally:
            self._switch(before)

    def _switch(self, now: bool) -> None:
        if now is self._is_in_force:
            return
        self._is_in_force = now
        if now:
            self._originals = {place: _found(place) for place in self._things}
        for place, original in self._originals.items():
            if now:
                setattr(sys.modules[place[0]], place[1], self._things[place])
            elif original is _MISSING:
                delattr(sys.modules[place[0]], place[1])
            else:
                setattr(sys.modules[place[0]], place[1], original)

    def __bool__(self) -> bool:
        return bool(self._things) or self._is_in_force


def _found(place: Place) -> object:
    return vars(sys.modules[place[0]]).get(place[1], _MISSING) if place[0] in sys.modules else _MISSING


def _load(module: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError:
        return  # the test will meet it


def _places(tree: ast.Module, known: dict[str, str]) -> dict[Place, bool]:
    """Return the modules' attributes that a test names where it could replace them, and whether it is certain that it replaces them."""
    modules = known | _imported(tree)
    found: dict[str, bool] = {}
    for each in ast.walk(tree):
        if isinstance(each, ast.Constant) and type(each.value) is str and _DOTTED.fullmatch(each.value):
            found.setdefault(each.value, False)
        elif isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store | ast.Del):
            found.setdefault(ast.unparse(each), False)
        elif isinstance(each, ast.Call):
            found |= _replaced_by(each)
    places: dict[Place, bool] = {}
    for path, is_certain in found.items():
        root, _, rest = path.removeprefix(_MAIN).partition(".")
        module, _, name = f"{modules.get(root, root)}.{rest}".rpartition(".")
        if rest and _root(module) not in _CLOSED and (module, name) not in _ELSEWHERE:
            places[module, name] = is_certain
    return places


def _imported(tree: ast.Module) -> dict[str, str]:
    """Return what the names that a test imports stand for."""
    modules: dict[str, str] = {}
    for each in ast.walk(tree):
        if isinstance(each, ast.Import):
            modules |= {alias.asname or _root(alias.name): alias.name if alias.asname else _root(alias.name) for alias in each.names}
        elif isinstance(each, ast.ImportFrom) and each.module:
            modules |= {alias.asname or alias.name: f"{each.module}.{alias.name}" for alias in each.names}
    return modules


def _replaced_by(call: ast.Call) -> dict[str, bool]:
    """Return what a call of `patch("a.b")`, `patch.object(a, "b")` or `setattr(a, "b", ...)` replaces."""
    texts = [each.value if isinstance(each, ast.Constant) and type(each.value) is str else None for each in call.args[:2]]
    name = ast.unparse(call.func).rpartition(".")[2]
    if name == "patch" and texts and texts[0] and _DOTTED.fullmatch(texts[0]):
        return {texts[0]: True}
    if name in {"object", "setattr"} and len(texts) > 1 and texts[1]:
        return {f"{ast.unparse(call.args[0])}.{texts[1]}": False}
    return {}


def _root(module: str) -> str:
    return module.partition(".")[0]
