from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from courses import scratch
from courses.scratch import ScratchFolder

_LONG_AGO_S = 3600


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files lie, in which nothing was looked for yet."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "_looked", {})
    return tmp_path


@pytest.fixture
def working(place: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process that works in a folder of its own, with a read-only folder in it, since long ago."""
    program = "import os, time\nfrom courses.scratch import ScratchFolder\nwith ScratchFolder('grading') as made:\n"
    program += "    os.makedirs(f'{made}/work')\n    open(f'{made}/work/answers', 'w').close()\n    os.chmod(f'{made}/work', 0o500)\n"
    program += "    print(made, flush=True)\n    time.sleep(300)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(place)}
    ) as process:
        assert process.stdout is not None
        made = Path(process.stdout.readline().strip())
        assert made.parent == place
        age(made)
        yield process, made
        process.kill()


def age(folder: Path) -> None:
    long_ago = time.time() - _LONG_AGO_S
    os.utime(folder, (long_ago, long_ago))


def test_a_folder_is_its_owners_alone_and_goes_with_the_work(place: Path) -> None:
    with ScratchFolder("grading") as made:
        Path(made, "work").mkdir()
        Path(made, "work", "answers").touch()
        Path(made, "work").chmod(0o500)
        assert Path(made).stat().st_mode & 0o777 == 0o700
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_removed_when_the_next_one_begins(place: Path, working: tuple[subprocess.Popen[str], Path]) -> None:
    process, left = working
    process.kill()
    process.wait(60)
    assert (left / "work" / "answers").is_file()
    with ScratchFolder("grading") as made:
        assert list(place.iterdir()) == [Path(made)]


def test_what_was_left_may_be_thousands_of_folders_deep(place: Path) -> None:
    left = place / "patunay-scratch-zygote-deep"
    left.mkdir()
    handle = os.open(left, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=handle)
        inner = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(handle)
    age(left)
    with ScratchFolder("grading") as made:
        assert list(place.iterdir()) == [Path(made)]


def test_the_folder_of_a_process_that_lives_stays(working: tuple[subprocess.Popen[str], Path]) -> None:
    with ScratchFolder("grading"):
        assert (working[1] / "work" / "answers").is_file()


def test_a_folder_that_was_just_made_stays_and_so_does_what_is_no_folder_of_ours(place: Path) -> None:
    young, elsewhere, other = place / "patunay-scratch-grading-young", place / "elsewhere", place / "patunay-demo-x"
    for each in (young, elsewhere, other):
        each.mkdir()
        (each / "kept").touch()
    age(other)
    age(elsewhere)
    (place / "patunay-scratch-link").symlink_to(elsewhere, target_is_directory=True)
    (place / "patunay-scratch-file").touch()
    with ScratchFolder("grading"):
        pass
    assert all((each / "kept").is_file() for each in (young, elsewhere, other))
    assert (place / "patunay-scratch-file").is_file()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_somebody_elses_folder_stays(place: Path) -> None:
    theirs = place / "patunay-scratch-grading-theirs"
    theirs.mkdir()
    os.chown(theirs, 12_345, 12_345)
    age(theirs)
    with ScratchFolder("grading"):
        assert theirs.is_dir()


def test_it_is_looked_for_now_and_then_only(place: Path) -> None:
    with ScratchFolder("grading"):
        pass
    late = place / "patunay-scratch-grading-late"
    late.mkdir()
    age(late)
    with ScratchFolder("grading"):
        assert late.is_dir()
