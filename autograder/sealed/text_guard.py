"""Puts a guard before everything in the examiner's kernel that runs text: text of the learner's is run on the learner's side, or refused with the reason."""

from __future__ import annotations

import ast
import builtins
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from autograder.sealed.examiner import Examiner
from autograder.sealed.heard_text import LearnersCode, text_of

_ONLY_A_TREE = ast.PyCF_ONLY_AST
_DANGEROUS_QUERY = re.compile(r"@|__")
_PASSED_OVER = frozenset({"subprocess", "os", "asyncio", "IPython", "shutil", "runpy"})


_DATA_MODULES = frozenset({"numpy", "pandas", "builtins", "collections", "datetime", "decimal", "fractions"})
_DATA_NAMES = frozenset(
    [
        "_reconstruct",
        "_frombuffer",
        "scalar",
        "ndarray",
        "dtype",
        "DataFrame",
        "Series",
        "BlockManager",
        "SingleBlockManager",
        "_unpickle_block",
        "_new_Index",
        "Index",
        "RangeIndex",
        "set",
        "frozenset",
        "complex",
        "bytearray",
        "slice",
        "range",
        "OrderedDict",
        "Counter",
        "deque",
        "datetime",
        "date",
        "time",
        "timedelta",
        "timezone",
        "Decimal",
        "Fraction",
        "StringDtype",
    ]
)
"""What pickled data are made of: classes and functions that do nothing but make them."""


class RefusedTextError(Exception):
    """A test would run what the learner's side has said. Never leaves the examiner's kernel."""


def guard(examiner: Examiner, shell: Any) -> None:
    """Guard this process from now on."""
    _guard_builtins(examiner)
    _guard_shell(examiner, shell)
    _guard_programs(examiner)
    _guard_pickles(examiner)


def guard_libraries(examiner: Examiner) -> None:
    """Guard the libraries that evaluate text, where they are loaded."""
    _guard_pandas(examiner)
    _guard_sympy(examiner)


def _guard_builtins(examiner: Examiner) -> None:
    own_exec, own_eval, own_compile = builtins.exec, builtins.eval, builtins.compile

    def is_theirs(source: Any, frame: Any) -> bool:
        if isinstance(source, LearnersCode):
            return True
        text = text_of(source)
        return text is not None and _is_the_tests(frame, examiner) and examiner.heard.is_learners(text)

    def guarded_exec(source: Any, names: Any = None, local_names: Any = None, /, **more: Any) -> Any:
        frame = sys._getframe(1)
        if is_theirs(source, frame):
            return examiner.run_text("exec", str(text_of(source)), names, local_names)
        chosen = (frame.f_globals, frame.f_locals) if names is None else (names, names)
        return own_exec(source, chosen[0], chosen[1] if local_names is None else local_names, **more)

    def guarded_eval(source: Any, names: Any = None, local_names: Any = None, /) -> Any:
        frame = sys._getframe(1)
        if is_theirs(source, frame):
            return examiner.run_text("eval", str(text_of(source)), names, local_names)
        chosen = (frame.f_globals, frame.f_locals) if names is None else (names, names)
        return own_eval(source, chosen[0], chosen[1] if local_names is None else local_names)

    def guarded_compile(source: Any, filename: Any, mode: str, flags: int = 0, *more: Any, **named: Any) -> Any:
        if not flags & _ONLY_A_TREE and is_theirs(source, sys._getframe(1)):
            return LearnersCode(str(text_of(source)), mode)
        return own_compile(source, filename, mode, flags, *more, **named)

    builtins.exec, builtins.eval, builtins.compile = guarded_exec, guarded_eval, guarded_compile


def _is_the_tests(frame: Any, examiner: Examiner) -> bool:
    """Whether a frame belongs to a test, or to a module that lies beside the notebook."""
    names = frame.f_globals
    if names is examiner.names_here or names.get("__name__") == "__main__":
        return True
    return str(names.get("__file__", "")).startswith(f"{examiner.files.folder}{os.sep}")


