"""What may cross in an assignment, read from the reference solution: a frozen value with a JSON form, worked out once for each source. Pure.

Names that the answer cells and the free cells of the instructor's notebook bind come from the learner; no other name does. Classes that they define are
expected. Library names that they import are the examiner's own. Globals that they read are the ones that a test may replace.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from autograder.wire_value import WireValue
from courses.python_syntax import parse

Role = Literal["answer", "free", "trusted", "test"]


class PolicyCell(WireValue):
    """A code cell of the instructor's notebook."""

    name: str
    """Its grade_id; empty for a free cell."""
    source: str
    role: Role


class LibraryName(WireValue):
    """A name that an import statement binds."""

    name: str
    module: str
    attribute: str | None
    """None if the module itself is bound."""


class SealingPolicy(WireValue):
    """What may cross between learner and tests."""

    is_known: bool
    """Whether there was a reference solution. Without one every name may come from the learner, and no verdict counts as sealed."""
    served: tuple[str, ...] = ()
    """Names that come from the learner."""
    imports: tuple[LibraryName, ...] = ()
    star_modules: tuple[str, ...] = ()
    """Library modules whose names are all imported."""
    classes: tuple[str, ...] = ()
    """Classes that the reference solution defines."""
    local_modules: tuple[str, ...] = ()
    """The instructor's modules beside the notebook: tests use their own, whatever the learner's code made of its copies."""
    trusted_classes: tuple[str, ...] = ()
    """Classes that read-only cells define."""
    replaceable: tuple[str, ...] = ()
    """Globals that the reference solution uses: what a test sets of them is handed to the learner's side."""
    rebound: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """By answer cell (free cells under the empty name): the names that it binds or changes in place."""


def policy_of(cells: Sequence[PolicyCell], *, local_modules: Iterable[str] = (), is_known: bool = True) -> SealingPolicy:
    """Return the policy that the instructor's notebook implies.

    Args:
        local_modules: modules of the instructor's that lie beside the notebook.
        is_known: whether the answer cells hold the reference solution.
    """
    learners = [_Reading(cell.source) for cell in cells if cell.role in {"answer", "free"}]
    trusted = [_Reading(cell.source) for cell in cells if cell.role == "trusted"]
    imports = [each for reading in learners for each in reading.imports]
    made = {name for reading in learners for name in reading.bound | reading.changed}  # a name that is also defined is the learner's
    imports = [each for each in imports if each.name not in made]
    rebound: dict[str, set[str]] = {}
    for cell, reading in zip((cell for cell in cells if cell.role in {"answer", "free"}), learners, strict=True):
        rebound.setdefault(cell.name, set()).update(reading.bound, reading.changed)
        if _shows_result(cell.source):
            rebound[cell.name].add(LAST_RESULT)
            made.add(LAST_RESULT)
    return SealingPolicy(
        is_known=is_known,
        served=tuple(sorted(made)),
        imports=tuple({each.name: each for each in imports}.values()),
        star_modules=tuple(dict.fromkeys(name for reading in learners for name in reading.stars)),
        classes=tuple(sorted({name for reading in learners for name in reading.classes})),
        local_modules=tuple(sorted(set(local_modules))),
        trusted_classes=tuple(sorted({name for reading in trusted for name in reading.classes})),
        replaceable=tuple(
            sorted({name for reading in learners for name in reading.used | reading.bound | {each.name for each in reading.imports}})
        ),
        rebound={name: tuple(sorted(names)) for name, names in rebound.items()},
    )


LAST_RESULT = "_"
"""What IPython binds to the value that a cell shows."""


def _shows_result(source: str) -> bool:
    """Whether a cell ends in an expression, whose value IPython shows."""
    body = parsed(source).body
    return bool(body) and isinstance(body[-1], ast.Expr) and not source.rstrip().endswith(";")


_CAPTURED = re.compile(r"^(\s*[\w.\[\], ]+=\s*)[!%](?!=)")
"""`names = !ls` and `best = %timeit -o f()`."""


def plain_python(source: str) -> str:
    """Return a cell's text without IPython's own syntax; line numbers stay."""
    lines = source.split("\n")
    if lines and lines[0].lstrip().startswith("%%"):
        lines[0] = "pass" if lines[0].split()[0] in {"%%time", "%%capture"} else '"""'
        if lines[0] == '"""':
            return ""
    for place, line in enumerate(lines):
        bare = line.lstrip()
        if bare.startswith(("%", "!", "?")) or line.rstrip().endswith("?"):
            lines[place] = line[: len(line) - len(bare)] + "pass"
        elif captured := _CAPTURED.match(line):
            lines[place] = f"{captured[1]}None"
    return "\n".join(lines)


