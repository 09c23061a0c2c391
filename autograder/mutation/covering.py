"""Which cells of a notebook a cell needs, by the names that they read and define. Pure.

A test *covers* an answer cell if it reads a name that the answer cell defines or changes, or needs a cell that does, and so on. A test that reads no such name
(it reads a file that an answer wrote, say) covers the answer cell before it. Names are read from the text, so this is a guess; what is run by it is first
run with the reference solution, and where that earns something else than in the whole notebook, the whole notebook is run instead.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from autograder.mutation.edits import without_magics
from courses.python_syntax import parse

Role = Literal["answer", "test", "setup", "other"]
_CHANGE_NOTHING = frozenset({"print", "display", "plt"})
"""What is called for its effect and changes none of its arguments; figures that pyplot knows of matter only to who draws them."""
_EVERYTHING = frozenset({"globals", "locals", "vars", "eval", "exec", "get_ipython", "dir"})


@dataclass(frozen=True, slots=True)
class Names:
    """What a cell does with names of the notebook."""

    reads: frozenset[str] = frozenset()
    """What it needs from the cells before."""
    writes: frozenset[str] = frozenset()
    """What it defines, or may change in place."""
    is_known: bool = True
    """False if its text does not tell: it is no Python, or goes through `globals()`."""


def names_of(text: str) -> Names:
    """Return what a cell reads and writes."""
    try:
        tree = parse(without_magics(text))
    except (SyntaxError, ValueError, RecursionError):
        return Names(is_known=False)
    reader = _Reader()
    for statement in tree.body:
        reader.visit(statement)
    reads = (reader.reads | (reader.later - reader.writes)) - set(dir(builtins))
    is_known = not (reader.reads | reader.later) & _EVERYTHING and "*" not in reader.writes
    return Names(frozenset(reads), frozenset(reader.writes), is_known)


def needed(cells: Sequence[Names], roles: Sequence[Role], wanted: Iterable[int]) -> list[int]:
    """Return the places of the cells that the `wanted` ones need, and these, in order: set-up, and whatever defines or changes a name that is read."""
    written = frozenset[str]().union(*(cell.writes for cell, role in zip(cells, roles, strict=True) if role != "test"))
    found = {place for place, role in enumerate(roles) if role == "setup"}
    waiting = [*wanted, *found]
    found |= set(waiting)
    while waiting:
        place = waiting.pop()
        for before in range(place):
            if before not in found and _matters(cells[before], cells[place], is_test=roles[before] == "test", written=written):
                found.add(before)
                waiting.append(before)
    return sorted(found)


def _matters(earlier: Names, cell: Names, *, is_test: bool, written: frozenset[str]) -> bool:
    """Whether `cell` may need the `earlier` one; a test only for names that no other cell writes, such as a helper for the tests."""
    if is_test:
        return bool((earlier.writes - written) & cell.reads)
    return not (cell.is_known and earlier.is_known) or bool(earlier.writes & cell.reads)


def covered(cells: Sequence[Names], roles: Sequence[Role], test: int) -> list[int]:
    """Return the places of the answer cells that the test at place `test` covers, in order."""
    found = [place for place in needed(cells, roles, [test]) if roles[place] == "answer"]
    if found or not any(role == "answer" for role in roles[:test]):
        return found
    return [max(place for place in range(test) if roles[place] == "answer")]


@dataclass(slots=True)
class _Reader(ast.NodeVisitor):
    """Goes through a cell's statements in their order: a name that the cell defined before is not read from another."""

    reads: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    """What functions read when they are called."""
    writes: set[str] = field(default_factory=set)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            if node.id not in self.writes:
                self.reads.add(node.id)
        else:
            self.writes.add(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._write(target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        self._write(node.target, also_read=True)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._write(node.target)
        for statement in (*node.body, *node.orelse):
            self.visit(statement)

    def visit_Expr(self, node: ast.Expr) -> None:
        """A method that is called for its effect may change what it is called on."""
        self.visit(node.value)
        root = _root(node.value.func) if isinstance(node.value, ast.Call) else None
        if isinstance(node.value, ast.Call) and root not in _CHANGE_NOTHING:
            if isinstance(node.value.func, ast.Attribute) and root is not None:
                self.writes.add(root)
            for argument in node.value.args:
                if isinstance(argument, ast.Name):
                    self.writes.add(argument.id)

    def visit_Import(self, node: ast.Import) -> None:
        self.writes |= {(each.asname or each.name).partition(".")[0] for each in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.writes |= {each.asname or each.name for each in node.names}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for each in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(each)
        self.writes.add(node.name)
        self.later |= _free_in(node) - {node.name}

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.writes.add(node.name)
        self.later |= _free_in(node) - {node.name}

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.later |= _free_in(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for each in (*node.decorator_list, *node.bases):
            self.visit(each)
        self.writes.add(node.name)
        self.later |= _free_in(node) - {node.name}

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._go_through(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._go_through(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._go_through(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._go_through(node)

    def _go_through(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        bound = {each.id for part in node.generators for each in ast.walk(part.target) if isinstance(each, ast.Name)}
        inner = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
        self.reads |= inner - bound - self.writes

    def _write(self, target: ast.expr, *, also_read: bool = False) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            for each in target.elts:
                self._write(each)
        elif isinstance(target, ast.Name):
            if also_read and target.id not in self.writes:
                self.reads.add(target.id)
            self.writes.add(target.id)
        else:
            self.visit(target)  # what stands in the brackets is read
            root = _root(target)
            if root is not None:
                self.writes.add(root)


def _root(node: ast.expr) -> str | None:
    """Return the name that a chain of attributes, brackets and calls begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _free_in(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef) -> set[str]:
    """Return the names that a function reads and does not bind; a name bound anywhere in it counts as its own."""
    loaded, bound, shared = set[str](), set[str](), set[str]()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            (loaded if isinstance(each.ctx, ast.Load) else bound).add(each.id)
        elif isinstance(each, ast.arg):
            bound.add(each.arg)
        elif isinstance(each, ast.Global):
            shared |= set(each.names)
    return (loaded - bound) | shared
