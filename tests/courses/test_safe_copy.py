from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from courses.safe_copy import CopyRefusedError, copy_untrusted


def copy(origin: Path, target: Path, **limits: int) -> Path:
    copy_untrusted(origin, target, ignored=("*.pyc", ".ipynb_checkpoints"), **limits)
    return target


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    (folder / "sub").mkdir(parents=True)
    (folder / "p1.ipynb").write_text("{}", encoding="utf-8")
    (folder / "sub" / "data.csv").write_bytes(b"a,b\n" * 1000)
    return folder


def test_files_and_folders_are_copied_and_what_is_ignored_is_not(origin: Path, tmp_path: Path) -> None:
    (origin / "x.pyc").write_bytes(b"1")
    (origin / ".ipynb_checkpoints").mkdir()
    target = copy(origin, tmp_path / "target")
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*")) == ["p1.ipynb", "sub", "sub/data.csv"]
    assert (target / "sub" / "data.csv").read_bytes() == b"a,b\n" * 1000


def test_the_copy_of_a_program_that_runs_as_its_owner_does_not(origin: Path, tmp_path: Path) -> None:
    (origin / "p1.ipynb").chmod(0o4755)
    assert stat.S_IMODE((copy(origin, tmp_path / "target") / "p1.ipynb").stat().st_mode) & 0o7111 == 0


@pytest.mark.parametrize("where", ["top", "deep"])
@pytest.mark.parametrize("kind", ["file link", "folder link", "dangling link", "link to itself", "pipe", "socket", "device"])
def test_a_link_or_special_file_is_refused_and_nothing_of_it_is_read(origin: Path, tmp_path: Path, kind: str, where: str) -> None:
    secret = tmp_path / "gradebook.db"
    secret.write_text("hidden tests", encoding="utf-8")
    bad = (origin if where == "top" else origin / "sub") / "bad"
    if kind == "pipe":
        os.mkfifo(bad)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            here = Path.cwd()
            os.chdir(bad.parent)  # the path of a socket may have 107 bytes
            listener.bind("bad")
            os.chdir(here)
    elif kind == "device":
        if os.getuid() != 0:
            pytest.skip("only root makes devices")
        os.mknod(bad, 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero never ends
    else:
        goals = {"file link": secret, "folder link": tmp_path, "dangling link": tmp_path / "none", "link to itself": bad}
        bad.symlink_to(goals[kind])
    with pytest.raises(CopyRefusedError, match=r"'bad' is (a link|no regular file)"):
        copy(origin, tmp_path / "target")
    assert "hidden tests" not in "".join(
        path.read_text(encoding="utf-8") for path in (tmp_path / "target").rglob("*") if path.is_file() and path.name == "bad"
    )


def test_the_folder_itself_may_not_be_a_link(origin: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(origin)
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        copy(tmp_path / "link", tmp_path / "target")


def test_what_is_too_large_is_refused_before_it_is_copied_whole(origin: Path, tmp_path: Path) -> None:
    with (origin / "zeroes").open("wb") as stream:
        stream.truncate(2**40)  # a file with a hole: a tebibyte that takes no room
    with pytest.raises(CopyRefusedError, match="larger than what is taken"):
        copy(origin, tmp_path / "target", maximum_bytes=3 * 2**20)
    assert sum(path.stat().st_size for path in (tmp_path / "target").rglob("*")) < 4 * 2**20


def test_the_limit_of_bytes_is_of_all_files_together(origin: Path, tmp_path: Path) -> None:
    copy(origin, tmp_path / "fits", maximum_bytes=4002)
    with pytest.raises(CopyRefusedError, match="larger than what is taken"):
        copy(origin, tmp_path / "target", maximum_bytes=4001)


def test_too_many_files_are_refused_and_empty_folders_count(origin: Path, tmp_path: Path) -> None:
    copy(origin, tmp_path / "fits", maximum_files=3)
    for number in range(20):
        (origin / f"empty{number}").mkdir()
    with pytest.raises(CopyRefusedError, match="too many files"):
        copy(origin, tmp_path / "target", maximum_files=10)


def test_folders_that_are_nested_too_deep_are_refused(origin: Path, tmp_path: Path) -> None:
    (origin / "/".join("abcdefghijkl")).mkdir(parents=True)
    with pytest.raises(CopyRefusedError, match="nested too deep"):
        copy(origin, tmp_path / "target")
    (origin / "a" / "b" / "c" / "d").rename(origin / "d")
    copy(origin, tmp_path / "fits")


def test_an_existing_target_is_not_written_into(origin: Path, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with pytest.raises(FileExistsError):
        copy(origin, tmp_path / "target")


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files to others")
def test_another_name_of_somebody_elses_file_is_refused_and_one_of_ones_own_is_not(origin: Path, tmp_path: Path) -> None:
    os.chown(origin, 4711, 4711)
    (tmp_path / "own").write_text("mine", encoding="utf-8")
    os.chown(tmp_path / "own", 4711, 4711)
    os.link(tmp_path / "own", origin / "sub" / "own")
    assert (copy(origin, tmp_path / "target") / "sub" / "own").read_text(encoding="utf-8") == "mine"
    (tmp_path / "gradebook.db").write_text("hidden tests", encoding="utf-8")
    os.link(tmp_path / "gradebook.db", origin / "sub" / "theirs")
    with pytest.raises(CopyRefusedError, match="'theirs' is another name of somebody else's file"):
        copy(origin, tmp_path / "other")
    assert not (tmp_path / "other" / "sub" / "theirs").exists()
