"""What a scheduler is: takes grading jobs, gives results, whatever happens to single workers.

Rules that every scheduler keeps:
1. A result is a pure function of its job; a job may be begun again on another worker, and no job gives two results.
2. Results come back as JSON, read with a size limit and validated; nothing of a learner's is ever unpickled.
3. A job whose worker dies or hangs is begun anew, at most `dispatch.MAXIMUM_TRIES` times in all; then its result is `broken`, with the reason.
4. Jobs are taken from the caller as workers are free: never are all of them, or all results, in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Protocol

from autograder.jobs import AssignmentSource, GradingJob, GradingResult

Tick = Callable[[], None]
"""Called several times a second while jobs run. What it raises stops the run: running kernels are ended, and it comes out of `grade`."""


class RunStoppedError(KeyboardInterrupt):
    """Somebody asked the run to stop: what a tick raises for it. What was yielded before is kept and written down."""


class Scheduler(Protocol):
    """Runs the grading jobs of a source."""

    def grade(
        self, source: AssignmentSource, jobs: Iterable[GradingJob], *, tick: Tick = ...
    ) -> Generator[tuple[int, GradingResult], None, None]:
        """Yield `(index of the job, its result)` in the order of finishing, for every job; all are of `source`.

        Raises:
            SandboxMissingError: a sandbox is required, or sealed grading asked for, and there is none.
            ClusterError: the cluster does not answer, was lost, or has no worker that may grade. What was yielded before stands.
        """
        ...
