"""Each submission is told once, when it is whole."""

from __future__ import annotations

import os
from pathlib import Path

from portal.grading_service.inbound import Inbound

NAME = "ana+ps1+2026-11-20 08:00:00.000000 UTC"


def hand_in(inbound: Path, name: str = NAME, *, is_whole: bool = True) -> Path:
    folder = inbound / name
    folder.mkdir()
    if is_whole:
        (folder / "submission_secret.txt").touch()
    return folder


def test_a_submission_is_told_once(tmp_path: Path) -> None:
    inbound = Inbound(tmp_path)
    now = tmp_path.stat().st_mtime
    assert inbound.fresh(now) == ()
    hand_in(tmp_path)
    assert inbound.fresh(now) == (NAME,)
    assert inbound.fresh(now + 1) == ()
    assert inbound.fresh(now + 1000) == ()


def test_one_that_is_still_being_copied_is_told_when_it_is_whole_or_was_left_for_minutes(tmp_path: Path) -> None:
    inbound = Inbound(tmp_path)
    folder = hand_in(tmp_path, is_whole=False)
    left = hand_in(tmp_path, f"{NAME}+left", is_whole=False)
    now = folder.stat().st_mtime
    assert inbound.fresh(now) == ()
    (folder / "submission_secret.txt").touch()
    assert inbound.fresh(now + 1) == (NAME,)
    assert inbound.fresh(now + 200) == ()
    assert inbound.fresh(now + 400) == (left.name,)


def test_what_comes_in_the_same_moment_of_the_folders_clock_is_not_passed_over(tmp_path: Path) -> None:
    inbound = Inbound(tmp_path)
    hand_in(tmp_path)
    about = tmp_path.stat()
    assert inbound.fresh(about.st_mtime) == (NAME,)
    hand_in(tmp_path, f"{NAME}+second")
    os.utime(tmp_path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert inbound.fresh(about.st_mtime + 0.5) == (f"{NAME}+second",)


def test_a_network_file_system_that_tells_no_change_is_read_all_the_same(tmp_path: Path) -> None:
    inbound = Inbound(tmp_path)
    about = tmp_path.stat()
    assert inbound.fresh(about.st_mtime + 10) == ()
    hand_in(tmp_path)
    os.utime(tmp_path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert inbound.fresh(about.st_mtime + 11) == ()
    assert inbound.fresh(about.st_mtime + 30) == (NAME,)


def test_a_folder_that_is_not_there_and_names_that_are_none_are_passed_over(tmp_path: Path) -> None:
    assert Inbound(tmp_path / "nosuch").fresh(0) == ()
    for name in (".uploading-x+y", "readme.txt"):
        (tmp_path / name).mkdir()
    assert Inbound(tmp_path).fresh(tmp_path.stat().st_mtime) == ()
