"""Courses with their state on the way to release, when their review is due, and the annual review pack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from tornado.web import HTTPError, authenticated

from courses.manifest_file import load_manifest
from courses.settings import Site
from portal.course_reports import review_course
from portal.course_standing import CourseOverview, readable_courses
from portal.web.office.office_handler import OfficeHandler
from portal.web.office.overview import REVIEWING
from portal.web.visitor import Role

SEEING = (*REVIEWING, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class ReviewedCourse:
    """A course, and its last review pack."""

    overview: CourseOverview
    title: str
    """In the page's language."""
    pack_at: datetime | None
    """When the pack was made; None: never."""


@dataclass(frozen=True, slots=True)
class QualityPage:
    """The page; the course whose review is due first comes first."""

    title: str
    courses: tuple[ReviewedCourse, ...]
    unread: tuple[str, ...]
    """Ids of courses whose sources cannot be read now."""
    may_make: bool
    done: str


def quality_page(site: Site, language: str, *, today: date, title: str, may_make: bool, done: str) -> QualityPage:
    """Return the page."""
    found, unread = readable_courses(site, today=today)
    in_order = sorted(found, key=lambda each: (each.review_by, each.course))
    return QualityPage(title, tuple(_reviewed(site, each, language) for each in in_order), unread, may_make, done)


def _reviewed(site: Site, course: CourseOverview, language: str) -> ReviewedCourse:
    title = load_manifest(site.courses / course.course).title.in_language(language)
    return ReviewedCourse(course, title, _made_at(site, course.course))


def _made_at(site: Site, course: str) -> datetime | None:
    path = site.root / "reports" / f"{course}-review-pack.html"
    return datetime.fromtimestamp(path.stat().st_mtime).astimezone() if path.is_file() else None


class QualityHandler(OfficeHandler):
    """Courses and quality."""

    @authenticated
    async def get(self) -> None:
        """Show them."""
        visitor = self.require(*SEEING)
        page = await self.compute(
            quality_page,
            self.portal.site,
            self.language,
            today=self.portal.site.day_of(self.portal.now()),
            title=self.gettext("Courses and quality"),
            may_make=visitor.may(Role.QUALITY),
            done=self.get_query_argument("done", ""),
        )
        self.show("office/quality.html", page)


class ReviewPackHandler(OfficeHandler):
    """The annual review pack of a course."""

    @authenticated
    async def get(self, course: str) -> None:
        """Send the last one, to be opened from the reader's own disk: it is a page of its own that asks nothing of anybody."""
        self.require(Role.QUALITY)
        path = self.portal.site.root / "reports" / f"{self.released(course)}-review-pack.html"
        if not path.is_file():
            raise HTTPError(404)
        self.send_file(await self.compute(path.read_bytes), path.name, "text/html; charset=utf-8")

    @authenticated
    async def post(self, course: str) -> None:
        """Make a new one."""
        self.require(Role.QUALITY)
        await self.compute(review_course, self.portal.site, self.released(course), now=self.portal.now())
        self.done("quality", what="made")
