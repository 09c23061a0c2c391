"""The release gate: every rule, every finding. Blocking findings stop a release; warnings are for the author's judgement."""

from __future__ import annotations

from datetime import date

from courses.authoring.placeholder_checks import check_placeholders
from courses.catalogue import Course
from courses.findings import Finding
from courses.static_checks.environment_rules import check_environment
from courses.static_checks.manifest_rules import check_manifest
from courses.static_checks.notebook_rules import check_notebooks
from courses.static_checks.places import read_course_text
from courses.variant_checks import check_variants


def check_course(course: Course, *, today: date) -> list[Finding]:
    """Return all findings of the release gate, blocking ones first.

    Args:
        today: decides whether the review-by date has passed.
    """
    findings = check_manifest(course.manifest, today=today, text=read_course_text(course))
    findings += check_notebooks(course)
    findings += check_environment(course)
    findings += check_placeholders(course)
    findings += check_variants(course)
    return sorted(findings, key=lambda finding: (not finding.is_blocking, finding.code, finding.where))
