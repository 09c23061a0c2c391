from __future__ import annotations

import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from autograder.jobs import GradingJob, GradingResult, Limits
from autograder.scheduling import local
from autograder.scheduling.local import grade_all, run_job
from autograder.scheduling.worker import broken
from tests.autograder.test_jobs import example_job

_FORKS = multiprocessing.get_context("fork")


def job(folder: Path, name: str) -> GradingJob:
    """A job that fails at once: its submission holds no notebook."""
    (folder / name).mkdir()
    (folder / name / f"{name}.txt").write_text("x", encoding="utf-8")
    return example_job().model_copy(update={"submission": str(folder / name), "sandbox": False})


def test_every_job_is_answered_with_its_own_index(tmp_path: Path) -> None:
    jobs = [job(tmp_path, f"n{number}") for number in range(7)]
    answers = dict(grade_all(jobs, workers=3))
    assert sorted(answers) == list(range(7))
    assert {answer.status for answer in answers.values()} == {"failed"}
    assert list(grade_all([], workers=2)) == []


def test_a_submission_that_vanished_is_broken_and_the_others_are_graded(tmp_path: Path) -> None:
    jobs = [job(tmp_path, "a"), example_job().model_copy(update={"submission": str(tmp_path / "gone")})]
    answers = dict(grade_all(jobs, workers=1))
    assert (answers[0].status, answers[1].status) == ("failed", "broken")
    assert "FileNotFoundError" in answers[1].reason


class Worker:
    """A process that plays a worker, forked so that it can be written here."""

    def __init__(self, play: str, limit_s: float = 5.0) -> None:
        self.ours, theirs = _FORKS.Pipe(duplex=False)
        self.process = _FORKS.Process(target=_PLAYS[play], args=(theirs,))
        self.process.start()
        theirs.close()
        self.job = example_job().model_copy(update={"limits": Limits(submission_timeout_s=limit_s, output_bytes=2**16)})

    def receive(self) -> GradingResult:
        try:
            return local._receive(self.ours, self.process, self.job)
        finally:
            local._end(self.process)
            self.ours.close()


def _dies(_pipe: Connection) -> None:
    os.kill(os.getpid(), 9)


def _leaves(_pipe: Connection) -> None:
    os._exit(7)


def _talks_nonsense(pipe: Connection) -> None:
    pipe.send_bytes(b'{"status": "graded", "marks": 100}')


def _pickles(pipe: Connection) -> None:
    pipe.send({"status": "graded"})


def _floods(pipe: Connection) -> None:
    pipe.send_bytes(b" " * 3 * 2**20)


def _hangs(_pipe: Connection) -> None:
    time.sleep(60)


_PLAYS = {"dies": _dies, "leaves": _leaves, "nonsense": _talks_nonsense, "pickles": _pickles, "floods": _floods, "hangs": _hangs}


@pytest.mark.parametrize(
    ("play", "told"),
    [
        ("dies", "the grading process died (killed by SIGKILL)"),
        ("leaves", "the grading process died (exit code 7)"),
        ("nonsense", "answered with nonsense: ValidationError"),
        ("pickles", "answered with nonsense: ValidationError"),
        ("floods", "answered with nonsense: OSError"),
    ],
)
def test_a_worker_that_does_not_answer_well_gives_broken(play: str, told: str) -> None:
    result = Worker(play).receive()
    assert (result.status, result.cells) == ("broken", ())
    assert told in result.reason


def test_a_worker_that_hangs_is_ended_at_the_limit() -> None:
    worker, started = Worker("hangs", limit_s=0.5), time.monotonic()
    result = worker.receive()
    assert (result.status, result.reason) == ("failed", "the submission took longer than the 0.5 s allowed")
    assert time.monotonic() - started < 5
    assert not worker.process.is_alive()


def test_a_job_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    result = run_job(job(tmp_path, "a"), multiprocessing.get_context("forkserver"))
    assert result.status == "failed"
    assert "none of the assignment's notebooks" in result.reason


def test_what_nobody_expected_is_told_with_its_place() -> None:
    try:
        raise ValueError("boom")
    except ValueError as unexpected:
        result = broken(unexpected)
    assert (result.status, result.cells) == ("broken", ())
    assert result.reason.startswith("grading failed: ValueError: boom (test_what_nobody_expected_is_told_with_its_place, line ")
