"""The tests' global names: what they do not define themselves is asked of the learner's side, by the rules of the policy.

CPython asks a dict subclass's `__missing__` for names at module level and in functions, but not in bodies of classes, and it deletes and stores `global` names
past it. So names of class bodies are fetched beforehand and `del` of a global in a function is rewritten; stores are found by comparing.
"""

from __future__ import annotations

import ast
import builtins
from typing import Any, Protocol

_DELETE = "__sealed_delete__"


class Lookup(Protocol):
    """Who knows the names that are missing here."""

    def find(self, name: str) -> Any:
        """Return what `name` stands for.

        Raises:
            KeyError: nothing.
        """

    def has(self, name: str) -> bool:
        """Whether the learner's side has the name."""

    def names(self) -> list[str]:
        """Return the names of the learner's side."""

    def delete(self, name: str) -> None:
        """Delete it on the learner's side too.

        Raises:
            KeyError: it is not there.
        """


class ExaminerNames(dict[str, Any]):
    """The global names of the tests."""

    def __init__(self, own: dict[str, Any], lookup: Lookup) -> None:
        super().__init__(own)
        self.lookup = lookup
        self[_DELETE] = self.__delitem__
        self["__builtins__"] = builtins

    def __missing__(self, name: str) -> Any:
        return self.lookup.find(name)

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or (isinstance(name, str) and not name.startswith("_") and self.lookup.has(name))

    def get(self, name: str, default: Any = None) -> Any:
        """Return what the name stands for, here or on the learner's side."""
        try:
            return self[name]
        except KeyError:
            return default

    def keys(self) -> Any:
        """Return the names of both sides."""
        return [*dict.keys(self), *(name for name in self.lookup.names() if not dict.__contains__(self, name))]

    def __delitem__(self, name: str) -> None:
        if dict.__contains__(self, name):
            dict.__delitem__(self, name)
            try:
                self.lookup.delete(name)
            except KeyError:
                return
        else:
            self.lookup.delete(name)


class DeleteGlobals(ast.NodeTransformer):
    """Rewrites `del name` of a `global` name inside a function, which CPython would carry out past `ExaminerNames`."""

    def __init__(self) -> None:
        self._globals: list[set[str]] = []

    def visit_FunctionDef(self, node: Any) -> Any:
        """Note the function's global names."""
        self._globals.append({name for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names})
        self.generic_visit(node)
        self._globals.pop()
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Delete(self, node: ast.Delete) -> Any:
        """Replace it by calls where it deletes a global."""
        if not self._globals:
            return node
        statements: list[ast.stmt] = []
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id in self._globals[-1]:
                call = ast.Call(ast.Name(_DELETE, ast.Load()), [ast.Constant(target.id)], [])
                statements.append(ast.copy_location(ast.Expr(call), node))
            else:
                statements.append(ast.copy_location(ast.Delete([target]), node))
        return [ast.fix_missing_locations(each) for each in statements]
