"""The zygote: one process that has loaded a course's libraries, and forks a locked-in kernel for each submission.

It is started clean (its own environment, no descriptor but its control socket), holds no secret, has one thread, and dies with the grader. Protocol on the
control socket (SOCK_SEQPACKET): a JSON request with two descriptors, the kernel's channel and a socket for the answer, and a third one for the kernel's
extension if it has one; the answer is JSON with a pidfd of the kernel, or an error. Loaded modules are learnt from the course's source, so a fork costs milliseconds and not their import.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import sysconfig
import tempfile
import threading
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.jobs import Limits
from autograder.sandbox import syscalls
from autograder.sandbox.in_place import PR_SET_CHILD_SUBREAPER, attend, find_obstacle, lock_in_place, prepare_place, what_is_shared
from autograder.sandbox.isolation import Confinement, leave_shared_spaces, lock_in, own_pid_space
from autograder.sandbox.seccomp import compile_filter

_BRIEF_THREADS_S = 0.5
_LAUNCHER = os.path.join(sysconfig.get_path("purelib"), "ipykernel_launcher.py")
_WARM_UP = (
    "pygments.lexers.python",
    "pygments.formatters.terminal256",
    "stack_data",
    "IPython.core.logger",
    "tornado.platform.asyncio",
)
_FOR_NUMBERS = (
    "numpy.random",  # numpy loads it when it is first used, which `_reseed` is
    "matplotlib_inline.backend_inline",
    "IPython.core.pylabtools",
)
"""Loaded where a course's own libraries brought numpy: then figures may come. A course that names none of these starts sooner without."""


def main() -> None:
    """Load what the first message names, say that we are ready, then fork on request until the control socket is closed."""
    control = socket.socket(fileno=int(sys.argv[1]))
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    syscalls.prctl(PR_SET_CHILD_SUBREAPER, 1)
    os.umask(0o022)
    settings = json.loads(control.recv(1 << 20))
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # a debugger would cost start-up time and open sockets
    from autograder.execution import direct_kernel

    kernel = direct_kernel.build_kernel()
    missing, threaded = _load_all(settings["preload"])
    for each in _WARM_UP, _FOR_NUMBERS if "numpy" in sys.modules else ():
        more = _load_all(each)
        missing, threaded = missing + more[0], threaded + more[1]
    extension = importlib.import_module(settings["extension"]) if settings.get("extension") else None
    if extension is not None:
        extension.prepare()
    direct_kernel.warm_up(kernel)
    program = compile_filter()
    obstacle = find_obstacle(settings["scratch"])
    if obstacle:
        compile_filter(what_is_shared())  # once: where it does not depend on the process, forks find it ready
    if obstacle and os.geteuid() == 0:
        Path(settings["scratch"]).chmod(0o711)  # kernels have to reach their own folders below it
    threads = _count_threads()
    gc.collect()
    gc.freeze()
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    is_ready = threads == 1 and threading.active_count() == 1
    control.send(json.dumps({"ready": is_ready, "threaded": threaded, "missing": missing}).encode())
    if is_ready:
        _fork_on_request(control, _Seed(direct_kernel, kernel, program, extension, obstacle, int(sys.argv[2])))


@dataclass(frozen=True, slots=True)
class _Seed:
    """What every fork starts from."""

    module: ModuleType
    kernel: Any
    filter: bytes
    extension: ModuleType | None
    """What answers the grader's messages that are no cells."""
    obstacle: str
    """Why this machine allows no name spaces; "": it does."""
    life: int
    """A pipe's end that an intermediate process keeps until it has removed its kernel's folder."""


