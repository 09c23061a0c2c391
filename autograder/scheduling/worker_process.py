"""A worker process of this machine as the coordinator sees it: started by a fork, spoken to over one socket, killed with what it started."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from autograder.execution.engines import Ready
from autograder.jobs import AssignmentSource
from autograder.scheduling.dispatch import Errand, deadline_s
from autograder.scheduling.framing import Inbox, send_frame
from autograder.scheduling.worker import Answer, how_it_ended, maximum_answer_bytes, order_json, work
from courses.untrusted_trees import remove_tree

_GOING_S = 10.0


class WorkerProcess:
    """A worker that holds the source, and takes jobs one after another.

    Args:
        scratch: a folder that is made for its temporary files, and removed with it: it may be killed while a job has some.
        siblings: the coordinator's channels to other workers, which are none of its business.
    """

    def __init__(self, number: int, source: AssignmentSource, ready: Ready, *, scratch: Path, siblings: Sequence[socket.socket]) -> None:
        self.number, self._scratch = number, scratch
        scratch.mkdir(mode=0o700)
        self.channel, theirs = socket.socketpair()  # becomes readable when it answers or dies
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=_live, args=(theirs, [self.channel, *siblings], source, ready, number, scratch, os.getpid()))
        self.process.start()
        theirs.close()
        self._inbox = Inbox(self.channel)
        self._since, self._limit_s = time.monotonic(), 0.0

    def give(self, errand: Errand, *, is_idle: bool) -> None:
        """Send a job. If the worker has gone, reading from it will tell."""
        job = errand.job
        self._inbox.maximum_bytes, self._limit_s = maximum_answer_bytes(job), deadline_s(job)
        if is_idle:
            self._since = time.monotonic()
        with contextlib.suppress(OSError):
            send_frame(self.channel, order_json(errand.index, job))

    def take(self) -> list[Answer]:
        """Return the answers that came.

        Raises:
            EOFError: it died.
            FrameError, pydantic.ValidationError: it sent what is no answer.
        """
        answers = [Answer.model_validate_json(frame) for frame in self._inbox.take()]
        if answers:
            self._since = time.monotonic()
        return answers

    @property
    def is_hung(self) -> bool:
        """Whether no answer came for longer than all limits together allow."""
        return time.monotonic() - self._since > self._limit_s

    def end(self, *, has_gone: bool = False) -> str:
        """Kill it with everything it started; return how it had ended, if it had.

        Args:
            has_gone: its end of the channel is closed: how it ends is told a moment later, on a busy machine some seconds.
        """
        self.process.join(_GOING_S if has_gone else 0.1)
        code = self.process.exitcode
        if self.process.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join(10)
        self.channel.close()
        with contextlib.suppress(OSError):  # what is left goes with the folder that it lies in
            remove_tree(str(self._scratch))
        return how_it_ended(code)


def _live(
    channel: socket.socket, not_ours: list[socket.socket], source: AssignmentSource, ready: Ready, number: int, scratch: Path, parent: int
) -> None:
    tempfile.tempdir = str(scratch)
    for each in not_ours:
        each.close()
    work(channel, source, ready, number, parent)
