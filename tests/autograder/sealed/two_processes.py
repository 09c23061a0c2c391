"""Runs test cells beside a learner's process that is forked for them: the two sides as in grading, without kernels and sandbox."""

from __future__ import annotations

import ast
import io
import os
import socket
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from autograder.sealed.candidate import Candidate
from autograder.sealed.examiner import Examiner
from autograder.sealed.loop_syntax import MARK, LoopSyntax
from autograder.sealed.namespace import SealedSyntax
from autograder.sealed.policy import PolicyCell, policy_of
from autograder.sealed.wire import Channel


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the test cells."""

    raised: tuple[str, ...]
    """By cell, what it raised; empty for nothing."""
    printed: str
    questions: int
    returned: tuple[str, ...]
    messages: int
    """How many were sent to the learner's side."""
    has_diverged: bool

    @property
    def seen(self) -> tuple[object, ...]:
        """Return what must not depend on how calls are sent."""
        return self.raised, self.printed, self.questions, self.returned


class _Counting(Channel):
    count = 0

    def send(self, tree: Any) -> None:
        self.count += 1
        super().send(tree)


def examine(solution: str, answer: str, *tests: str, goes_ahead: bool) -> Outcome:
    """Return what the tests make of the answer."""
    ours, theirs = socket.socketpair()
    process = os.fork()
    if not process:
        ours.close()
        _serve(theirs, answer, len(tests))
    theirs.close()
    with ours:
        try:
            return _run(_Counting(ours), solution, tests, goes_ahead=goes_ahead)
        finally:
            ours.close()
            os.waitpid(process, 0)


def _serve(connection: socket.socket, answer: str, cells: int) -> None:
    try:
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(answer, "<answer>", "exec"), names)
        candidate = Candidate(Channel(connection), names)
        for _ in range(cells):
            candidate.examine()
    finally:
        os._exit(0)


def _run(channel: _Counting, solution: str, tests: tuple[str, ...], *, goes_ahead: bool) -> Outcome:
    policy = policy_of(
        [
            PolicyCell(name="answer", source=solution, role="answer"),
            *(PolicyCell(name=f"test-{place}", source=test, role="test") for place, test in enumerate(tests)),
        ]
    )
    examiner = Examiner(channel, {"__name__": "__main__"}, policy, goes_ahead=goes_ahead)
    dict.__setitem__(examiner.names_here, MARK, examiner.calls_ahead.loop)
    raised, told, questions, returned, has_diverged = list[str](), io.StringIO(), 0, list[str](), False
    with redirect_stdout(told):
        for test in tests:
            examiner.begin_cell(test, trusted=False, forget=[])
            tree = LoopSyntax().visit(SealedSyntax().visit(ast.parse(test)))
            try:
                exec(compile(tree, "<test>", "exec"), examiner.names_here)
                raised.append("")
            except Exception as error:  # noqa: BLE001 - a test may raise anything
                raised.append(f"{type(error).__name__}: {error}")
            found = examiner.end_cell()
            questions += found["questions"]
            returned += found["returned"]
            has_diverged = has_diverged or found["diverged"]
    return Outcome(tuple(raised), told.getvalue(), questions, tuple(returned), channel.count, has_diverged)
