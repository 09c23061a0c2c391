"""Runs grading jobs on this machine: worker processes, forked from this one, that share the fork servers and take one job after another.

A worker costs a fork and the pages it writes; each parses and drives kernels with an interpreter lock of its own. A worker that dies, hangs or sends
nonsense is ended and another takes its place; so is a fork server.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator
from datetime import UTC, datetime
from multiprocessing.connection import wait
from pathlib import Path

from pydantic import ValidationError

from autograder.execution.engines import EngineRoom
from autograder.jobs import AssignmentSource, GradingJob, GradingResult
from autograder.scheduling.dispatch import Dispatch
from autograder.scheduling.framing import FrameError
from autograder.scheduling.protocol import Tick
from autograder.scheduling.worker_process import WorkerProcess
from courses.scratch import ScratchFolder

_TICK_S = 0.2
_HELD = 2
"""Jobs that a worker holds: one runs, one waits, so that it need not wait while the coordinator writes."""


class LocalScheduler:
    """Grades with processes of this machine.

    Args:
        room: the engines; they stay the caller's.
        workers: how many submissions at once; 0 for one a core.
    """

    def __init__(self, room: EngineRoom, *, workers: int = 0) -> None:
        self._room, self._count = room, workers or len(os.sched_getaffinity(0))

    def grade(
        self, source: AssignmentSource, jobs: Iterable[GradingJob], *, tick: Tick = lambda: None
    ) -> Generator[tuple[int, GradingResult], None, None]:
        """Yield each job's index and result; see `Scheduler`."""
        with ScratchFolder("grading") as scratch:
            crew = _Crew(self._room, source, self._count, Dispatch(jobs), Path(scratch))
            try:
                yield from crew.run(tick)
            finally:
                crew.close()


class _Crew:
    """The workers of one call, and what they are at."""

    def __init__(self, room: EngineRoom, source: AssignmentSource, count: int, dispatch: Dispatch, scratch: Path) -> None:
        self._room, self._source, self._count, self._dispatch, self._scratch = room, source, count, dispatch, scratch
        self._workers: list[WorkerProcess] = []
        self._started = 0

    def close(self) -> None:
        """End all workers with what they run, so that nobody who presses Ctrl-C waits for an endless loop."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def run(self, tick: Tick) -> Iterator[tuple[int, GradingResult]]:
        """Yield results until every job has one."""
        while self._busy():
            tick()
            heard = set(wait([worker.channel for worker in self._workers], _TICK_S))
            for worker in list(self._workers):
                if worker.channel in heard:
                    yield from self._hear(worker)
                elif worker.is_hung:
                    yield from self._lose(worker, "did not answer in time")

    def _busy(self) -> bool:
        """Hand out what can be; return whether any job is still with a worker."""
        for worker in self._workers:
            self._fill(worker)
        while len(self._workers) < self._count and self._hire():
            pass
        return self._dispatch.is_out

    def _hire(self) -> bool:
        """Start a worker for the next job; return False if there is none."""
        number = self._started
        errand = self._dispatch.hand_out(number, now=datetime.now(UTC).isoformat())
        if errand is None:
            return False
        ready = self._room.prepare(self._source)  # a fork server that died is started anew
        scratch = self._scratch / str(number)
        worker = WorkerProcess(number, self._source, ready, scratch=scratch, siblings=[each.channel for each in self._workers])
        self._started += 1
        self._workers.append(worker)
        worker.give(errand, is_idle=True)
        return True

    def _fill(self, worker: WorkerProcess) -> None:
        while (held := self._dispatch.held_by(worker.number)) < _HELD:
            errand = self._dispatch.hand_out(worker.number, now=datetime.now(UTC).isoformat())
            if errand is None:
                return
            worker.give(errand, is_idle=held == 0)

    def _hear(self, worker: WorkerProcess) -> Iterator[tuple[int, GradingResult]]:
        try:
            answers = worker.take()
        except EOFError:
            yield from self._lose(worker, "")
            return
        except (FrameError, ValidationError) as nonsense:
            yield from self._lose(worker, f"answered with nonsense: {type(nonsense).__name__}")
            return
        for answer in answers:
            if answer.result is None:
                yield from self._lose(worker, answer.lost or "gave no result")
                return
            errand = self._dispatch.finish(worker.number, answer.index)
            if errand is not None:
                self._fill(worker)  # before the caller writes this one
                yield errand.index, errand.stamped(answer.result)

    def _lose(self, worker: WorkerProcess, why: str) -> Iterator[tuple[int, GradingResult]]:
        """End a worker; its jobs go to others, or are given up."""
        self._workers.remove(worker)
        ended = worker.end(has_gone=not why)
        for errand in self._dispatch.lose(worker.number, why or ended):
            yield errand.index, errand.given_up()
