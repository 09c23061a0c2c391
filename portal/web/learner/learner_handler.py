"""What the handlers of learners' pages share: whose pages they are (the visitor's, never somebody's from the address), and which courses those are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, cast
from urllib.parse import quote

from tornado.web import HTTPError

from courses.release import find_release, load_released_manifest
from portal.learner_work import LearnerCourse, Work, courses_of, read_learner
from portal.web.page_handler import PageHandler

COURSE = r"([a-z0-9]+(?:-[a-z0-9]+)*)"
"""A course in an address."""
SEGMENT = r"([^/]+)"
_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


class LearnerHandler(PageHandler):
    """A page of the visitor's own."""

    @property
    def learner(self) -> str:
        """The visitor's name.

        Raises:
            HTTPError: 403: nobody is signed in.
        """
        return self.require().name

    @property
    def tongue(self) -> Literal["en", "fil"]:
        """The language of the answer, as certificates are called for."""
        return cast(Literal["en", "fil"], self.language)

    async def course_titles(self) -> Mapping[str, str]:
        """Return the titles of the visitor's courses in the page's language, by their ids."""
        return await self.compute(self._titles, self.learner, self.visitor.learns)

    def _titles(self, learner: str, enrolled: frozenset[str]) -> dict[str, str]:
        roots = {name: self.portal.site.course_root(name) for name in courses_of(self.portal.site, learner, enrolled)}
        return {name: load_released_manifest(root).title.in_language(self.language) for name, root in roots.items() if find_release(root)}

    async def own_course(self, course: str) -> LearnerCourse:
        """Return a course as the visitor stands in it.

        Raises:
            HTTPError: 404: there is none, or they have nothing to do with it, which is told alike.
        """
        visitor = self.require()
        found = await self.compute(self._read, visitor.name, visitor.learns, course)
        if found is None:
            raise HTTPError(404)
        return found

    def _read(self, learner: str, enrolled: frozenset[str], course: str) -> LearnerCourse | None:
        if course not in courses_of(self.portal.site, learner, enrolled):
            return None
        return read_learner(self.portal.site, course, learner, is_enrolled=course in enrolled)

    async def own_work(self, course: str, assignment: str) -> tuple[LearnerCourse, Work]:
        """Return an assignment of the visitor's course, and that course.

        Raises:
            HTTPError: 404: there is none.
        """
        found = await self.own_course(course)
        work = found.work(assignment)
        if work is None:
            raise HTTPError(404)
        return found, work

    def see(self, *parts: str, result: str = "") -> None:
        """Answer a form: go on to a page of this portal.

        Args:
            result: a word by which that page says what was done.
        """
        told = f"?done={quote(result, safe='')}" if result else ""
        self.redirect(self.portal.address(*parts) + told, status=303)

    @property
    def done(self) -> str:
        """What a form before this page did, as `see` said it."""
        return self.get_query_argument("done", "")[:100]

    def send_file(self, name: str, content: bytes, media_type: str) -> None:
        """Answer with a file to keep."""
        plain = _PLAIN.sub("_", name)[:150] or "file"
        self.set_header("Content-Type", media_type)
        self.set_header("Content-Disposition", f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name[:150], safe='')}")
        self.set_header("X-Robots-Tag", "noindex")
        self.finish(content)
