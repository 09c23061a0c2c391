"""The grader's side of the zygote: starts it, asks it for kernels, and runs cells in them with limits that are kept from outside.

What a kernel says is the learner's word: lines are read with a limit, parsed as JSON, and folded into outputs by nbclient's own rules; whatever does not
fit is dropped. A cell that runs too long is interrupted, one that does not stop is killed with everything it started.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.errors import SandboxMissingError
from autograder.jobs import Limits

_START_S = 120.0
_ANSWER_S = 30.0
_AFTER_INTERRUPT_S = 5.0
_FIRST_UID = 210_000
_SLOTS, _SLOTS_PER_WORKER = 10_000, 50
_THREAD_POOLS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "BLIS_NUM_THREADS",
)


class KernelDiedError(Exception):
    """The kernel ended while a cell ran."""


class KernelStuckError(Exception):
    """A cell ran too long and could not be interrupted, or printed too much; the kernel was killed."""


@dataclass(slots=True)
class CellRun:
    """What running one cell gave."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    """nbformat outputs as plain JSON."""
    reply: dict[str, Any] = field(default_factory=dict)
    """The content of the execute reply; empty if there was none."""
    timed_out: bool = False
    extension: dict[str, Any] = field(default_factory=dict)
    """What the kernel's extension answered; empty if it was not asked."""


