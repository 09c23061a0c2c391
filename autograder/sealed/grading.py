"""Grades one submission sealed: learner's cells in the candidate, tests in the examiner, and who decides where the two engines disagree.

Rules:
1. Full marks that rest on plain values stand. Marks that rest on the learner's own operators stand too where the reference solution defines the class, and
   are marked unsealed.
2. A cell with less than full marks is run once more with everything in one process (compat). What earns more there goes to a person, and so does what
   earned marks only by something that the reference solution does not have: never an automatic zero that compat would not give, never automatic marks.
3. A learner sees what was asserted or which exception was raised, never the text of a test.
"""

from __future__ import annotations

import copy
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder.errors import UngradedCellError
from autograder.execution.compat import copy_own_files, grade_submission, is_forkable, limit_output, run_notebook
from autograder.execution.fork_server import CellRun, ForkServer, Kernel, KernelDiedError, KernelStuckError
from autograder.execution.forked import KERNEL_ENVIRONMENT, place_of, write_run
from autograder.jobs import AssignmentSource, GradedCell, GradingJob, GradingResult, SourceNotebook
from autograder.scoring import score_cell
from autograder.sealed.policy import PolicyCell, SealingPolicy, policy_of
from courses.errors import DiagnosedError
from courses.notebook import read_notebook_json

ASSURANCE = "sealed"
CANDIDATE, EXAMINER = "autograder.sealed.candidate", "autograder.sealed.examiner_kernel"
"""The extensions that the two fork servers are started with."""
_AFTER_TIMEOUT_S, _AT_THE_END_S = 2.0, 30.0
EXAMINER_UID = 220_000
"""The first user of examiners: never a candidate's."""


@dataclass(frozen=True, slots=True)
class SealedServers:
    """The fork servers of both sides: the learner's, and one of the tests' own."""

    candidate: ForkServer
    examiner: ForkServer


@dataclass(frozen=True, slots=True)
class SealedVerdict:
    """What became of one test cell."""

    name: str
    points_possible: float
    score: float | None
    """By nbgrader's rule over what the examiner's cell printed and raised; None if the test itself is wrong."""
    unsealed: tuple[str, ...]
    """Whose word the verdict rests on besides plain values; empty if on nobody's."""
    refused: tuple[str, ...]
    """Why it earns nothing automatically."""
    message: str
    """What the learner may read; empty for full marks."""
    compat_score: float | None = None
    """What the same cell earned with everything in one process; None if that was not asked, or gave no score."""
    was_compared: bool = False

    @property
    def is_sealed(self) -> bool:
        """Whether the verdict rests on plain values alone."""
        return not self.unsealed and not self.refused and not self.needs_person

    @property
    def needs_person(self) -> bool:
        """Whether a person has to decide."""
        if self.score is None or self.score >= self.points_possible:
            return bool(self.refused) and self.score != 0
        if self.refused and self.score > 0:
            return True
        return self.was_compared and (self.compat_score is None or self.compat_score > self.score)

    @property
    def note(self) -> str | None:
        """What a grader should know."""
        told = []
        if self.needs_person:
            one = "no score" if self.compat_score is None else f"{self.compat_score:g}"
            both = f"; with everything in one process it earns {one}" if self.was_compared else ""
            told.append(f"to be decided by a person: sealed, the test earns {_points(self.score)} of {self.points_possible:g}{both}")
        told += [f"refused: {why}" for why in self.refused]
        told += [f"not sealed: rests on {why}" for why in self.unsealed]
        if self.message:
            told.append(self.message)
        return "; ".join(told) or None


def _points(score: float | None) -> str:
    return "no score" if score is None else f"{score:g}"


