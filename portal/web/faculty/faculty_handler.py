"""What the handlers of teachers' pages share: which courses are the visitor's, what a form said, and where it leads."""

from __future__ import annotations

from urllib.parse import quote

from tornado.web import HTTPError

from courses.catalogue import course_ids
from courses.names import COURSE_ID
from courses.release import find_release
from portal.background_work import Work, find_work, start_work
from portal.course_insight import INSIGHTS, CourseInsight
from portal.hub.server_plan import formgrader_address
from portal.web.listing import Asked, asked_for
from portal.web.page_handler import PageHandler
from portal.web.visitor import Role, Visitor

COURSE = r"([a-z0-9]+(?:-[a-z0-9]+)*)"
"""A course in an address."""
SEGMENT = r"([^/]+)"


class FacultyHandler(PageHandler):
    """A page of a course that the visitor teaches."""

    def taught(self, course: str) -> Visitor:
        """Return the visitor, who teaches this course of the site.

        Raises:
            HTTPError: 403: they do not, which is told before whether there is such a course; 404: there is none.
        """
        visitor = self.require_teacher(course)
        self._require_course(course)
        return visitor

    def seen(self, course: str) -> Visitor:
        """Return the visitor, who teaches this course, or reviews courses for the institution.

        Raises:
            HTTPError: 403 or 404, as above.
        """
        visitor = self.visitor
        if course not in visitor.teaches and not visitor.may(Role.QUALITY):
            raise HTTPError(403)
        self._require_course(course)
        return visitor

    def _require_course(self, course: str) -> None:
        site = self.portal.site
        if not COURSE_ID.fullmatch(course) or (course not in course_ids(site.courses) and find_release(site.course_root(course)) is None):
            raise HTTPError(404)

    def is_released(self, course: str) -> bool:
        """Whether there is anything to look at."""
        return find_release(self.portal.site.course_root(course)) is not None

    def require_released(self, course: str, assignment: str = "") -> None:
        """Go on if the course is released, and the assignment with it.

        Raises:
            HTTPError: 404: it is not.
        """
        release = find_release(self.portal.site.course_root(course))
        if release is None or (assignment and assignment not in release.assignments):
            raise HTTPError(404)

    async def insight(self, course: str) -> CourseInsight:
        """Return a released course as its teachers see it.

        Raises:
            HTTPError: 404: it is not released.
        """
        self.require_released(course)
        return await self.compute(INSIGHTS.of, self.portal.site, course, now=self.portal.now())

    def asked(self) -> Asked:
        """Return which part of a long table the address asks for."""
        return asked_for(lambda name, default: self.get_query_argument(name, default))

    def told(self, name: str, *, longest: int = 1000, is_needed: bool = True) -> str:
        """Return a field of the form.

        Raises:
            HTTPError: 400: it is empty although it is needed, or longer than a person writes.
        """
        text = self.get_body_argument(name, "").strip()
        if (is_needed and not text) or len(text) > longest:
            raise HTTPError(400)
        return text

    def see(self, *parts: str, result: str = "") -> None:
        """Answer a form: go on to a page of this portal that says what was done."""
        told = f"?done={quote(result, safe='')}" if result else ""
        self.redirect(self.portal.address("teach", *parts) + told, status=303)

    @property
    def done(self) -> str:
        """What a form before this page did, as `see` said it."""
        return self.get_query_argument("done", "")[:100]

    def begin(self, course: str, kind: str, command: list[str], about: dict[str, str] | None = None) -> str:
        """Start a command of ours in the background; return the word by which the next page says so."""
        site, by = self.portal.site, self.visitor.name
        root = site.course_root(course)
        command = ["-m", *command, "--site", str(site.root)]
        return "started" if start_work(root, kind, command, by=by, now=self.portal.now(), about=about) else "busy"

    def work(self, course: str, kind: str) -> Work:
        """Return the last work of a kind."""
        return find_work(self.portal.site.course_root(course), kind)

    def formgrader(self, course: str) -> str:
        """Return the address where the course's formgrader opens; empty without a hub."""
        hub = self.portal.hub_home
        return formgrader_address(hub, self.visitor.name, course) if hub else ""
