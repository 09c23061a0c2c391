"""The rules of the review workflow (W01 to W06): who approved this very content, whether that is enough, and whether the course may go on.

Approvals that are missing are warnings, unless the site's `review.required` makes them block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from courses.catalogue import Course
from courses.content_hash import APPROVALS, course_sha256
from courses.findings import Finding, Severity, blocking, warning
from courses.released import find_release
from courses.review_record import load_reviews
from courses.review_workflow import CourseState, Demands, ReviewStatus, review_status
from courses.settings import Site
from courses.static_checks.places import ManifestSpots, read_course_text

REMINDED_DAYS = 60
"""How long before its date the next review is spoken of."""
_WAITING = frozenset({"W01", "W02", "W04"})
"""What blocks where the site asks for approvals."""


def status_of(site: Site, course: Course) -> ReviewStatus:
    """Return where a course of the site stands on its way to release.

    Raises:
        ReviewError: the record of its reviews does not fit.
        StorageError: its folder holds a link or a special file.
    """
    release, asked = find_release(site.course_root(course.id)), site.settings.review
    return review_status(
        load_reviews(course.folder),
        course_sha256(course.folder),
        authors=[author.name for author in course.manifest.authors],
        demands=Demands(asked.approvals, asked.roles),
        released_hash=release.source_hash if release else None,
    )


def check_review(site: Site, course: Course, *, today: date) -> list[Finding]:
    """Return what the reviews of a course leave to say; see `status_of` for what it raises."""
    found = [*_status_findings(status_of(site, course)), *_date_findings(course, today)]
    if not site.settings.review.required:
        return found
    return [replace(each, severity=Severity.BLOCKING) if each.code in _WAITING else each for each in found]


def _status_findings(status: ReviewStatus) -> Iterator[Finding]:
    if status.state is CourseState.RETIRED:
        yield blocking("W05", "the course is retired", APPROVALS, "Reopen it first: `patunay course reopen`.")
        return
    for step, reason in status.not_counted:
        yield warning(
            "W03", f"the approval of {step.person} does not count: this person {reason}", APPROVALS, "Let somebody else review it."
        )
    if not status.approvals and status.outdated is not None:
        step = status.outdated
        yield warning(
            "W02",
            f"the course was changed since {step.person} approved version {step.version} on {step.date}",
            APPROVALS,
            "Submit what it is now for review: `patunay course submit`.",
        )
    elif not status.approvals:
        remedy = "Submit it for review: `patunay course submit`, then `patunay course approve` by somebody else."
        yield warning("W01", "nobody has approved this very content", APPROVALS, remedy)
    elif status.missing:
        yield warning(
            "W04", f"of the approvals that the site asks for, there is missing: {', '.join(status.missing)}", APPROVALS, "Ask for it."
        )


def _date_findings(course: Course, today: date) -> Iterator[Finding]:
    days = (course.manifest.qa.review_by - today).days
    if 0 <= days <= REMINDED_DAYS:
        spot = ManifestSpots(course.manifest, read_course_text(course)).at("qa", "review_by")
        yield warning(
            "W06", f"the next review is due in {days} day(s)", spot.where, "Have the course reviewed, and enter the new dates.", spot.place
        )