def grade_sealed(job: GradingJob, servers: SealedServers) -> GradingResult:
    """Return what the submission earned; like `compat.grade_submission`, it never raises for what is in the submission."""
    verdicts: dict[tuple[str, str], SealedVerdict] = {}

    def run(node: Any, folder: Path, notebook: SourceNotebook) -> tuple[Any, str] | None:
        if not is_forkable(job, notebook):
            return run_notebook(node, folder, notebook, job, servers.candidate)
        before = copy.deepcopy(node)
        failure, found = examine_notebook(servers, node, folder, job, notebook)
        if failure is None:
            found = _compared(found, before, folder, job, notebook, servers.candidate)
            verdicts.update({(notebook.name, each.name): each for each in found})
            failure = limit_output(node, {}, job.limits)
        return failure

    result = grade_submission(job, servers.candidate, run=run)
    missing = {notebook.name for notebook in result.notebooks if notebook.is_missing}
    cells = tuple(
        _with_verdict(cell, verdicts.get((cell.notebook, cell.name)), is_missing=cell.notebook in missing) for cell in result.cells
    )
    return result.model_copy(update={"cells": cells})


def all_sealed(results: Sequence[GradingResult]) -> bool:
    """Whether there are graded results and every test cell's verdict in them is sealed."""
    cells = [cell for result in results if result.status == "graded" for cell in result.cells if cell.kind == "test"]
    return bool(cells) and all(cell.is_sealed for cell in cells)


def _with_verdict(cell: GradedCell, verdict: SealedVerdict | None, *, is_missing: bool) -> GradedCell:
    if cell.kind != "test" or is_missing:
        return cell.model_copy(update={"is_sealed": True})
    if verdict is None:
        return cell
    score = None if verdict.needs_person else cell.auto_score
    note = "; ".join(each for each in (verdict.note, cell.note) if each) or None
    return cell.model_copy(update={"auto_score": score, "is_sealed": verdict.is_sealed, "note": note})


