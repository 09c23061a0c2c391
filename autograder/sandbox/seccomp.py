"""The system-call filter: calls that a notebook never needs and that make up most of the kernel's attack surface are refused.

Built by libseccomp, which knows the numbers of every architecture, once before any fork; a child only loads the finished program. Network name spaces do
not hold AF_VSOCK, so the socket families are an allow-list here.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
from dataclasses import dataclass
from functools import cache

from autograder.sandbox.syscalls import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    PR_SET_DUMPABLE,
    PR_SET_PDEATHSIG,
    syscall,
)

_REFUSED = (
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "mount", "umount2", "pivot_root", "chroot", "unshare",
    "setns", "fsopen", "fsconfig", "fsmount", "fspick", "move_mount", "open_tree", "mount_setattr", "bpf", "perf_event_open", "userfaultfd", "keyctl",
    "add_key", "request_key", "io_uring_setup", "io_uring_enter", "io_uring_register", "kexec_load", "kexec_file_load", "init_module", "finit_module",
    "delete_module", "swapon", "swapoff", "reboot", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "personality", "open_by_handle_at",
    "name_to_handle_at", "quotactl", "acct", "iopl", "ioperm", "lookup_dcookie", "vhangup", "syslog", "sethostname", "setdomainname", "uselib", "ustat",
    "sysfs", "modify_ldt", "migrate_pages", "move_pages", "mbind", "set_mempolicy", "vmsplice", "fanotify_init", "memfd_secret", "mknod", "mknodat",
)  # fmt: skip
_WITHOUT_EFFECT = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "utimensat", "futimesat",
    "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat",
)  # fmt: skip
"""Landlock holds none of these, and programs take their refusal for a failure: they succeed and change nothing."""
_SCHEDULING = ("sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity")
_REFUSED_WHERE_SHARED = (
    "shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semtimedop", "semctl", "mq_open", "mq_unlink",
    "ioprio_set", "process_mrelease", "connect", "bind", "listen", "accept", "accept4", "file_setattr",
    "inotify_add_watch",
)  # fmt: skip
_AF_UNIX, _KINDS_OF_SOCKET = 1, 16
_CONNECTED_KINDS = frozenset({1, 5})
"""SOCK_STREAM, SOCK_SEQPACKET: a pair of datagram sockets can send to any address."""
_SET_FLAGS = (0x40086602, 0x401C5820)
"""FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR: attributes of a file that is only read."""
_OWNERS_BY_FCNTL, _OWNERS_BY_IOCTL = (8, 15), (0x8901, 0x8902)
_NAMESPACES = (CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET)
_FAMILIES = frozenset({1, 2, 10, 16})
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: with a network name space of one's own they lead nowhere else."""
_LAST_FAMILY = 64
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

_ALLOW, _SET_MODE_FILTER, _TSYNC = 0x7FFF0000, 1, 1
_NOT_EQUAL, _EQUAL, _MASKED_EQUAL, _GREATER = 1, 4, 7, 6


class _Comparison(ctypes.Structure):
    """libseccomp's `scmp_arg_cmp`."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


class _Program(ctypes.Structure):
    """The kernel's `sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


@dataclass(frozen=True, slots=True)
class Shared:
    """What a process shares with the machine that has no name spaces of its own, and that Landlock does not hold here."""

    pid: int
    """The process that may signal itself, or 0 if Landlock holds signals."""
    can_truncate: bool
    """Whether Landlock lets files be cut that may not be written (ABI below 3)."""


@cache
def compile_filter(shared: Shared | None = None) -> bytes:
    """Return the filter as a BPF program.

    Args:
        shared: for a process that has no name spaces of its own; None: it has.

    Raises:
        OSError: libseccomp is missing or refuses.
    """
    name = ctypes.util.find_library("seccomp") or "libseccomp.so.2"
    library = ctypes.CDLL(name)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ALLOW)))
    if not context:
        raise OSError(errno.ENOSYS, "libseccomp cannot make a filter")
    try:
        for call in _REFUSED:
            _add(library, context, errno.EPERM, call)
        _add(library, context, errno.ENOSYS, "clone3")  # its flags lie in memory, where a filter cannot look; libraries fall back to clone
        for flag in _NAMESPACES:
            _add(library, context, errno.EPERM, "clone", _Comparison(0, _MASKED_EQUAL, flag, flag))
        for family in set(range(_LAST_FAMILY)) - (_FAMILIES if shared is None else frozenset()):
            _add(library, context, errno.EACCES, "socket", _Comparison(0, _EQUAL, family, 0))
        _add(library, context, errno.EACCES, "socket", _Comparison(0, _GREATER, _LAST_FAMILY - 1, 0))
        for option in (PR_SET_PDEATHSIG, PR_SET_DUMPABLE):
            _add(library, context, errno.EPERM, "prctl", _Comparison(0, _EQUAL, option, 0))
        for request in (_TIOCSTI, _TIOCLINUX):
            _add(library, context, errno.EPERM, "ioctl", _Comparison(1, _MASKED_EQUAL, 0xFFFFFFFF, request))
        if shared is not None:
            _refuse_shared(library, context, shared)
        return _exported(library, context)
    finally:
        library.seccomp_release(context)


