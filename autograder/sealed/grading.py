"""Grades one submission sealed: learner's cells in the candidate, tests in the examiner, and once more in one process where that has to be asked.

Who decides where the two disagree stands in `autograder.sealed.deciding`. A learner sees what was asserted or which exception was raised, never the text
of a test.
"""

from __future__ import annotations

import copy
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat

from autograder.execution.compat import copy_own_files, grade_submission, is_forkable, run_notebook
from autograder.execution.fork_server import ForkServer
from autograder.execution.forked import KERNEL_ENVIRONMENT
from autograder.execution.kernel import CellRun, Kernel, KernelDiedError, KernelStuckError
from autograder.execution.limiting import Budget
from autograder.execution.shortening import shorten_outputs
from autograder.execution.surviving import OVER_LIMIT, UNGRADED, run_through, write_run
from autograder.feedback import FOR_GRADERS
from autograder.jobs import AssignmentSource, GradingJob, GradingResult, SourceNotebook
from autograder.sealed.deciding import NAME_IS_TAKEN, SealedVerdict, with_verdict
from autograder.sealed.guarding import guarded
from autograder.sealed.plan import CellPlan
from autograder.sealed.policy import PolicyCell, SealingPolicy, policy_of
from autograder.sealed.rechecking import recheck
from autograder.sealed.traceback_places import cells_by_number, trace_in_one_process
from autograder.sealed.verdicts import message_of, score_of, verdict_of, without_source
from courses.errors import DiagnosedError
from courses.notebook import read_notebook_json
from courses.scratch import ScratchFolder

ASSURANCE = "sealed"
CANDIDATE, EXAMINER = "autograder.sealed.candidate", "autograder.sealed.examiner_kernel"
"""The extensions that the two fork servers are started with."""
_AFTER_TIMEOUT_S, _AT_THE_END_S = 2.0, 30.0
EXAMINER_UID = 220_000
"""The first user of examiners: never a candidate's."""


class DivergedRunError(Exception):
    """Calls were made ahead that a test does not make, or may have been: what was found is not used. Never leaves this module."""


@dataclass(frozen=True, slots=True)
class SealedServers:
    """The fork servers of both sides: the learner's, and one of the tests' own."""

    candidate: ForkServer
    examiner: ForkServer


def grade_sealed(job: GradingJob, servers: SealedServers) -> GradingResult:
    """Return what the submission earned; like `compat.grade_submission`, it never raises for what is in the submission."""
    return examine_submission(job, servers)[0]


def examine_submission(job: GradingJob, servers: SealedServers) -> tuple[GradingResult, dict[tuple[str, str], SealedVerdict]]:
    """Return what the submission earned, and the verdict of each test that was run apart, by notebook and cell."""
    try:
        return _examine_submission(job, servers, goes_ahead=True)
    except DivergedRunError:
        return _examine_submission(job, servers, goes_ahead=False)


def _examine_submission(
    job: GradingJob, servers: SealedServers, *, goes_ahead: bool
) -> tuple[GradingResult, dict[tuple[str, str], SealedVerdict]]:
    verdicts: dict[tuple[str, str], SealedVerdict] = {}
    budget = Budget(job.limits)

    def run(node: Any, folder: Path, notebook: SourceNotebook) -> tuple[Any, str] | None:
        if not is_forkable(job, notebook):
            return run_notebook(node, folder, notebook, job, servers.candidate)
        before = _as_given(node)
        reason, found = examine_notebook(servers, node, folder, job, notebook, budget, goes_ahead=goes_ahead)
        if found:
            found = _compared(found, node, before, folder, job, notebook, servers.candidate)
            verdicts.update({(notebook.name, each.name): each for each in found})
            _leave_notes(node, found)
        shorten_outputs(node, job.limits)
        return ("graded", reason) if reason else None

    result = grade_submission(job, servers.candidate, run=run)
    missing = {notebook.name for notebook in result.notebooks if notebook.is_missing}
    cells = tuple(
        with_verdict(cell, verdicts.get((cell.notebook, cell.name)), is_missing=cell.notebook in missing) for cell in result.cells
    )
    return result.model_copy(update={"cells": cells}), verdicts


def _as_given(node: Any) -> Any:
    """Return the notebook as it is before it runs: a run writes outputs, counts and notes, and no text."""
    cells = [nbformat.NotebookNode(cell, metadata=nbformat.NotebookNode(cell.metadata)) for cell in node.cells]
    return nbformat.NotebookNode(node, cells=cells)


