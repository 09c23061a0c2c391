"""Rehearses an assignment in each of its variants before a release: V05, V06 and V07 of the release gate.

Every variant that a learner can get is run, up to 200: the instructor's version must earn full marks in it, the untouched one nothing, both graded as a submission is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autograder.execution.compat import is_forkable
from autograder.jobs import AssignmentSource, GradingJob, GradingResult, Limits
from autograder.rehearsal import write_blank
from autograder.sealed.grading import SealedServers, grade_sealed
from courses.findings import Finding, Place, blocking, warning
from courses.scratch import ScratchFolder
from courses.variant_cells import literal
from courses.variants import Values

MOST = 200
"""As many variants are run."""
Progress = Callable[[int, int], None]
"""Called with how many variants were run, and how many there are to run."""
_Key = tuple[str, str]


def rehearse_variants(
    source: AssignmentSource, servers: SealedServers, limits: Limits, *, most: int = MOST, progress: Progress = lambda _done, _all: None
) -> list[Finding]:
    """Return what is wrong with the variants of `source`, which has its sealing plan; nothing where it has none.

    Args:
        most: as many variants are run; the rest is told.

    Raises:
        SandboxMissingError: a kernel could not be forked.
        StorageError: a file of the source is a link.
    """
    pool = source.variants
    if pool is None:
        return []
    where = f"course.toml, assessments[{source.assignment}].variants"
    job = GradingJob(source=source, learner="rehearsal", submission=source.folder, limits=limits, sandbox=False)
    if not all(is_forkable(job, each) and Path(source.folder, f"{each.name}.ipynb").is_file() for each in source.notebooks):
        told = "the variants cannot be rehearsed: that needs the instructor's notebooks, in Python"
        return [warning("V07", told, where, "Try each of them by hand.", Place(file="course.toml", assignment=source.assignment))]
    count = min(most, len(pool.rows))
    solved, blank = _run(job, servers, count, progress)
    findings = [*_unsolved(source, solved), *_given_away(source, blank)]
    if count < len(pool.rows):
        remedy = "Ask for a smaller pool, so that no learner gets a variant that nobody tried."
        findings.append(warning("V07", f"{count} of {len(pool.rows)} variants were rehearsed", where, remedy))
    return findings


def _run(job: GradingJob, servers: SealedServers, count: int, progress: Progress) -> tuple[list[GradingResult], list[GradingResult]]:
    """Return what the instructor's version and the untouched one get in each of the first `count` variants."""
    with ScratchFolder("blank") as scratch, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        write_blank(job.source, Path(scratch))
        untouched = job.model_copy(update={"submission": scratch})
        running = [
            [pool.submit(grade_sealed, each.model_copy(update={"variant": row}), servers) for each in (job, untouched)]
            for row in range(count)
        ]
        found = []
        for row, pair in enumerate(running):
            found.append([each.result() for each in pair])
            progress(row + 1, count)
    return [pair[0] for pair in found], [pair[1] for pair in found]


def _unsolved(source: AssignmentSource, results: list[GradingResult]) -> Iterable[Finding]:
    """V05: the reference solution does not earn full marks."""
    stopped = {row: result.reason for row, result in enumerate(results) if result.status != "graded" or result.reason}
    if stopped:
        row, reason = next(iter(stopped.items()))
        yield blocking(
            "V05", f"{_in(source, stopped)} the reference solution does not come to its end: {reason}", *_place(source, None, row)
        )
    for key, (possible, scores) in _by_test(source, results).items():
        failed = {row: score for row, score in scores.items() if row not in stopped and (score is None or score < possible)}
        if failed:
            row, score = next(iter(failed.items()))
            told = "gets no score without a person" if score is None else f"earns {score:g} of {possible:g} points"
            yield blocking("V05", f"{_in(source, failed)} the reference solution {told}", *_place(source, key, row))


def _given_away(source: AssignmentSource, results: list[GradingResult]) -> Iterable[Finding]:
    """V06: the untouched notebook earns points."""
    for key, (possible, scores) in _by_test(source, results).items():
        given = {row: score for row, score in scores.items() if score}
        if given:
            row, score = next(iter(given.items()))
            yield blocking(
                "V06", f"{_in(source, given)} the untouched notebook earns {score:g} of {possible:g} points", *_place(source, key, row)
            )


def _by_test(source: AssignmentSource, results: list[GradingResult]) -> dict[_Key, tuple[float, dict[int, float | None]]]:
    """Return each test's points, and what it earned by the number of the variant; tests that a person decides are left out."""
    by_person = {(cell.notebook, cell.name) for cell in (source.plan.cells if source.plan else ()) if cell.mode == "manual"}
    found: dict[_Key, tuple[float, dict[int, float | None]]] = {}
    for row, result in enumerate(results):
        for cell in result.cells:
            if cell.kind == "test" and (cell.notebook, cell.name) not in by_person:
                found.setdefault((cell.notebook, cell.name), (cell.points_possible, {}))[1][row] = cell.auto_score
    return found


def _in(source: AssignmentSource, rows: Mapping[int, object]) -> str:
    """Return in which variants, with the values of the first."""
    pool = source.variants
    first = next(iter(rows))
    values = _told(pool.rows[first]) if pool else ""
    others = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    return f"in variant {first + 1} ({values}){others}"


def _told(values: Values) -> str:
    text = ", ".join(f"{name} = {literal(value)}" for name, value in values.items())
    return text if len(text) <= 120 else text[:119] + "…"


def _place(source: AssignmentSource, key: _Key | None, row: int) -> tuple[str, str, Place]:
    """Return where a finding bites, what to do, and the place for programs."""
    remedy = f"Set variant {row + 1}'s values in the parameters cell and run the notebook: let solution and test hold for every value."
    if key is None:
        return source.assignment, remedy, Place(assignment=source.assignment)
    file = f"{source.assignment}/{key[0]}.ipynb"
    return f"{file}, {key[1]}", remedy, Place(file=file, assignment=source.assignment, notebook=key[0], cell=key[1])
