"""Releases a course through the whole gate: nothing is published before everything was run, and what was found is frozen with the release.

Beside the frozen sources, in `releases/<content hash>/`, stand the sealing plans (`sealing/`) and what the gate said (`gate/report.json`, `gate/report.html`).
They show hidden tests and parts of the solutions, and are their owner's alone.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.dropped_items import show_points_again
from autograder.errors import SandboxMissingError
from autograder.execution.installed import describe_environment
from autograder.planning import environment_digest, keep_plan, read_plan, released_plan
from courses.catalogue import Course, require_assessment
from courses.nbgrader_course import open_course
from courses.release import Release, find_release, refuse_if_blocked, release_course, require_exchange
from courses.settings import Site
from courses.storage import write_atomically
from portal.gate.course_gate import check_files, check_running, with_trials
from portal.gate.kept_trials import find_kept
from portal.gate.page import gate_page
from portal.gate.report import DEPTHS, Depth, GateReport, Trial
from portal.gate.trying import NOBODY, Told, Wanted
from portal.stored_json import find_json


def release_rehearsed(
    site: Site, course: Course, assignments: tuple[str, ...], *, now: datetime, depth: Depth | None = None, told: Told = NOBODY
) -> tuple[Release, GateReport]:
    """Release `assignments` of `course` (all where none is named) if the gate lets them, and return what stands in the exchange then and what the gate said.

    Args:
        depth: how much is run of what was not run before; None: what the site's settings say.

    Raises:
        ReleaseRefusedError: a blocking finding, or nbgrader cannot make the learner version.
        SandboxMissingError: the course demands sealed verdicts, and no kernel can be forked here.
        ExchangeError: the exchange cannot be written to.
    """
    files = check_files(site, course, now=now)
    refuse_if_blocked(list(files.blocking))
    require_exchange(site.exchange)  # before minutes of running that would be for nothing
    chosen = tuple(require_assessment(course, each) for each in assignments) or tuple(each.id for each in course.manifest.assessments)
    wanted = Wanted(depth or site.settings.gate.depth)
    report = _known(site, course, chosen, files, wanted) or check_running(site, course, chosen, files, wanted, told)
    if report.obstacle and not report.trials and course.manifest.assurance == "sealed":
        raise SandboxMissingError(report.obstacle, remedy="`patunay doctor` says what is missing.")
    refuse_if_blocked(list(report.blocking))
    release = release_course(site, course, assignments, now=now)
    root = site.course_root(course.id)
    show_points_again(open_course(root), release.assignments)
    for assignment, plan in report.plans.items():
        place = released_plan(root, release, assignment)
        if read_plan(place) != plan:
            keep_plan(place, plan)
    if find_gate_report(root, release) is None or set(report.trials) == set(release.assignments):
        _keep_report(root, release, report)
    return release, report


def find_gate_report(course_root: Path, release: Release) -> Path | None:
    """Return the page with what the gate said of a release; None if there is none."""
    place = _gate_folder(course_root, release) / "report.html"
    return place if place.is_file() else None


def load_gate_report(course_root: Path, release: Release) -> Any:
    """Return what the gate said of a release, as JSON values; None if there is nothing that can be read. The course's teachers could have written it."""
    return find_json(_gate_folder(course_root, release) / "report.json")


def _gate_folder(course_root: Path, release: Release) -> Path:
    return course_root / "releases" / release.content_hash / "gate"


def _keep_report(course_root: Path, release: Release, report: GateReport) -> None:
    folder = _gate_folder(course_root, release)
    write_atomically(folder / "report.json", json.dumps(report.as_json(), indent=1) + "\n", mode=0o600)
    write_atomically(folder / "report.html", gate_page(report), mode=0o600)


def _known(site: Site, course: Course, assignments: tuple[str, ...], files: GateReport, wanted: Wanted) -> GateReport | None:
    """Return what was found for the very release that stands, None if there is no such thing, or less was run than is wanted now."""
    root = site.course_root(course.id)
    release = find_release(root)
    if release is None or release.source_hash != files.content_hash:
        return None
    digest, trials = environment_digest(describe_environment()), dict[str, Trial]()
    for assignment in assignments:
        plan, kept = read_plan(released_plan(root, release, assignment)), find_kept(root, assignment)
        if plan is None or plan.environment_digest != digest:
            return None
        trial = kept if kept is not None and kept.plan == plan else Trial(key="", plan=plan)
        if DEPTHS.index(trial.depth) < DEPTHS.index(wanted.depth):
            return None
        trials[assignment] = trial
    return with_trials(files, course, trials, site.settings.gate, wanted.depth)
