"""The grader's side of the zygote: starts it, asks it for kernels, starts it anew once if it was killed, and ends every kernel when it is closed."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.errors import ForkServerDiedError, SandboxMissingError
from autograder.execution.kernel import ANSWER_S, CellRun, Kernel, KernelDiedError, KernelStuckError
from autograder.execution.limiting import Budget
from autograder.jobs import Limits
from courses.scratch import ScratchFolder

__all__ = ["CellRun", "ForkServer", "Kernel", "KernelDiedError", "KernelStuckError"]

_START_S = 120.0
_FIRST_UID = 210_000
_SLOTS, _SLOTS_PER_WORKER = 10_000, 50
_PARTS = _SLOTS // _SLOTS_PER_WORKER
_MOST_STARTS = 5
_SWEEP_S = 20.0
_THREAD_POOLS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "BLIS_NUM_THREADS",
)


class ForkServer:
    """A zygote and the means to ask it. Closing it ends every kernel.

    Args:
        preload: modules to load before the first fork.
        extension: the module whose `attach` gives kernels an answer to messages that are no cells (`Kernel.ask`).
        first_uid: its kernels run as the users from this one on, where we are root.
        hash_seed: PYTHONHASHSEED of its kernels, which orders their sets; None: another one each time a server is started.
    """

    def __init__(
        self, preload: Sequence[str], *, extension: str | None = None, first_uid: int = _FIRST_UID, hash_seed: int | None = None
    ) -> None:
        self._lock, self._first_uid, self._extension, self._hash_seed = threading.Lock(), first_uid, extension, hash_seed
        self._scratch = ScratchFolder("zygote")
        self._slots: set[int] = set()
        self._preload = tuple(preload)
        self._owner = os.getpid()
        self._first_part = os.getpid() % _PARTS  # two graders on one machine shall not share users: the limit of processes counts by user
        self.take_part(0)
        self.layers: dict[str, str] = {}
        """What became of each layer when a kernel was tried; see `probe`."""
        self.threaded: tuple[str, ...] = ()
        """Modules that start threads when they are imported: no process with threads can be forked, so notebooks load these themselves."""
        try:
            self._zygote = self._start()
        except BaseException:
            self._scratch.cleanup()
            raise

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def missing(self) -> tuple[str, ...]:
        """Modules that cannot be imported here."""
        return self._zygote.missing

    @property
    def process_id(self) -> int:
        """The zygote's."""
        return self._zygote.process.pid

    def close(self) -> None:
        """End the zygote; its kernels end with it."""
        self._owner = 0
        self._zygote.close()
        self._scratch.cleanup()

    @property
    def is_alive(self) -> bool:
        """Whether the zygote still has its end of the control socket: it is closed before any kernel learns that the zygote ended."""
        return self._zygote.is_alive()

    def take_part(self, number: int) -> None:
        """Make the copy of this server in a forked worker process one that takes slots, and so users, which no other worker takes."""
        self._first_slot = (self._first_part + number) % _PARTS * _SLOTS_PER_WORKER
        self._slots.clear()

    def probe(self) -> dict[str, str]:
        """Fork a kernel, end it, and return what became of each layer of the sandbox.

        Raises:
            SandboxMissingError: the machine refuses a layer.
        """
        with self.start_kernel(None, Limits(), {}) as kernel:
            self.layers = kernel.layers
        return self.layers

    def start_kernel(
        self,
        folder: Path | None,
        limits: Limits,
        environment: dict[str, str],
        wire: socket.socket | None = None,
        budget: Budget | None = None,
    ) -> Kernel:
        """Return a locked-in kernel whose working folder is a copy of `folder`.

        Args:
            wire: handed to the kernel's extension; the caller closes its own copy.
            budget: what the kernel's submission has used already; None: nothing.

        Raises:
            SandboxMissingError: the machine refuses a layer, or the fork server ended and could not be started again.
        """
        slot = self._take_slot()
        zygote = self._living()
        try:
            channel, handle, root = self._ask(zygote, slot, folder, limits, environment, wire)
        except ForkServerDiedError:
            zygote = self._living()
            try:
                channel, handle, root = self._ask(zygote, slot, folder, limits, environment, wire)
            except BaseException:
                self._slots.discard(slot)
                raise
        except BaseException:
            self._slots.discard(slot)
            raise
        return Kernel(
            channel, handle, root, budget or Budget(limits), closed=lambda: self._slots.discard(slot), is_lost=lambda: not zygote.is_alive()
        )

    def _ask(
        self, zygote: _Zygote, slot: int, folder: Path | None, limits: Limits, environment: dict[str, str], wire: socket.socket | None
    ) -> tuple[socket.socket, int, int]:
        """Return a new kernel's channel, pidfd and process id.

        Raises:
            ForkServerDiedError: the zygote ended.
            SandboxMissingError: the machine refuses a layer.
        """
        new_root = Path(self._scratch.name, f"root-{slot}")
        new_root.mkdir(exist_ok=True)
        request = {
            "new_root": str(new_root),
            "folder": str(folder) if folder else None,
            "limits": limits.model_dump(mode="json"),
            "uid": self._first_uid + slot if os.geteuid() == 0 else None,
            "environment": environment,
        }
        channel, theirs = socket.socketpair()
        try:
            told, handles = zygote.ask(request, [theirs, *([wire] if wire is not None else [])], self._lock)
        except BaseException:
            channel.close()
            raise
        finally:
            theirs.close()
        if not handles:
            channel.close()
            raise SandboxMissingError(f"this machine does not allow a layer of the sandbox: {told.get('error')}")
        return channel, handles[0], int(str(told["pid"]))

    def _take_slot(self) -> int:
        with self._lock:
            later = (number % _SLOTS for number in range(self._first_slot, self._first_slot + _SLOTS))
            slot = next(number for number in later if number not in self._slots)
            self._slots.add(slot)
            return slot

    def _living(self) -> _Zygote:
        """Return the zygote, a new one if it has ended; in a copy of this server only its owner starts one, and the job is begun anew there."""
        with self._lock:
            if self._owner == os.getpid() and not self._zygote.is_alive():
                self._zygote.close()
                self._zygote = self._start()
            return self._zygote

    def _start(self) -> _Zygote:
        """Start a zygote; modules that start threads are found out and left to the notebooks.

        Raises:
            SandboxMissingError: it does not start.
        """
        for _ in range(_MOST_STARTS):
            wanted = [name for name in self._preload if name not in self.threaded]
            zygote = _Zygote(wanted, self._extension, self._scratch.name, self._hash_seed)
            if zygote.is_ready:
                return zygote
            zygote.close()
            found = tuple(name for name in zygote.threaded if name not in self.threaded)
            if not found:
                break
            self.threaded += found
        raise SandboxMissingError(
            f"a process with threads cannot be forked, and {', '.join(self.threaded) or 'ipykernel'} starts some when it is imported",
            remedy="Its notebooks get kernels of their own instead, which takes longer.",
        )


