"""The gate of any nbgrader course directory, without a manifest: the rules of notebooks, leaks of the learner version, rehearsal and mutants.

The directory is only read, but for what is kept in its `.patunay/`: nbgrader makes the learner version in a folder of its own, with a gradebook of its own.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from autograder.errors import SandboxMissingError
from autograder.grading import configured_limits
from autograder.jobs import Limits
from autograder.nbgrader_database import load_source
from courses.drafting import draft_assignment, open_draft
from courses.errors import DiagnosedError
from courses.findings import Finding, Place, Severity, blocking
from courses.leak_scan import scan_release
from courses.nbgrader_course import NbgraderCourse, assignments_of, require_assignment
from courses.notebook import Notebook, load_notebooks
from courses.scratch import ScratchFolder
from courses.settings import Gate
from courses.static_checks.notebook_rules import check_notebook
from portal.gate.course_gate import check_trial
from portal.gate.report import GateReport, sorted_findings
from portal.gate.trying import NOBODY, Told, Wanted, Work, try_assignments


def check_directory(
    course: NbgraderCourse, assignments: tuple[str, ...], wanted: Wanted, *, now: datetime, told: Told = NOBODY
) -> GateReport:
    """Return what the gate says of `assignments` (all that have a source folder where none is named).

    Raises:
        UnknownAssignmentError: there is no such source folder.
        StorageError: what was found cannot be kept, or a source holds a link.
    """
    began = time.monotonic()
    chosen = tuple(require_assignment(course, each) for each in assignments) or tuple(assignments_of(course))
    findings: list[Finding] = []
    notebooks = {each: found for each in chosen if (found := _readable(course, each, findings))}
    for assignment, each in notebooks.items():
        for notebook in each:
            findings += check_notebook(notebook, assignment)
    report = GateReport(
        course=course.course_id, version="", title=course.course_id, content_hash="", checked_at=now.isoformat(), depth="static",
        findings=sorted_findings(findings), trials={},
    )  # fmt: skip
    if wanted.depth != "static":
        report = _run(course, notebooks, report, wanted, told)
    return replace(report, seconds=round(time.monotonic() - began, 1))


def _readable(course: NbgraderCourse, assignment: str, findings: list[Finding]) -> tuple[Notebook, ...]:
    """Return the notebooks of an assignment; one that cannot be read is a finding, and then there are none."""
    try:
        return load_notebooks(course.source(assignment))
    except DiagnosedError as unreadable:
        findings.append(_stopped(assignment, unreadable))
        return ()


def _run(course: NbgraderCourse, notebooks: dict[str, tuple[Notebook, ...]], report: GateReport, wanted: Wanted, told: Told) -> GateReport:
    findings, obstacle = list(report.findings), ""
    with ScratchFolder("draft") as scratch:
        draft = open_draft(course, Path(scratch))
        works = []
        for assignment in notebooks:
            try:
                draft_assignment(draft, assignment)
                findings += scan_release(draft.source(assignment), draft.release(assignment), where=assignment)
                works.append(Work(load_source(draft, assignment), configured_limits(draft, Limits())))
            except DiagnosedError as refused:
                findings.append(_stopped(assignment, refused))
        try:
            trials = try_assignments(works, course.root, wanted, told) if works else {}
        except SandboxMissingError as missing:
            trials, obstacle = {}, missing.problem
            remedy = missing.remedy or "`patunay doctor` says what is missing."
            findings.append(Finding("R09", Severity.WARNING, f"nothing could be rehearsed: {missing.problem}", course.course_id, remedy))
    for assignment, trial in trials.items():
        points = {(each.name, cell.grade_id or ""): cell.points or 0.0 for each in notebooks[assignment] for cell in each.graded_cells}
        findings += check_trial(trial, points, Gate(), wanted.depth, demands_sealed=False)
    depth = wanted.depth if trials else "static"
    return replace(report, depth=depth, findings=sorted_findings(findings), trials=trials, obstacle=obstacle)


def _stopped(assignment: str, stopped: DiagnosedError) -> Finding:
    where = str(stopped.where) if getattr(stopped, "where", None) else assignment
    remedy = stopped.remedy or "Open the notebook in JupyterLab and correct it."
    return blocking("R09", stopped.problem, where, remedy, Place(assignment=assignment))
