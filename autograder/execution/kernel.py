"""One forked kernel as the grader sees it: runs cells, keeps their limits from outside, and is killed with everything it started when closed.

What a kernel says is the learner's word: lines are read with a limit, parsed as JSON, and folded into outputs by nbclient's own rules; whatever does not
fit is dropped. A cell over a limit is interrupted; one that does not stop is killed with everything it started.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.errors import ForkServerDiedError, SandboxMissingError
from autograder.execution.folding import CellOutputs
from autograder.execution.limiting import Budget, CellWatch, Exceeded

ANSWER_S = 30.0
_AFTER_INTERRUPT_S = 5.0
_LAST_WORDS_BYTES, _MOST_LAST_OUTPUTS = 1 << 16, 3000
"""Of what a cell says after it went over a limit only its error is taken: the place where it was interrupted."""


class KernelDiedError(Exception):
    """The kernel ended while a cell ran."""


class KernelStuckError(Exception):
    """A cell over a limit could not be interrupted; the kernel was killed. `run` is what the cell gave until then."""

    def __init__(self, told: str, run: CellRun | None = None) -> None:
        super().__init__(told)
        self.run = run


@dataclass(slots=True)
class CellRun:
    """What running one cell gave."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    """nbformat outputs as plain JSON."""
    reply: dict[str, Any] = field(default_factory=dict)
    """The content of the execute reply; empty if there was none."""
    exceeded: Exceeded | None = None
    """Which limit the cell went over; it was then interrupted."""
    extension: dict[str, Any] = field(default_factory=dict)
    """What the kernel's extension answered; empty if it was not asked."""

    @property
    def timed_out(self) -> bool:
        """Whether the cell was interrupted at a limit."""
        return self.exceeded is not None