def _load_all(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Import the modules; return those that cannot be, and those that start threads which do not end."""
    missing, threaded, threads = [], [], _count_threads()
    for name in names:
        if not _load(name):
            missing.append(name)
        ends = time.monotonic() + _BRIEF_THREADS_S
        while _count_threads() > threads and time.monotonic() < ends:
            time.sleep(0.01)
        if _count_threads() > threads:
            threaded.append(name)
            threads = _count_threads()
    return missing, threaded


def _count_threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _load(name: str) -> bool:
    try:
        importlib.import_module(name)
    except Exception:  # noqa: BLE001 - a course may name what is not installed here; its cells will say so
        return False
    return True


def _fork_on_request(control: socket.socket, seed: _Seed) -> None:
    kernels = _Kernels(control.fileno())
    while True:
        is_asked = kernels.watch()
        _reap()
        if not is_asked:
            continue
        data, descriptors, _, _ = socket.recv_fds(control, 1 << 20, 3)
        if not data:
            return
        channel, answer, *more = descriptors
        with socket.socket(fileno=answer) as reply:
            try:
                pid = _fork_kernel(json.loads(data), [channel, *more], seed)
                handle = os.pidfd_open(pid)
                socket.send_fds(reply, [json.dumps({"pid": pid}).encode()], [handle])
                kernels.add(channel, handle)
            except OSError as refusal:
                os.close(channel)
                with contextlib.suppress(OSError):
                    reply.send(json.dumps({"error": str(refusal)}).encode())
        for descriptor in more:
            os.close(descriptor)


class _Kernels:
    """The kernels that run. One whose grader has gone, so that nobody listens to it any more, is killed: it may be in an endless loop."""

    def __init__(self, control: int) -> None:
        self._control, self._poller = control, select.poll()
        self._poller.register(control, select.POLLIN)
        self._handles: dict[int, int] = {}
        self._channels: dict[int, int] = {}

    def add(self, channel: int, handle: int) -> None:
        """Watch a kernel by our copies of its end of the channel and of its pidfd."""
        self._poller.register(channel, 0)  # tells of hang-ups only
        self._poller.register(handle, select.POLLIN)
        self._handles[channel], self._channels[handle] = handle, channel

    def watch(self) -> bool:
        """Wait a second for a request, and return whether there is one; see to kernels that ended, or whose grader did."""
        asked = False
        for descriptor, _ in self._poller.poll(1000):
            if descriptor == self._control:
                asked = True
            elif descriptor in self._handles:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._handles[descriptor], signal.SIGKILL)
                self._close_channel(descriptor)
            elif descriptor in self._channels:
                self._close_channel(self._channels.pop(descriptor))
                self._poller.unregister(descriptor)
                os.close(descriptor)
        return asked

    def _close_channel(self, channel: int) -> None:
        if self._handles.pop(channel, None) is not None:
            self._poller.unregister(channel)
            os.close(channel)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _fork_kernel(request: dict[str, Any], channels: list[int], seed: _Seed) -> int:
    """Fork a kernel that is the first process of a PID name space of its own; return its process id.

    Raises:
        OSError: the machine does not allow it.
    """
    confinement = Confinement(
        new_root=request["new_root"],
        folder=request["folder"],
        filter=seed.filter,
        limits=Limits.model_validate(request["limits"]),
        uid=request["uid"],
        obstacle=seed.obstacle,
    )
    if seed.obstacle:
        if os.geteuid() == 0:
            Path(confinement.new_root).chmod(0o711)
        confinement.new_root = tempfile.mkdtemp(dir=confinement.new_root)
        return _fork_twice(confinement, request, channels, seed)
    if os.geteuid() == 0:
        return _fork_once(confinement, request, channels, seed)
    return _fork_twice(confinement, request, channels, seed)


def _fork_once(confinement: Confinement, request: dict[str, Any], channels: list[int], seed: _Seed) -> int:
    """Fork out of a PID name space that only the next child enters: root may make one, and go back to its own."""
    with own_pid_space():
        pid = os.fork()
        if pid == 0:
            _in_kernel(confinement, request, channels, seed)
    return pid


def _fork_twice(confinement: Confinement, request: dict[str, Any], channels: list[int], seed: _Seed) -> int:
    """Fork an intermediate process which leaves the shared name spaces and forks the kernel.

    It stays, and does nothing but to tie the kernel's life to ours: it dies with the zygote, and the kernel with it.
    """
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        _in_intermediate(confinement, request, channels, seed, tell)
    os.close(tell)
    with os.fdopen(told) as stream:
        answer = stream.read()
    if not answer.isdigit():
        raise OSError(answer or "the intermediate process died")
    return int(answer)


def _in_intermediate(confinement: Confinement, request: dict[str, Any], channels: list[int], seed: _Seed, tell: int) -> None:
    try:
        os.setsid()
        if seed.obstacle:
            signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGTERM)
            prepare_place(confinement)
        else:
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
            syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # the files in /proc/self that map users are ours only while we are dumpable
            leave_shared_spaces(confinement)
        pid = os.fork()
    except OSError as refusal:
        os.write(tell, str(refusal).encode())
        os._exit(1)
    if pid:
        os.write(tell, str(pid).encode())
        os.closerange(3, seed.life)
        os.closerange(seed.life + 1, 1 << 16)
        if seed.obstacle:
            attend(pid, confinement.new_root, confinement.limits.disk_bytes)
        os.waitpid(pid, 0)
        os._exit(0)
    _in_kernel(confinement, request, channels, seed)


def _in_kernel(confinement: Confinement, request: dict[str, Any], channels: list[int], seed: _Seed) -> None:
    try:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        _become_kernel(confinement, request, channels, seed)
    except BaseException:  # noqa: BLE001 - the last thing this process does is to say why it could not begin
        line = json.dumps({"type": "failed", "why": traceback.format_exc(limit=3)})
        with contextlib.suppress(OSError):
            os.write(3, line.encode() + b"\n")
    finally:
        os._exit(1)


def _become_kernel(confinement: Confinement, request: dict[str, Any], channels: list[int], seed: _Seed) -> None:
    signal.set_wakeup_fd(-1)
    _keep_only(channels)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.setsid()
    if confinement.obstacle:
        lock_in_place(confinement)
    else:
        if os.geteuid() == 0:
            leave_shared_spaces(confinement)
        lock_in(confinement)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    _put_folder_on_path()
    _reseed()
    report = json.dumps({"type": "report", "layers": confinement.report}).encode()
    os.write(3, report + b"\n")
    extension = seed.extension.attach(seed.kernel, 4) if seed.extension is not None and len(channels) > 1 else None
    seed.module.serve(seed.kernel, 3, extension, most_text=confinement.limits.output_bytes + 1)


def _put_folder_on_path() -> None:
    """Let notebooks import what lies beside them as in a stock kernel: after Python's own library, before what is installed (IPython's `init_path`)."""
    own = [path for path in sys.path if path not in {"", "/"}]
    place = next((index for index, path in enumerate(own) if os.path.basename(path) in {"site-packages", "dist-packages"}), 0)
    sys.path[:] = [*own[:place], "", *own[place:]]
    sys.argv = [_LAUNCHER, "-f", "/tmp/kernel.json"]  # noqa: S108 - what a stock kernel is called with


def _keep_only(channels: list[int]) -> None:
    """Make `channels` the descriptors from 3 on and close everything else that the zygote had."""
    silence = os.open(os.devnull, os.O_RDWR)
    kept = [os.dup2(channel, 900 + place) for place, channel in enumerate(channels)]
    for number in (0, 1, 2):
        os.dup2(silence, number)
    os.closerange(3, 900)
    for place, channel in enumerate(kept):
        os.dup2(channel, 3 + place)
    os.closerange(3 + len(kept), 1 << 16)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - they live as long as the process
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", closefd=False)  # type: ignore[misc]  # noqa: SIM115


def _reseed() -> None:
    """Two forks of one process must not draw the same numbers."""
    import random

    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


if __name__ == "__main__":
    main()
