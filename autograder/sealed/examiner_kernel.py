"""Puts the examiner into its kernel: the shell's names become `ExaminerNames`, and a few library functions learn about the learner's objects.

The kernel is trusted and runs trusted tests; it is locked in all the same, because what it reads comes from the learner's side.
"""

from __future__ import annotations

import functools
import importlib
import socket
import sys
from collections.abc import Callable
from typing import Any

from autograder.sealed import values
from autograder.sealed.examiner import CandidateGoneError, Examiner
from autograder.sealed.failing import brief_errors, failing_line
from autograder.sealed.inspection import teach_inspect
from autograder.sealed.kinship import teach_issubclass
from autograder.sealed.loop_syntax import MARK, LoopSyntax
from autograder.sealed.namespace import SealedSyntax
from autograder.sealed.own_trace import own_trace
from autograder.sealed.policy import SealingPolicy
from autograder.sealed.text_guard import guard, guard_libraries
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
            examiner.append(Examiner(channel, dict(kernel.shell.user_ns), policy, goes_ahead=message["ahead"]))
            _enter(kernel.shell, examiner[0])
            return {}
        if "begin" in message:
            examiner[0].begin_cell(message["begin"], trusted=message["trusted"], forget=message["forget"], ran=message["ran"])
            guard_libraries(examiner[0])
            history = kernel.shell.history_manager
            history.input_hist_parsed.extend(message["ran"])
            history.input_hist_raw.extend(message["ran"])
            return {}
        raised = kernel.shell.last_execution_result
        trace = own_trace(raised.error_in_exec if raised else None, examiner[0].submission.cells)
        return examiner[0].end_cell() | {"trace": trace, "line": failing_line(kernel.shell)}

    return hook


def _enter(shell: Any, examiner: Examiner) -> None:
    names = examiner.names_here
    dict.__setitem__(names, MARK, examiner.calls_ahead.loop)
    shell.user_ns = names
    type(shell).user_global_ns = property(lambda _self: names)
    shell.ast_transformers += [SealedSyntax(), LoopSyntax()]
    brief_errors(shell)
    sys.modules["__main__"].__dict__.update(dict.items(names))
    teach_inspect(examiner)
    teach_issubclass()
    _watch_results(shell, examiner)
    examiner.files.watch()
    guard(examiner, shell)
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        _teach_pyplot(pyplot, examiner)


def _watch_results(shell: Any, examiner: Examiner) -> None:
    kind = type(shell.displayhook)
    show = kind.__call__

    def show_and_note(self: Any, result: Any = None) -> None:
        examiner.semantics.display(result)
        show(self, result)

    kind.__call__ = show_and_note


def _teach_pyplot(pyplot: Any, examiner: Examiner) -> None:
    """Let pyplot answer for the learner's figures where a test has none of its own: they are in the other process."""

    def either(name: str) -> None:
        own = getattr(pyplot, name)

        @functools.wraps(own)
        def ask(*arguments: Any, **named: Any) -> Any:
            if examiner.is_trusted or examiner.gone or own_numbers():
                return own(*arguments, **named)
            is_new = name == "figure" and not arguments and not named
            if is_new or not examiner.request("has figures", *(arguments if name == "figure" else ())):
                return own(*arguments, **named)
            return examiner.request("pyplot", name, *arguments, **named)

        setattr(pyplot, name, ask)

    own_numbers, close = pyplot.get_fignums, pyplot.close
    for name in _OF_CURRENT_FIGURE:
        either(name)

    def close_both(*arguments: Any) -> None:
        close(*arguments)
        if not examiner.is_trusted and not examiner.gone:
            examiner.request("close figures")

    pyplot.close = close_both


_OF_CURRENT_FIGURE = ("gca", "gcf", "get_fignums", "get_figlabels", "fignum_exists", "figure", "xlim", "ylim", "axis", "xticks", "yticks")


__all__ = ["CandidateGoneError", "attach", "prepare"]