class Kernel:
    """A forked kernel. Closing it kills it with everything it started.

    Args:
        channel: where it takes cells and says what came of them.
        handle: its pidfd.
        root: the process id whose tree is the kernel and what it started.
        budget: what its submission has used; None: it is one of its own.
        closed: called when it was closed.
        is_lost: whether the fork server that it came from has ended, and the kernel with it.
    """

    def __init__(
        self, channel: socket.socket, handle: int, root: int, budget: Budget, *, closed: Callable[[], object], is_lost: Callable[[], bool]
    ) -> None:
        self._channel, self._handle, self.root, self._budget = channel, handle, root, budget
        self._closed, self._is_lost = closed, is_lost
        self._pending, self._received, self._skipping = bytearray(), 0, False
        self._printed = 0
        self.layers: dict[str, str] = {}
        """What became of each layer of the sandbox."""
        try:
            self._await_ready()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the kernel with everything it started."""
        if self._handle < 0:
            return
        self._signal(signal.SIGKILL)
        self._channel.close()
        with contextlib.suppress(OSError):
            os.close(self._handle)
        self._handle = -1
        self._closed()

    def run_cell(
        self,
        code: str,
        *,
        first_interrupt: Callable[[], None] | None = None,
        partner: Kernel | None = None,
        around: tuple[dict[str, Any], dict[str, Any]] | None = None,
    ) -> CellRun:
        """Run one cell and return what came of it.

        Args:
            first_interrupt: called at a limit, before the kernel itself is interrupted: it may wait for another one.
            partner: the kernel that the cell may wait for; what it uses counts too.
            around: what the kernel's extension is told before the cell, and asked after it.

        Raises:
            KernelDiedError: the kernel ended.
            KernelStuckError: the cell went over a limit and could not be interrupted.
            ForkServerDiedError: the fork server ended, and the kernel with it.
        """
        interrupts = [self.interrupt] if first_interrupt is None else [first_interrupt, self.interrupt]
        roots = [self.root] if partner is None else [self.root, partner.root]
        watch = CellWatch(self._budget, roots, self._printed)
        more = {} if around is None else {"before": around[0], "after": around[1]}
        try:
            return self._await(self._begin({"code": code, **more}), interrupts, watch)
        finally:
            self._printed += min(self._received, watch.allowed_bytes)

    def peak_memory(self) -> int:
        """Return the most memory that the kernel's process has used so far, in bytes; 0 if that cannot be found out."""
        try:
            status = Path(f"/proc/{self.root}/status").read_text(encoding="utf-8", errors="replace")
            return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
        except (OSError, StopIteration, ValueError):
            return 0

    def interrupt(self) -> None:
        """Interrupt what the kernel does."""
        self._signal(signal.SIGINT)

    def begin(self, message: dict[str, Any]) -> str:
        """Send a message to the kernel's extension and return what to ask `finish` for; meanwhile the kernel runs no cell."""
        return self._begin({"extension": message})

    def finish(self, message_id: str, timeout_s: float = ANSWER_S) -> dict[str, Any]:
        """Return the extension's answer.

        Raises:
            KernelDiedError, KernelStuckError, ForkServerDiedError: there is none.
        """
        watch = CellWatch(self._budget, ())
        watch.deadline, watch.allowed_bytes = time.monotonic() + timeout_s, self._budget.limits.output_bytes
        return self._await(message_id, [self.interrupt], watch).extension

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message to the kernel's extension and return its answer; see `finish`."""
        return self.finish(self.begin(message))

    def _begin(self, message: dict[str, Any]) -> str:
        message_id = secrets.token_hex(16)
        self._received = 0
        self._send({"id": message_id, **message})
        return message_id

    def _await(self, message_id: str, interrupts: list[Callable[[], None]], watch: CellWatch) -> CellRun:
        run = CellRun()
        shown = CellOutputs(run.outputs)
        while True:
            over = self._over_limit(run, watch)
            if over is not None:
                run.exceeded = run.exceeded or over
                if not interrupts:
                    self._signal(signal.SIGKILL)
                    raise KernelStuckError(f"{run.exceeded.told} It did not stop when it was interrupted.", run)
                interrupts.pop(0)()
                watch.deadline = time.monotonic() + _AFTER_INTERRUPT_S
            try:
                line = self._read_line(watch.deadline if run.exceeded else min(watch.deadline, watch.next_look), watch.allowed_bytes)
            except KernelDiedError as ended:
                if run.exceeded is None:
                    raise
                raise KernelStuckError(run.exceeded.told, run) from ended
            if line is not None and self._take(line, message_id, run, shown):
                return run

    def _over_limit(self, run: CellRun, watch: CellWatch) -> Exceeded | None:
        """Return what the cell exceeds now; once it has exceeded anything, only the time that it is given to stop counts."""
        now = time.monotonic()
        if now >= watch.deadline:
            return watch.at_deadline()
        if run.exceeded is not None:
            return None
        if self._received > watch.allowed_bytes:
            return watch.over_output()
        return watch.look() if now >= watch.next_look else None

    def _take(self, line: bytes, message_id: str, run: CellRun, shown: CellOutputs) -> bool:
        """Note one message; return whether the cell is over. What is printed after a limit was exceeded is dropped."""
        try:
            message = json.loads(line)
            kind, content = message["type"], message["content"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        if message.get("parent") != message_id or not isinstance(content, dict):
            return False
        if kind == "status":
            return content.get("execution_state") == "idle"
        if kind == "execute_reply":
            run.reply = content
        elif kind in {"extension_reply", "extension_done"}:
            run.extension = content
            return bool(kind == "extension_done")
        elif run.exceeded is None or (kind == "error" and len(line) < _LAST_WORDS_BYTES and len(run.outputs) < _MOST_LAST_OUTPUTS):
            shown.take(str(kind), content)
        return False

    def _await_ready(self) -> None:
        deadline = time.monotonic() + ANSWER_S
        while True:
            line = self._read_line(deadline, 1 << 20)
            if line is None:
                raise SandboxMissingError("the forked kernel does not begin in time")
            message = json.loads(line)
            if message["type"] == "report":
                self.layers = message["layers"]
            elif message["type"] == "ready":
                return
            elif message["type"] == "failed":
                raise SandboxMissingError(f"the forked kernel cannot begin: {message['why'].strip().splitlines()[-1]}")

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._channel.settimeout(ANSWER_S)
            self._channel.sendall(json.dumps(message).encode() + b"\n")
        except OSError as gone:
            raise self._died() from gone

    def _read_line(self, deadline: float, longest: int) -> bytes | None:
        """Return the next line, None at the deadline; of a line that is longer than `longest` nothing (an empty one), at once.

        Raises:
            KernelDiedError, ForkServerDiedError: see `run_cell`.
        """
        searched = 0
        while (end := self._pending.find(b"\n", searched)) < 0:
            searched = len(self._pending)
            if searched > longest:
                self._pending.clear()
                self._skipping = True
                return b""
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._receive(left)
            if self._skipping:
                _, newline, self._pending[:] = bytes(self._pending).partition(b"\n")
                self._skipping, searched = not newline, 0
        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        return line

    def _receive(self, timeout_s: float) -> None:
        """Take what comes within the time into `_pending`."""
        self._channel.settimeout(timeout_s)
        try:
            data = self._channel.recv(1 << 18)
        except TimeoutError:
            return
        except OSError as gone:
            raise self._died() from gone
        if not data:
            raise self._died()
        self._pending += data
        self._received += len(data)

    def _died(self) -> Exception:
        if self._is_lost():
            return ForkServerDiedError(
                "the fork server ended while a notebook ran, and its kernels with it",
                remedy="Grade again: nothing was lost. If it happens again, the machine may be short of memory.",
            )
        return KernelDiedError("the kernel ended")

    def _signal(self, number: int) -> None:
        if self._handle >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)
