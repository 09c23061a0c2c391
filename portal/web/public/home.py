"""The start page: what this is, the newest courses, and where to check a credential."""

from __future__ import annotations

from dataclasses import dataclass

from courses.settings import Site
from portal.web.page_handler import PageHandler
from portal.web.public.catalogue import CourseCard, course_card
from portal.web.public.course_words import Gettext
from portal.web.public.versions import released_courses

_NEWEST = 3


@dataclass(frozen=True, slots=True)
class HomePage:
    """The start page."""

    title: str
    newest: tuple[CourseCard, ...]
    courses: int


def home_page(site: Site, language: str, gettext: Gettext) -> HomePage:
    """Return the start page in a language."""
    opened = [course for course in released_courses(site) if not course.is_closed]
    newest = tuple(course_card(course, language, gettext) for course in opened[:_NEWEST])
    return HomePage(gettext("Micro-credentials that anyone can check"), newest, len(opened))


class HomeHandler(PageHandler):
    """The start page."""

    async def get(self) -> None:
        """Show it."""
        self.show("public/home.html", await self.compute(home_page, self.portal.site, self.language, self.gettext))
