"""Runs test cells beside a learner's process that is forked for them: the two sides as in grading, without kernels and sandbox."""

from __future__ import annotations

import ast
import io
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

from autograder.sealed.candidate import Candidate
from autograder.sealed.examiner import Examiner
from autograder.sealed.loop_syntax import MARK, LoopSyntax
from autograder.sealed.namespace import SealedSyntax
from autograder.sealed.policy import PolicyCell, policy_of
from autograder.sealed.wire import Channel

LEARNERS_CHANNEL: type[Channel] = Channel
"""What the learner's side speaks through."""


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
    calls_back: int
    """How often the learner's side asked for something of the tests'."""

    @property
    def seen_alone(self) -> tuple[str, str]:
        """Return what the first test raised, and what was printed."""
        return self.raised[0], self.printed

    @property
    def seen(self) -> tuple[object, ...]:
        """Return what must not depend on how calls are sent."""
        return self.raised, self.printed, self.questions, self.returned


class CountingChannel(Channel):
    """Counts what goes over it."""

    count = calls_back = 0

    def receive(self) -> Any:
        """Return the next message."""
        message = super().receive()
        self.calls_back += message[0] == "ask"
        return message

    def send(self, tree: Any) -> None:
        """Send a message."""
        self.count += 1
        super().send(tree)


def examine(solution: str, answer: str, *tests: str, goes_ahead: bool) -> Outcome:
    """Return what the tests make of the answer."""
    with both_sides(solution, answer, *tests, goes_ahead=goes_ahead) as (examiner, channel):
        return _run(examiner, channel, tests)


@contextmanager
def both_sides(solution: str, answer: str, *tests: str, goes_ahead: bool) -> Iterator[tuple[Examiner, CountingChannel]]:
    """Yield an examiner beside the answer's process, and what it speaks through."""
    ours, theirs = socket.socketpair()
    process = os.fork()
    if not process:
        ours.close()
        _serve(theirs, answer, len(tests))
    theirs.close()
    policy = policy_of(
        [
            PolicyCell(name="answer", source=solution, role="answer"),
            *(PolicyCell(name=f"test-{place}", source=test, role="test") for place, test in enumerate(tests)),
        ]
    )
    channel = CountingChannel(ours)
    examiner = Examiner(channel, {"__name__": "__main__"}, policy, goes_ahead=goes_ahead)
    dict.__setitem__(examiner.names_here, MARK, examiner.calls_ahead.loop)
    try:
        yield examiner, channel
    finally:
        ours.close()
        os.waitpid(process, 0)


def _serve(connection: socket.socket, answer: str, cells: int) -> None:
    try:
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(answer, "<answer>", "exec"), names)
        candidate = Candidate(LEARNERS_CHANNEL(connection), names)
        for _ in range(cells):
            candidate.examine()
    finally:
        os._exit(0)


def _run(examiner: Examiner, channel: CountingChannel, tests: tuple[str, ...]) -> Outcome:
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
    return Outcome(tuple(raised), told.getvalue(), questions, tuple(returned), channel.count, has_diverged, channel.calls_back)


def run_together(answer: str, test: str) -> tuple[str, str]:
    """Return what a test raises and prints in one process with the answer."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(answer, names)
    raised, told = "", io.StringIO()
    with redirect_stdout(told):
        try:
            exec(test, names)
        except Exception as error:  # noqa: BLE001 - a test may raise anything
            raised = f"{type(error).__name__}: {error}"
    return raised, told.getvalue()
