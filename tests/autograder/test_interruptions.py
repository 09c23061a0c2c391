"""What a run leaves behind when it is cut off: nothing is lost, nothing is graded twice, and the next call goes on."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from autograder.gradebook import GRADED, UNGRADED
from autograder.records import GradingRun, open_records, working_alone
from courses.errors import StorageError
from tests.autograder.grading_calls import attempts, by_learner, grade, scores, state
from tests.small_course import SQUARE, SmallCourse

pytestmark = pytest.mark.slow
_ROOT = Path(__file__).resolve().parents[2]
LEARNERS = ("anna", "ben", "carl")
SLOW = f"import os, time\ntime.sleep(25 if os.path.exists('slow') else 0)\n{SQUARE}"
"""An answer that takes long while a file `slow` lies beside the instructor's notebook: whoever is to be killed while it runs still runs then."""


def hand_in(course: SmallCourse) -> None:
    for number, learner in enumerate(LEARNERS):
        course.submit(learner, f"{SQUARE}\nname = {learner!r}", f"found = {number + 1}")


def check_whole(course: SmallCourse) -> None:
    """The course is graded as if nothing had happened, each attempt by exactly one result."""
    for number, learner in enumerate(LEARNERS):
        assert [result.status for result in attempts(course, learner)[0].results] == ["graded"], learner
        assert (state(course, learner)["state"], state(course, learner)["score"]) == (GRADED, 3.0 + number)
        assert scores(course, learner)["test_found"] == (number + 1.0, None, False)
        assert (course.root / "autograded" / learner / "ps1" / "p1.ipynb").is_file()


