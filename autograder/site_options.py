"""How a course is graded where nobody says it on a command line: by the settings of the site that it lies in, and by its released manifest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autograder.errors import AssuranceError
from autograder.extensions import granted_rule
from autograder.grading import GradingOptions
from autograder.jobs import Limits
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.release import find_release, load_released_manifest
from courses.settings import Grading, Site, load_site


def options_for(course: NbgraderCourse, assignment: str, **wanted: Any) -> GradingOptions:
    """Return the options of `autograder.grading.grade_assignment`: the site's, the manifest's, and over them what is `wanted`.

    Raises:
        SettingsError: the course lies in a site whose settings are wrong.
        AssuranceError: the course demands sealed verdicts, and compat is wanted.
    """
    options = GradingOptions()
    site = _find_site(course)
    if site is not None:
        grading = site.settings.grading
        options = replace(options, workers=grading.jobs, limits=site_limits(grading), sandbox_required=grading.sandbox == "required")
    if find_release(course.root) is not None:
        manifest = load_released_manifest(course.root)
        if manifest.assurance == "sealed" and wanted.get("assurance", "sealed") != "sealed":
            raise AssuranceError(
                f"course {manifest.id!r} demands sealed verdicts",
                where="c.GradeWithPatunay.assurance",
                remedy='Take that setting out, or release a version whose course.toml does not say assurance = "sealed".',
            )
        options = replace(options, course_limits=manifest.limits_of(assignment), sealed_required=manifest.assurance == "sealed")
        if assessment := manifest.assessment(assignment):
            rule = granted_rule(course.root, assignment, assessment.attempt_rule)
            options = replace(options, attempts=rule, choices=assessment.cells, variants_required=assessment.variants is not None)
    return replace(options, **wanted)


def site_limits(grading: Grading) -> Limits:
    """Return the limits that a site's settings give."""
    return Limits(**grading.model_dump(include=grading.model_fields_set & Limits.model_fields.keys()))


def as_released(course: NbgraderCourse) -> NbgraderCourse:
    """Return the course with the sources of its release, where it has one; else as it is."""
    return course if find_release(course.root) is None else open_course(course.root)


def _find_site(course: NbgraderCourse) -> Site | None:
    if not any((folder / "patunay.toml").is_file() for folder in (course.root, *course.root.parents)):
        return None
    site = load_site(course.root)
    is_ours = course.root.parent == (site.root / site.settings.paths.work)
    return site if is_ours else None
