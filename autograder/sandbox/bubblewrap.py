"""Runs a Jupyter kernel of any language under bubblewrap: no network, no other process, no file but its own folder and the libraries.

The kernel sees the system's libraries and this Python read-only, its working folder, a private /tmp and /dev, and nothing of the site: no gradebook, no
other submission, no keys. It ends with its whole process tree when the worker that started it ends. Source of the layers: bubblewrap(1);
the socket arrangement (ipc, so that the private network name space does not matter) is jupyter_client's.
"""

from __future__ import annotations

import functools
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from autograder.jobs import Limits
from autograder.sandbox.syscalls import tie_to

PROVISIONER = "patunay-bubblewrap"
LIMITS_VARIABLE = "PATUNAY_KERNEL_LIMITS"
_READ_ONLY_IF_THERE = (
    "/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types", "/etc/R",
)  # fmt: skip
_PROGRAMS = "/usr/bin:/bin"
_ENVIRONMENT_KEPT = ("LANG", "LC_ALL", "PATH", "TZ")


@functools.cache
def find_bubblewrap() -> str | None:
    """Return the path of a `bwrap` that can make a sandbox on this machine, None if there is none. Found out by making one."""
    program = shutil.which("bwrap")
    if program is None:
        return None
    trial = subprocess.run(
        [program, *_layers(), "--ro-bind", "/", "/", "true"], check=False, capture_output=True, timeout=20, stdin=subprocess.DEVNULL
    )
    return program if trial.returncode == 0 else None


class BubblewrapProvisioner(LocalProvisioner):
    """Starts the kernel's command inside bubblewrap. Its limits come from `PATUNAY_KERNEL_LIMITS` of the worker's environment."""

    outer_processes = 2
    """How many processes of bubblewrap stand round the kernel's."""
    _sockets: str | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Return the arguments of the launch with the command wrapped and the environment replaced."""
        program = find_bubblewrap()
        if program is None:
            raise RuntimeError("bubblewrap cannot make a sandbox on this machine")
        manager: Any = self.parent
        self._sockets = tempfile.mkdtemp(prefix="pk-")
        manager.transport, manager.ip = "ipc", f"{self._sockets}/s"
        manager.connection_file, manager.cache_ports = f"{self._sockets}/c.json", False
        for number, port in enumerate(("shell", "iopub", "stdin", "control", "hb"), start=1):
            setattr(manager, f"{port}_port", number)
        manager.kernel_spec.interrupt_mode = "message"  # a signal from outside would end bubblewrap instead of the cell
        prepared = await super().pre_launch(**kwargs)
        folder = prepared.get("cwd") or self._sockets
        home = f"{self._sockets}/home"
        Path(home).mkdir()
        _copy_font_cache(Path(home))
        environment = {name: prepared["env"][name] for name in _ENVIRONMENT_KEPT if name in prepared["env"]}
        prepared["env"] = environment | _kernel_environment(home)
        prepared["cmd"] = [
            program,
            *_layers(),
            *_visible(folder, self._sockets),
            "--unsetenv",
            "JPY_PARENT_PID",
            "--chdir",
            folder,
            "--",
            *_process_limit(),
            *prepared["cmd"],
        ]
        prepared["preexec_fn"] = functools.partial(_limit, os.getpid())
        return prepared

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the sockets and the kernel's home."""
        await super().cleanup(restart)
        if not restart and self._sockets:
            shutil.rmtree(self._sockets, ignore_errors=True)


def _layers() -> list[str]:
    return [
        "--unshare-all",
        "--unshare-user",
        "--uid",
        "1000",
        "--gid",
        "1000",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        "--hostname",
        "learner",
    ]


def _visible(folder: str, sockets: str) -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - a private one
    for name in ("bin", "lib", "lib32", "lib64", "sbin"):
        if Path("/", name).is_symlink():
            arguments += ["--symlink", str(Path("/", name).readlink()), f"/{name}"]
        elif Path("/", name).is_dir():
            arguments += ["--ro-bind", f"/{name}", f"/{name}"]
    for path in _READ_ONLY_IF_THERE:
        arguments += ["--ro-bind-try", path, path]
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not prefix.startswith("/usr/"):
            arguments += ["--ro-bind", prefix, prefix]
    return [*arguments, "--bind", sockets, sockets, "--bind", folder, folder]


def _kernel_environment(home: str) -> dict[str, str]:
    return {
        "HOME": home,
        "USER": "learner",
        "IPYTHONDIR": f"{home}/ipython",
        "MPLCONFIGDIR": f"{home}/matplotlib",
        "JUPYTER_PLATFORM_DIRS": "1",
        "NBGRADER_EXECUTION": "autograde",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _copy_font_cache(home: Path) -> None:
    """Give the kernel matplotlib's list of fonts: making it anew costs a second in every run."""
    target = home / "matplotlib"
    target.mkdir()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "matplotlib"
    for found in cache.glob("fontlist-*.json"):
        shutil.copy(found, target)


def kernel_limits(limits: Limits) -> dict[str, str]:
    """Return the environment by which a worker tells the provisioner its limits."""
    return {LIMITS_VARIABLE: limits.model_dump_json()}


def _limits() -> Limits:
    return Limits.model_validate_json(os.environ.get(LIMITS_VARIABLE, "{}"))


def _process_limit() -> list[str]:
    """Return what limits the number of processes inside, where only they count. It does not hold for root's: those are counted from outside."""
    return ["prlimit", f"--nproc={_limits().processes}", "--"] if shutil.which("prlimit", path=_PROGRAMS) else []


def _limit(parent: int) -> None:
    """Limit this process, which is to become bubblewrap and ends with `parent`: its own `--die-with-parent` comes too late if that is killed meanwhile."""
    tie_to(parent)
    limits = _limits()
    for kind, amount in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CPU, math.ceil(limits.submission_cpu_s) + 5),
    ):
        resource.setrlimit(kind, (amount, amount))
