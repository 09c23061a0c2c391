"""A course's page: what somebody wants to know before they begin. Closed courses stay readable."""

from __future__ import annotations

from dataclasses import dataclass

from tornado.web import HTTPError

from courses.settings import Site
from portal.web.page_handler import PageHandler
from portal.web.public.course_facts import CourseFacts, course_facts
from portal.web.public.course_words import Gettext
from portal.web.public.sample_notebook import SamplePage, find_sample
from portal.web.public.versions import find_released


@dataclass(frozen=True, slots=True)
class CoursePage:
    """A course."""

    title: str
    facts: CourseFacts
    is_closed: bool
    has_sample: bool
    older: tuple[str, ...]
    """Versions that were released before."""


def find_course_page(site: Site, course: str, language: str, gettext: Gettext) -> CoursePage | None:
    """Return a course's page, None if there is no such released course."""
    found = find_released(site, course)
    if found is None:
        return None
    facts = course_facts(found.current.manifest, language, gettext)
    older = tuple(each.manifest.version for each in found.versions[1:])
    return CoursePage(facts.title, facts, found.is_closed, find_sample(site, found, language, gettext) is not None, older)


def find_sample_page(site: Site, course: str, language: str, gettext: Gettext) -> SamplePage | None:
    """Return the page with a course's sample notebook, None if there is none."""
    found = find_released(site, course)
    return find_sample(site, found, language, gettext) if found is not None else None


class CourseHandler(PageHandler):
    """A course's page."""

    async def get(self, course: str) -> None:
        """Show it."""
        page = await self.compute(find_course_page, self.portal.site, course, self.language, self.gettext)
        if page is None:
            raise HTTPError(404)
        self.show("public/course.html", page)


class SampleHandler(PageHandler):
    """The first notebook of a course, as learners get it."""

    async def get(self, course: str) -> None:
        """Show it."""
        page = await self.compute(find_sample_page, self.portal.site, course, self.language, self.gettext)
        if page is None:
            raise HTTPError(404)
        self.show("public/sample.html", page)