def _refuse_shared(library: ctypes.CDLL, context: ctypes.c_void_p, shared: Shared) -> None:
    """Refuse what reaches the machine's other processes, sockets and files where no name space is in between."""
    for call in _WITHOUT_EFFECT:
        _add(library, context, 0, call)
    for call in _REFUSED_WHERE_SHARED:
        _add(library, context, errno.EPERM, call)
    for call in _SCHEDULING:
        _add(library, context, 0, call, _Comparison(0, _NOT_EQUAL, 0, 0))
    _add(library, context, errno.EPERM, "prlimit64", _Comparison(0, _NOT_EQUAL, 0, 0))
    _add(library, context, errno.EPERM, "setpriority", _Comparison(0, _NOT_EQUAL, 0, 0))
    _add(library, context, errno.EPERM, "setpriority", _Comparison(1, _NOT_EQUAL, 0, 0))
    for request in _SET_FLAGS:
        _add(library, context, errno.EPERM, "ioctl", _Comparison(1, _MASKED_EQUAL, 0xFFFFFFFF, request))
    _add(library, context, errno.EACCES, "socketpair", _Comparison(0, _NOT_EQUAL, _AF_UNIX, 0))
    for kind in set(range(_KINDS_OF_SOCKET)) - _CONNECTED_KINDS:
        _add(library, context, errno.EACCES, "socketpair", _Comparison(1, _MASKED_EQUAL, _KINDS_OF_SOCKET - 1, kind))
    if shared.pid:
        _hold_signals(library, context, shared.pid)
    if shared.can_truncate:
        _add(library, context, errno.EACCES, "truncate")
        _add(library, context, errno.ENOSYS, "openat2")  # its flags lie in memory
        for call, place in (("open", 1), ("openat", 2)):
            _add(library, context, errno.EACCES, call, _Comparison(place, _MASKED_EQUAL, os.O_ACCMODE | os.O_TRUNC, os.O_TRUNC))


def _hold_signals(library: ctypes.CDLL, context: ctypes.c_void_p, pid: int) -> None:
    """Refuse signals to any process but `pid`, and the ways round kill(2): files that signal their owner."""
    for call in ("kill", "tgkill"):
        _add(library, context, errno.EPERM, call, _Comparison(0, _NOT_EQUAL, pid, 0))
    for call in ("tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"):
        _add(library, context, errno.EPERM, call)
    for command in _OWNERS_BY_FCNTL:
        _add(library, context, errno.EPERM, "fcntl", _Comparison(1, _MASKED_EQUAL, 0xFFFFFFFF, command))
    for request in _OWNERS_BY_IOCTL:
        _add(library, context, errno.EPERM, "ioctl", _Comparison(1, _MASKED_EQUAL, 0xFFFFFFFF, request))


def _add(library: ctypes.CDLL, context: ctypes.c_void_p, refusal: int, call: str, *comparisons: _Comparison) -> None:
    number = library.seccomp_syscall_resolve_name(call.encode())
    if number == -1:  # a call that this libseccomp does not know
        return
    array = (_Comparison * max(1, len(comparisons)))(*comparisons)
    result = library.seccomp_rule_add_array(context, ctypes.c_uint32(0x00050000 | refusal), number, len(comparisons), array)
    if result not in {0, -errno.EDOM}:  # EDOM: not a call of this architecture
        raise OSError(-result, f"libseccomp refuses the rule for {call}")


def _exported(library: ctypes.CDLL, context: ctypes.c_void_p) -> bytes:
    handle = os.memfd_create("filter")
    try:
        if library.seccomp_export_bpf(context, handle) != 0:
            raise OSError(errno.EIO, "libseccomp cannot write the filter")
        os.lseek(handle, 0, os.SEEK_SET)
        return os.read(handle, 2**20)
    finally:
        os.close(handle)


def load_filter(program: bytes) -> None:
    """Put every thread of this process under the filter, for good. Needs no_new_privs."""
    buffer = ctypes.create_string_buffer(program, len(program))
    description = _Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    syscall("seccomp", _SET_MODE_FILTER, _TSYNC, ctypes.byref(description))
