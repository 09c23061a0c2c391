"""Which names a piece of Python reads from outside and binds at its top level, in the order in which it runs.

Scopes are followed as far as a check needs them: what a function, a lambda or a comprehension binds for itself is not read from outside. All branches count as
taken.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
_COMPREHENSION = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass
class Names:
    """The names of a cell."""

    reads: set[str] = field(default_factory=set)
    """Read before the cell itself bound them."""
    binds: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    """Whose insides are assigned to or whose methods are called: `table["x"] = 1`, `names.append(2)`."""

    def see(self, statements: Iterable[ast.stmt]) -> None:
        """Take in `statements` one after the other."""
        for statement in statements:
            self._see(statement)

    def _see(self, statement: ast.stmt) -> None:
        if isinstance(statement, _FUNCTION | ast.ClassDef):
            self._read(free_names(statement) - {statement.name})
            self.binds.add(statement.name)
            return
        for part in _parts(statement):
            if isinstance(part, list):
                self.see(part)
            else:
                self._read(free_names(part))
                self.binds |= bound_names(part)
                self.changes |= _changed_names(part)

    def _read(self, names: set[str]) -> None:
        self.reads |= names - self.binds


def names_in(tree: ast.Module) -> Names:
    """Return the names of a cell."""
    names = Names()
    names.see(tree.body)
    return names


def _parts(statement: ast.stmt) -> Iterator[ast.AST | list[ast.stmt]]:
    """Yield the expressions of a statement, and the blocks within it, in the order in which they run."""
    match statement:
        case ast.If() | ast.While():
            yield statement.test
            yield statement.body
            yield statement.orelse
        case ast.For() | ast.AsyncFor():
            yield statement.iter
            yield statement.target
            yield statement.body
            yield statement.orelse
        case ast.With() | ast.AsyncWith():
            yield from statement.items
            yield statement.body
        case ast.Try() | ast.TryStar():
            yield statement.body
            for handler in statement.handlers:
                yield from _parts_of_handler(handler)
            yield statement.orelse
            yield statement.finalbody
        case ast.Match():
            yield statement.subject
            for case in statement.cases:
                yield case.pattern
                yield from [case.guard] if case.guard else []
                yield case.body
        case _:
            yield statement


def _parts_of_handler(handler: ast.ExceptHandler) -> Iterator[ast.AST | list[ast.stmt]]:
    if handler.type:
        yield handler.type
    if handler.name:
        yield ast.Name(handler.name, ast.Store())
    yield handler.body


def bound_names(node: ast.AST) -> set[str]:
    """Return the names that `node` binds in the scope that it stands in."""
    found = set[str]()
    for inner in _same_scope(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            found.add(inner.id)
        elif isinstance(inner, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in inner.names}
        elif isinstance(inner, _FUNCTION | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and inner.name:
            found.add(inner.name)
    return found


def free_names(node: ast.AST) -> set[str]:
    """Return the names that `node` reads and does not bind in a scope of its own; `x += 1` and `del x` read too."""
    if isinstance(node, _FUNCTION | ast.Lambda):
        return _free_in_function(node)
    if isinstance(node, ast.ClassDef):
        outside = [*node.bases, *node.keywords, *node.decorator_list]
        bound = {name for each in node.body for name in bound_names(each)}
        return _free_in_all(outside) | (_free_in_all(node.body) - bound)
    if isinstance(node, _COMPREHENSION):
        bound = {name for generator in node.generators for name in bound_names(generator.target)}
        return _free_in_all(ast.iter_child_nodes(node)) - bound
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load | ast.Del) else set()
    found = _free_in_all(ast.iter_child_nodes(node))
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        found.add(node.target.id)
    return found


def _free_in_all(nodes: Iterable[ast.AST]) -> set[str]:
    return {name for each in nodes for name in free_names(each)}


def _free_in_function(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    arguments = node.args
    bound = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    bound |= {each.arg for each in (arguments.vararg, arguments.kwarg) if each}
    body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    taken = {name for each in body for inner in ast.walk(each) if isinstance(inner, ast.Global) for name in inner.names}
    bound |= {name for each in body for name in bound_names(each)} - taken
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    defaults = [each for each in (*arguments.defaults, *arguments.kw_defaults) if each]
    return (_free_in_all(body) - bound) | _free_in_all([*defaults, *decorators])


def _same_scope(node: ast.AST) -> Iterator[ast.AST]:
    """Yield `node` and what stands in it, without the insides of functions, classes and comprehensions."""
    yield node
    if isinstance(node, _FUNCTION | ast.Lambda | ast.ClassDef | _COMPREHENSION):
        return
    for child in ast.iter_child_nodes(node):
        yield from _same_scope(child)


def _changed_names(node: ast.AST) -> set[str]:
    found = set[str]()
    for inner in _same_scope(node):
        is_store = isinstance(inner, ast.Subscript | ast.Attribute) and isinstance(inner.ctx, ast.Store | ast.Del)
        if is_store or (isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute)):
            root: ast.AST = inner
            while isinstance(root, ast.Subscript | ast.Attribute | ast.Call):
                root = root.func if isinstance(root, ast.Call) else root.value
            if isinstance(root, ast.Name):
                found.add(root.id)
    return found