def _guard_shell(examiner: Examiner, shell: Any) -> None:
    for name in ("run_cell", "ex", "ev", "safe_execfile", "safe_run_module"):
        setattr(shell, name, _refusing(examiner, getattr(shell, name), name))


def _refusing(examiner: Examiner, function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def guarded(*arguments: Any, **named: Any) -> Any:
        texts = [each for each in (*arguments, *named.values()) if isinstance(each, str)]
        if any(
            text.strip() not in own_texts(examiner.cell) and not text.isidentifier() and examiner.heard.is_learners(text) for text in texts
        ):
            raise RefusedTextError(f"{name}() of text that the learner's side has said is not done where tests run")
        return function(*arguments, **named)

    return guarded


def own_texts(cell: str) -> tuple[str, ...]:
    """Return what of a test may be run as it stands: the cell, and what a cell magic such as `%%capture` runs of it."""
    texts = [cell.strip()]
    while texts[-1].startswith("%%"):
        texts.append(texts[-1].partition("\n")[2].strip())
    return tuple(filter(None, texts))


def _guard_programs(examiner: Examiner) -> None:
    """Refuse programs that a test starts: what they would run may be the learner's, and a program started here could reach the tests."""

    def notice(event: str, _arguments: tuple[Any, ...]) -> None:
        if event not in {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"} or examiner.is_trusted:
            return
        frame: Any = sys._getframe(1)
        while frame is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] in _PASSED_OVER:
            frame = frame.f_back
        if frame is not None and _is_the_tests(frame, examiner):
            raise RefusedTextError("a test that is graded sealed cannot start programs")

    sys.addaudithook(notice)


def _guard_pickles(examiner: Examiner) -> None:
    def notice(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "pickle.find_class" and not examiner.is_trusted:
            module, name = arguments
            if str(module).partition(".")[0] not in _DATA_MODULES or name not in _DATA_NAMES:
                raise RefusedTextError(f"{module}.{name} is not unpickled where tests run")

    sys.addaudithook(notice)


def _guard_pandas(examiner: Examiner) -> None:
    module = sys.modules.get("pandas.core.computation.eval")
    pandas = sys.modules.get("pandas")
    if module is None or pandas is None or hasattr(module.eval, "sealed"):
        return
    evaluate = module.eval

    def guarded(expression: Any, *arguments: Any, **named: Any) -> Any:
        text = text_of(expression)
        if text is not None and _DANGEROUS_QUERY.search(text) and examiner.heard.is_learners(text):
            raise RefusedTextError(
                "an expression of the learner's that uses names of its surroundings (@) is not evaluated where tests run"
            )
        named["level"] = named.get("level", 0) + 1
        return evaluate(expression, *arguments, **named)

    guarded.sealed = True  # type: ignore[attr-defined]
    module.eval = guarded  # type: ignore[attr-defined]
    pandas.eval = guarded  # type: ignore[attr-defined]


def _guard_sympy(examiner: Examiner) -> None:
    parser = sys.modules.get("sympy.parsing.sympy_parser")
    if parser is None or hasattr(parser.parse_expr, "sealed"):
        return
    parse = parser.parse_expr

    def guarded(text: Any, *arguments: Any, **named: Any) -> Any:
        if isinstance(text, str) and _is_more_than_letters(text) and examiner.heard.is_learners(text):
            return examiner.request("sympify", str(text))
        return parse(text, *arguments, **named)

    guarded.sealed = True  # type: ignore[attr-defined]
    for module in [each for name, each in sys.modules.items() if name.partition(".")[0] == "sympy"]:
        if vars(module).get("parse_expr") is parse:
            module.parse_expr = guarded  # type: ignore[attr-defined]


def _is_more_than_letters(text: str) -> bool:
    return not re.fullmatch(r"[A-Za-z0-9 _]*|[0-9 .+\-*/()eE]*", text)
