"""What the provisioner makes of a kernel's command. What the sandbox keeps in is attacked in `tests/attacks/test_sandbox.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.jobs import Limits
from autograder.sandbox import bubblewrap
from autograder.sandbox.bubblewrap import find_bubblewrap, kernel_limits

_NEEDS = pytest.mark.skipif(find_bubblewrap() is None, reason="bubblewrap makes no sandbox on this machine")


def test_without_the_program_there_is_no_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_bubblewrap.__wrapped__() is None


def test_a_program_that_makes_no_sandbox_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n", encoding="utf-8")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert find_bubblewrap.__wrapped__() is None


def run(folder: Path, sockets: Path, code: str) -> subprocess.CompletedProcess[str]:
    program = find_bubblewrap()
    assert program is not None
    command = [
        program,
        *bubblewrap._layers(),
        *bubblewrap._visible(str(folder), str(sockets)),
        "--chdir",
        str(folder),
        "--",
        *bubblewrap._process_limit(),
        sys.executable,
        "-c",
        code,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


@_NEEDS
def test_only_the_folder_the_sockets_the_system_and_python_are_visible(tmp_path: Path) -> None:
    for name in ("folder", "sockets", "site"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name, encoding="utf-8")
    code = f"import os, json; print(json.dumps([sorted(os.listdir('/')), sorted(os.listdir({str(tmp_path)!r}))]))"
    done = run(tmp_path / "folder", tmp_path / "sockets", code)
    assert done.returncode == 0, done.stderr
    top, beside = __import__("json").loads(done.stdout)
    assert beside == ["folder", "sockets"]
    prefixes = {Path(prefix).parts[1] for prefix in (sys.prefix, sys.base_prefix)}
    assert set(top) <= {"bin", "dev", "etc", "lib", "lib32", "lib64", "proc", "sbin", "tmp", "usr", tmp_path.parts[1], *prefixes}
    assert not {"root", "home", "var", "srv", "run"} & (set(top) - prefixes - {tmp_path.parts[1]})


@_NEEDS
def test_the_folder_is_writable_and_the_libraries_are_not(tmp_path: Path) -> None:
    code = "open('y', 'w').write('1')\ntry:\n    open('/usr/y', 'w')\nexcept OSError as e:\n    print(e.strerror)"
    done = run(tmp_path, tmp_path, code)
    assert done.stdout.strip() == "Read-only file system"
    assert (tmp_path / "y").read_text(encoding="utf-8") == "1"


@_NEEDS
def test_the_number_of_processes_inside_is_limited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in kernel_limits(Limits(processes=23)).items():
        monkeypatch.setenv(name, value)
    done = run(tmp_path, tmp_path, "import resource; print(resource.getrlimit(resource.RLIMIT_NPROC))")
    assert done.stdout.strip() == "(23, 23)"
    if os.geteuid() != 0:  # no such limit holds for root
        bomb = "import os\ntry:\n    for _ in range(50):\n        os.fork() or __import__('time').sleep(5) or os._exit(0)\nexcept OSError:\n    print('stopped')"
        assert "stopped" in run(tmp_path, tmp_path, bomb).stdout
