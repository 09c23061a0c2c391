"""What decides over a release beside the course itself: what was released before (Q20), and who approved what is there now (W01 to W06)."""

from __future__ import annotations

from datetime import date

from courses.catalogue import Course
from courses.findings import Finding
from courses.review_checks import check_review
from courses.settings import Site
from courses.version_checks import check_version


def check_release(site: Site, course: Course, *, today: date) -> list[Finding]:
    """Return the findings of a course in its site, blocking ones first.

    Raises:
        ReviewError: the record of its reviews does not fit.
        ManifestError, NotebookError: the sources of its last release are gone or cannot be read.
        StorageError: its folder holds a link or a special file.
    """
    findings = check_version(course, site.course_root(course.id)) + check_review(site, course, today=today)
    return sorted(findings, key=lambda finding: (not finding.is_blocking, finding.code, finding.where))
