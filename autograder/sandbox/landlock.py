"""Landlock: which files the process may touch, kept by the kernel even if every other layer fails. Source: Documentation/userspace-api/landlock.rst.

Access rights grow with the ABI; what this kernel does not know is left out and said in the report. It binds the calling thread and its children, so it is
applied while there is one thread.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable

from autograder.sandbox.syscalls import syscall

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_MAKE_DEVICES = 1 << 6 | 1 << 11
_FOR_DIRECTORIES = _READ_DIR | 0b1111_1111_0000 | 1 << 12 | _REFER
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_TCP, _SCOPES, _SCOPED_SIGNALS = 0b11, 0b11, 0b10
ABI_OF_TRUNCATION, _ABI_OF_TCP, ABI_OF_SCOPES = 3, 4, 6


def landlock_abi() -> int:
    """Return the kernel's Landlock ABI, 0 if it has none."""
    try:
        return syscall("landlock_create_ruleset", None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION)
    except OSError:
        return 0


def _rights(abi: int) -> int:
    rights = (1 << 13) - 1
    for version, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEVICE)):
        rights |= right if abi >= version else 0
    return rights


def restrict_files(*, readable: Iterable[str], writable: Iterable[str], devices: Iterable[str], is_networked: bool = False) -> str:
    """Allow this thread only these paths from now on; return what was done, in words.

    Args:
        is_networked: it shares the machine's network: TCP is refused as well, where the kernel can.

    Raises:
        OSError: the kernel has no Landlock, or refuses.
    """
    abi = landlock_abi()
    rights = _rights(abi)
    ruleset = _ruleset(abi, files=rights, tcp=_TCP if is_networked and abi >= _ABI_OF_TCP else 0)
    try:
        for path in readable:
            _allow(ruleset, path, _READ & rights)
        for path in writable:
            _allow(ruleset, path, rights & ~_MAKE_DEVICES & ~_IOCTL_DEVICE)
        for path in devices:
            _allow(ruleset, path, (_WRITE_FILE | _READ_FILE | _READ_DIR | _TRUNCATE | _IOCTL_DEVICE) & rights)
        syscall("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)
    return f"ABI {abi}, signals and abstract sockets scoped" if abi >= ABI_OF_SCOPES else f"ABI {abi}"


def restrict_signals() -> None:
    """Let this thread and its children signal only each other from now on. A child that is restricted again cannot signal this one.

    Raises:
        OSError: the kernel's Landlock cannot (ABI below 6).
    """
    abi = landlock_abi()
    if abi < ABI_OF_SCOPES:
        raise OSError(errno.ENOSYS, f"Landlock ABI {abi} does not hold signals")
    ruleset = _ruleset(abi, scopes=_SCOPED_SIGNALS)
    try:
        syscall("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _ruleset(abi: int, *, files: int = 0, tcp: int = 0, scopes: int = _SCOPES) -> int:
    size = 24 if abi >= ABI_OF_SCOPES else 16 if abi >= _ABI_OF_TCP else 8
    attributes = struct.pack("QQQ", files, tcp, scopes if abi >= ABI_OF_SCOPES else 0)
    return syscall("landlock_create_ruleset", attributes, ctypes.c_size_t(size), 0)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):  # what this user cannot reach needs no leave
        return
    try:
        if not stat.S_ISDIR(os.fstat(beneath).st_mode):
            rights &= ~_FOR_DIRECTORIES
        syscall("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", rights, beneath), 0)
    finally:
        os.close(beneath)
