"""The process of one course as the watching process sees it: started when there is something to do, one order at a time, ended with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

from pydantic import ValidationError

from autograder.scheduling.framing import FrameError, Inbox, send_frame
from courses.settings import Site
from portal.grading_service.messages import Answer, Order

_LARGEST_ANSWER = 16 * 2**20
_HUNG_S = 4 * 3600.0
"""All limits inside a batch together are less; what takes longer has lost its way."""
_ENDING_S = 10.0


class CourseWorker:
    """A process that grades `course`."""

    def __init__(self, site: Site, course: str) -> None:
        self.channel, theirs = socket.socketpair()
        """Can be read when it answers, or has gone."""
        program = [sys.executable, "-m", "portal.grading_service.course_process"]
        self._process = subprocess.Popen(
            [*program, str(site.root), course, str(theirs.fileno()), str(os.getpid())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the watching process's: it lets this one end its work
        )
        theirs.close()
        self._inbox = Inbox(self.channel, maximum_bytes=_LARGEST_ANSWER)
        self.order: Order | None = None
        """What it is at; None: it is idle."""
        self.since = time.monotonic()
        """When it was given its order, or finished the last one."""

    @property
    def is_hung(self) -> bool:
        """Whether it has been at its order for longer than any takes."""
        return self.order is not None and time.monotonic() - self.since > _HUNG_S

    def give(self, order: Order) -> None:
        """Send an order. If it has gone, reading from it will tell."""
        self.order, self.since = order, time.monotonic()
        with contextlib.suppress(OSError):
            send_frame(self.channel, order.model_dump_json().encode("utf-8"))

    def take(self) -> Answer | None:
        """Return the answer, None if it is not all here yet.

        Raises:
            EOFError: the process has ended.
        """
        try:
            frames = self._inbox.take()
            answer = Answer.model_validate_json(frames[-1]) if frames else None
        except (FrameError, ValidationError) as nonsense:
            raise EOFError from nonsense
        if answer is not None:
            self.order, self.since = None, time.monotonic()
        return answer

    def ask_to_end(self) -> None:
        """Have it end when what it runs is ended and written down."""
        with contextlib.suppress(OSError):
            self.channel.shutdown(socket.SHUT_WR)
        self._process.terminate()

    def end(self, *, patience_s: float = _ENDING_S) -> str:
        """End it with everything it started; return how it ended, in words."""
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        self.channel.close()
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
