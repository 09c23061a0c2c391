"""The proxy that browsers talk to: configurable-http-proxy, from npm, by the lock file beside this one, into the site's own folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from courses.errors import SettingsError
from courses.storage import diagnosed_storage

_PACKAGE = Path(__file__).resolve().parent / "proxy"
_NAME = "configurable-http-proxy"
_PATIENCE_S = 300.0


def find_proxy(folder: Path) -> str:
    """Return the program, of the hub's `folder` or of the machine; empty if there is none."""
    own = folder / "node_modules" / ".bin" / _NAME
    return str(own) if own.is_file() else shutil.which(_NAME) or ""


def proxy_program(folder: Path) -> str:
    """Return the program.

    Raises:
        SettingsError: it is not installed.
    """
    program = find_proxy(folder)
    if not program:
        raise SettingsError(f"{_NAME} is not installed", where=str(folder), remedy="`patunay hub` installs it; or: npm install -g " + _NAME)
    return program


def install_proxy(folder: Path, *, told: Callable[[str], None]) -> str:
    """Return the program, installed into the hub's `folder` if it is nowhere.

    Raises:
        SettingsError: npm is missing, or it failed.
    """
    program = find_proxy(folder)
    if program:
        return program
    npm = shutil.which("npm")
    if npm is None:
        raise SettingsError(
            f"the hub's proxy ({_NAME}) comes from npm, which is not installed",
            where="patunay hub",
            remedy="Install Node.js 18 or newer with npm (Debian: apt-get install nodejs npm), then run the same command again.",
        )
    told("Installing the hub's proxy from npm, once ...")
    with diagnosed_storage(folder):
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(_PACKAGE / name, folder / name)
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as slow:
        raise _failed(f"npm took longer than {_PATIENCE_S:.0f} s") from slow
    if done.returncode != 0 or not find_proxy(folder):
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise _failed(lines[-1] if lines else f"npm ended with {done.returncode}")
    return find_proxy(folder)


def _failed(why: str) -> SettingsError:
    return SettingsError(
        f"the hub's proxy could not be installed: {why}",
        where="npm ci",
        remedy=f"Is npm's registry in reach? Otherwise install it by other means (npm install -g {_NAME}) so that it is on the PATH.",
    )
