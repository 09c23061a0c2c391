"""Holds a process that reads a stranger's file to limits, and to the files and the network that its task needs.

1. Memory, processor time, open files; nothing can be written.
2. Landlock, where the kernel has it: libraries and certificates may be read, the site's published files by who examines, no key, no ledger, no learner's work by
   anybody. No other process can be signalled or looked into.
3. Who takes a file apart has no network: by Landlock (TCP) and by the sandbox's filter of system calls (all of it), where there is libseccomp.
"""

from __future__ import annotations

import contextlib
import os
import resource
import ssl
from functools import cache
from pathlib import Path

import autograder
import courses
import issuer
import portal
from autograder.sandbox.landlock import ABI_OF_TRUNCATION, landlock_abi, restrict_files
from autograder.sandbox.private_root import readable_paths
from autograder.sandbox.seccomp import Shared, compile_filter, load_filter
from autograder.sandbox.syscalls import PR_SET_NO_NEW_PRIVS, prctl
from portal.web.checking.orders import Order, Task

_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/ssl", "/etc/pki",
            "/etc/ca-certificates", "/run/systemd/resolve")  # fmt: skip
_PUBLISHED = ("did.json", ".well-known", "status")
_OPEN_FILES = 64
_WITHOUT_NETWORK = (Task.TAKE_OUT, Task.SORT_OUT)


def limit(*, memory_bytes: int, cpu_s: int) -> None:
    """Let this process take so much more memory than it has, and so much processor time: then the kernel ends it with SIGXCPU."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory_bytes,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


@cache
def make_filter() -> bytes:
    """Return the filter of system calls for who takes a file apart; empty where none can be made. To be made once, before forks."""
    try:
        return compile_filter(Shared(pid=0, can_truncate=landlock_abi() < ABI_OF_TRUNCATION))
    except OSError:
        return b""


def confine(order: Order) -> None:
    """Leave this process what its task needs. Where the kernel has no Landlock, it keeps what its user has."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    readable = [*readable_paths(), *(str(Path(each.__path__[0])) for each in (courses, autograder, issuer, portal))]
    has_network = order.task not in _WITHOUT_NETWORK
    if has_network:
        readable += _NETWORK
        readable += [path for path in (os.environ.get(name) for name in _certificate_variables()) if path]
    if order.task is Task.EXAMINE:
        readable += [os.path.join(order.site, name) for name in _PUBLISHED]
    with contextlib.suppress(OSError):
        restrict_files(readable=readable, writable=(), devices=("/dev/null", "/dev/urandom"), is_networked=not has_network)
    with contextlib.suppress(OSError):
        if not has_network and make_filter():
            load_filter(make_filter())


def _certificate_variables() -> tuple[str, str]:
    paths = ssl.get_default_verify_paths()
    return paths.openssl_cafile_env, paths.openssl_capath_env
