"""Puts the examiner into its kernel: the shell's names become `ExaminerNames`, and a few library functions learn about the learner's objects.

The kernel is trusted and runs trusted tests; it is locked in all the same, because what it reads comes from the learner's side.
"""

from __future__ import annotations

import importlib
import inspect
import socket
import sys
from collections.abc import Callable
from typing import Any

from autograder.sealed import values
from autograder.sealed.examiner import CandidateGoneError, Examiner
from autograder.sealed.namespace import DeleteGlobals
from autograder.sealed.policy import SealingPolicy
from autograder.sealed.references import is_reference
from autograder.sealed.wire import Channel


def prepare() -> None:
    """Load what a locked-in process cannot load any more."""
    importlib.import_module("numpy")
    values.load_types()


def attach(kernel: Any, descriptor: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what the kernel does at the grader's messages: `policy` first, then `begin` and `end` round each cell."""
    channel = Channel(socket.socket(fileno=descriptor))
    examiner: list[Examiner] = []

    def hook(message: dict[str, Any]) -> dict[str, Any]:
        if "policy" in message:
            policy = SealingPolicy.model_validate(message["policy"])
            examiner.append(Examiner(channel, dict(kernel.shell.user_ns), policy))
            _enter(kernel.shell, examiner[0])
            return {}
        if "begin" in message:
            examiner[0].begin_cell(message["begin"], trusted=message["trusted"], forget=message["forget"])
            return {}
        return examiner[0].end_cell()

    return hook


def _enter(shell: Any, examiner: Examiner) -> None:
    names = examiner.names_here
    shell.user_ns = names
    type(shell).user_global_ns = property(lambda _self: names)
    shell.ast_transformers.append(DeleteGlobals())
    sys.modules["__main__"].__dict__.update(dict.items(names))
    _teach_inspect(examiner)
    _watch_results(shell, examiner)
    examiner.files.watch()
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        _teach_pyplot(pyplot, examiner)


def _watch_results(shell: Any, examiner: Examiner) -> None:
    kind = type(shell.displayhook)
    show = kind.__call__

    def show_and_note(self: Any, result: Any = None) -> None:
        examiner.display(result)
        show(self, result)

    kind.__call__ = show_and_note


def _teach_inspect(examiner: Examiner) -> None:
    """Let `inspect` answer for the learner's functions."""

    def source_of(reference: Any) -> str:
        return str(examiner.request("source", reference))

    def signature_of(reference: Any) -> inspect.Signature:
        told = examiner.request("signature", reference)
        return inspect.Signature(
            [
                inspect.Parameter(name, inspect._ParameterKind(kind), default=default if has_default else inspect.Parameter.empty)
                for name, kind, has_default, default in told
            ]
        )

    source, signature = inspect.getsource, inspect.signature
    lines, arguments = inspect.getsourcelines, inspect.getfullargspec

    def getsource(thing: Any) -> str:
        return source_of(thing) if is_reference(thing) else source(thing)

    def getsourcelines(thing: Any) -> tuple[list[str], int]:
        return (source_of(thing).splitlines(keepends=True), 1) if is_reference(thing) else lines(thing)

    def get_signature(thing: Any, **more: Any) -> inspect.Signature:
        return signature_of(thing) if is_reference(thing) else signature(thing, **more)

    def getfullargspec(thing: Any) -> Any:
        if not is_reference(thing):
            return arguments(thing)

        def stand_in() -> None:
            """Carries the signature."""

        stand_in.__signature__ = signature_of(thing)  # type: ignore[attr-defined]
        return arguments(stand_in)

    inspect.getsource, inspect.getsourcelines = getsource, getsourcelines  # type: ignore[assignment]
    inspect.signature, inspect.getfullargspec = get_signature, getfullargspec  # type: ignore[assignment]


def _teach_pyplot(pyplot: Any, examiner: Examiner) -> None:
    """Let `plt.close` close the learner's figures too: they are in the other process."""
    close = pyplot.close

    def close_both(*arguments: Any) -> None:
        close(*arguments)
        if not examiner.is_trusted and not examiner.gone:
            examiner.request("close figures")

    pyplot.close = close_both


__all__ = ["CandidateGoneError", "attach", "prepare"]
