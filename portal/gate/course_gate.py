"""The gate of a course of the site: what its files say, what its learner version leaks, and what running it shows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from autograder.errors import SandboxMissingError
from autograder.grading import configured_limits, with_course_limits
from autograder.mutation.accepted import load_accepted
from autograder.mutation.findings import MINIMUM, check_mutations
from autograder.nbgrader_database import load_source
from autograder.rehearsal.checks import check_rehearsal
from autograder.rehearsal.plan_checks import check_marks
from autograder.sealed.plan import Mode
from autograder.sealing_checks import check_plan
from autograder.site_options import site_limits
from courses.catalogue import Course
from courses.checks import check_course
from courses.content_hash import course_sha256
from courses.errors import ReleaseRefusedError
from courses.findings import Finding, Severity, blocking
from courses.leak_scan import leaks_of_course
from courses.nbgrader_course import NbgraderCourse
from courses.release import draft_course
from courses.release_checks import check_release
from courses.scratch import ScratchFolder
from courses.settings import Gate, Site
from portal.gate.outcome_matrix import check_untouched, matrix_of
from portal.gate.report import Depth, GateReport, Trial, sorted_findings
from portal.gate.trying import NOBODY, Told, Wanted, Work, try_assignments


def check_files(site: Site, course: Course, *, now: datetime) -> GateReport:
    """Return what can be said of a course without running anything."""
    today = site.day_of(now)
    findings = check_course(course, today=today) + check_release(site, course, today=today)
    manifest = course.manifest
    return GateReport(
        course=course.id,
        version=manifest.version,
        title=manifest.title.en,
        content_hash=course_sha256(course.folder),
        checked_at=now.isoformat(),
        depth="static",
        findings=sorted_findings(findings),
        trials={},
        outcomes=tuple((each.id, each.text.en) for each in manifest.outcomes),
        matrix=matrix_of(course),
    )


def check_running(
    site: Site, course: Course, assignments: tuple[str, ...], files: GateReport, wanted: Wanted, told: Told = NOBODY
) -> GateReport:
    """Return `files` with what drafting and running the assignments shows; nothing is published.

    Raises:
        MutantsFileError: `equivalent_mutants.toml` does not fit.
        StorageError: what was found cannot be kept, or a source holds a link.
    """
    began = time.monotonic()
    present = tuple(each for each in assignments if course.notebooks.get(each))
    findings, trials, obstacle = list(files.findings), dict[str, Trial](), ""
    with ScratchFolder("draft") as scratch:
        try:
            draft = draft_course(site, course, present, Path(scratch))
        except ReleaseRefusedError as refused:
            remedy = refused.remedy or "Correct the source notebook."
            return replace(
                files, findings=sorted_findings([*findings, blocking("R09", refused.problem, course.id, remedy)]), obstacle=refused.problem
            )
        findings += leaks_of_course(draft, course.folder, present)
        works = [_work(site, course, draft, each) for each in present]
        try:
            trials = try_assignments(works, site.course_root(course.id), wanted, told)
        except SandboxMissingError as missing:
            obstacle = missing.problem
            findings.append(_not_rehearsed(course, missing))
    ran = replace(files, findings=tuple(findings), obstacle=obstacle, seconds=round(time.monotonic() - began, 1))
    return with_trials(ran, course, trials, site.settings.gate, wanted.depth)


def with_trials(report: GateReport, course: Course, trials: dict[str, Trial], gate: Gate, depth: Depth) -> GateReport:
    """Return `report` with what running the assignments showed."""
    findings = list(report.findings)
    for assignment, trial in trials.items():
        points = {
            (notebook.name, cell.grade_id or ""): cell.points or 0.0
            for notebook in course.notebooks.get(assignment, ()) for cell in notebook.graded_cells
        }  # fmt: skip
        findings += check_trial(trial, points, gate, depth, demands_sealed=course.manifest.assurance == "sealed")
    findings += check_untouched(course, dict(_blank_scores(trials)))
    return replace(report, depth=depth if trials else "static", findings=sorted_findings(findings), trials=trials)


def check_trial(
    trial: Trial, points: Mapping[tuple[str, str], float], gate: Gate, depth: Depth, *, demands_sealed: bool
) -> Iterator[Finding]:
    """Yield what running an assignment found.

    Args:
        points: what each of its cells is worth, by notebook and cell.
    """
    yield from check_plan(trial.plan, demands_sealed=demands_sealed)
    yield from trial.variants
    if trial.rehearsal is not None:
        yield from check_rehearsal(trial.rehearsal, trial.plan)
    else:
        yield from check_marks(trial.plan, points)
    if trial.mutation is not None and depth == "mutation":
        minimum = gate.minimum_mutation_score
        yield from check_mutations(trial.mutation, minimum=MINIMUM if minimum is None else minimum, blocks=minimum is not None)


def _work(site: Site, course: Course, draft: NbgraderCourse, assignment: str) -> Work:
    of_site = configured_limits(draft, site_limits(site.settings.grading))
    return Work(
        load_source(draft, assignment),
        with_course_limits(of_site, course.manifest.limits_of(assignment)),
        _choices(course, assignment),
        load_accepted(course.folder),
    )


def _choices(course: Course, assignment: str) -> dict[str, Mode]:
    assessment = course.manifest.assessment(assignment)
    return dict(assessment.cells) if assessment else {}


def _not_rehearsed(course: Course, missing: SandboxMissingError) -> Finding:
    severity = Severity.BLOCKING if course.manifest.assurance == "sealed" else Severity.WARNING
    remedy = missing.remedy or "`patunay doctor` says what is missing."
    return Finding("R09", severity, f"nothing could be rehearsed: {missing.problem}", course.id, remedy)


def _blank_scores(trials: Mapping[str, Trial]) -> Iterator[tuple[tuple[str, str, str], float | None]]:
    for name, trial in trials.items():
        by_hand = {(each.notebook, each.name) for each in trial.plan.cells if each.mode == "manual"}
        for cell in trial.plan.cells:
            yield (name, cell.notebook, cell.name), None if (cell.notebook, cell.name) in by_hand else cell.blank_score
