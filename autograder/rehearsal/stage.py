"""What all runs of a rehearsal share: the assignment, the fork servers, the limits, the answer cells; and a pool of threads that counts what is done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from autograder.jobs import AssignmentSource, GradingJob, GradingResult, Limits
from autograder.rehearsal.hostile_answers import AnswerCell, HostileKind, defined_names, hostile_answer
from autograder.rehearsal.measuring import MeasuredRun, run_measured
from autograder.rehearsal.versions import read_source, write_answers
from autograder.sealed.grading import SealedServers, examine_submission
from courses.scratch import ScratchFolder

_P = ParamSpec("_P")
_T = TypeVar("_T")
Progress = Callable[[int, int], None]
"""Told how many submissions are graded, and how many there are; from several threads, but never from two at once."""
Submission = Callable[[Path], None]
"""Writes a submission into a folder."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What all runs share."""

    source: AssignmentSource
    """With its sealing plan."""
    servers: SealedServers
    limits: Limits
    answers: tuple[AnswerCell, ...]

    def grade(self, write: Submission, limits: Limits, *, notebook: str = "", servers: SealedServers | None = None) -> GradingResult:
        """Return what a submission earns as a learner's would; of one notebook only, where that is named."""
        with ScratchFolder("rehearsal") as scratch:
            write(Path(scratch))
            job = GradingJob(source=_only(self.source, notebook), learner="rehearsal", submission=scratch, limits=limits, sandbox=False)
            return examine_submission(job, servers or self.servers)[0]

    def measure(self, servers: SealedServers) -> MeasuredRun:
        """Return the reference solution's run in one process."""
        job = GradingJob(source=self.source, learner="rehearsal", submission=self.source.folder, limits=self.limits, sandbox=False)
        return run_measured(job, servers)

    def hostile(self, kind: HostileKind, only: AnswerCell | None = None) -> Submission:
        """Return what writes the reference solution with one answer, or all, replaced."""
        first = {each.notebook: each for each in reversed(self.answers)}
        points = max((cell.points or 0.0 for notebook in self.source.notebooks for cell in notebook.cells), default=1.0)
        texts = {
            (each.notebook, each.name): hostile_answer(kind, each, points=points, is_first=first[each.notebook] is each)
            for each in (self.answers if only is None else (only,))
        }
        return lambda folder: write_answers(_only(self.source, only.notebook if only else ""), folder, texts)


def _only(source: AssignmentSource, notebook: str) -> AssignmentSource:
    kept = tuple(each for each in source.notebooks if not notebook or each.name == notebook)
    return source.model_copy(update={"notebooks": kept})


def answer_cells(source: AssignmentSource) -> tuple[AnswerCell, ...]:
    """Return the code cells that learners answer, in order."""
    found = []
    for notebook in source.notebooks:
        wanted = {cell.name for cell in notebook.cells if cell.is_solution and cell.cell_type == "code"}
        for cell in read_source(source, notebook).cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if name in wanted:
                found.append(AnswerCell(notebook.name, name, defined_names(cell.source)))
    return tuple(found)


class Counted:
    """Hands work to a pool and counts what is done."""

    def __init__(self, pool: ThreadPoolExecutor, progress: Progress, total: int) -> None:
        self._pool, self._progress, self._total = pool, progress, total
        self._done, self._lock = 0, threading.Lock()
        progress(0, total)

    def submit(self, work: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> Future[_T]:
        """Have `work` done."""
        future = self._pool.submit(work, *arguments, **named)
        future.add_done_callback(self.count)
        return future

    def count(self, _: object) -> None:
        """Note that one more is done."""
        with self._lock:
            self._done += 1
            self._progress(self._done, self._total)
