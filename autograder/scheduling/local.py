"""Runs grading jobs on this machine: each in a process of its own, several at a time, none longer than its limit.

A fork server loads the libraries once; a job costs a fork. Jobs come back as JSON over a pipe, read with a size limit; a worker that dies, hangs or
sends nonsense costs its own submission only.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from multiprocessing.connection import Connection
from typing import Any

from pydantic import ValidationError

from autograder.execution.compat import grade_submission, is_forkable
from autograder.execution.fork_server import ForkServer
from autograder.jobs import GradingJob, GradingResult
from autograder.scheduling.worker import broken
from autograder.sealed.grading import SealedServers, grade_sealed

_PRELOADED = ["autograder.execution.compat", "autograder.scheduling.worker"]


def grade_all(
    jobs: Sequence[GradingJob], *, workers: int, server: ForkServer | None = None, examiner: ForkServer | None = None
) -> Iterator[tuple[int, GradingResult]]:
    """Yield `(index of the job, its result)` as they finish; all of them, whatever happens to single ones.

    Args:
        workers: how many jobs run at once; 0 for one a core.
        server: forks the kernels of Python notebooks; jobs with other kernels, and all without a server, get a process of their own.
        examiner: forks the tests' own kernels: what `server` can run is graded sealed.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    count = workers or len(os.sched_getaffinity(0))
    running: dict[Future[GradingResult], int] = {}
    waiting = iter(enumerate(jobs))
    with ThreadPoolExecutor(max_workers=count, thread_name_prefix="grading") as pool:
        try:
            while True:
                while len(running) < count and (following := next(waiting, None)) is not None:
                    running[pool.submit(_run, following[1], context, server, examiner)] = following[0]
                if not running:
                    return
                for finished in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(finished), finished.result()
        except BaseException:
            for each in (server, examiner):
                if each is not None:
                    each.close()  # ends the running kernels, so that nobody who presses Ctrl-C waits for an endless loop
            raise


def _run(job: GradingJob, context: Any, server: ForkServer | None, examiner: ForkServer | None) -> GradingResult:
    if server is None or not all(is_forkable(job, notebook) for notebook in job.source.notebooks):
        return run_job(job, context)
    try:
        return grade_submission(job, server) if examiner is None else grade_sealed(job, SealedServers(server, examiner))
    except Exception as unexpected:  # noqa: BLE001 - round one job; recorded as a broken result
        return broken(unexpected)


def run_job(job: GradingJob, context: Any) -> GradingResult:
    """Return the job's result from a process of its own; `broken` if that process fails."""
    from autograder.scheduling.worker import work  # the fork server loads it, this process need not

    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(job.model_dump_json(), theirs), daemon=False)
    try:
        process.start()
        theirs.close()
        return _receive(ours, process, job)
    finally:
        _end(process)
        ours.close()


def _receive(pipe: Connection, process: Any, job: GradingJob) -> GradingResult:
    limit = job.limits.submission_timeout_s
    if not pipe.poll(limit):
        return GradingResult(status="failed", reason=f"the submission took longer than the {limit:g} s allowed", duration_s=limit)
    try:
        answer = pipe.recv_bytes(4 * job.limits.output_bytes + 2**20)
        return GradingResult.model_validate_json(answer)
    except EOFError:
        process.join(5)
        return GradingResult(status="broken", reason=f"the grading process died ({_exit(process.exitcode)})")
    except (OSError, ValidationError) as nonsense:
        return GradingResult(status="broken", reason=f"the grading process answered with nonsense: {type(nonsense).__name__}")


def _exit(code: int | None) -> str:
    if code is None:
        return "no exit code"
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def _end(process: Any) -> None:
    """End the worker with everything it started: it leads a process group, and its kernel dies with it."""
    if process.pid is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join(10)
