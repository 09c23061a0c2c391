"""The release gate: every rule, every finding. Blocking findings stop a release; warnings are for the author's judgement."""

from __future__ import annotations

from datetime import date

from courses.catalogue import Course
from courses.environment_checks import check_environment
from courses.findings import Finding
from courses.manifest_checks import check_manifest
from courses.notebook_checks import check_notebooks


def check_course(course: Course, *, today: date) -> list[Finding]:
    """Return all findings of the release gate, blocking ones first.

    Args:
        today: decides whether the review-by date has passed.
    """
    findings = check_manifest(course.manifest, today=today) + check_notebooks(course) + check_environment(course)
    return sorted(findings, key=lambda finding: (not finding.is_blocking, finding.code, finding.where))