def parsed(source: str) -> ast.Module:
    """Return the syntax tree of a cell, an empty one if it is no Python."""
    try:
        return parse(plain_python(source))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


def names_used(source: str) -> frozenset[str]:
    """Return the names of the global scope that a cell reads anywhere, its functions included."""
    try:
        table = symtable.symtable(plain_python(source), "cell", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    found = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    waiting = list(table.get_children())
    while waiting:
        inner = waiting.pop()
        found |= {symbol.get_name() for symbol in inner.get_symbols() if symbol.is_global() and symbol.is_referenced()}
        waiting += inner.get_children()
    return frozenset(found)


def class_body_names(tree: ast.Module) -> frozenset[str]:
    """Return the names that bodies of classes read: there Python looks past what answers for missing names."""
    found: set[str] = set()
    for each in ast.walk(tree):
        if isinstance(each, ast.ClassDef):
            found |= {inner.id for part in each.body for inner in _outside_functions(part) if isinstance(inner, ast.Name)}
    return frozenset(found)


def _outside_functions(node: ast.AST) -> Iterable[ast.AST]:
    yield node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inside: list[ast.AST] = [*node.decorator_list, *node.args.defaults, *(each for each in node.args.kw_defaults if each)]
    elif isinstance(node, ast.Lambda):
        inside = []
    else:
        inside = list(ast.iter_child_nodes(node))
    for each in inside:
        yield from _outside_functions(each)


CHANGING = frozenset(
    {"append", "appendleft", "add", "clear", "discard", "extend", "fill", "insert", "pop", "popitem", "put", "remove", "resize", "reverse", "rotate",
     "setdefault", "sort", "update"}
)  # fmt: skip
"""Methods that change what they are called on. Any other may too; then the tests use their own copy of the instructor's object, and a person decides."""


def _is_harmless(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and (hasattr(builtins, function.id) or function.id == "display")


class _Reading(ast.NodeVisitor):
    """What one cell binds, changes, imports and uses."""

    def __init__(self, source: str) -> None:
        self.bound: set[str] = set()
        self.changed: set[str] = set()
        self.classes: set[str] = set()
        self.imports: list[LibraryName] = []
        self.stars: list[str] = ["pylab"] if "%pylab" in source else []
        self.used = {name for name in names_used(source) if not hasattr(builtins, name) or name == "input"}
        self._in_function = 0
        self.visit(parsed(source))

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bind(node.name)
        self._inside(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name)
        if not self._in_function:
            self.classes.add(node.name)
        self._inside(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._inside(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.bound |= set(node.names)

    def visit_ListComp(self, node: ast.AST) -> None:
        self._inside(node)

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp  # noqa: N815

    def visit_Import(self, node: ast.Import) -> None:
        for each in node.names:
            name = each.asname or each.name.partition(".")[0]
            if not self._in_function:
                self.imports.append(LibraryName(name=name, module=each.name if each.asname else name, attribute=None))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for each in node.names:
            if each.name == "*":
                self.stars.append(node.module or "")
            elif node.level or not node.module:
                self._bind(each.asname or each.name)
            elif not self._in_function:
                self.imports.append(LibraryName(name=each.asname or each.name, module=node.module, attribute=each.name))

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store | ast.Del):
            self._bind(node.id)

    def visit_Attribute(self, node: ast.Attribute | ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Store | ast.Del):
            self._change(node)
        self.generic_visit(node)

    visit_Subscript = visit_Attribute  # noqa: N815

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Attribute) and (
                call.func.attr in CHANGING or any(each.arg == "inplace" for each in call.keywords)
            ):
                self._change(call.func)
            if isinstance(call.func, ast.Name) or (isinstance(call.func, ast.Attribute) and call.func.attr == "shuffle"):
                for each in call.args if not _is_harmless(call.func) else ():
                    self._change(each)
        self.generic_visit(node)

    def _bind(self, name: str) -> None:
        if not self._in_function:
            self.bound.add(name)

    def _change(self, node: ast.expr) -> None:
        while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name) and not self._in_function:
            self.changed.add(node.id)

    def _inside(self, node: ast.AST) -> None:
        self._in_function += 1
        self.generic_visit(node)
        self._in_function -= 1
