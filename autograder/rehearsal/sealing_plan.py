"""Runs an assignment's reference solution in the real sandbox and returns the sealing plan that grading goes by.

What is run: the instructor's version sealed and in one process, several times with other random numbers; the untouched release version both ways; and, for
tests that cannot rest on plain values alone, every candidate of a canary. Nothing is planned for a single submission.

A test is labelled `sealed` if the reference solution gets, run apart, what it gets in one process, on plain values alone, every time; `unsealed` if the
same holds but for operators of its own classes; else `cannot be sealed`, with what stood in the way.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.execution.compat import grade_submission, is_forkable
from autograder.jobs import AssignmentSource, GradedCell, GradingJob, GradingResult, Limits, SourceCell, SourceNotebook
from autograder.rehearsal.measuring import MeasuredRun, Use, run_measured
from autograder.rehearsal.versions import write_blank
from autograder.sealed.canaries import canaries_of
from autograder.sealed.deciding import SealedVerdict
from autograder.sealed.grading import SealedServers, examine_submission, load_policy
from autograder.sealed.guarding import scores_of
from autograder.sealed.plan import Canary, CellPlan, Label, Mode, NotebookPlan, SealingPlan
from courses.scratch import ScratchFolder

_RUNS = 2
_MAXIMUM_CANARIES = 8
_Key = tuple[str, str]


@dataclass(slots=True)
class _Found:
    """What the runs gave."""

    sealed: list[dict[_Key, SealedVerdict]] = field(default_factory=list)
    compat: list[dict[_Key, GradedCell]] = field(default_factory=list)
    blank: dict[_Key, GradedCell] = field(default_factory=dict)
    use: dict[_Key, Use] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    modules: set[str] = field(default_factory=set)
    """What its cells loaded."""
    obstacle: tuple[Label, str] | None = None
    """Why nothing was run, and what every test is labelled for it."""


def rehearse(
    source: AssignmentSource, servers: SealedServers, limits: Limits, *, environment_digest: str, choices: Mapping[str, Mode] | None = None
) -> SealingPlan:
    """Return the plan for `source`; what is wrong with the reference solution stands in it and is no error.

    Args:
        choices: how the author wants single cells decided, by the cell's id.

    Raises:
        SandboxMissingError: a kernel could not be forked.
        StorageError: a file of the source is a link.
    """
    bare, chosen = source.model_copy(update={"plan": None}), dict(choices or {})
    job = GradingJob(source=bare, learner="reference", submission=source.folder, limits=limits, sandbox=False)
    found = _run_all(job, servers)
    cells = [
        _planned(notebook, cell, found, limits, chosen.get(cell.name))
        for notebook in source.notebooks
        for cell in notebook.cells
        if cell.is_grade and not cell.is_solution
    ]
    if found.obstacle is None:
        cells = _with_canaries(job, cells, servers)
    return SealingPlan(
        assignment=source.assignment,
        source_digest=source.digest,
        environment_digest=environment_digest,
        secret=secrets.token_hex(16),
        notebooks=tuple(_notebook_plan(bare, each.name, cells) for each in source.notebooks),
        cells=tuple(cells),
        failures=tuple(dict.fromkeys([*found.failures, *_mistakes(cells, source)])),
        choices=chosen,
        modules=tuple(sorted(name for name in found.modules if name.partition(".")[0] not in _beside(source))),
    )


def _beside(source: AssignmentSource) -> frozenset[str]:
    """Return the modules that lie beside the notebooks: never the fork server's."""
    return frozenset(
        {"__main__", *(path.stem for path in Path(source.folder).glob("*.py")), *(each.name for each in Path(source.folder).glob("*/"))}
    )


