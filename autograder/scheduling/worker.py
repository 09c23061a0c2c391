"""What a worker does with a job, wherever it runs. The one place in grading where every exception is caught: round one job."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import traceback
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

from pydantic import Field, ValidationError

from autograder.execution.compat import grade_submission, is_forkable
from autograder.execution.engines import BUBBLEWRAP, Ready
from autograder.jobs import AssignmentSource, GradingJob, GradingResult
from autograder.sandbox.bubblewrap import kernel_limits
from autograder.sandbox.syscalls import tie_to
from autograder.scheduling.framing import read_frame, send_frame
from autograder.sealed.grading import SealedServers, grade_sealed
from autograder.wire_value import WireValue

_TO_STOP_S = 10.0
"""What a run that keeps its own time limit may take to come to its end."""


class JobLostError(Exception):
    """What ran the job ended before it, by no fault that is known; the job is to be begun anew."""


class Order(WireValue):
    """A job as it is sent to a worker that has the source already."""

    index: int
    job: dict[str, Any]
    """The fields of a `GradingJob` without `source`."""


class Answer(WireValue):
    """What a worker sends back for an order."""

    index: int
    result: GradingResult | None = None
    lost: str = Field(default="", max_length=1000)
    """Why there is no result, and never will be from this worker."""


def work(channel: socket.socket, source: AssignmentSource, ready: Ready, number: int, parent: int) -> None:
    """Grade what comes over `channel` until it is closed: the whole life of a worker process of this machine, child of `parent`."""
    _settle(parent)
    for server in ready.servers:
        server.take_part(number)
    while (frame := read_frame(channel)) is not None:
        order = Order.model_validate_json(frame)
        job = GradingJob.model_validate({**order.job, "source": source})
        send_frame(channel, answer_json(order.index, job, ready, worker=f"local-{number}"))


def _settle(parent: int) -> None:
    """Make this process one that dies with the coordinator, hears no Ctrl-C of the terminal, and writes nowhere."""
    os.setsid()
    tie_to(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _silence()


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # a kernel writes here what belongs to no cell
        os.dup2(nowhere, descriptor)


def order_json(index: int, job: GradingJob) -> bytes:
    """Return a job as it is sent; the source is not in it."""
    return Order(index=index, job=job.model_dump(mode="json", exclude={"source"})).model_dump_json().encode()


def answer_json(index: int, job: GradingJob, ready: Ready, *, worker: str) -> bytes:
    """Grade the job and return the answer as it is sent back."""
    try:
        return answered(index, grade_job(job, ready, worker=worker))
    except JobLostError as lost:
        return Answer(index=index, lost=str(lost)).model_dump_json().encode()


def answered(index: int, result: GradingResult) -> bytes:
    """Return an answer as it is sent; a result with text that is no Unicode is `broken`."""
    try:
        return Answer(index=index, result=result).model_dump_json().encode()
    except ValueError as unexpected:
        return Answer(index=index, result=broken(unexpected)).model_dump_json().encode()


def grade_job(job: GradingJob, ready: Ready, *, worker: str) -> GradingResult:
    """Return the job's result with its times; `broken` for whatever nobody expected.

    Raises:
        JobLostError: a fork server, or the process that graded, was killed meanwhile: whatever came of it says nothing about the submission.
    """
    started, is_forked = datetime.now(UTC), ready.server is not None and all(is_forkable(job, each) for each in job.source.notebooks)
    sandbox = ready.sandbox if is_forked or ready.server is None else ready.others
    try:
        result = _grade(job.model_copy(update={"sandbox": sandbox == BUBBLEWRAP}), ready) if sandbox else _refused()
    except JobLostError:
        raise
    except Exception as unexpected:  # noqa: BLE001 - round one job; recorded as a broken result
        result = broken(unexpected)
    if not ready.is_alive:
        raise JobLostError("lost its fork server")
    times = {"started_at": started.isoformat(), "finished_at": datetime.now(UTC).isoformat()}
    return result.model_copy(update={**times, "worker": worker, "sandbox": sandbox})


def _grade(job: GradingJob, ready: Ready) -> GradingResult:
    if ready.server is None or not all(is_forkable(job, notebook) for notebook in job.source.notebooks):
        return run_apart(job)
    if ready.examiner is None:
        return grade_submission(job, ready.server)
    return grade_sealed(job, SealedServers(ready.server, ready.examiner))


def _refused() -> GradingResult:
    return GradingResult(
        status="broken",
        reason="this site demands a sandbox, a kernel of another kind than Python's needs bubblewrap for it, and this machine has none: "
        "install bubblewrap and grade again",
    )


def broken(unexpected: Exception) -> GradingResult:
    """Return the result of a job that failed for a reason that is ours."""
    frames = traceback.extract_tb(unexpected.__traceback__)
    place = f" ({frames[-1].name}, line {frames[-1].lineno})" if frames else ""
    text = str(unexpected).encode("utf-8", "backslashreplace").decode()
    return GradingResult(status="broken", reason=f"grading failed: {type(unexpected).__name__}: {text}{place}")


def run_apart(job: GradingJob) -> GradingResult:
    """Return the job's result from a process of its own, where nbclient starts the kernels: environment and standard streams are the process's.

    Raises:
        JobLostError: that process died.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_apart, args=(job, theirs, os.getpid()))
    try:
        process.start()
        theirs.close()
        return _receive(ours, process, job)
    finally:
        _end(process)
        ours.close()


def _apart(job: GradingJob, pipe: Connection, parent: int) -> None:
    _settle(parent)
    os.environ["NBGRADER_EXECUTION"] = "autograde"
    os.environ.update(kernel_limits(job.limits))
    try:
        result = grade_submission(job)
    except Exception as unexpected:  # noqa: BLE001 - round one job; recorded as a broken result
        result = broken(unexpected)
    pipe.send_bytes(answered(0, result))
    pipe.close()


def _receive(pipe: Connection, process: Any, job: GradingJob) -> GradingResult:
    limit = job.limits.submission_timeout_s
    if not pipe.poll(limit + _TO_STOP_S):
        return GradingResult(status="failed", reason=f"the submission took longer than the {limit:g} s allowed", duration_s=limit)
    try:
        result = Answer.model_validate_json(pipe.recv_bytes(maximum_answer_bytes(job))).result
    except EOFError as gone:
        process.join(5)
        raise JobLostError(how_it_ended(process.exitcode)) from gone
    except (OSError, ValidationError) as nonsense:
        return GradingResult(status="broken", reason=f"the grading process answered with nonsense: {type(nonsense).__name__}")
    return result or GradingResult(status="broken", reason="the grading process gave no result")


def maximum_answer_bytes(job: GradingJob) -> int:
    """Return how long the answer to a job may be: its notebooks are held to the limit of output, and JSON within JSON grows."""
    return 4 * job.limits.output_bytes + 2**20


def how_it_ended(code: int | None) -> str:
    """Return in words how a process with this exit code ended."""
    if code is None:
        return "was lost"
    return f"died (exit code {code})" if code >= 0 else f"died (killed by {signal.Signals(-code).name})"


def _end(process: Any) -> None:
    """End the process with everything it started: it leads a process group, and its kernel dies with it."""
    if process.pid is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join(10)
