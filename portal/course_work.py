"""What the grading commands and the demo do with a course of a site: one function a step, each safe to call again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.crediting import choose_attempts
from autograder.errors import AssuranceError
from autograder.execution.engines import Assurance, Engine, EngineRoom
from autograder.extensions import granted_rule, granted_rules
from autograder.gradebook import GradebookFrames, read_gradebook
from autograder.grading import GradingOptions, GradingSummary, Progress, grade_assignment
from autograder.nbgrader_database import open_gradebook, students_of
from autograder.records import attempts_of, open_records
from autograder.review import ReviewItem, load_reviews
from autograder.site_options import site_limits
from autograder.submissions import Collected, collect_attempts, show_credited
from autograder.variants import LearnerVariant, variants_of
from courses.attempts import LAST
from courses.errors import UnknownAssignmentError
from courses.manifest import CourseManifest
from courses.nbgrader_course import assignments_of, open_course
from courses.release import find_release, load_released_manifest
from courses.settings import Site
from issuer.standing import released_root


@dataclass(frozen=True, slots=True)
class GradeRequest:
    """What the caller of `patunay grade` asks for."""

    learners: tuple[str, ...] = ()
    force: bool = False
    jobs: int = 0
    engine: Engine = "fork"
    assurance: Assurance = "sealed"
    cluster: str = ""
    only: tuple[int, ...] = ()
    """Only these attempts of `learners`, by the ids of their rows; empty for all."""


def collect_course(
    site: Site, course: str, assignments: tuple[str, ...], *, now: datetime, names: Collection[str] | None = None
) -> dict[str, Collected]:
    """Take every attempt of a released course from the exchange; return what was taken, by assignment.

    Args:
        names: only these folders of the exchange; None: all.
    """
    root = released_root(site, course)
    manifest, directory = load_released_manifest(root), open_course(root)
    collected = {}
    with open_records(directory) as session:
        for assignment in _chosen(root, assignments):
            collected[assignment] = collect_attempts(directory, assignment, session, now=now, names=names)
            assessment = manifest.assessment(assignment)
            rule = granted_rule(root, assignment, assessment.attempt_rule if assessment else LAST)
            learners = None if names is None else {name.split("+", 1)[0] for name in names}
            show_credited(directory, choose_attempts(directory, assignment, attempts_of(session, assignment, learners), rule))
    return collected


def grade_course(
    site: Site,
    course: str,
    assignments: tuple[str, ...],
    request: GradeRequest,
    *,
    now: Callable[[], datetime],
    progress: Progress,
    room: EngineRoom | None = None,
) -> list[GradingSummary]:
    """Grade what was collected of a released course.

    Args:
        room: engines that the caller keeps; None: they are started and ended here.

    Raises:
        AssuranceError: the course demands sealed verdicts, and compat was asked for.
    """
    root = released_root(site, course)
    manifest, directory, grading = load_released_manifest(root), open_course(root), site.settings.grading
    summaries = []
    own = EngineRoom(request.engine, sandbox_required=grading.sandbox == "required", assurance=request.assurance)
    with own if room is None else contextlib.nullcontext(room) as engines:
        for assignment in _chosen(root, assignments):
            options = grading_options(site, manifest, assignment, request)
            summaries.append(grade_assignment(directory, assignment, options, now=now, progress=progress, room=engines))
    return summaries


def grading_options(site: Site, manifest: CourseManifest, assignment: str, request: GradeRequest) -> GradingOptions:
    """Return how an assignment of a released course is graded.

    Raises:
        AssuranceError: the course demands sealed verdicts, and compat was asked for.
    """
    if manifest.assurance == "sealed" and request.assurance != "sealed":
        raise AssuranceError(
            f"course {manifest.id!r} demands sealed verdicts",
            where="patunay grade --compat",
            remedy='Leave --compat out, or release a version whose course.toml does not say assurance = "sealed".',
        )
    assessment, grading = manifest.assessment(assignment), site.settings.grading
    return GradingOptions(
        workers=request.jobs or grading.jobs,
        force=request.force,
        learners=request.learners,
        only=request.only,
        limits=site_limits(grading),
        course_limits=manifest.limits_of(assignment),
        engine=request.engine,
        assurance=request.assurance,
        cluster=request.cluster,
        sandbox_required=grading.sandbox == "required",
        choices=assessment.cells if assessment else {},
        attempts=granted_rule(site.course_root(manifest.id), assignment, assessment.attempt_rule if assessment else LAST),
        sealed_required=manifest.assurance == "sealed",
        variants_required=assessment is not None and assessment.variants is not None,
    )


def grade_directory(
    root: Path, assignments: tuple[str, ...], request: GradeRequest, *, now: Callable[[], datetime], progress: Progress
) -> list[GradingSummary]:
    """Grade what lies in `submitted/` of any nbgrader course directory.

    Raises:
        UnknownAssignmentError: none is named and none has a source.
    """
    directory = open_course(root)
    chosen = assignments or tuple(assignments_of(directory))
    if not chosen:
        raise UnknownAssignmentError(
            "there is no assignment to grade",
            where=str(directory.source("*").parent),
            remedy="Is this an nbgrader course directory? Give it with --root.",
        )
    options = GradingOptions(
        workers=request.jobs,
        force=request.force,
        learners=request.learners,
        engine=request.engine,
        assurance=request.assurance,
        cluster=request.cluster,
    )
    with EngineRoom(request.engine, assurance=request.assurance) as room:
        return [grade_assignment(directory, assignment, options, now=now, progress=progress, room=room) for assignment in chosen]


def course_variants(site: Site, course: str, assignment: str, learners: tuple[str, ...] | None) -> tuple[LearnerVariant, ...]:
    """Return which variant of a released assignment learners have.

    Args:
        learners: whose; empty: every variant once; None: everybody whom the gradebook knows.

    Raises:
        UnknownAssignmentError: it is not released, or has no variants.
    """
    root = released_root(site, course)
    directory = open_course(root)
    _chosen(root, (assignment,))
    if not (every := variants_of(directory, assignment)):
        raise UnknownAssignmentError(
            f"all learners have the same values in assignment {assignment!r}",
            where=course,
            remedy="Give it `variants` in course.toml first.",
        )
    if learners is not None:
        return variants_of(directory, assignment, learners) if learners else every
    with open_gradebook(directory) as gradebook:
        known = sorted(each[0] for each in students_of(gradebook))
    return variants_of(directory, assignment, known) if known else ()


def course_reviews(site: Site, course: str, assignments: tuple[str, ...]) -> tuple[ReviewItem, ...]:
    """Return the tests of a released course that a person decides."""
    root = released_root(site, course)
    manifest = load_released_manifest(root)
    return load_reviews(open_course(root), _chosen(root, assignments), attempt_rules=granted_rules(root, manifest.attempt_rules))


def directory_reviews(root: Path, assignments: tuple[str, ...]) -> tuple[ReviewItem, ...]:
    """Return the tests of any nbgrader course directory that a person decides."""
    directory = open_course(root)
    return load_reviews(directory, assignments or assignments_of(directory))


def course_gradebook(site: Site, course: str) -> GradebookFrames:
    """Return the gradebook of a released course."""
    root = released_root(site, course)
    manifest = load_released_manifest(root)
    return read_gradebook(open_course(root), attempt_rules=granted_rules(root, manifest.attempt_rules))


def _chosen(root: Path, assignments: tuple[str, ...]) -> tuple[str, ...]:
    """Return the assignments to work on: all that are released, or the named ones of them."""
    release = find_release(root)
    released = release.assignments if release else ()
    for name in assignments:
        if name not in released:
            raise UnknownAssignmentError(
                f"assignment {name!r} is not released", where=root.name, remedy=f"Released are: {', '.join(released)}."
            )
    return assignments or released