def _run_all(job: GradingJob, servers: SealedServers) -> _Found:
    """Run the reference solution and the untouched version."""
    found, source = _Found(), job.source
    foreign = [each for each in source.notebooks if not is_forkable(job, each)]
    if foreign:
        kernel = (foreign[0].kernelspec or {}).get("display_name", "none of Python")
        found.obstacle = "cannot be sealed", f"the kernel of {foreign[0].name}.ipynb is {kernel}, and only Python's can be run apart"
    elif not all(Path(source.folder, f"{notebook.name}.ipynb").is_file() for notebook in source.notebooks):
        found.obstacle = "unsealed", _NO_REFERENCE
    if found.obstacle is not None:
        return found
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        blank = pool.submit(_run_blank, job, servers)
        runs = [pool.submit(_run_both, job, servers) for _ in range(_RUNS)]
        for run in runs:
            _add(found, run.result())
        untouched = blank.result()
    found.blank = _by_key(untouched.cells)
    if untouched.status != "graded":
        found.failures.append(f"the untouched release version: {untouched.reason}")
    return found


def _run_blank(job: GradingJob, servers: SealedServers) -> GradingResult:
    with ScratchFolder("blank") as scratch:
        write_blank(job.source, Path(scratch))
        return examine_submission(job.model_copy(update={"submission": scratch}), servers)[0]


@dataclass(slots=True)
class _Run:
    """One run of the reference solution, both ways."""

    apart: GradingResult
    verdicts: dict[_Key, SealedVerdict]
    together: MeasuredRun


def _run_both(job: GradingJob, servers: SealedServers) -> _Run:
    apart, verdicts = examine_submission(job, servers)
    return _Run(apart, verdicts, run_measured(job, servers))


def _add(found: _Found, run: _Run) -> None:
    for result, how in ((run.apart, "run apart"), (run.together.result, "in one process")):
        if result.status != "graded" or result.reason:
            found.failures.append(f"the reference solution, {how}: {result.reason}")
    found.sealed.append(run.verdicts)
    found.compat.append(_by_key(run.together.result.cells))
    found.modules |= run.together.modules
    for key, use in run.together.use.items():
        found.use[key] = use.most(found.use.get(key, Use()))


def _by_key(cells: tuple[GradedCell, ...]) -> dict[_Key, GradedCell]:
    return {(cell.notebook, cell.name): cell for cell in cells}


def _planned(notebook: SourceNotebook, cell: SourceCell, found: _Found, limits: Limits, chosen: Mode | None) -> CellPlan:
    if found.obstacle is not None:
        label, cause = found.obstacle
        return CellPlan(
            notebook=notebook.name, name=cell.name, label=label, causes=(cause,), chosen=chosen, allowed_semantics=(_NO_REFERENCE,)
        )
    key = (notebook.name, cell.name)
    apart = [each[key] for each in found.sealed if key in each]
    together = [each[key].auto_score for each in found.compat if key in each]
    label, causes = _label(apart, together, limits)
    use = found.use.get(key, Use())
    return CellPlan(
        notebook=notebook.name,
        name=cell.name,
        label=label,
        causes=tuple(causes),
        chosen=chosen,
        allowed_semantics=tuple(sorted({each for verdict in apart for each in verdict.asked})),
        runs_apart=not any(verdict.timed_out for verdict in apart),
        reference_score=together[0] if together else None,
        blank_score=found.blank[key].auto_score if key in found.blank else None,
        seconds_sealed=round(max((verdict.seconds for verdict in apart), default=0.0), 3),
        seconds_compat=round(use.seconds, 3),
        memory_bytes=use.memory_bytes,
    )


_NO_REFERENCE = "there is no reference solution to say what the learner's side may decide"


def _label(apart: list[SealedVerdict], together: list[float | None], limits: Limits) -> tuple[Label, list[str]]:
    """Return the label of a test and why it is not `sealed`."""
    if len(apart) < _RUNS or len(together) < _RUNS:
        return "cannot be sealed", ["the reference solution's run does not come to this test"]
    causes = [f"refused: {why}" for verdict in apart for why in verdict.refused]
    for verdict, score in zip(apart, together, strict=True):
        if verdict.timed_out:
            causes.append(f"run apart it reaches the time limit of {limits.cell_timeout_s:g} s")
        elif verdict.score != score:
            told = f": {verdict.message}" if verdict.message else ""
            causes.append(f"the reference solution earns {_points(verdict.score)} run apart and {_points(score)} in one process{told}")
    if causes:
        return "cannot be sealed", list(dict.fromkeys(causes))
    resting = list(dict.fromkeys(f"it rests on {each}" for verdict in apart for each in verdict.unsealed))
    return ("unsealed", resting) if resting else ("sealed", [])