def _compared(
    found: list[SealedVerdict], node: Any, folder: Path, job: GradingJob, notebook: SourceNotebook, server: ForkServer
) -> list[SealedVerdict]:
    """Return the verdicts with what compat gives for those that fell short; compat is run only if there are any."""
    short = [each.name for each in found if each.refused or (each.score is not None and each.score < each.points_possible)]
    if not short:
        return found
    failure = run_notebook(node, folder, notebook, job, server)
    scores = (
        {} if failure else {cell.metadata.nbgrader.grade_id: cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade")}
    )
    return [
        each
        if each.name not in short
        else SealedVerdict(
            each.name, each.points_possible, each.score, each.unsealed, each.refused, each.message,
            _score(scores[each.name], each.points_possible) if each.name in scores else None, was_compared=True,
        )
        for each in found
    ]  # fmt: skip


def _score(cell: Any, points: float) -> float | None:
    try:
        return score_cell(cell, points)
    except UngradedCellError:
        return None


def examine_notebook(
    servers: SealedServers, node: Any, folder: Path, job: GradingJob, notebook: SourceNotebook
) -> tuple[tuple[Any, str] | None, list[SealedVerdict]]:
    """Run the learner's cells of `node` in the candidate and its tests in the examiner; outputs are written into it.

    Returns:
        None or the status and the reason for which the run did not come to its end, and the verdicts.

    Raises:
        SandboxMissingError: a kernel could not be forked.
    """
    ends = time.monotonic() + job.limits.submission_timeout_s
    points = {cell.name: cell.points or 0.0 for cell in notebook.cells}
    found: list[SealedVerdict] = []
    with _examination(servers, folder, job, load_policy(job.source, notebook.name)) as both:
        for index, cell in enumerate(node.cells):
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            if time.monotonic() > ends:
                return ("failed", f"the submission took longer than the {job.limits.submission_timeout_s:g} s allowed"), found
            try:
                verdict = both.run(cell, points)
            except KernelDiedError:
                return ("failed", f"{place_of(cell, index)} ended the kernel"), found
            except KernelStuckError as stuck:
                return ("failed", f"{place_of(cell, index)} stopped the run: {stuck}"), found
            found += [verdict] if verdict is not None else []
    return None, found


def _metadata(cell: Any) -> Any:
    return cell.metadata.get("nbgrader", {})


@contextmanager
def _examination(servers: SealedServers, folder: Path, job: GradingJob, policy: SealingPolicy) -> Iterator[_Examination]:
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryDirectory(prefix="patunay-tests-") as scratch, ours, theirs:
        copy_own_files(job.source, Path(scratch))  # not the learner's, which their code could have written
        with (
            servers.candidate.start_kernel(folder, job.limits, KERNEL_ENVIRONMENT, theirs) as candidate,
            servers.examiner.start_kernel(Path(scratch), job.limits, KERNEL_ENVIRONMENT, ours) as examiner,
        ):
            ours.close()
            theirs.close()
            examiner.ask({"policy": policy.model_dump(mode="json")})
            yield _Examination(candidate, examiner, policy)


class _Examination:
    """Both kernels, and what has happened since the last test."""

    def __init__(self, candidate: Kernel, examiner: Kernel, policy: SealingPolicy) -> None:
        self._candidate, self._examiner, self._policy = candidate, examiner, policy
        self._forget: set[str] = set()

    def run(self, cell: Any, points: dict[str, float]) -> SealedVerdict | None:
        """Run one cell where it belongs; return the verdict if it is a test."""
        about = _metadata(cell)
        name = about.get("grade_id", "")
        if about.get("grade") and not about.get("solution"):
            run, told = self._examine(cell.source, is_trusted=False)
            write_run(cell, run)
            return _verdict(cell, points.get(name, 0.0), told)
        write_run(cell, self._candidate.run_cell(cell.source))
        if about.get("locked"):
            self._examine(cell.source, is_trusted=True)
        else:
            self._forget |= set(self._policy.rebound.get(name, ()))
        return None

    def _examine(self, source: str, *, is_trusted: bool) -> tuple[CellRun, dict[str, Any]]:
        serving = self._candidate.begin({})
        self._examiner.ask({"begin": source, "trusted": is_trusted, "forget": sorted(self._forget)})
        self._forget.clear()
        run = self._examiner.run_cell(source, first_interrupt=self._candidate.interrupt)
        told = self._examiner.ask({"end": True})
        self._candidate.finish(serving, _AFTER_TIMEOUT_S if run.timed_out else _AT_THE_END_S)
        return run, told


def _verdict(cell: Any, points: float, told: dict[str, Any]) -> SealedVerdict:
    """Return the verdict that the outputs of the examiner's cell give."""
    message = _message(cell)
    for output in cell.outputs:
        if output.output_type == "error":
            output.traceback = [message]
    refused = [str(each) for each in told["unexpected"]] + ([f"the learner's side failed: {told['gone']}"] if told["gone"] else [])
    return SealedVerdict(
        cell.metadata.nbgrader.grade_id, points, _score(cell, points), tuple(map(str, told["unsealed"])), tuple(refused), message
    )


def _message(cell: Any) -> str:
    """Return what a learner may read of a test's outputs: what was asserted or which exception was raised."""
    for output in cell.outputs:
        if output.output_type == "error":
            if output.ename == "AssertionError":
                return str(output.evalue) or "the check is not met"
            return f"{output.ename}: {output.evalue}".removesuffix(": ")
        if output.output_type == "stream" and output.name == "stderr":
            return "something was printed to stderr while this was checked"
    return ""


def load_policy(source: AssignmentSource, notebook: str) -> SealingPolicy:
    """Return the policy of a notebook, read from the instructor's version of it; one of an unknown solution if that is not there."""
    return _policy(source.folder, notebook, source.digest)


@lru_cache(maxsize=256)
def _policy(folder: str, notebook: str, _digest: str) -> SealingPolicy:
    path = Path(folder, f"{notebook}.ipynb")
    try:
        node = read_notebook_json(path.read_text(encoding="utf-8"), where=str(path))
    except (OSError, DiagnosedError):
        return policy_of([], is_known=False)
    cells = [_policy_cell(cell) for cell in node.cells if cell.cell_type == "code"]
    return policy_of(cells, local_modules=[each.stem for each in Path(folder).glob("*.py")])


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
