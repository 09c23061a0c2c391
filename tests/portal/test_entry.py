"""Where the program starts: an old Python is told in words, by that Python itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from portal.cli.entry import MINIMUM_PYTHON, python_problem
from tests.portal.commands import REPOSITORY

_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from portal.cli.entry import run; run()"


def old_pythons() -> list[str]:
    """Return Pythons of this machine that are older than ours but read our syntax."""
    found = [*Path.home().glob(".pyenv/versions/3.[789].*/bin/python3"), *Path.home().glob(".pyenv/versions/3.10.*/bin/python3")]
    on_path = [shutil.which(f"python3.{minor}") for minor in (8, 9, 10)]
    return sorted({*map(str, found), *(each for each in on_path if each and "/shims/" not in each)})


@pytest.mark.parametrize("python", old_pythons() or [pytest.param("", marks=pytest.mark.skip(reason="no older Python is here"))])
def test_an_old_python_says_that_it_is_too_old(python: str, tmp_path: Path) -> None:
    ran = subprocess.run([python, "-S", "-c", _START, str(REPOSITORY), "doctor"], cwd=tmp_path, capture_output=True, check=False, text=True)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.match(r"patunay: Python 3\.\d+\.\d+ is too old; 3\.11 or newer is needed\.\n\S", ran.stderr), ran.stderr


@pytest.mark.skipif(not old_pythons() or not shutil.which("make"), reason="no older Python, or no make")
def test_make_with_an_old_python_says_so_before_it_touches_anything(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "scripts", tmp_path / "scripts")
    shutil.copy(REPOSITORY / "Makefile", tmp_path)  # a folder of its own: other tests write into the repository's
    before = sorted(tmp_path.rglob("*"))
    ran = subprocess.run(
        ["make", "--no-print-directory", "setup", f"PYTHON={old_pythons()[0]}"], cwd=tmp_path, capture_output=True, check=False, text=True
    )
    assert ran.returncode == 2
    assert re.match(r"make: Python 3\.\d+\.\d+ is too old; 3\.11 or newer is needed\.", ran.stderr), ran.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("version", [(3, 10, 99), (3, 9), (2, 7, 18)])
def test_every_version_below_the_minimum_is_a_problem(version: tuple[int, ...]) -> None:
    told = python_problem(version)
    assert told is not None
    assert ".".join(map(str, version)) in told


@pytest.mark.parametrize("version", [MINIMUM_PYTHON, (3, 11, 0), (3, 12, 1), (3, 20), (4, 0)])
def test_newer_versions_are_none(version: tuple[int, ...]) -> None:
    assert python_problem(version) is None


def test_the_minimum_is_the_one_that_the_package_declares() -> None:
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={MINIMUM_PYTHON[0]}.{MINIMUM_PYTHON[1]}"' in text


def test_the_installed_program_is_this_command(tmp_path: Path) -> None:
    program = Path(sysconfig.get_path("scripts")) / "patunay"
    if not program.is_file():
        pytest.skip("the package is not installed here")
    ran = subprocess.run([program, "nosuch"], cwd=tmp_path, capture_output=True, check=False, text=True)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("patunay: No such command 'nosuch'")
    assert sys.version_info[:2] >= MINIMUM_PYTHON
