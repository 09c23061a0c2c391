"""Which job is with which worker, and how often it was begun. Pure: no clock, no process; the schedulers tell it what happened.

A worker may hold more jobs than it runs, so that it never waits for the next one; at the end idle workers take those over, so that none waits behind
an endless loop. If a worker is lost, only the jobs it ran count that as a try; the others go back as they were. A job that was begun `MAXIMUM_TRIES` times is given up, so that one submission that kills its worker cannot stop a run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from autograder.jobs import GradingJob, GradingResult

MAXIMUM_TRIES = 3
_GRACE_S = 30.0


@dataclass(slots=True)
class Errand:
    """A job on its way."""

    index: int
    job: GradingJob
    queued_at: str
    """When it was first handed out; ISO 8601, UTC."""
    losses: list[str] = field(default_factory=list)
    """Why its workers did not answer, such as `died (killed by SIGKILL)`; at most `MAXIMUM_TRIES`."""

    def given_up(self) -> GradingResult:
        """Return the result of a job that was begun too often."""
        reason = f"the grading process was lost {len(self.losses)} times with this submission; the last one {self.losses[-1]}"
        return GradingResult(status="broken", reason=reason, queued_at=self.queued_at, tries=len(self.losses))

    def stamped(self, result: GradingResult) -> GradingResult:
        """Return `result` with what only the coordinator knows."""
        return result.model_copy(update={"queued_at": self.queued_at, "tries": len(self.losses) + 1})


class Dispatch:
    """Hands out jobs, each to one worker at a time, and takes back those of lost workers.

    Args:
        at_once: how many jobs a worker runs at the same time: the first ones of those it holds.
    """

    def __init__(self, jobs: Iterable[GradingJob], *, at_once: int = 1) -> None:
        self._coming, self._at_once = enumerate(jobs), at_once
        self._back: deque[Errand] = deque()
        self._handed: dict[Hashable, dict[int, Errand]] = {}

    def hand_out(self, worker: Hashable, *, now: str) -> Errand | None:
        """Return the next job, which is with `worker` from now on; None if there is none for it."""
        if self._back:
            errand = self._back.popleft()
            errand.queued_at = errand.queued_at or now
        elif (following := next(self._coming, None)) is not None:
            errand = Errand(*following, queued_at=now)
        elif (waiting := self._waiting_elsewhere(worker)) is not None:
            errand = waiting
        else:
            return None
        self._handed.setdefault(worker, {})[errand.index] = errand
        return errand

    def _waiting_elsewhere(self, worker: Hashable) -> Errand | None:
        """Take the last job of a worker that does not run it yet, if `worker` is idle. Should that one answer it all the same, the answer is not taken."""
        if self.held_by(worker):
            return None
        for held in self._handed.values():
            if len(held) > self._at_once:
                return held.popitem()[1]
        return None

    def finish(self, worker: Hashable, index: int) -> Errand | None:
        """Return the job that `worker` answered; None if it is not with that worker (any more): the answer is not taken."""
        return self._handed.get(worker, {}).pop(index, None)

    def lose(self, worker: Hashable, why: str) -> list[Errand]:
        """Take back what `worker` held, and return the jobs that are given up."""
        given_up = []
        for place, errand in enumerate(self._handed.pop(worker, {}).values()):
            if place < self._at_once:
                errand.losses.append(why)
            if len(errand.losses) < MAXIMUM_TRIES:
                self._back.append(errand)
            else:
                given_up.append(errand)
        return given_up

    def held_by(self, worker: Hashable) -> int:
        """Return how many jobs are with `worker`."""
        return len(self._handed.get(worker, {}))

    @property
    def is_done(self) -> bool:
        """Whether no job is with a worker and none is left to hand out."""
        if self.is_out or self._back:
            return False
        following = next(self._coming, None)
        if following is not None:
            self._back.append(Errand(*following, queued_at=""))
        return following is None

    @property
    def is_out(self) -> bool:
        """Whether a job is with any worker."""
        return any(self._handed.values())


def deadline_s(job: GradingJob) -> float:
    """Return after how many seconds without an answer a worker is taken for hung: longer than the limits inside it can take together.

    Each notebook may run twice (sealed, then compat), each time up to the submission's limit and one cell beyond it.
    """
    once = job.limits.submission_timeout_s + job.limits.cell_timeout_s
    return _GRACE_S + 2 * max(1, len(job.source.notebooks)) * once