class _Zygote:
    """The process that forks: started clean, with nothing but one end of the control socket."""

    def __init__(self, preload: Sequence[str], extension: str | None, scratch: str, hash_seed: int | None) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": scratch,
            "MPLCONFIGDIR": _font_cache(),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        environment |= dict.fromkeys(_THREAD_POOLS, "1") | {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
        if hash_seed is not None:
            environment["PYTHONHASHSEED"] = str(hash_seed)
        self._swept, life = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "autograder.execution.zygote", str(theirs.fileno()), str(life)],
            pass_fds=[theirs.fileno(), life], env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        theirs.close()
        os.close(life)
        ours.settimeout(_START_S)
        try:
            ours.send(json.dumps({"preload": list(preload), "extension": extension, "scratch": scratch}).encode())
            hello = json.loads(ours.recv(1 << 20) or b"{}")
        except (OSError, ValueError) as failure:
            self.close()
            raise SandboxMissingError(f"the fork server does not start: {failure}") from failure
        if not hello:
            self.close()
            raise SandboxMissingError(
                f"the fork server ended while it loaded {', '.join(preload) or 'nothing but ipykernel'}",
                remedy="Import these in a Python of your own: one of them ends it.",
            )
        self.is_ready = bool(hello["ready"])
        self.missing, self.threaded = tuple(hello["missing"]), tuple(hello["threaded"])

    def close(self) -> None:
        self._control.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        if self._swept >= 0:
            poller = select.poll()
            poller.register(self._swept, 0)
            poller.poll(_SWEEP_S * 1000)  # closed by the last process that sweeps after a kernel
            os.close(self._swept)
            self._swept = -1

    def is_alive(self) -> bool:
        """Whether it still has its end of the control socket."""
        poller = select.poll()
        try:
            poller.register(self._control, 0)
        except ValueError:  # closed by us
            return False
        return not poller.poll(0)

    def ask(
        self, request: Mapping[str, object], channels: list[socket.socket], lock: threading.Lock
    ) -> tuple[dict[str, object], list[int]]:
        """Return the answer and the descriptor that came with it.

        Raises:
            ForkServerDiedError: it ended.
            SandboxMissingError: it does not answer.
        """
        answer, reply = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        first, *more = (channel.fileno() for channel in channels)
        with answer:
            try:
                with reply, lock:  # our copy is closed, so that a zygote that dies leaves no answer to wait for
                    socket.send_fds(self._control, [json.dumps(request).encode()], [first, reply.fileno(), *more])
                answer.settimeout(ANSWER_S)
                data, handles, _, _ = socket.recv_fds(answer, 1 << 16, 1)
                if data:
                    return json.loads(data), handles
            except (TimeoutError, ValueError) as failure:
                raise SandboxMissingError(f"the fork server does not answer: {failure}") from failure
            except OSError as gone:
                raise _died() from gone
        raise _died()


def _died() -> ForkServerDiedError:
    return ForkServerDiedError("the fork server ended", remedy="Grade again: nothing was lost.")


def _font_cache() -> str:
    """Return matplotlib's own cache folder, where the list of fonts is already made."""
    return str(Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "matplotlib")
