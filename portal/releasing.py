"""Checks and releases a course with its rehearsal: the reference solutions are run before anything is published, and what they showed is frozen with it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.errors import SandboxMissingError
from autograder.execution.engines import EngineRoom
from autograder.grading import configured_limits, describe_environment, with_course_limits
from autograder.nbgrader_database import load_source
from autograder.planning import environment_digest, keep_plan, read_plan, released_plan
from autograder.rehearsal import rehearse
from autograder.sealed.grading import SealedServers
from autograder.sealed.plan import Mode, SealingPlan
from autograder.sealing_checks import check_plan
from autograder.site_options import site_limits
from autograder.variant_rehearsal import rehearse_variants
from courses.catalogue import Course, require_assessment
from courses.checks import check_course
from courses.content_hash import course_sha256
from courses.findings import Finding
from courses.release import Release, draft_course, find_release, refuse_if_blocked, release_course
from courses.settings import Site


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What the rehearsal of a course gave."""

    plans: dict[str, SealingPlan]
    """By assignment."""
    findings: tuple[Finding, ...]
    obstacle: str = ""
    """Why there was none; empty if there was."""


def rehearse_course(site: Site, course: Course, assignments: tuple[str, ...]) -> Rehearsed:
    """Run the reference solutions of `assignments` in the sandbox; publish nothing.

    Raises:
        ReleaseRefusedError: nbgrader cannot make a learner version.
        SandboxMissingError: the course demands sealed verdicts, and no kernel can be forked here.
    """
    plans: dict[str, SealingPlan] = {}
    varied: list[Finding] = []
    demands_sealed = course.manifest.assurance == "sealed"
    digest = environment_digest(describe_environment())
    with tempfile.TemporaryDirectory(prefix="patunay-draft-") as scratch, EngineRoom() as room:
        directory = draft_course(site, course, assignments, Path(scratch))
        of_site = configured_limits(directory, site_limits(site.settings.grading))
        for assignment in assignments:
            source = load_source(directory, assignment)
            try:
                ready = room.prepare(source)
            except SandboxMissingError as missing:
                if demands_sealed:
                    raise
                return Rehearsed({}, (), str(missing.problem))
            if ready.server is not None and ready.examiner is not None:
                servers = SealedServers(ready.server, ready.examiner)
                limits = with_course_limits(of_site, course.manifest.limits_of(assignment))
                plan = rehearse(source, servers, limits, environment_digest=digest, choices=_choices(course, assignment))
                plans[assignment] = plan
                varied += rehearse_variants(source.model_copy(update={"plan": plan}), servers, limits)
    findings = [*varied, *(each for plan in plans.values() for each in check_plan(plan, demands_sealed=demands_sealed))]
    return Rehearsed(plans, tuple(sorted(findings, key=lambda each: (not each.is_blocking, each.code, each.where))))


def release_rehearsed(site: Site, course: Course, assignments: tuple[str, ...], *, now: datetime) -> tuple[Release, Rehearsed]:
    """Release `assignments` of `course` (all where none is named) after their rehearsal, and freeze its plans with the release.

    Raises:
        ReleaseRefusedError: a blocking finding, or nbgrader cannot make the learner version.
        SandboxMissingError: the course demands sealed verdicts, and no kernel can be forked here.
        ExchangeError: the exchange cannot be written to.
    """
    refuse_if_blocked([finding for finding in check_course(course, today=now.date()) if finding.is_blocking])
    chosen = tuple(require_assessment(course, each) for each in assignments) or tuple(each.id for each in course.manifest.assessments)
    rehearsed = _known(site, course, chosen) or rehearse_course(site, course, chosen)
    refuse_if_blocked([finding for finding in rehearsed.findings if finding.is_blocking])
    release = release_course(site, course, assignments, now=now)
    for assignment, plan in rehearsed.plans.items():
        place = released_plan(site.course_root(course.id), release, assignment)
        if read_plan(place) != plan:
            keep_plan(place, plan)
    return release, rehearsed


def _known(site: Site, course: Course, assignments: tuple[str, ...]) -> Rehearsed | None:
    """Return what was rehearsed for the very release that stands, None if there is no such thing."""
    root = site.course_root(course.id)
    release = find_release(root)
    if release is None or release.source_hash != course_sha256(course.folder):
        return None
    digest, plans = environment_digest(describe_environment()), dict[str, SealingPlan]()
    for assignment in assignments:
        plan = read_plan(released_plan(root, release, assignment))
        if plan is None or plan.environment_digest != digest:
            return None
        plans[assignment] = plan
    demands_sealed = course.manifest.assurance == "sealed"
    return Rehearsed(plans, tuple(each for plan in plans.values() for each in check_plan(plan, demands_sealed=demands_sealed)))


def _choices(course: Course, assignment: str) -> dict[str, Mode]:
    assessment = course.manifest.assessment(assignment)
    return dict(assessment.cells) if assessment else {}
