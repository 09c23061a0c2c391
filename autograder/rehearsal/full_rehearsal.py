"""Rehearses an assignment as its learners will be graded: the reference solution several times, the untouched version, and answers that do not work.

Rules:
1. Everything is graded as a submission is: sealed, by the plan, with its canaries.
2. Each run of the reference solution has other random numbers, and every one but the first another order of sets.
3. Which answers do not work, and which tests are held against them, stands in `autograder.rehearsal.hostile_runs`.
4. Nothing hangs: where answers do not work, a cell gets ten times what the slowest cell of the reference solution took, at least two seconds, and an
   endless loop twice that of the slowest answer or test, at least one second.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat

from autograder.execution.compat import is_forkable
from autograder.jobs import AssignmentSource, GradingJob, GradingResult, Limits
from autograder.rehearsal.hostile_runs import HostileLimits, count_hostile, run_hostile
from autograder.rehearsal.measuring import MeasuredRun, Use
from autograder.rehearsal.report import CellScore, CellUse, ReferenceRun, RehearsalLimits, RehearsalReport
from autograder.rehearsal.seeded_servers import SeededServers
from autograder.rehearsal.stage import Counted, Progress, Stage, Submission, answer_cells
from autograder.rehearsal.versions import CellKey, write_blank, write_reference
from autograder.sealed.grading import SealedServers

RUNS = 3
"""How often the reference solution is run, unless somebody asks for more."""
SHORTEST_LIMIT_S, TIMES_REFERENCE = 2.0, 10.0
SHORTEST_ENDLESS_S, ENDLESS_TIMES = 1.0, 2.0
_MOST_STDERR = 300


def rehearse_fully(
    source: AssignmentSource,
    servers: SealedServers,
    limits: Limits,
    *,
    seeded: Sequence[SeededServers] = (),
    runs: int = RUNS,
    progress: Progress = lambda _done, _all: None,
) -> RehearsalReport:
    """Return what the rehearsal of `source`, which has its sealing plan, gave; nothing that is wrong with the assignment is an error.

    Args:
        seeded: other fork servers, which the runs of the reference solution take in turn after the first.

    Raises:
        SandboxMissingError: a kernel could not be forked.
        StorageError: a file of the source is a link.
    """
    began = time.monotonic()
    report = RehearsalReport(assignment=source.assignment, limits=_held_against(limits), obstacle=_obstacle(source, limits))
    if report.obstacle:
        return report
    stage = Stage(source, servers, limits, answer_cells(source))
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        counted = Counted(pool, progress, 2 * runs + 1 + count_hostile(stage))
        reference, measured = _reference_runs(stage, seeded, runs, counted)
        blank = counted.submit(stage.grade, lambda folder: write_blank(source, folder), limits)
        uses = _uses(measured, source)
        hostile = run_hostile(stage, _hostile_limits(uses, stage), counted)
        untouched = blank.result()
    return report.model_copy(
        update={
            "runs": reference, "blank": _scores(untouched), "blank_stopped": _stopped(untouched), "hostile": hostile, "uses": uses,
            "duration_s": round(time.monotonic() - began, 3),
        }
    )  # fmt: skip


def _obstacle(source: AssignmentSource, limits: Limits) -> str:
    job = GradingJob(source=source, learner="rehearsal", submission=source.folder, limits=limits, sandbox=False)
    for notebook in source.notebooks:
        if not is_forkable(job, notebook):
            kernel = (notebook.kernelspec or {}).get("display_name", "none of Python")
            return f"the kernel of {notebook.name}.ipynb is {kernel}, and only Python's can be rehearsed"
        if not Path(source.folder, f"{notebook.name}.ipynb").is_file():
            return f"there is no instructor's version of {notebook.name}.ipynb"
    return ""


def _held_against(limits: Limits) -> RehearsalLimits:
    return RehearsalLimits(
        cell_timeout_s=limits.cell_timeout_s,
        submission_timeout_s=limits.submission_timeout_s,
        memory_bytes=min(limits.memory_bytes, limits.total_memory_bytes),
    )


def _reference_runs(
    stage: Stage, seeded: Sequence[SeededServers], runs: int, counted: Counted
) -> tuple[tuple[ReferenceRun, ...], list[MeasuredRun]]:
    places: list[SeededServers | None] = [seeded[(number - 1) % len(seeded)] if number and seeded else None for number in range(runs)]
    graded = [
        counted.submit(stage.grade, _seeded_reference(stage.source, number), stage.limits, servers=place.servers if place else None)
        for number, place in enumerate(places, start=1)
    ]
    measured = [counted.submit(stage.measure, place.servers if place else stage.servers) for place in places]
    told = []
    for number, (place, each) in enumerate(zip(places, graded, strict=True), start=1):
        result = each.result()
        hash_seed = place.hash_seed if place else None
        told.append(ReferenceRun(number=number, seed=number, hash_seed=hash_seed, scores=_scores(result), stopped=_stopped(result)))
    return tuple(told), [each.result() for each in measured]


def _seeded_reference(source: AssignmentSource, seed: int) -> Submission:
    text = f"__import__('random').seed({seed})\nif 'numpy' in __import__('sys').modules:\n    __import__('numpy').random.seed({seed})"
    return lambda folder: write_reference(source, folder, first_cell=text)


def _stopped(result: GradingResult) -> str:
    return result.reason or ("" if result.status == "graded" else result.status)


def _scores(result: GradingResult) -> tuple[CellScore, ...]:
    stderr = {key: text for notebook in result.notebooks if notebook.document for key, text in _stderr(notebook.name, notebook.document)}
    return tuple(
        CellScore(
            notebook=cell.notebook, name=cell.name, points_possible=cell.points_possible, score=cell.auto_score,
            told=(cell.note or "") if cell.auto_score != cell.points_possible else "", stderr=stderr.get((cell.notebook, cell.name), ""),
        )
        for cell in result.cells if cell.kind == "test"
    )  # fmt: skip


def _stderr(notebook: str, document: str) -> list[tuple[CellKey, str]]:
    found = []
    for cell in nbformat.reads(document, as_version=4).cells:
        outputs = cell.get("outputs", ())
        text = "".join(each.text for each in outputs if each.output_type == "stream" and each.name == "stderr")
        if text:
            found.append(((notebook, cell.metadata.get("nbgrader", {}).get("grade_id", "")), text.strip()[:_MOST_STDERR]))
    return found


def _uses(measured: Sequence[MeasuredRun], source: AssignmentSource) -> tuple[CellUse, ...]:
    most: dict[CellKey, Use] = {}
    for run in measured:
        for key, use in run.use.items():
            most[key] = use.most(most.get(key, Use()))
    for cell in source.plan.cells if source.plan else ():
        if (cell.notebook, cell.name) in most:
            most[cell.notebook, cell.name] = most[cell.notebook, cell.name].most(Use(cell.seconds_sealed))
    return tuple(
        CellUse(notebook=notebook, cell=name, seconds=round(use.seconds, 3), memory_bytes=use.memory_bytes)
        for (notebook, name), use in most.items()
    )


def _hostile_limits(uses: Sequence[CellUse], stage: Stage) -> HostileLimits:
    frame = {(notebook.name, cell.name) for notebook in stage.source.notebooks for cell in notebook.cells}
    slowest = max((each.seconds for each in uses), default=0.0)
    slowest_graded = max((each.seconds for each in uses if (each.notebook, each.cell) in frame), default=0.0)

    def of(seconds: float) -> Limits:
        return stage.limits.model_copy(update={"cell_timeout_s": min(stage.limits.cell_timeout_s, seconds)})

    return HostileLimits(
        usual=of(max(SHORTEST_LIMIT_S, TIMES_REFERENCE * slowest)), endless=of(max(SHORTEST_ENDLESS_S, ENDLESS_TIMES * slowest_graded))
    )
