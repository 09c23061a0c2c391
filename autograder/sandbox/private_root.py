"""A file system of the process's own: a small tmpfs with the libraries read-only, its working folder copied in, and nothing else of the machine.

What is bound is an explicit list (never "everything on sys.path": that once showed the grader's own folder). What a process writes is gone with it.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path

from autograder.sandbox import syscalls
from autograder.sandbox.syscalls import (
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    detach_mount,
    mount,
)

DEVICES = ("null", "zero", "full", "random", "urandom")
_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/sbin")
_CONFIGURATION = (
    "/etc/alternatives", "/etc/fonts", "/etc/group", "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/nsswitch.conf", "/etc/passwd",
    "/etc/ssl/certs",
)  # fmt: skip
WORK = "/home/learner/assignment"
"""Where the working folder lies inside; no environment of ours lies below it."""


def _mount_space() -> str:
    return os.readlink("/proc/self/ns/mnt")


_MACHINES_OWN = _mount_space()
"""The mount name space that this was loaded in: the machine's, whose root must never be changed."""


def readable_paths(*more: str) -> tuple[str, ...]:
    """Return what is shown read-only: the system's libraries, this Python, its environment, and `more`."""
    pythons = [prefix for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)) if not prefix.startswith("/usr")]
    return tuple(path for path in (*_SYSTEM, *_CONFIGURATION, *pythons, *more) if os.path.lexists(path))


def build_root(new: str, readable: tuple[str, ...], folder: str | None, *, size_bytes: int) -> None:
    """Make the new root at the empty directory `new`, in this process's own mount name space.

    Raises:
        OSError: a mount is refused, or the process has not left the machine's mount name space: all other processes would lose their files with it.
    """
    if _mount_space() == _MACHINES_OWN:
        raise OSError(errno.EPERM, "a private root is built in a mount name space of one's own only")
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", new, "tmpfs", MS_NOSUID | MS_NODEV, f"size={size_bytes},nr_inodes=16384,mode=755")
    for path in readable:
        _show(path, new)
    for name in DEVICES:
        _touch(Path(f"{new}/dev/{name}"))
        mount(f"/dev/{name}", f"{new}/dev/{name}", None, MS_BIND)
    Path(new, "dev/pts").mkdir()
    mount("devpts", f"{new}/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    os.symlink("pts/ptmx", f"{new}/dev/ptmx")
    for name, target in (
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ):
        os.symlink(target, f"{new}/dev/{name}")
    for name in ("tmp", "dev/shm"):
        Path(new, name).mkdir(exist_ok=True)  # a library may lie below it
        Path(new, name).chmod(0o1777)
    Path(new, "proc").mkdir()
    if folder is not None:
        shutil.copytree(folder, f"{new}{WORK}", ignore=without_links, dirs_exist_ok=True)
        open_to_all(f"{new}{WORK}")
    else:
        Path(f"{new}{WORK}").mkdir(parents=True, exist_ok=True)
        Path(f"{new}{WORK}").chmod(0o1777)


def enter_root(new: str) -> None:
    """Make `new` the root of this process; the old one is out of reach afterwards. Called in the new PID name space."""
    mount("proc", f"{new}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    os.chdir(new)
    syscalls.syscall("pivot_root", b".", b".")
    detach_mount(".")
    os.chdir("/")


def _show(path: str, new: str) -> None:
    inside = new + path
    Path(inside).parent.mkdir(parents=True, exist_ok=True)
    if Path(path).is_symlink():
        os.symlink(Path(path).readlink(), inside)
        return
    if Path(path).is_dir():
        Path(inside).mkdir(parents=True, exist_ok=True)
    else:
        _touch(Path(inside))
    mount(path, inside, None, MS_BIND | MS_REC)
    mount(None, inside, None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def without_links(folder: str, names: list[str]) -> list[str]:
    """Return those of `names` in `folder` that are links: what is not to be copied."""
    return [name for name in names if Path(folder, name).is_symlink()]


def open_to_all(folder: str) -> None:
    """Let the process, whatever its user, write in its copy."""
    for current, _, names in os.walk(folder):
        Path(current).chmod(0o777)
        for name in names:
            Path(current, name).chmod(0o666)