def _points(score: float | None) -> str:
    return "no score" if score is None else f"{score:g} points"


def _mistakes(cells: list[CellPlan], source: AssignmentSource) -> list[str]:
    """Return what an author should mend: a reference solution without full marks, marks for nothing."""
    points = {(notebook.name, cell.name): cell.points or 0.0 for notebook in source.notebooks for cell in notebook.cells}
    told = []
    for cell in cells:
        possible = points[cell.notebook, cell.name]
        if cell.reference_score is not None and cell.reference_score < possible:
            told.append(f"{cell.notebook}.ipynb, {cell.name}: the reference solution earns {cell.reference_score:g} of {possible:g} points")
        if cell.blank_score:
            told.append(f"{cell.notebook}.ipynb, {cell.name}: the untouched notebook earns {cell.blank_score:g} of {possible:g} points")
    return told


def _notebook_plan(source: AssignmentSource, notebook: str, cells: list[CellPlan]) -> NotebookPlan:
    own = [cell for cell in cells if cell.notebook == notebook]
    return NotebookPlan(
        name=notebook,
        policy=load_policy(source, notebook),
        seconds_sealed=round(sum(cell.seconds_sealed for cell in own), 3),
        seconds_compat=round(sum(cell.seconds_compat for cell in own), 3),
    )


def _with_canaries(job: GradingJob, cells: list[CellPlan], servers: SealedServers) -> list[CellPlan]:
    """Return the plans with the canaries that the reference solution fails, for tests that need them."""
    kept: dict[_Key, list[Canary]] = {}
    for notebook in job.source.notebooks:
        learners = load_policy(job.source, notebook.name).served
        sources = {cell.name: cell.source for cell in notebook.cells}
        wanted = [cell for cell in cells if cell.notebook == notebook.name and cell.is_guarded and cell.reference_score]
        candidates = {cell.name: canaries_of(sources[cell.name], learners) for cell in wanted}
        if any(candidates.values()):
            kept |= {(notebook.name, name): found for name, found in _failed(job, notebook, candidates, servers).items()}
    return [cell.model_copy(update={"canaries": tuple(kept.get((cell.notebook, cell.name), ()))}) for cell in cells]


def _failed(
    job: GradingJob, notebook: SourceNotebook, candidates: dict[str, tuple[Canary, ...]], servers: SealedServers
) -> dict[str, list[Canary]]:
    """Return the candidates that the reference solution fails, at most 8 a cell: one candidate of each cell is tried in each run."""
    kept: dict[str, list[Canary]] = {name: [] for name in candidates}
    for number in range(max(map(len, candidates.values()))):
        trying = {name: each[number] for name, each in candidates.items() if number < len(each) and len(kept[name]) < _MAXIMUM_CANARIES}
        for name, score in _try(job, notebook, trying, servers).items() if trying else ():
            if score == 0:
                kept[name].append(trying[name])
    return kept


def _try(job: GradingJob, notebook: SourceNotebook, trying: dict[str, Canary], servers: SealedServers) -> dict[str, float | None]:
    """Return what the reference solution earns with canaries in the place of tests."""
    alone = job.model_copy(update={"source": job.source.model_copy(update={"notebooks": (notebook,)})})
    points = {cell.name: cell.points or 1.0 for cell in notebook.cells}
    outcome: dict[str, float | None] = {}

    def run(node: Any, folder: Path, _notebook: SourceNotebook) -> tuple[Any, str] | None:
        outcome.update(scores_of(trying, node, folder, alone, notebook, servers.candidate, points))
        return None

    grade_submission(alone, run=run)
    return outcome
