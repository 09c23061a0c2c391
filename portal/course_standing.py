"""Where the site's courses stand on their way to release, as commands and pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from courses.catalogue import Course, course_ids, load_course
from courses.errors import DiagnosedError
from courses.released import find_release
from courses.review_checks import REMINDED_DAYS, status_of
from courses.review_record import ReviewStep, load_reviews
from courses.settings import Site


@dataclass(frozen=True, slots=True)
class CourseOverview:
    """One course: what it is, how far it is, and when its next review is due."""

    course: str
    version: str
    title: str
    state: str
    content_hash: str
    """Of its folder now, which approvals name."""
    released: str
    """The version that is released, and when; empty if none is."""
    approvals: tuple[ReviewStep, ...]
    """Those of this content that count."""
    missing: tuple[str, ...]
    """What is still asked for, in words."""
    history: tuple[ReviewStep, ...]
    review_by: date
    review_in_days: int
    """Negative if it is overdue."""

    @property
    def review(self) -> Literal["overdue", "due soon", "in time"]:
        """Whether the next review is overdue or due within `REMINDED_DAYS`."""
        if self.review_in_days < 0:
            return "overdue"
        return "due soon" if self.review_in_days <= REMINDED_DAYS else "in time"

    @property
    def review_told(self) -> str:
        """The date of the next review, and in words what is near."""
        if self.review == "in time":
            return str(self.review_by)
        days = f"overdue since {-self.review_in_days} days" if self.review == "overdue" else f"in {self.review_in_days} days"
        return f"{self.review_by}: {days}"


def overview_of_courses(site: Site, *, today: date) -> list[CourseOverview]:
    """Return every course of the site, by its id; see `overview_of`."""
    return [overview_of(site, load_course(site.courses, name), today=today) for name in course_ids(site.courses)]


def readable_courses(site: Site, *, today: date) -> tuple[list[CourseOverview], tuple[str, ...]]:
    """Return the same of every course that can be read, and the ids of the others: one author's mistake hides no other course."""
    found, unread = list[CourseOverview](), list[str]()
    for name in course_ids(site.courses):
        try:
            found.append(overview_of(site, load_course(site.courses, name), today=today))
        except DiagnosedError:
            unread.append(name)
    return found, tuple(unread)


def overview_of(site: Site, course: Course, *, today: date) -> CourseOverview:
    """Return where one course stands.

    Raises:
        ReviewError: the record of its reviews does not fit.
        StorageError: its folder holds a link or a special file.
    """
    status, release, due = status_of(site, course), find_release(site.course_root(course.id)), course.manifest.qa.review_by
    return CourseOverview(
        course=course.id,
        version=course.manifest.version,
        title=course.manifest.title.en,
        state=status.state.value,
        content_hash=status.content_hash,
        released=f"{release.version} on {site.day_of(datetime.fromisoformat(release.released_at))}" if release else "",
        approvals=status.approvals,
        missing=status.missing,
        history=load_reviews(course.folder),
        review_by=due,
        review_in_days=(due - today).days,
    )
