"""A course of a site as the issuer sees it: the released manifest, the gradebook, every learner's eligibility and evidence.

The one place where the issuer reads the autograder. It reads some learners at a time, so that memory does not grow with the gradebook's cells, and
then only computes with what it read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from autograder.dropped_items import dropped_cells
from autograder.evidence import GradedEvidence, read_evidence, verify_evidence
from autograder.extensions import granted_rules
from autograder.gradebook import gradebook_reader
from autograder.nbgrader_database import open_gradebook, students_of
from autograder.records import open_records
from courses.catalogue import load_course
from courses.errors import ReleaseRefusedError
from courses.manifest import CourseManifest
from courses.names import COURSE_ID
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.notebook import load_notebooks
from courses.release import Release, find_release, frozen_source, load_released_manifest
from courses.settings import Site
from issuer.eligibility import CellPoints, Eligibility, assess_learners
from issuer.forked_work import forked_work

LEARNERS_AT_ONCE = 1_000
"""Whose cells and results are in memory together."""
WORTH_FORKING = 4
"""Groups of learners that are read faster by several processes."""

_Part = tuple[tuple[Eligibility, ...], dict[str, tuple[GradedEvidence, ...]]]


@dataclass(frozen=True, slots=True)
class Learner:
    """Who a learner is, as nbgrader's `student` table has it."""

    id: str
    name: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class CourseStanding:
    """Everything that a batch is made of. Learners in the order of their ids."""

    manifest: CourseManifest
    release: Release
    eligibility: tuple[Eligibility, ...]
    evidence: dict[str, tuple[GradedEvidence, ...]]
    learners: dict[str, Learner]


def read_standing(site: Site, course: str) -> CourseStanding:
    """Return the standing of a released course.

    Raises:
        UnknownCourseError: the site has no such course.
        ReleaseRefusedError: it is not released.
        EligibilityError: the released manifest and notebooks do not fit.
    """
    root = released_root(site, course)
    release = find_release(root)
    if release is None:
        raise ReleaseRefusedError(f"course {course!r} is not released", remedy=f"Run `patunay release {course}` first.")
    manifest = load_released_manifest(root)
    directory = open_course(root)
    points = counted_points(directory, released_points(root, release, manifest))
    rules = granted_rules(root, manifest.attempt_rules)
    reader = gradebook_reader(directory, attempt_rules=rules)

    def read(learners: tuple[str, ...]) -> _Part:
        found = reader.read(learners)
        return assess_learners(manifest, found.frames, points), read_evidence(found.attempts, rules)

    slices, hashes = reader.slices(LEARNERS_AT_ONCE), dict[str, str]()
    eligibility: list[Eligibility] = []
    evidence: dict[str, tuple[GradedEvidence, ...]] = {}
    with forked_work(read, _processes(len(slices)), at_once=1) as read_each, open_records(directory) as session:
        for assessed, unverified in read_each(slices):
            eligibility += assessed
            evidence |= verify_evidence(session, unverified, hashes)
    return CourseStanding(manifest, release, tuple(eligibility), evidence, learners_of(directory))


def released_points(root: Path, release: Release, manifest: CourseManifest) -> CellPoints:
    """Return the points possible of every graded cell of the released notebooks."""
    return {
        (assessment.id, cell.grade_id): cell.points
        for assessment in manifest.assessments
        for notebook in load_notebooks(frozen_source(root, release) / assessment.id)
        for cell in notebook.graded_cells
        if cell.grade_id is not None and cell.points is not None
    }


def counted_points(directory: NbgraderCourse, points: CellPoints) -> CellPoints:
    """Return the points with none for the items that were dropped after the release (`autograder.dropped_items`)."""
    gone = dropped_cells(directory, {assignment for assignment, _ in points})
    return {place: 0.0 if place in gone else worth for place, worth in points.items()} if gone else points


def _processes(slices: int) -> int:
    """Return how many processes read beside this one: one a core where it is worth it."""
    return len(os.sched_getaffinity(0)) if slices >= WORTH_FORKING else 0


def learners_of(directory: NbgraderCourse) -> dict[str, Learner]:
    """Return who the course's gradebook knows, by id."""
    with open_gradebook(directory) as gradebook:
        return {
            str(name): Learner(str(name), " ".join(part for part in (first, last) if part) or None, email or None)
            for name, first, last, email in students_of(gradebook)
        }


def released_root(site: Site, course: str) -> Path:
    """Return the course directory of a released course.

    Raises:
        UnknownCourseError: there is none of that name; the nearest is given.
        ReleaseRefusedError: it is not released.
    """
    root = site.course_root(course)
    if not COURSE_ID.fullmatch(course) or find_release(root) is None:
        load_course(site.courses, course)
        raise ReleaseRefusedError(f"course {course!r} is not released", remedy=f"Run `patunay release {course}` first.")
    return root
