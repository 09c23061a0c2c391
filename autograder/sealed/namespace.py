"""The tests' global names: what they do not define themselves is asked of the learner's side, by the rules of the policy.

CPython asks a dict subclass's `__missing__` for names at module level and in functions, but not in bodies of classes, and it deletes and stores `global` names
past it. So names of class bodies are fetched beforehand and `del` of a global in a function is rewritten; stores are found by comparing.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import Any, Protocol

_DELETE, _TYPE, _SUPER = "__sealed_delete__", "__sealed_type__", "__sealed_super__"


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

    def kind_of(self, thing: Any) -> Any:
        """Return what `type(thing)` is for a test."""

    def super_of(self, kind: Any, thing: Any) -> Any:
        """Return what `super()` is in a method of the class."""

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
        self[_TYPE] = lookup.kind_of
        self[_SUPER] = lookup.super_of
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

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __delitem__(self, name: str) -> None:
        if dict.__contains__(self, name):
            dict.__delitem__(self, name)
            try:
                self.lookup.delete(name)
            except KeyError:
                return
        else:
            self.lookup.delete(name)


class SealedSyntax(ast.NodeTransformer):
    """Rewrites the few forms of a test that CPython would carry out past `ExaminerNames` and references.

    `del name` of a `global` name inside a function; `type(x)` and `x.__class__`, which would give the class of a reference; `super()` in a class that may
    derive from the learner's.
    """

    def __init__(self) -> None:
        self._globals: list[set[str]] = []
        self._class = ""
        self._self = ""
        self._keeps_type = False

    def visit_Module(self, node: ast.Module) -> Any:
        """Leave `type` alone where the cell gives the name another meaning."""
        self._keeps_type = any(
            (isinstance(each, ast.Name) and each.id == "type" and isinstance(each.ctx, ast.Store))
            or (isinstance(each, ast.arg) and each.arg == "type")
            for each in ast.walk(node)
        )
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """Note the class that `super()` belongs to."""
        before, self._class = self._class, node.name if node.bases and not self._class else ""
        self.generic_visit(node)
        self._class = before
        return node

    def visit_FunctionDef(self, node: Any) -> Any:
        """Note the function's global names and its first argument."""
        self._globals.append({name for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names})
        before = self._self
        if node.args.args:
            self._self = node.args.args[0].arg
        self.generic_visit(node)
        self._globals.pop()
        self._self = before
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Call(self, node: ast.Call) -> Any:
        """Replace `type(x)` and `super()`."""
        self.generic_visit(node)
        if not isinstance(node.func, ast.Name) or node.keywords:
            return node
        if node.func.id == "type" and len(node.args) == 1 and not isinstance(node.args[0], ast.Starred) and not self._keeps_type:
            return _call(node, _TYPE, node.args)
        if node.func.id == "super" and not node.args and self._class and self._self:
            return _call(node, _SUPER, [ast.Name(self._class, ast.Load()), ast.Name(self._self, ast.Load())])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        """Replace `x.__class__`."""
        self.generic_visit(node)
        if node.attr == "__class__" and isinstance(node.ctx, ast.Load):
            return _call(node, _TYPE, [node.value])
        return node

    def visit_Delete(self, node: ast.Delete) -> Any:
        """Replace it by calls where it deletes a global."""
        self.generic_visit(node)
        if not self._globals:
            return node
        statements: list[ast.stmt] = []
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id in self._globals[-1]:
                statements.append(ast.copy_location(ast.Expr(_call(node, _DELETE, [ast.Constant(target.id)])), node))
            else:
                statements.append(ast.copy_location(ast.Delete([target]), node))
        return [ast.fix_missing_locations(each) for each in statements]


def _call(node: ast.AST, name: str, arguments: list[ast.expr]) -> ast.Call:
    made: ast.Call = ast.copy_location(ast.Call(ast.Name(name, ast.Load()), arguments, []), node)
    return ast.fix_missing_locations(made)
