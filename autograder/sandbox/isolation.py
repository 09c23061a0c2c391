"""Puts a forked process under every layer that this machine gives, in the order in which they can be applied.

A PID name space begins with the next child. Root makes one for it and goes back (`own_pid_space`), others fork an intermediate process that leaves the shared
name spaces with it (`leave_shared_spaces`); `lock_in` does the rest in the child, while it has one thread. Each layer is reported: "ok …" or "missing: …". Order and reasons: docs/explanation/sandbox.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import resource
import signal
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.jobs import Limits
from autograder.sandbox.landlock import restrict_files
from autograder.sandbox.private_root import DEVICES, WORK, build_root, enter_root, readable_paths
from autograder.sandbox.seccomp import load_filter
from autograder.sandbox.syscalls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    drop_capabilities,
    enter_space,
    prctl,
    unshare,
)

LAYERS = ("name spaces", "private root", "limits", "no new privileges", "user", "capabilities", "landlock", "seccomp")
"""All that a report tells of, in the order in which it is applied."""
_SPACES = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
_SIOCSIFFLAGS, _IFF_UP_RUNNING = 0x8914, 0x41


def applied(told: str = "") -> str:
    """Return how a report says that a layer holds, with what there is to say of it."""
    return f"ok {told}".rstrip()


@dataclass(slots=True)
class Confinement:
    """What one process may see and use, and what became of each layer."""

    new_root: str
    """An empty directory that the caller made."""
    folder: str | None
    """Copied to `private_root.WORK` inside; None for an empty one."""
    filter: bytes
    limits: Limits
    uid: int | None
    """The user to become, where we are root; None to stay who we are."""
    obstacle: str = ""
    """Why there can be no name spaces; "": there can be."""
    report: dict[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def own_pid_space() -> Iterator[None]:
    """Let children that are forked meanwhile begin a new PID name space; only root may, and only one child can.

    Raises:
        OSError: the machine does not allow it.
    """
    before = os.open("/proc/self/ns/pid", os.O_RDONLY)
    try:
        unshare(CLONE_NEWPID)
        try:
            yield
        finally:
            enter_space(before, CLONE_NEWPID)
    finally:
        os.close(before)


def leave_shared_spaces(confinement: Confinement) -> None:
    """Leave the name spaces that are shared with the machine; unless we are root, the next child is the first process of a new PID name space.

    Raises:
        OSError: the machine does not allow it.
    """
    if os.geteuid() == 0:
        unshare(_SPACES & ~CLONE_NEWPID)
        confinement.report["name spaces"] = applied("mount, pid, network, ipc, uts")
        return
    uid, gid = os.geteuid(), os.getegid()
    unshare(_SPACES | CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    confinement.report["name spaces"] = applied("user, mount, pid, network, ipc, uts")


def lock_in(confinement: Confinement) -> None:
    """Apply the remaining layers to this process, the first of its PID name space.

    Raises:
        OSError: a layer that must not fail failed.
    """
    report = confinement.report
    _raise_loopback()
    readable = readable_paths()
    build_root(confinement.new_root, readable, confinement.folder, size_bytes=confinement.limits.disk_bytes)
    enter_root(confinement.new_root)
    report["private root"] = applied()
    os.chdir(WORK)
    limit(confinement.limits)
    report["limits"] = applied(f"{confinement.limits.memory_bytes >> 20} MiB a process, {confinement.limits.processes} processes")
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    report["no new privileges"] = applied()
    report["user"] = become(confinement.uid)
    drop_capabilities()
    report["capabilities"] = applied("none are left")
    try:
        devices = [f"/dev/{name}" for name in DEVICES] + ["/dev/pts"]
        done = restrict_files(readable=(*readable, "/proc"), writable=(WORK, "/tmp", "/dev/shm"), devices=devices)  # noqa: S108 - private ones
        report["landlock"] = applied(done)
    except OSError as refusal:
        report["landlock"] = f"missing: {refusal.strerror or refusal}"
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # becoming another user took it away
    prctl(PR_SET_DUMPABLE, 0)
    load_filter(confinement.filter)
    report["seccomp"] = applied()


def become(uid: int | None) -> str:
    """Become the user `uid` for good if we are root; return what was done, in words."""
    if uid is None or os.geteuid() != 0:
        return "the grader's own"
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    return applied(str(uid))


def limit(limits: Limits, *, other_tasks: int = 0) -> None:
    """Hold this process and its children to `limits`, as far as the machine's own limits leave room.

    Args:
        other_tasks: how many threads its user has besides: the limit of processes counts them.
    """
    cpu_s = math.ceil(limits.submission_cpu_s) + 5  # watched from outside too; this one holds even if nobody watches
    for kind, amount in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NPROC, limits.processes + other_tasks),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        allowed = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        resource.setrlimit(kind, (allowed, allowed))


def _raise_loopback() -> None:
    """Let programs inside talk to themselves over 127.0.0.1; there is nothing else in their network."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", _IFF_UP_RUNNING, b""))
