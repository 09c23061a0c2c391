"""Runs grading jobs through a course's own steps: a process for each submission, several at a time, on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from autograder.execution.course_steps import Errand
from autograder.execution.engines import BUBBLEWRAP
from autograder.jobs import AssignmentSource, GradingJob, GradingResult
from autograder.sandbox.bubblewrap import PROVISIONER, kernel_limits
from autograder.scheduling.protocol import Tick
from courses.scratch import ScratchFolder

_TICK_S = 0.2
_OVERHEAD_S = 60.0
"""What a submission may take over its own time: Python and nbgrader have to start."""
_MAXIMUM_RESULT_BYTES = 64 * 2**20


class CourseStepsScheduler:
    """Grades with the steps that the course configures.

    Args:
        root: the course directory, whose configuration holds.
        sandbox: what keeps kernels in; see `engines.Ready`.
        workers: how many submissions at once; 0 for one a core.
    """

    def __init__(self, root: Path, sandbox: str, *, workers: int = 0) -> None:
        self._root, self._sandbox = root, sandbox
        self._count = workers or len(os.sched_getaffinity(0))
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock, self._is_stopped = threading.Lock(), False

    def grade(
        self, source: AssignmentSource, jobs: Iterable[GradingJob], *, tick: Tick = lambda: None
    ) -> Generator[tuple[int, GradingResult], None, None]:
        """Yield each job's index and result; see `Scheduler`."""
        del source  # each job has it
        waiting = enumerate(jobs)
        with ThreadPoolExecutor(self._count, thread_name_prefix="course-steps") as pool:
            try:
                yield from self._run(pool, waiting, tick)
            finally:
                self._stop()

    def _run(self, pool: ThreadPoolExecutor, waiting: Iterator[tuple[int, GradingJob]], tick: Tick) -> Iterator[tuple[int, GradingResult]]:
        out: dict[Future[GradingResult], int] = {}
        while True:
            while len(out) < self._count and (following := next(waiting, None)) is not None:
                index, job = following
                out[pool.submit(self._grade_one, job, datetime.now(UTC).isoformat())] = index
            if not out:
                return
            tick()
            for done in wait(out, timeout=_TICK_S, return_when=FIRST_COMPLETED).done:
                yield out.pop(done), done.result()

    def _stop(self) -> None:
        with self._lock:
            self._is_stopped = True
            for process in self._running:
                _end(process)

    def _grade_one(self, job: GradingJob, queued_at: str) -> GradingResult:
        started, begun = datetime.now(UTC), time.monotonic()
        with ScratchFolder("steps") as scratch:
            errand = Errand(course=str(self._root), job=job)
            Path(scratch, "errand.json").write_text(errand.model_dump_json(), encoding="utf-8")
            result = self._result_of(Path(scratch), job)
        return result.model_copy(
            update={
                "queued_at": queued_at,
                "started_at": started.isoformat(),
                "finished_at": datetime.now(UTC).isoformat(),
                "duration_s": round(time.monotonic() - begun, 3),
                "worker": "course-steps",
                "sandbox": self._sandbox,
            }
        )

    def _result_of(self, place: Path, job: GradingJob) -> GradingResult:
        limit_s = job.limits.submission_timeout_s + _OVERHEAD_S
        told = place / "told"
        with told.open("wb") as talk:
            process = self._start(place, job, talk.fileno())
            try:
                code = process.wait(limit_s)
            except subprocess.TimeoutExpired:
                return GradingResult(status="failed", reason=f"the course's own grading steps took longer than {limit_s:g} s")
            finally:
                with self._lock:
                    self._running.discard(process)
                _end(process)
        found = place / "result.json"
        with contextlib.suppress(OSError, ValidationError):
            if code == 0 and not found.is_symlink() and found.stat().st_size <= _MAXIMUM_RESULT_BYTES:
                return GradingResult.model_validate_json(found.read_bytes())
        return GradingResult(status="broken", reason=f"the course's own grading steps ended with code {code}: {_last_line(told)}")

    def _start(self, place: Path, job: GradingJob, talk: int) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **kernel_limits(job.limits)}
        if self._sandbox == BUBBLEWRAP:
            environment["JUPYTER_DEFAULT_PROVISIONER_NAME"] = PROVISIONER
        with self._lock:
            if self._is_stopped:
                raise InterruptedError("the run was stopped")
            process = subprocess.Popen(
                [sys.executable, "-m", "autograder.execution.course_steps", str(place)],
                cwd=place,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=talk,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process with all that it started and did not let go of; a kernel under bubblewrap dies with it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_line(told: Path) -> str:
    with told.open("rb") as stream:
        stream.seek(max(0, told.stat().st_size - 4000))
        lines = stream.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:500] if lines else "it said nothing"
