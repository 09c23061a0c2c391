"""Locks a process in where the machine allows no name spaces: Landlock, system-call filter and limits, in a folder of its own in the machine's file system.

This is weaker than `autograder.sandbox.isolation`: it sees that files exist which it cannot read, the disk it may fill is bounded only file by file, and unless
we are root it runs as our user. Landlock is not to be done without: a kernel that has none refuses. An intermediate process stays beside each kernel. It is the one to which orphans
of the kernel fall, ends them all when the kernel ends (there is no PID name space whose end would do it), and removes the folder.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from autograder.jobs import Limits
from autograder.sandbox import isolation, private_root, syscalls
from autograder.sandbox.isolation import Confinement
from autograder.sandbox.landlock import ABI_OF_SCOPES, ABI_OF_TRUNCATION, landlock_abi, restrict_files, restrict_signals
from autograder.sandbox.seccomp import Shared, compile_filter, load_filter
from autograder.sandbox.syscalls import PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, prctl
from courses.untrusted_trees import is_larger, remove_tree

PR_SET_CHILD_SUBREAPER = 36
MOST_FILES = 16_384
"""How many files and folders a kernel may have written, as in a private root."""
_LOOK_S, _REST = 0.5, 10
_PROC_FILES = ("cpuinfo", "meminfo", "stat", "filesystems", "uptime", "version")
NO_LANDLOCK = "no Landlock in this Linux kernel (5.13 and newer have it; `lsm=landlock,…` on the kernel's command line turns it on)"


def find_obstacle(scratch: str) -> str:
    """Return what keeps a process on this machine from name spaces and a root of its own, "" if nothing does. Found out by making them.

    Args:
        scratch: a folder of ours; nothing stays there.
    """
    new_root = tempfile.mkdtemp(dir=scratch)
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        _try_spaces(new_root, tell)
    os.close(tell)
    with os.fdopen(told, errors="replace") as stream:
        obstacle = stream.read()
    status = os.waitpid(pid, 0)[1]
    os.rmdir(new_root)
    return obstacle or ("" if status == 0 else "the process that tried it was killed")


def _try_spaces(new_root: str, tell: int) -> NoReturn:
    try:
        confinement = Confinement(new_root, None, b"", Limits(), None)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(PR_SET_DUMPABLE, 1)  # the files in /proc/self that map users are ours only while we are dumpable
        is_root = os.geteuid() == 0
        if not is_root:
            isolation.leave_shared_spaces(confinement)
        with isolation.own_pid_space() if is_root else contextlib.nullcontext():
            pid = os.fork()
            if pid == 0:  # it never leaves the block: nobody goes back out of a PID name space
                _try_root(confinement, tell, is_root=is_root)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 1)
    except OSError as refusal:
        os.write(tell, str(refusal).encode())
    finally:
        os._exit(1)


def _try_root(confinement: Confinement, tell: int, *, is_root: bool) -> NoReturn:
    try:
        if is_root:
            isolation.leave_shared_spaces(confinement)
        private_root.build_root(confinement.new_root, private_root.readable_paths(), None, size_bytes=1 << 24)
        private_root.enter_root(confinement.new_root)
        os._exit(0)
    except OSError as refusal:
        os.write(tell, str(refusal).encode())
    finally:
        os._exit(1)


def prepare_place(confinement: Confinement) -> None:
    """Let only its own descendants signal this intermediate process and the kernel that it will fork, where Landlock can.

    Raises:
        OSError: this kernel has no Landlock.
    """
    if landlock_abi() < 1:
        raise OSError(f"no name spaces ({confinement.obstacle}), and {NO_LANDLOCK}")
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if landlock_abi() >= ABI_OF_SCOPES:
        restrict_signals()


def lock_in_place(confinement: Confinement) -> None:
    """Apply the layers that need no name spaces to this process, whose folder `confinement.new_root` is.

    Raises:
        OSError: a layer that must not fail failed.
    """
    report, abi = confinement.report, landlock_abi()
    report["name spaces"] = f"missing: {confinement.obstacle}"
    report["private root"] = "missing: it needs name spaces; what it writes lies on the machine's disk, and it sees which files there are"
    prctl(PR_SET_CHILD_SUBREAPER, 1)  # what it leaves behind stays below it, where it is measured
    place = confinement.new_root
    work, temporary = f"{place}/assignment", f"{place}/tmp"  # noqa: S108 - a private one
    if confinement.folder is None:
        Path(work).mkdir()
    else:
        shutil.copytree(confinement.folder, work, ignore=private_root.without_links)
    Path(temporary).mkdir()
    private_root.open_to_all(place)
    Path(place).chmod(0o700)  # nobody but its user gets as far as what is open to all
    report["user"] = _take_over(confinement, place)
    os.chdir(work)
    shares_user = not report["user"].startswith("ok")
    isolation.limit(confinement.limits, other_tasks=_tasks_of_user() if shares_user else 0)
    processes = confinement.limits.processes
    counted = f"{processes} processes more than our user has" if shares_user else f"{processes} processes"
    report["limits"] = isolation.applied(f"{confinement.limits.memory_bytes >> 20} MiB a process, {counted}")
    report["no new privileges"] = isolation.applied()
    syscalls.drop_capabilities()
    report["capabilities"] = isolation.applied("none are left")
    _move_environment(temporary)
    own = [f"/proc/{os.getpid()}", *(f"/proc/{name}" for name in _PROC_FILES)]
    devices = [f"/dev/{name}" for name in private_root.DEVICES]
    done = restrict_files(readable=(*private_root.readable_paths(), *own), writable=(work, temporary), devices=devices, is_networked=True)
    report["landlock"] = isolation.applied(done)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # becoming another user took it away
    prctl(PR_SET_DUMPABLE, 0)
    load_filter(compile_filter(what_is_shared()))
    report["seccomp"] = isolation.applied("no sockets" if abi >= ABI_OF_SCOPES else "no sockets, no signals to others")


def what_is_shared() -> Shared:
    """Return what the system-call filter of this process has to hold, because this kernel's Landlock does not."""
    abi = landlock_abi()
    return Shared(0 if abi >= ABI_OF_SCOPES else os.getpid(), can_truncate=abi < ABI_OF_TRUNCATION)


