"""A process that has what a container's usual profile leaves: no name spaces, and no root or one with few rights. It forks kernels, grades and attacks there.

The profile is Docker's and Kubernetes' default as far as it matters here: unshare, setns, mount, pivot_root and clone with a new name space are refused, clone3
does not exist, and root keeps 14 capabilities. It is loaded before anything of ours begins, so that the product finds out by itself. One JSON request a line.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autograder.execution.fork_server import ForkServer
from autograder.sandbox import seccomp, syscalls

UID = 54_321
_DOCKER_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)
"""chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw, sys_chroot, mknod, audit_write, setfcap."""
_REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> None:
    """Take the rights away, then answer requests until there are no more."""
    role, *hidden = sys.argv[1:]
    take_rights(role)
    os.umask(0o022)
    refuse(hidden)
    with tempfile.TemporaryDirectory(prefix="patunay-restricted-") as scratch, contextlib.ExitStack() as stack:
        servers: list[ForkServer] = []

        def server() -> ForkServer:
            if not servers:
                servers.append(stack.enter_context(ForkServer([])))
            return servers[0]

        for line in sys.stdin:
            try:
                request = json.loads(line)
                answer: Any = None
                if request["do"] == "close":
                    stack.close()
                    servers.clear()
                    answer = os.listdir(os.environ["TMPDIR"])
                else:
                    answer = _answer(request, server, Path(scratch))
            except Exception as failure:  # noqa: BLE001 - whatever it was is what is told
                answer = {"failure": f"{type(failure).__name__}: {failure}"}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


def _answer(request: dict[str, Any], server: Callable[[], ForkServer], scratch: Path) -> Any:
    from tests.attacks import attacking_restricted as attacking

    match request["do"]:
        case "bare":
            return attacking.run_bare(request["code"], scratch)
        case "grade":
            return attacking.grade(request["answer"], request["test"], scratch, request["solution"])
        case "family":
            return attacking.try_family(request["family"], server(), scratch)
        case "engine":
            return attacking.prepare_engine(scratch)
        case "survive":
            return attacking.survive(server(), scratch)
        case "fill":
            return attacking.fill_the_disk(server(), request["code"])
        case "older":
            return attacking.run_with_older_landlock(request["code"], request["abi"], scratch)
    with server().start_kernel(request["folder"], attacking.LIMITS, attacking.ENVIRONMENT) as kernel:
        return {"layers": kernel.layers, "outputs": kernel.run_cell(request["code"]).outputs, "zygote": server().process_id}


def _open_pythons() -> None:
    """Let every user reach this Python, should it lie in root's own home, by a mount that only this process sees."""
    prefix = Path(sys.base_prefix)
    closed = next((folder for folder in reversed(prefix.parents) if not folder.stat().st_mode & 0o001), None)
    if closed is None:
        return
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755")
    Path("/mnt/python").mkdir()
    syscalls.mount(str(prefix), "/mnt/python", None, syscalls.MS_BIND)
    syscalls.mount("tmpfs", str(closed), "tmpfs", 0, "mode=755")
    prefix.mkdir(parents=True)
    syscalls.mount("/mnt/python", str(prefix), None, syscalls.MS_BIND)


def _drop_all_but(kept: Sequence[int]) -> None:
    for capability in set(range(64)) - set(kept):
        with contextlib.suppress(OSError):
            syscalls.prctl(syscalls.PR_CAPBSET_DROP, capability)
    mask = sum(1 << capability for capability in kept)
    header = struct.pack("Ii", syscalls._CAPABILITY_VERSION_3, 0)
    if ctypes.CDLL(None).capset(header, struct.pack("6I", mask, mask, 0, 0, 0, 0)) != 0:
        raise OSError("capset refused")


def take_rights(role: str) -> None:
    """Become an ordinary user, or a container's root."""
    if os.geteuid() == 0:
        _open_pythons()
        if role == "user":
            os.setgroups([])
            os.setresgid(UID, UID, UID)
            os.setresuid(UID, UID, UID)
        else:
            _drop_all_but(_DOCKER_CAPABILITIES)


def refuse(more: Sequence[str]) -> None:
    """Load the profile, and refuse the calls `more` as if the kernel had none of them."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(0x7FFF0000)))
    for call in ("unshare", "setns", "mount", "umount2", "pivot_root", "fsopen", "fsmount", "open_tree", "move_mount"):
        seccomp._add(library, context, errno.EPERM, call)
    for call in ("clone3", *more):
        seccomp._add(library, context, errno.ENOSYS, call)
    for flag in seccomp._NAMESPACES:
        seccomp._add(library, context, errno.EPERM, "clone", seccomp._Comparison(0, seccomp._MASKED_EQUAL, flag, flag))
    program = seccomp._exported(library, context)
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.load_filter(program)


class Restricted:
    """Such a process, seen from the tests.

    Args:
        role: "user" for an ordinary one, "container" for a container's root.
        hidden: system calls that it is not to have.
    """

    def __init__(self, role: str, temporary: Path, *hidden: str) -> None:
        temporary.chmod(0o777)
        self.temporary, self.role = temporary, role
        environment = {
            **os.environ,
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "IPYTHONDIR": f"{temporary}/ipython",
            "JUPYTER_PLATFORM_DIRS": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.restricted", role, *hidden], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_REPOSITORY, env=environment
        )  # fmt: skip

    @property
    def process_id(self) -> int:
        """Its process id: what a kernel would have to reach for the grader's."""
        return self._process.pid

    def ask(self, **request: object) -> Any:
        """Return its answer to a request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the process ended"
        return json.loads(line)

    def run(self, code: str, folder: Path | None = None) -> Any:
        """Return what a cell in a new kernel gave."""
        answer = self.ask(do="kernel", code=code, folder=str(folder) if folder else None)
        assert "failure" not in answer, answer
        return answer

    def close(self) -> None:
        """End it."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait(120)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
