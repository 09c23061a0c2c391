from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.content_hash import file_sha256, folder_sha256, regular_files
from courses.errors import StorageError


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def sha256sum(folder: Path) -> str:
    """Return the hash as anyone can compute it with coreutils."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    listed = subprocess.run(["sha256sum", *names], cwd=folder, check=True, capture_output=True).stdout
    return hashlib.sha256(listed).hexdigest()


@pytest.mark.parametrize(
    "files",
    [
        {"a.txt": b"1"},
        {"b.txt": b"2", "a.txt": b"1", "sub/a.txt": b"", "sub.txt": b"3"},
        {"José.ipynb": b"{}", "a b.csv": b"\0\xff"},
        {"a\\b.txt": b"1", "line\nbreak.txt": b"2", "return\rtoo": b"3"},
    ],
)
def test_the_hash_is_what_sha256sum_gives(tmp_path: Path, files: dict[str, bytes]) -> None:
    fill(tmp_path, files)
    assert folder_sha256(tmp_path) == sha256sum(tmp_path)


def test_a_file_hash_is_what_sha256sum_gives(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert file_sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_hash_does_not_depend_on_order_times_or_modes(tmp_path: Path) -> None:
    one = fill(tmp_path / "one", {"a": b"1", "b/c": b"2"})
    two = fill(tmp_path / "two", {"b/c": b"2", "a": b"1"})
    os.utime(two / "a", (1, 1))
    (two / "a").chmod(0o400)
    assert folder_sha256(one) == folder_sha256(two)


def test_a_file_name_with_a_line_break_cannot_pass_for_two_files(tmp_path: Path) -> None:
    honest = fill(tmp_path / "honest", {"p1.ipynb": b"right answers", "z": b"x"})
    forged = fill(tmp_path / "forged", {f"p1.ipynb\n{hashlib.sha256(b'x').hexdigest()}  z": b"right answers"})
    assert folder_sha256(honest) != folder_sha256(forged)


_FILES = st.dictionaries(st.text(alphabet="abc\n\\ é", min_size=1, max_size=4), st.binary(max_size=3), max_size=3)


@given(_FILES, _FILES)
@settings(max_examples=60, deadline=None)
def test_two_folders_have_one_hash_exactly_when_they_hold_the_same(
    tmp_path_factory: pytest.TempPathFactory, one: object, two: object
) -> None:
    assert isinstance(one, dict) and isinstance(two, dict)
    first, second = (fill(tmp_path_factory.mktemp("folder"), files) for files in (one, two))
    assert (folder_sha256(first) == folder_sha256(second)) is (one == two)


def test_what_programs_leave_behind_is_not_content(tmp_path: Path) -> None:
    fill(tmp_path, {"a": b"1"})
    before = folder_sha256(tmp_path)
    fill(tmp_path, {".ipynb_checkpoints/a": b"2", "__pycache__/a.pyc": b"3", "b.pyc": b"4", ".DS_Store": b"5"})
    assert folder_sha256(tmp_path) == before
    assert regular_files(tmp_path) == ["a"]


@pytest.mark.parametrize("kind", ["link", "folder link", "dangling link", "pipe"])
def test_links_and_special_files_are_refused(tmp_path: Path, kind: str) -> None:
    secret = fill(tmp_path / "outside", {"secret": b"1"})
    folder = fill(tmp_path / "folder", {"a": b"1"})
    if kind == "pipe":
        os.mkfifo(folder / "sub")
    else:
        (folder / "sub").symlink_to({"link": secret / "secret", "folder link": secret, "dangling link": secret / "none"}[kind])
    with pytest.raises(StorageError, match="never followed"):
        folder_sha256(folder)