def _leave_notes(node: Any, found: list[SealedVerdict]) -> None:
    """Say at each test that a person decides why, where formgrader shows it; `autograder.feedback` keeps it from the learner."""
    notes = {each.name: each.note for each in found if each.needs_person}
    for cell in node.cells:
        if note := notes.get(_metadata(cell).get("grade_id")):
            cell.outputs.append(
                nbformat.v4.new_output("display_data", {"text/plain": f"Patunay, for graders: {note}"}, metadata={FOR_GRADERS: True})
            )


def _compared(
    found: list[SealedVerdict], node: Any, before: Any, folder: Path, job: GradingJob, notebook: SourceNotebook, server: ForkServer
) -> list[SealedVerdict]:
    """Return the verdicts with what one process gives where it has to be asked, and what canaries say; outputs that decide are written into `node`."""
    if not any(each.is_short for each in found):
        return guarded(found, before, folder, job, notebook, server)
    together = copy.deepcopy(before)
    asked = {each.name for each in found if each.is_short}
    last = max(place for place, cell in enumerate(before.cells) if _metadata(cell).get("grade_id") in asked)
    del together.cells[last + 1 :]  # what follows decides nothing
    run_notebook(together, folder, notebook, job, server)
    ran = {_metadata(cell).get("grade_id"): cell for cell in together.cells if _metadata(cell).get("grade")}
    compared = [each if not each.is_short else _with_compat(each, ran.get(each.name)) for each in found]
    together_decide = {each.name: each for each in compared if each.is_decided_together}
    own = cells_by_number(together.cells) if together_decide else {}
    for cell in node.cells:
        if (name := _metadata(cell).get("grade_id")) in together_decide and (twin := ran.get(name)) is not None:
            _write_together(cell, twin, together_decide[name], own)
    return guarded(compared, before, folder, job, notebook, server)


def _write_together(cell: Any, twin: Any, verdict: SealedVerdict, own: dict[str, str]) -> None:
    """Write into a test's cell what one process gave, with the lines of the learner's that led there.

    Where it decides a test that could be run apart, nothing that it printed or said is shown: the learner's code shares that process with the test's text.
    """
    if verdict.mode == "compat":
        cell.outputs = copy.deepcopy(twin.outputs)
        without_source(cell, trace=trace_in_one_process(twin.outputs, own))
    else:
        cell.outputs = [nbformat.v4.new_output("error", ename="TypeError", evalue=NAME_IS_TAKEN, traceback=[f"TypeError: {NAME_IS_TAKEN}"])]
    cell.execution_count = twin.execution_count
    for key in (UNGRADED, OVER_LIMIT):
        cell.metadata.pop(key, None)
        if key in twin.metadata:
            cell.metadata[key] = twin.metadata[key]


def _with_compat(verdict: SealedVerdict, cell: Any) -> SealedVerdict:
    has_verdict = cell is not None and UNGRADED not in cell.metadata
    score = score_of(cell, verdict.points_possible) if has_verdict else None
    message = message_of(cell) if has_verdict else "the run did not come to its end"
    return replace(verdict, compat_score=score, compat_message=message, was_compared=True)


def examine_notebook(
    servers: SealedServers, node: Any, folder: Path, job: GradingJob, notebook: SourceNotebook, budget: Budget, *, goes_ahead: bool
) -> tuple[str, list[SealedVerdict]]:
    """Run the learner's cells of `node` in the candidate and its tests in the examiner; outputs are written into it.

    Args:
        goes_ahead: ask for calls of a test's loop ahead (`autograder.sealed.calls_ahead`).

    Returns:
        "" or why the run did not come to its end (`autograder.execution.surviving`), and the verdicts.

    Raises:
        SandboxMissingError: a kernel could not be forked.
        DivergedRunError: calls were made ahead that a test does not make; the submission is to be examined once more without.
    """
    points = {cell.name: cell.points or 0.0 for cell in notebook.cells}
    found: list[SealedVerdict] = []

    @contextmanager
    def open_sides() -> Iterator[_BothSides]:
        with _examination(servers, folder, job, load_policy(job.source, notebook.name), budget, goes_ahead=goes_ahead) as both:
            yield _BothSides(both, job, notebook, points, found)
            found[:] = recheck(both.candidate, node.cells, found, budget)

    return run_through(node.cells, open_sides, budget), found


@dataclass(frozen=True, slots=True)
class _BothSides:
    """Runs each cell where it belongs, and keeps the verdicts."""

    examination: _Examination
    job: GradingJob
    notebook: SourceNotebook
    points: dict[str, float]
    found: list[SealedVerdict]

    def run(self, cell: Any) -> None:
        """Run one code cell."""
        plan = self.job.source.plan
        planned = plan.cell(self.notebook.name, _metadata(cell).get("grade_id", "")) if plan else None
        verdict = self.examination.run(cell, self.points, planned)
        if verdict is not None:
            self.found.append(verdict)


def _metadata(cell: Any) -> Any:
    return cell.metadata.get("nbgrader", {})