def _take_over(confinement: Confinement, place: str) -> str:
    """Become the kernel's own user, where we are root, and let its folder be that user's.

    Raises:
        OSError: root may not become another user here, or that user cannot read this Python. No limit of processes holds for root, so it does not stay root.
    """
    if confinement.uid is None or os.geteuid() != 0:
        return "missing: it runs as our own user; only root can give it another"
    try:
        os.chown(place, confinement.uid, confinement.uid)
        told = isolation.become(confinement.uid)
    except PermissionError as refusal:
        raise OSError(f"root may not become another user here ({refusal}); run the grader as an ordinary user instead") from refusal
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not os.access(prefix, os.R_OK | os.X_OK):
            raise OSError(
                f"only root can read {prefix}, so a kernel with a user of its own cannot; install Python where every user can read it"
            )
    return told


def _tasks_of_user() -> int:
    """Return how many threads our user runs, as far as we see them: the limit of processes counts them too."""
    found, mine = 0, os.geteuid()
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                lines = Path(f"/proc/{name}/status").read_text(encoding="utf-8", errors="replace").splitlines()
                fields = {line.split(":")[0]: line.split()[1:] for line in lines}
                found += int(fields["Threads"][0]) if int(fields["Uid"][0]) == mine else 0
    return found


def _move_environment(temporary: str) -> None:
    """Let what names the machine's /tmp name the folder that stands for it."""
    for name, value in os.environ.items():
        if value == "/tmp" or value.startswith("/tmp/"):  # noqa: S108 - it is not used, it is replaced
            os.environ[name] = temporary + value[4:]
    os.environ["TMPDIR"] = temporary
    tempfile.tempdir = None


def attend(pid: int, place: str, disk_bytes: int) -> NoReturn:
    """Wait until the kernel `pid`, a child of this intermediate process, ends, then end whatever it left running and remove its folder.

    It is ended as soon as it has written more than `disk_bytes`, as far as the folder shows. A SIGTERM means that the fork server has gone: the kernel is ended
    at once.
    """

    def end(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _sweep()
        with contextlib.suppress(OSError):
            remove_tree(place)
        os._exit(0)

    try:
        signal.signal(signal.SIGTERM, end)
        ended = select.poll()
        ended.register(os.pidfd_open(pid), select.POLLIN)
        rest_s = _LOOK_S
        while not ended.poll(rest_s * 1000):
            _reap_orphans(pid)
            began = time.monotonic()
            if is_larger(place, disk_bytes, MOST_FILES):
                break
            rest_s = max(_LOOK_S, _REST * (time.monotonic() - began))
        end()
    finally:
        os._exit(1)


def _reap_orphans(kernel: int) -> None:
    """Let programs that the kernel's descendants left to us, and that ended, be gone; the kernel itself is waited for later."""
    while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None and found.si_pid != kernel:
        os.waitpid(found.si_pid, 0)


def _sweep() -> None:
    """Kill every descendant of this process, and wait until there is none."""
    while True:
        for pid in _descendants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return


def _descendants() -> list[int]:
    found = [os.getpid()]
    for pid in found:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text(encoding="ascii").split())
    return found[1:]
