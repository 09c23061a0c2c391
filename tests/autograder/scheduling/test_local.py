from __future__ import annotations

import contextlib
import signal
import tempfile
from pathlib import Path

import psutil
import pytest

from autograder.jobs import GradingResult
from autograder.scheduling import worker_process
from tests.autograder.scheduling.jobs_made import job_of, local_scheduler, source_of, submitted
from tests.small_course import SmallCourse

pytestmark = pytest.mark.slow


def names_and_scores(course: SmallCourse, learners: list[str], results: dict[int, GradingResult]) -> dict[str, float]:
    return {learners[index]: sum(cell.auto_score or 0 for cell in result.cells) for index, result in results.items()}


def workers() -> list[psutil.Process]:
    """Return our forked workers: children that run our own program."""
    mine = psutil.Process()
    mine_too = []
    for child in mine.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            mine_too += [child] if child.cmdline() == mine.cmdline() else []
    return mine_too


def kernels() -> list[psutil.Process]:
    """Return the learners' kernels: what zygotes have forked."""
    found = []
    for zygote in zygotes():
        with contextlib.suppress(psutil.NoSuchProcess):
            found += zygote.children(recursive=True)
    return found


def zygotes() -> list[psutil.Process]:
    """Return our fork servers' processes that have not ended."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            found += [child] if "autograder.execution.zygote" in child.cmdline() else []
    return found


def are_all_gone() -> bool:
    """Wait for kernels to end; return whether none is left, nor a worker."""
    _, alive = psutil.wait_procs(kernels(), timeout=60)
    return not alive and not workers()


class WhenAKernelRuns:
    """A tick that does something once, to what runs just then: answers that are slow until then."""

    def __init__(self, act: object, slow: Path) -> None:
        self._act, self._slow = act, slow

    def __call__(self) -> None:
        if self._slow.exists() and kernels():
            self._slow.unlink()
            assert callable(self._act)
            self._act()


def kill_workers() -> None:
    for each in workers():
        each.send_signal(signal.SIGKILL)


def kill_zygotes() -> None:
    for zygote in zygotes():
        zygote.send_signal(signal.SIGKILL)


def stop_workers() -> None:
    for each in workers():
        each.send_signal(signal.SIGSTOP)


@pytest.fixture
def few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker is taken for hung after few seconds without an answer: more than an answer takes that is not slow, on a busy machine too."""
    monkeypatch.setattr(worker_process, "deadline_s", lambda _job: 12.0)


@pytest.fixture
def slow(small_course: SmallCourse) -> Path:
    """A file beside the instructor's notebook: while it lies there, learners' answers take long."""
    place = small_course.root / "source" / "ps1" / "slow"
    place.touch()
    return place


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files lie."""
    place = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def learners(small_course: SmallCourse) -> list[str]:
    names = [f"n{number}" for number in range(4)]
    for number, name in enumerate(names):
        answer = f"import os, time\ntime.sleep(25 if os.path.exists('slow') else 0)\ndef square(n):\n    return n * n  # {number}"
        submitted(small_course, name, answer)
    return names


@pytest.mark.parametrize("happens", [kill_workers, pytest.param(kill_zygotes, marks=pytest.mark.thorough), stop_workers])
def test_whatever_is_killed_or_hangs_every_job_is_answered_once_and_rightly_and_no_copy_of_it_stays(
    small_course: SmallCourse, learners: list[str], happens: object, slow: Path, few_seconds: None, temporary: Path
) -> None:
    tick = WhenAKernelRuns(happens, slow)
    jobs = (job_of(small_course, name) for name in learners)
    with local_scheduler() as scheduler:
        answers = list(scheduler.grade(source_of(small_course), jobs, tick=tick))
        assert not slow.exists(), "it did happen"
        assert len(answers) == len(learners)
        results = dict(answers)
        assert {result.status for result in results.values()} == {"graded"}, [each.reason for each in results.values()]
        assert names_and_scores(small_course, learners, results) == dict.fromkeys(learners, 4.0)
        assert max(result.tries for result in results.values()) == 2
        assert are_all_gone()
    assert list(temporary.iterdir()) == []


def test_a_submission_that_kills_every_worker_is_broken_and_the_others_are_graded(small_course: SmallCourse, learners: list[str]) -> None:
    looping = set[int]()

    def kill_the_worker_of_an_endless_loop() -> None:
        for kernel in kernels():
            with contextlib.suppress(psutil.NoSuchProcess):
                if kernel.pid not in looping and kernel.cpu_times().user > 3.0:  # an honest one takes less
                    looping.add(kernel.pid)  # it may take a moment to end
                    kill_workers()

    submitted(small_course, "eve", "while True:\n    pass")
    order = ["n0", "eve", "n1", "n2", "n3"]
    jobs = (job_of(small_course, name, cell_timeout_s=300) for name in order)
    with local_scheduler(workers=1) as scheduler:
        results = dict(scheduler.grade(source_of(small_course), jobs, tick=kill_the_worker_of_an_endless_loop))
    assert {order[index]: result.status for index, result in results.items()} == {**dict.fromkeys(learners, "graded"), "eve": "broken"}
    reason = "the grading process was lost 3 times with this submission; the last one died (killed by SIGKILL)"
    assert (results[1].reason, results[1].tries) == (reason, 3)


def test_a_job_that_still_runs_when_the_run_ends_leaves_no_copy_of_the_work(
    small_course: SmallCourse, learners: list[str], slow: Path, temporary: Path
) -> None:
    runs = list[Path]()

    def write_down_and_hurry() -> None:
        runs.extend(temporary.glob("patunay-scratch-grading-*/*/patunay-scratch-run-*"))
        if runs:
            slow.unlink(missing_ok=True)

    jobs = (job_of(small_course, name) for name in learners)
    with local_scheduler(workers=2) as scheduler:
        going = scheduler.grade(source_of(small_course), jobs, tick=write_down_and_hurry)
        next(going)
        going.close()
    assert runs
    assert list(temporary.iterdir()) == []


def test_where_every_worker_dies_the_run_ends_and_every_job_says_why(small_course: SmallCourse, learners: list[str], slow: Path) -> None:
    jobs = (job_of(small_course, name) for name in learners)
    with local_scheduler() as scheduler:
        results = dict(scheduler.grade(source_of(small_course), jobs, tick=kill_workers))
        assert are_all_gone()
    assert {(result.status, result.tries) for result in results.values()} == {("broken", 3)}
    assert sorted(results) == [0, 1, 2, 3]


def test_what_the_tick_raises_ends_running_kernels_and_keeps_what_was_yielded(small_course: SmallCourse, learners: list[str]) -> None:
    submitted(small_course, "eve", "while True:\n    pass")
    order, kept = ["eve", *learners], list[int]()

    def stop() -> None:
        if len(kept) == len(learners):
            raise KeyboardInterrupt

    with local_scheduler() as scheduler:
        with pytest.raises(KeyboardInterrupt):
            jobs = (job_of(small_course, name, cell_timeout_s=300) for name in order)
            for index, _ in scheduler.grade(source_of(small_course), jobs, tick=stop):
                kept.append(index)
        assert sorted(kept) == [1, 2, 3, 4]
        assert are_all_gone()
