"""What a worker process does with its one job. The one place in grading where every exception is caught: round one job."""

from __future__ import annotations

import os
import signal
import traceback
from multiprocessing.connection import Connection

from autograder.execution.compat import grade_submission
from autograder.jobs import GradingJob, GradingResult
from autograder.sandbox.bubblewrap import PROVISIONER


def work(job_json: str, pipe: Connection) -> None:
    """Grade the job and send its result as JSON."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = GradingJob.model_validate_json(job_json)
    prepare_environment(job)
    try:
        result = grade_submission(job)
    except Exception as unexpected:  # noqa: BLE001 - round one job; recorded as a broken result
        result = broken(unexpected)
    pipe.send_bytes(result.model_dump_json().encode("utf-8", "backslashreplace"))
    pipe.close()


def broken(unexpected: Exception) -> GradingResult:
    """Return the result of a job that failed for a reason that is ours."""
    place = traceback.extract_tb(unexpected.__traceback__)[-1]
    reason = f"grading failed: {type(unexpected).__name__}: {unexpected} ({place.name}, line {place.lineno})"
    return GradingResult(status="broken", reason=reason)


def prepare_environment(job: GradingJob) -> None:
    """Set what the kernel will inherit."""
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # a kernel writes here what belongs to no cell
        os.dup2(silence, descriptor)
    os.environ["NBGRADER_EXECUTION"] = "autograde"
    os.environ["PATUNAY_KERNEL_MEMORY_BYTES"] = str(job.limits.memory_bytes)
    if job.sandbox:
        os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = PROVISIONER
