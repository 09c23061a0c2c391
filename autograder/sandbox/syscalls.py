"""The Linux calls that Python's library does not have, through ctypes. Each raises OSError with the call's name when the kernel refuses.

Numbers and constants: linux/mount.h, linux/sched.h, linux/prctl.h, linux/landlock.h, asm/unistd_64.h (x86-64) and asm-generic/unistd.h (aarch64).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
import sys

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long

_NUMBERS = {
    "x86_64": {"pivot_root": 155, "seccomp": 317},
    "aarch64": {"pivot_root": 41, "seccomp": 277},
}
_LANDLOCK = {"landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446}  # the same on every architecture

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP = 0x10000000, 0x20000000, 0x40000000, 0x02000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 4, 24, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522


def _checked(result: int, call: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def syscall(name: str, *arguments: object) -> int:
    """Make a call by name."""
    return _checked(_LIBC.syscall(ctypes.c_long(number_of(name)), *arguments), name)


def number_of(name: str) -> int:
    """Return a system call's number on this machine; libseccomp is asked where our own list does not reach.

    Raises:
        OSError: it is not known.
    """
    known = _NUMBERS.get(platform.machine(), {}) if sys.maxsize > 2**32 else {}
    number = _LANDLOCK.get(name) or known.get(name)
    return resolve_number(name) if number is None else number


def resolve_number(name: str) -> int:
    """Return what libseccomp knows to be the call's number on this machine.

    Raises:
        OSError: it knows none, or there is no libseccomp.
    """
    number = int(ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name(name.encode()))
    if number < 0:
        raise OSError(errno.ENOSYS, f"{name}: no such call is known on {platform.machine()}")
    return number


def prctl(option: int, *values: int) -> None:
    """Change a property of this process."""
    padded = [*values, 0, 0, 0, 0][:4]
    _checked(_LIBC.prctl(option, *(ctypes.c_ulong(value) for value in padded)), f"prctl({option})")


def tie_to(parent: int) -> None:
    """End this process as soon as the process that forked it ends, which has this id; at once if it has ended before."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def unshare(flags: int) -> None:
    """Leave the shared name spaces in `flags`."""
    _checked(_LIBC.unshare(flags), "unshare")


def enter_space(descriptor: int, kind: int) -> None:
    """Enter the name space of `kind` that `descriptor` stands for; a PID name space is the next child's."""
    _checked(_LIBC.setns(descriptor, kind), "setns")


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Mount `source` at `target`."""
    arguments = [None if text is None else text.encode() for text in (source, target, kind)]
    encoded = None if data is None else data.encode()
    _checked(_LIBC.mount(*arguments, ctypes.c_ulong(flags), encoded), f"mount {source} at {target}")


def detach_mount(target: str) -> None:
    """Take a mount out of the tree, in use or not."""
    _checked(_LIBC.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def drop_capabilities() -> None:
    """Give up every capability for good: bounding, ambient and held ones."""
    for capability in range(64):
        if _LIBC.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) < 0:
            break
    _LIBC.prctl(PR_CAP_AMBIENT, ctypes.c_ulong(PR_CAP_AMBIENT_CLEAR_ALL), 0, 0, 0)
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_LIBC.capset(header, bytes(24)), "capset")