class ForkServer:
    """A zygote and the means to ask it. Closing it ends every kernel.

    Args:
        preload: modules to load before the first fork.
        extension: the module whose `attach` gives kernels an answer to messages that are no cells (`Kernel.ask`).
        first_uid: its kernels run as the users from this one on, where we are root.
    """

    def __init__(self, preload: Sequence[str], *, extension: str | None = None, first_uid: int = _FIRST_UID) -> None:
        self._lock, self._first_uid = threading.Lock(), first_uid
        self._scratch = tempfile.TemporaryDirectory(prefix="patunay-zygote-")
        self._slots: set[int] = set()
        self._first_slot = 0
        self.layers: dict[str, str] = {}
        """What became of each layer when a kernel was tried; see `probe`."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": self._scratch.name,
            "MPLCONFIGDIR": self._font_cache(),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        environment |= dict.fromkeys(_THREAD_POOLS, "1") | {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "autograder.execution.zygote", str(theirs.fileno())],
            pass_fds=[theirs.fileno()], env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        theirs.close()
        ours.settimeout(_START_S)
        try:
            ours.send(json.dumps({"preload": list(preload), "extension": extension}).encode())
            hello = json.loads(ours.recv(1 << 20) or b"{}")
        except (OSError, ValueError) as failure:
            self.close()
            raise SandboxMissingError(f"the fork server does not start: {failure}") from failure
        if not hello.get("ready"):
            self.close()
            raise SandboxMissingError(
                f"a library of this course starts threads when it is imported ({hello.get('threads', '?')} run), so it cannot be forked",
                remedy="Its notebooks get kernels of their own instead, which takes longer.",
            )
        self.missing: tuple[str, ...] = tuple(hello["missing"])

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the zygote; its kernels end with it."""
        self._control.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._scratch.cleanup()

    @property
    def is_alive(self) -> bool:
        """Whether the zygote still has its end of the control socket: it is closed before any kernel learns that the zygote ended."""
        poller = select.poll()
        try:
            poller.register(self._control, 0)
        except ValueError:  # closed by us
            return False
        return not poller.poll(0)

    def take_part(self, number: int) -> None:
        """Make the copy of this server in a forked worker process one that takes slots, and so users, which no other worker takes."""
        self._first_slot = number % (_SLOTS // _SLOTS_PER_WORKER) * _SLOTS_PER_WORKER
        self._slots.clear()

    def probe(self) -> dict[str, str]:
        """Fork a kernel, end it, and return what became of each layer of the sandbox.

        Raises:
            SandboxMissingError: the machine refuses a layer.
        """
        with self.start_kernel(None, Limits(), {}) as kernel:
            self.layers = kernel.layers
        return self.layers

    def start_kernel(self, folder: Path | None, limits: Limits, environment: dict[str, str], wire: socket.socket | None = None) -> Kernel:
        """Return a locked-in kernel whose working folder is a copy of `folder`.

        Args:
            wire: handed to the kernel's extension; the caller closes its own copy.

        Raises:
            SandboxMissingError: the machine refuses a layer.
        """
        slot = self._take_slot()
        new_root = Path(self._scratch.name, f"root-{slot}")
        new_root.mkdir(exist_ok=True)
        request = {
            "new_root": str(new_root),
            "folder": str(folder) if folder else None,
            "memory_bytes": limits.memory_bytes,
            "file_bytes": 128 * 2**20,
            "processes": 256,
            "uid": self._first_uid + slot if os.geteuid() == 0 else None,
            "environment": environment,
        }
        channel, theirs = socket.socketpair()
        answer, reply = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        descriptors = [theirs.fileno(), reply.fileno(), *([wire.fileno()] if wire is not None else [])]
        try:
            with self._lock:
                socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
            theirs.close()
            reply.close()  # so that a fork server that dies leaves no answer to wait for
            answer.settimeout(_ANSWER_S)
            data, handles, _, _ = socket.recv_fds(answer, 1 << 16, 1)
            told = json.loads(data or b'{"error": "the fork server died"}')
        except (OSError, ValueError) as failure:
            channel.close()
            self._slots.discard(slot)
            raise SandboxMissingError(f"the fork server does not answer: {failure}") from failure
        finally:
            theirs.close()
            reply.close()
            answer.close()
        if not handles:
            channel.close()
            self._slots.discard(slot)
            raise SandboxMissingError(f"this machine does not allow a layer of the sandbox: {told.get('error')}")
        return Kernel(channel, handles[0], limits, lambda: self._slots.discard(slot))

    def _take_slot(self) -> int:
        with self._lock:
            slot = next(number for number in range(self._first_slot, _SLOTS) if number not in self._slots)
            self._slots.add(slot)
            return slot

    def _font_cache(self) -> str:
        """Return matplotlib's own cache folder, where the list of fonts is already made."""
        return str(Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "matplotlib")


class Kernel:
    """A forked kernel: runs cells one after another, keeps its limits, and is killed when closed."""

    def __init__(self, channel: socket.socket, handle: int, limits: Limits, release: Any) -> None:
        self._channel, self._handle, self._limits, self._release = channel, handle, limits, release
        self._pending = bytearray()
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
        self._signal(signal.SIGKILL)
        self._channel.close()
        with contextlib.suppress(OSError):
            os.close(self._handle)
        self._handle = -1
        self._release()

    def run_cell(
        self, code: str, *, first_interrupt: Callable[[], None] | None = None, around: tuple[dict[str, Any], dict[str, Any]] | None = None
    ) -> CellRun:
        """Run one cell and return what came of it.

        Args:
            first_interrupt: called at the time limit, before the kernel itself is interrupted: it may wait for another one.
            around: what the kernel's extension is told before the cell, and asked after it.

        Raises:
            KernelDiedError: the kernel ended.
            KernelStuckError: the cell could not be interrupted, or printed more than is taken.
        """
        interrupts = [self.interrupt] if first_interrupt is None else [first_interrupt, self.interrupt]
        more = {} if around is None else {"before": around[0], "after": around[1]}
        return self._await(self._begin({"code": code, **more}), interrupts, self._limits.cell_timeout_s)

    def peak_memory(self) -> int:
        """Return the most memory that the kernel's process has used so far, in bytes; 0 if that cannot be found out."""
        try:
            about = Path(f"/proc/self/fdinfo/{self._handle}").read_text(encoding="ascii")
            pid = next(line.split()[1] for line in about.splitlines() if line.startswith("Pid:"))
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
            return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
        except (OSError, StopIteration, ValueError):
            return 0

    def interrupt(self) -> None:
        """Interrupt what the kernel does."""
        self._signal(signal.SIGINT)

    def begin(self, message: dict[str, Any]) -> str:
        """Send a message to the kernel's extension and return what to ask `finish` for; meanwhile the kernel runs no cell."""
        return self._begin({"extension": message})

    def finish(self, message_id: str, timeout_s: float = _ANSWER_S) -> dict[str, Any]:
        """Return the extension's answer.

        Raises:
            KernelDiedError, KernelStuckError: there is none.
        """
        return self._await(message_id, [self.interrupt], timeout_s).extension

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message to the kernel's extension and return its answer; see `finish`."""
        return self.finish(self.begin(message))

    def _begin(self, message: dict[str, Any]) -> str:
        message_id = secrets.token_hex(16)
        self._send({"id": message_id, **message})
        return message_id

    def _await(self, message_id: str, interrupts: list[Callable[[], None]], timeout_s: float) -> CellRun:
        run = CellRun()
        deadline, received = time.monotonic() + timeout_s, 0
        while True:
            line = self._read_line(deadline)
            if line is None:
                if not interrupts:
                    raise KernelStuckError("a cell ran too long and did not stop when it was interrupted")
                run.timed_out = True
                interrupts.pop(0)()
                deadline = time.monotonic() + _AFTER_INTERRUPT_S
                continue
            received += len(line)
            if received > self._limits.output_bytes:
                raise KernelStuckError(f"a cell printed more than {self._limits.output_bytes // 2**20} MiB")
            if self._take(line, message_id, run):
                return run

    def _take(self, line: bytes, message_id: str, run: CellRun) -> bool:
        """Note one message; return whether the cell is over."""
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
        else:
            fold_message(str(kind), content, run.outputs)
        return False

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _ANSWER_S
        while True:
            line = self._read_line(deadline)
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
            self._channel.settimeout(_ANSWER_S)
            self._channel.sendall(json.dumps(message).encode() + b"\n")
        except OSError as gone:
            raise KernelDiedError("the kernel ended") from gone

    def _read_line(self, deadline: float) -> bytes | None:
        """Return the next line, None at the deadline.

        Raises:
            KernelDiedError, KernelStuckError: see `run_cell`.
        """
        while (end := self._pending.find(b"\n")) < 0:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._channel.settimeout(left)
            try:
                data = self._channel.recv(1 << 18)
            except TimeoutError:
                return None
            except OSError as gone:
                raise KernelDiedError("the kernel ended") from gone
            if not data:
                raise KernelDiedError("the kernel ended")
            self._pending += data
            if len(self._pending) > self._limits.output_bytes:
                raise KernelStuckError(f"a cell printed more than {self._limits.output_bytes // 2**20} MiB")
        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        return line

    def _signal(self, number: int) -> None:
        if self._handle >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)


