from __future__ import annotations

import multiprocessing
import os
import socket
import time
from multiprocessing.connection import Connection, wait
from pathlib import Path

import pytest

from autograder.execution.engines import Ready
from autograder.jobs import GradingJob, GradingResult, Limits
from autograder.scheduling import worker, worker_process
from autograder.scheduling.worker import answered, broken, run_apart
from autograder.scheduling.worker_process import WorkerProcess
from tests.autograder.test_jobs import example_job

_FORKS = multiprocessing.get_context("fork")


def job(folder: Path, name: str) -> GradingJob:
    """A job that fails at once: its submission holds no notebook."""
    (folder / name).mkdir()
    (folder / name / f"{name}.txt").write_text("x", encoding="utf-8")
    return example_job().model_copy(update={"submission": str(folder / name), "sandbox": False})


class Worker:
    """A process that plays a worker, forked so that it can be written here."""

    def __init__(self, play: str, limit_s: float = 60.0) -> None:
        self.ours, theirs = _FORKS.Pipe(duplex=False)
        self.process = _FORKS.Process(target=_PLAYS[play], args=(theirs,))
        self.process.start()
        theirs.close()
        self.job = example_job().model_copy(update={"limits": Limits(submission_timeout_s=limit_s, output_bytes=2**16)})

    def receive(self) -> GradingResult:
        try:
            result: GradingResult = worker._receive(self.ours, self.process, self.job)
            return result
        finally:
            worker._end(self.process)
            self.ours.close()


def _dies(_pipe: Connection) -> None:
    os.kill(os.getpid(), 9)


def _leaves(_pipe: Connection) -> None:
    os._exit(7)


def _talks_nonsense(pipe: Connection) -> None:
    pipe.send_bytes(b'{"index": 0, "result": {"status": "graded", "marks": 100}}')


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
        ("nonsense", "answered with nonsense: ValidationError"),
        ("pickles", "answered with nonsense: ValidationError"),
        ("floods", "answered with nonsense: OSError"),
    ],
)
def test_a_worker_that_does_not_answer_well_gives_broken(play: str, told: str) -> None:
    result = Worker(play).receive()
    assert (result.status, result.cells) == ("broken", ())
    assert told in result.reason


@pytest.mark.parametrize(("play", "told"), [("dies", r"died \(killed by SIGKILL\)"), ("leaves", r"died \(exit code 7\)")])
def test_a_worker_that_dies_has_lost_its_job(play: str, told: str) -> None:
    with pytest.raises(worker.JobLostError, match=told):
        Worker(play).receive()


@pytest.mark.slow
def test_a_worker_that_hangs_is_ended_at_the_limit() -> None:
    hung = Worker("hangs", limit_s=0.5)
    result = hung.receive()
    assert (result.status, result.reason) == ("failed", "the submission took longer than the 0.5 s allowed")
    assert not hung.process.is_alive()


def test_a_worker_that_closes_its_channel_a_moment_before_it_ends_is_told_by_how_it_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ends_slowly(channel: socket.socket, *_: object) -> None:
        os.chdir(tmp_path / "own")
        for _depth in range(3000):  # what learners' code may leave in the folder of its work
            os.mkdir("d")
            os.chdir("d")
        channel.close()
        time.sleep(0.5)
        os._exit(7)

    monkeypatch.setattr(worker_process, "work", ends_slowly)
    going = WorkerProcess(0, example_job().source, Ready("none", None), scratch=tmp_path / "own", siblings=[])
    wait([going.channel])
    with pytest.raises(EOFError):
        going.take()
    assert going.end(has_gone=True) == "died (exit code 7)"
    assert list(tmp_path.iterdir()) == []


def test_a_job_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    result = run_apart(job(tmp_path, "a"))
    assert result.status == "failed"
    assert "none of the assignment's notebooks" in result.reason


def test_what_nobody_expected_is_told_with_its_place() -> None:
    try:
        raise ValueError("boom")
    except ValueError as unexpected:
        result = broken(unexpected)
    assert (result.status, result.cells) == ("broken", ())
    assert result.reason.startswith("grading failed: ValueError: boom (test_what_nobody_expected_is_told_with_its_place, line ")


def test_text_that_is_no_unicode_makes_its_result_broken_and_not_its_worker() -> None:
    answer = worker.Answer.model_validate_json(answered(4, GradingResult(status="failed", reason="\ud800")))
    assert (answer.index, answer.result and answer.result.status) == (4, "broken")
