"""A process that forks others behind the real layers of the sandbox, with chosen ones taken away: the seam of the attack tests.

It runs the product's own `leave_shared_spaces`, `lock_in` and clearing of descriptors in the product's order; a layer is taken away by putting a function that
does nothing in its place, here in this process. Nothing in the product knows of this: no setting, argument or variable can do the same there.
Reads a JSON request a line from its standard input, answers with a JSON line.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from autograder.execution import zygote
from autograder.jobs import Limits
from autograder.sandbox import isolation, syscalls
from autograder.sandbox.seccomp import compile_filter

MEMORY_BYTES, FILE_BYTES, PROCESSES = 768 * 2**20, 48 * 2**20, 40
_UID = 230_000 + os.getpid() % 20_000  # the limit of processes counts by user: two of us at once must not share one
_SPACES = {
    "network": syscalls.CLONE_NEWNET,
    "pid": syscalls.CLONE_NEWPID,
    "ipc": syscalls.CLONE_NEWIPC,
    "uts": syscalls.CLONE_NEWUTS,
}


def main() -> None:
    """Answer requests until there are no more."""
    program = compile_filter()
    _keep_a_secret_open()
    with tempfile.TemporaryDirectory(prefix="patunay-stripped-") as scratch:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(_run(json.loads(line), scratch, program)) + "\n")
            sys.stdout.flush()


def _keep_a_secret_open() -> None:
    """Open what a process of ours might have open when it forks, at a number that is known."""
    handle = os.memfd_create("hidden tests")
    os.write(handle, b"hidden tests")
    os.dup2(handle, 77)
    os.set_inheritable(77, True)


def _run(request: dict[str, Any], scratch: str, program: bytes) -> dict[str, Any]:
    new_root = tempfile.mkdtemp(dir=scratch)
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(told)
        _intermediate(request, new_root, program, tell)
    os.close(tell)
    answer = _read(told, request["timeout_s"])
    os.close(told)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    began, _, rest = answer.partition("\n")
    if began != "began":
        return {"began": False, "succeeded": False, "why": answer}
    if not rest.endswith("."):
        return {"began": True, "succeeded": False, "why": rest or "it ended without a word, or ran too long"}
    return {"began": True, "succeeded": rest == "done.", "why": rest}


def _read(pipe: int, timeout_s: float) -> str:
    """Return what is said up to the final full stop, the end of the process, or the time limit."""
    data, ends = b"", time.monotonic() + timeout_s
    while (left := ends - time.monotonic()) > 0 and not data.endswith(b"."):
        if not select.select([pipe], [], [], left)[0]:
            break
        more = os.read(pipe, 1 << 16)
        if not more:
            break
        data += more
    return data.decode("utf-8", "replace")


def _intermediate(request: dict[str, Any], new_root: str, program: bytes, tell: int) -> None:
    without = set(request["without"])
    try:
        os.setsid()
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        _take_away(without, request["folder"] or new_root)
        confinement = isolation.Confinement(
            new_root=new_root, folder=request["folder"], filter=program, uid=_UID if os.geteuid() == 0 else None,
            limits=Limits(memory_bytes=MEMORY_BYTES, file_bytes=FILE_BYTES, disk_bytes=FILE_BYTES, processes=PROCESSES),
        )  # fmt: skip
        is_root = os.geteuid() == 0
        if not is_root:
            isolation.leave_shared_spaces(confinement)
        with isolation.own_pid_space() if is_root and "pid" not in without else contextlib.nullcontext():
            pid = os.fork()
            if pid == 0:
                _innermost(request, without, confinement, tell)
        os.closerange(3, 1 << 16)
        os.waitpid(pid, 0)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it was is what is told
        os.write(tell, traceback.format_exc().encode())
        os._exit(1)


def _innermost(request: dict[str, Any], without: set[str], confinement: isolation.Confinement, tell: int) -> None:
    channel = tell
    try:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        channel = _keep_only(tell, keeps_all="descriptors" in without)
        if "environment" not in without:
            os.environ.clear()
            os.environ.update({"PATH": "/usr/bin:/bin", "HOME": "/tmp"})
        os.setsid()
        if os.geteuid() == 0:
            isolation.leave_shared_spaces(confinement)
        isolation.lock_in(confinement)
        os.write(channel, b"began\n")
    except BaseException:  # noqa: BLE001 - whatever it was is what is told
        os.write(channel, traceback.format_exc().encode())
        os._exit(1)
    _attack(request["code"], channel)


def _keep_only(tell: int, *, keeps_all: bool) -> int:
    if keeps_all:
        return tell
    zygote._keep_only([tell])
    return 3


def _attack(code: str, channel: int) -> None:
    word = "done."
    try:
        exec(compile(code, "attack", "exec"), {"__name__": "__main__"})
    except BaseException as stopped:  # noqa: BLE001 - an attack may end in any way
        word = f"{type(stopped).__name__}: {stopped}".replace(".", ",")[:500] + "."
    os.write(channel, word.encode("utf-8", "replace"))
    os._exit(0)


def _take_away(without: set[str], folder: str) -> None:
    for name in without & _SPACES.keys():
        _put(isolation, "_SPACES", isolation._SPACES & ~_SPACES[name])
    if "private root" in without:
        Path(folder).chmod(0o777)
        _put(isolation, "WORK", folder)
        _put(isolation, "build_root", _nothing)
        _put(isolation, "enter_root", _nothing)
    for layer, name in (
        ("limits", "limit"),
        ("user", "become"),
        ("capabilities", "drop_capabilities"),
        ("landlock", "restrict_files"),
        ("seccomp", "load_filter"),
    ):
        if layer in without:
            _put(isolation, name, _nothing)
    if "no new privileges" in without:
        _put(
            isolation, "prctl", lambda option, *values: None if option == syscalls.PR_SET_NO_NEW_PRIVS else syscalls.prctl(option, *values)
        )


def _put(module: Any, name: str, value: Any) -> None:
    if not hasattr(module, name):
        raise LookupError(f"{module.__name__} has no {name} any more: this seam has to follow")
    setattr(module, name, value)


def _nothing(*_arguments: Any, **_named: Any) -> str:
    return "taken away"


if __name__ == "__main__":
    main()