_MAXIMUM_OUTPUTS = 2000


def fold_message(kind: str, content: dict[str, Any], outputs: list[dict[str, Any]]) -> None:
    """Add one kernel message to a cell's outputs, as nbclient does: streams join, `clear_output` clears, displays with an id are updated."""
    if kind == "stream":
        name, text = content.get("name"), content.get("text")
        if name in {"stdout", "stderr"} and isinstance(text, str):
            if outputs and outputs[-1]["output_type"] == "stream" and outputs[-1]["name"] == name:
                outputs[-1]["text"] += text
            elif len(outputs) < _MAXIMUM_OUTPUTS:
                outputs.append({"output_type": "stream", "name": name, "text": text})
    elif kind == "clear_output":
        outputs.clear()
    elif kind == "error":
        lines = content.get("traceback")
        traceback = [str(line) for line in lines] if isinstance(lines, list) else []
        outputs.append(
            {"output_type": "error", "ename": str(content.get("ename")), "evalue": str(content.get("evalue")), "traceback": traceback}
        )
    elif kind in {"execute_result", "display_data", "update_display_data"}:
        _fold_display(kind, content, outputs)


def _fold_display(kind: str, content: dict[str, Any], outputs: list[dict[str, Any]]) -> None:
    data = content.get("data")
    if not isinstance(data, dict):
        return
    clean = {str(mime): value for mime, value in data.items() if isinstance(value, str) or "json" in str(mime)}
    shown = content.get("metadata") if isinstance(content.get("metadata"), dict) else {}
    transient = content.get("transient")
    display_id = transient.get("display_id") if isinstance(transient, dict) else None
    if kind == "update_display_data":
        for output in outputs:
            if display_id is not None and output.get("_display_id") == display_id:
                output["data"], output["metadata"] = clean, shown
        return
    if len(outputs) >= _MAXIMUM_OUTPUTS:
        return
    shown_now: dict[str, Any] = {"output_type": kind, "data": clean, "metadata": shown}
    if kind == "execute_result":
        count = content.get("execution_count")
        shown_now["execution_count"] = count if isinstance(count, int) else None
    if display_id is not None:
        shown_now["_display_id"] = display_id
    outputs.append(shown_now)
