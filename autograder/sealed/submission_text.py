"""What the learner handed in, as the grader hands it over: where a test asks for the source of a function, this is the answer, not what their process says.

It is parsed and compiled here, and never run.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Iterator, Sequence
from typing import Any

from autograder.sealed.policy import plain_python
from courses.python_syntax import parse

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class SubmissionText:
    """What the learner handed in, cell by cell."""

    def __init__(self) -> None:
        self._cells: list[str] = []

    def add(self, sources: Sequence[str]) -> None:
        """Note cells that were run."""
        self._cells += sources

    @property
    def cells(self) -> Sequence[str]:
        """The texts of the cells that were run, in order."""
        return tuple(self._cells)

    def source(self, path: str) -> str:
        """Return the source of a function or class, the last of that name.

        Args:
            path: as in `__qualname__`.

        Raises:
            OSError: there is none, as `inspect.getsource` says it.
        """
        text, node = self._find(path)
        lines = text.splitlines(keepends=True)
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        found = "".join(lines[first - 1 : node.end_lineno])
        return found if found.endswith("\n") else found + "\n"

    def code(self, path: str) -> types.SimpleNamespace:
        """Return what the code object of a function says of itself, which cannot be run.

        Raises:
            OSError: there is none.
        """
        _, node = self._find(path)
        made = compile(textwrap.dedent(self.source(path)), "<submission>", "exec", dont_inherit=True)
        for each in _codes(made):
            if each.co_name == getattr(node, "name", "<lambda>"):
                return types.SimpleNamespace(**{name: getattr(each, name) for name in _CODE_FACTS}, co_filename="<submission>")
        raise OSError("could not get source code")

    def parameters(self, path: str) -> list[tuple[str, int]] | None:
        """Return names and kinds of a plain function's parameters; None if it has decorators, or is none."""
        try:
            _, node = self._find(path)
        except OSError:
            return None
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.decorator_list:
            return None
        kinds, given = inspect._ParameterKind, node.args
        found = [(each.arg, int(kinds.POSITIONAL_ONLY)) for each in given.posonlyargs]
        found += [(each.arg, int(kinds.POSITIONAL_OR_KEYWORD)) for each in given.args]
        found += [(given.vararg.arg, int(kinds.VAR_POSITIONAL))] if given.vararg else []
        found += [(each.arg, int(kinds.KEYWORD_ONLY)) for each in given.kwonlyargs]
        return found + ([(given.kwarg.arg, int(kinds.VAR_KEYWORD))] if given.kwarg else [])

    def _find(self, path: str) -> tuple[str, Any]:
        steps = [step for step in path.split(".") if step != "<locals>"]
        for text in reversed(self._cells):
            plain = plain_python(text)
            try:
                inside: list[Any] = [parse(plain)]
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            for step in steps:
                inside = [each for scope in inside for each in _definitions(scope, step)]
            if inside:
                return plain, inside[-1]
        raise OSError("could not get source code")


_CODE_FACTS = (
    *("co_name", "co_varnames", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_names", "co_freevars", "co_cellvars"),
    *("co_nlocals", "co_flags"),
)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from _codes(each)


def _definitions(scope: Any, name: str) -> Iterator[Any]:
    """Yield what is defined under a name in a scope, in order; not what lies in scopes inside."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, Definition):
            if node.name == name:
                yield node
            continue
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            if any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
                yield node
            continue
        waiting[:0] = ast.iter_child_nodes(node)