@pytest.mark.parametrize(
    ("after", "engine"),
    [
        ("1", "fork"),
        ("0", "kernel"),
        *(pytest.param(*each, marks=pytest.mark.thorough) for each in (("0", "fork"), ("3", "fork"), ("1", "kernel"), ("3", "kernel"))),
    ],
)
def test_a_run_that_is_killed_between_results_goes_on(small_course: SmallCourse, engine: str, after: str) -> None:
    hand_in(small_course)
    held_at = after if after != "0" else "1"  # the run may not be over before it is killed
    command = [sys.executable, "-m", "tests.autograder.interrupted_grading", str(small_course.root), engine, held_at]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        told = next(line for line in run.stdout if int(line) >= int(after))
        started = psutil.Process(run.pid).children(recursive=True)
        os.kill(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    wait_until_let_go(small_course)
    kept = [learner for learner in LEARNERS if attempts(small_course, learner) and attempts(small_course, learner)[0].results]
    assert len(kept) >= int(told)
    assert all(state(small_course, learner)["state"] == UNGRADED for learner in kept), "the gradebook does not show them yet"
    again = by_learner(grade(small_course))
    assert sorted(again) == sorted(set(LEARNERS) - set(kept))
    check_whole(small_course)
    with open_records(small_course.root) as session:
        runs = session.query(GradingRun).order_by(GradingRun.started_at).all()
        assert runs[0].outcome == "interrupted"
    _, alive = psutil.wait_procs(started, timeout=60)
    assert alive == [], "no process of the killed run is left"


def wait_until_let_go(course: SmallCourse) -> None:
    """Wait until the course's lock is free: the workers of a killed run, which die with it a moment later, hold it too."""
    until = time.monotonic() + 60
    while True:
        try:
            with working_alone(course.root):
                return
        except StorageError:
            assert time.monotonic() < until, "the lock of the killed run is let go"
            time.sleep(0.05)


def test_two_runs_at_once_do_the_work_once_and_the_second_says_so_in_words(small_course: SmallCourse) -> None:
    hand_in(small_course)
    command = [sys.executable, "-m", "tests.autograder.interrupted_grading", str(small_course.root), "fork", "1"]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline().strip() == "0"
        with pytest.raises(StorageError, match=r"another process is grading or collecting in this course\nWait until it is done"):
            grade(small_course)
        run.communicate()
    assert run.returncode == 0
    check_whole(small_course)


@contextlib.contextmanager
def killing_what_grades(course: SmallCourse, times: int) -> Iterator[list[int]]:
    """Kill so many processes that grade a `SLOW` answer, one after another, as the system does when memory runs out; then it is slow no more."""
    killed: list[int] = []
    slow = course.root / "source" / "ps1" / "slow"
    slow.touch()
    mine, ended = psutil.Process(), threading.Event()

    def watch() -> None:
        while len(killed) < times and not ended.wait(0.05):
            for worker in mine.children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    if (
                        worker.pid not in killed and worker.cmdline() == mine.cmdline() and worker.children(recursive=True)
                    ):  # its kernel runs
                        killed.append(worker.pid)
                        if len(killed) == times:
                            slow.unlink()
                        worker.kill()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()


def test_a_worker_that_is_killed_once_costs_time_and_nothing_else(small_course: SmallCourse) -> None:
    small_course.submit("anna", SLOW, "found = 3")
    with killing_what_grades(small_course, 1) as killed:
        first = by_learner(grade(small_course, engine="kernel"))["anna"]
    assert len(killed) == 1
    assert (first.status, first.score) == ("graded", 5.0)
    assert [result.status for result in attempts(small_course, "anna")[0].results] == ["graded"]


def test_a_submission_whose_workers_are_always_killed_is_broken_and_is_graded_next_time(small_course: SmallCourse) -> None:
    small_course.submit("anna", SLOW, "found = 3")
    with killing_what_grades(small_course, 3) as killed:
        first = by_learner(grade(small_course, engine="kernel"))["anna"]
    assert len(killed) == 3
    assert (first.status, first.score) == ("broken", None)
    assert "lost 3 times with this submission; the last one died (killed by SIGKILL)" in first.reason
    row = state(small_course, "anna")
    assert (row["state"], row["reason"]) == (UNGRADED, first.reason)
    assert by_learner(grade(small_course, engine="kernel"))["anna"].score == 5.0
    assert [result.status for result in attempts(small_course, "anna")[0].results] == ["broken", "graded"]
    assert state(small_course, "anna")["score"] == 5.0


def test_a_broken_regrade_keeps_the_old_result(small_course: SmallCourse) -> None:
    small_course.submit("anna", SLOW, "found = 3")
    grade(small_course)
    with killing_what_grades(small_course, 3) as killed:
        assert by_learner(grade(small_course, engine="kernel", force=True))["anna"].status == "broken"
    assert len(killed) == 3
    assert (state(small_course, "anna")["state"], state(small_course, "anna")["score"]) == (GRADED, 5.0)


@pytest.fixture
def small_disk(small_course: SmallCourse, tmp_path: Path) -> Iterator[SmallCourse]:
    """The course on a file system of 2 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=False).returncode != 0:
        pytest.skip("a small file system needs root and the right to mount")
    try:
        yield SmallCourse(shutil.copytree(small_course.root, disk / "course"))
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # a kernel of another test may be made just now, with all mounts


def fill(disk: Path, *, leave: int) -> Path:
    """Fill the disk up to `leave` bytes."""
    free = shutil.disk_usage(disk).free
    filler = disk / "filler"
    filler.write_bytes(b"x" * max(0, free - leave))
    return filler


@pytest.mark.parametrize(
    "leave", [0, 65_536, 180_000, *(pytest.param(each, marks=pytest.mark.thorough) for each in (4096, 16_384, 131_072, 262_144))]
)
def test_a_full_disk_is_said_in_words_and_nothing_is_lost(small_disk: SmallCourse, leave: int) -> None:
    hand_in(small_disk)
    filler = fill(small_disk.root.parent, leave=leave)
    try:
        grade(small_disk)
    except StorageError as told:
        assert "the disk is full" in str(told) or "the disk does not take what is written: it is full" in str(told)
        assert "run the same command again" in str(told)
    else:
        assert leave > 65_536, "so little cannot have been enough"
    filler.unlink()
    grade(small_disk)
    check_whole(small_disk)


def test_a_full_disk_during_a_regrade_keeps_the_old_result(small_disk: SmallCourse) -> None:
    hand_in(small_disk)
    grade(small_disk)
    filler = fill(small_disk.root.parent, leave=0)
    with pytest.raises(StorageError, match=r"the disk (is full|does not take what is written)"):
        grade(small_disk, force=True)
    filler.unlink()
    for number, learner in enumerate(LEARNERS):
        assert scores(small_disk, learner)["test_found"] == (number + 1.0, None, False)
        assert state(small_disk, learner)["score"] == 3.0 + number
        kept = attempts(small_disk, learner)[0].results[0]
        assert json.loads(kept.notebooks)
