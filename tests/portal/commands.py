"""Runs `patunay` as a user does: a process with arguments, a folder and what it printed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return what it printed, read strictly: NaN is no JSON."""
        return json.loads(self.out, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment, without what would change how output looks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COLUMNS", "FORCE_COLOR", "PYTHONWARNINGS"))}
    return {**kept, "PYTHONPATH": str(REPOSITORY), **more}


def command(*arguments: str) -> list[str]:
    """Return the command line of `patunay` with this Python."""
    return [sys.executable, "-m", "portal.cli", *arguments]


def patunay(*arguments: str, cwd: Path, timeout_s: float = 300, env: dict[str, str] | None = None) -> Ran:
    """Run the command in the folder `cwd` and return what it did."""
    finished = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(**(env or {})),
        capture_output=True,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Ran(finished.returncode, finished.stdout.decode(), finished.stderr.decode())


def assert_diagnosed(ran: Ran, *words: str) -> None:
    """Assert that the command failed with words: what, where, what to do; nothing on stdout, no traceback."""
    assert "Traceback" not in ran.err + ran.out, ran.err
    assert ran.code == 1, ran
    assert ran.out == "", ran
    assert ran.err.startswith("patunay: "), ran
    assert len(ran.err.strip().splitlines()) >= 2, f"no remedy: {ran.err}"
    for word in words:
        assert word in ran.err, ran.err


@contextlib.contextmanager
def mounted(*arguments: str) -> Iterator[None]:
    """Mount something, for as long as the block runs."""
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False, text=True)
    if done.returncode:
        pytest.skip(f"this machine does not mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", arguments[-1]], check=True)


def heed_interrupts() -> None:
    """Let a program that is started from here be interrupted, even if we were started in the background, where shells have SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