@contextmanager
def _examination(
    servers: SealedServers, folder: Path, job: GradingJob, policy: SealingPolicy, budget: Budget, *, goes_ahead: bool
) -> Iterator[_Examination]:
    ours, theirs = socket.socketpair()
    with ScratchFolder("tests") as scratch, ours, theirs:
        copy_own_files(job.source, Path(scratch))  # not the learner's, which their code could have written
        with (
            servers.candidate.start_kernel(folder, job.limits, KERNEL_ENVIRONMENT, theirs, budget) as candidate,
            servers.examiner.start_kernel(Path(scratch), job.limits, KERNEL_ENVIRONMENT, ours, budget) as examiner,
        ):
            ours.close()
            theirs.close()
            examiner.ask({"policy": policy.model_dump(mode="json"), "ahead": goes_ahead})
            yield _Examination(candidate, examiner, policy, goes_ahead=goes_ahead)


class _Examination:
    """Both kernels, and what has happened since the last test."""

    def __init__(self, candidate: Kernel, examiner: Kernel, policy: SealingPolicy, *, goes_ahead: bool) -> None:
        self.candidate, self._examiner, self._policy = candidate, examiner, policy
        self._goes_ahead, self._has_loops = goes_ahead, False
        self._forget: set[str] = set()
        self._ran: list[str] = []

    def run(self, cell: Any, points: dict[str, float], plan: CellPlan | None) -> SealedVerdict | None:
        """Run one cell where it belongs; return the verdict if it is a test."""
        about = _metadata(cell)
        name = about.get("grade_id", "")
        if about.get("grade") and not about.get("solution"):
            if plan is not None and plan.mode == "compat" and not plan.runs_apart:
                return SealedVerdict(name, points.get(name, 0.0), None, (), (), "", plan=plan)
            began = time.monotonic()
            run, told = self._examine(cell.source, is_trusted=False)
            write_run(cell, run)
            verdict = verdict_of(cell, points.get(name, 0.0), told)
            return replace(verdict, plan=plan, seconds=time.monotonic() - began, timed_out=run.timed_out, questions=told["questions"])
        write_run(cell, self.candidate.run_cell(cell.source))
        if about.get("locked"):
            self._examine(cell.source, is_trusted=True)
        else:
            self._ran.append(cell.source)
            self._forget |= set(self._policy.rebound.get(name, ()))
        return None

    def _examine(self, source: str, *, is_trusted: bool) -> tuple[CellRun, dict[str, Any]]:
        serving = self.candidate.begin({})
        beginning = {"begin": source, "trusted": is_trusted, "forget": sorted(self._forget), "ran": self._ran}
        self._forget.clear()
        self._ran = []
        self._has_loops = self._has_loops or "for " in source
        try:
            run = self._examiner.run_cell(
                source, first_interrupt=self.candidate.interrupt, partner=self.candidate, around=(beginning, {"end": True})
            )
        except (KernelDiedError, KernelStuckError) as ended:
            if self._goes_ahead and self._has_loops:  # it may be by a call that the test would not have made yet
                raise DivergedRunError from ended
            raise
        if run.extension["diverged"]:
            raise DivergedRunError
        self.candidate.finish(serving, _AFTER_TIMEOUT_S if run.timed_out else _AT_THE_END_S)
        return run, run.extension


def load_policy(source: AssignmentSource, notebook: str) -> SealingPolicy:
    """Return the policy of a notebook: the plan's, else read from the instructor's version of it; one of an unknown solution if that is not there."""
    planned = source.plan.policy(notebook) if source.plan else None
    return planned or _policy(source.folder, notebook, source.digest)


@lru_cache(maxsize=256)
def _policy(folder: str, notebook: str, _digest: str) -> SealingPolicy:
    path = Path(folder, f"{notebook}.ipynb")
    try:
        node = read_notebook_json(path.read_text(encoding="utf-8"), where=str(path))
    except (OSError, DiagnosedError):
        return policy_of([], is_known=False)
    cells = [_policy_cell(cell) for cell in node.cells if cell.cell_type == "code"]
    packages = [each.parent.name for each in Path(folder).glob("*/__init__.py")]
    return policy_of(cells, local_modules=[*packages, *(each.stem for each in Path(folder).glob("*.py"))])


def _policy_cell(cell: Any) -> PolicyCell:
    about = _metadata(cell)
    name = str(about.get("grade_id", ""))
    if about.get("solution"):
        return PolicyCell(name=name, source=cell.source, role="answer")
    if about.get("grade"):
        return PolicyCell(name=name, source=cell.source, role="test")
    if about.get("locked"):
        return PolicyCell(name=name, source=cell.source, role="trusted")
    return PolicyCell(name="", source=cell.source, role="free")
