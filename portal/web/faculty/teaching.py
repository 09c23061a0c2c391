"""My teaching: every course of the visitor's with its run, and what is to be done, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tornado.web import authenticated

from courses.catalogue import course_ids
from courses.names import COURSE_ID
from courses.release import find_release
from courses.settings import Site
from portal.course_insight import INSIGHTS
from portal.course_readiness import course_readiness
from portal.web.faculty.faculty_handler import FacultyHandler
from portal.web.faculty.to_do import ToDo, to_do
from portal.web.visitor import Visitor


@dataclass(frozen=True, slots=True)
class TaughtCourse:
    """A course of the visitor's."""

    id: str
    title: str
    version: str
    """That is released; empty if none is."""
    learners: int
    handed_in: int
    """How many learners have handed something in."""
    next_due: datetime | None
    to_do: tuple[ToDo, ...]


@dataclass(frozen=True, slots=True)
class TeachingPage:
    """All courses of the visitor."""

    title: str
    courses: tuple[TaughtCourse, ...]
    unknown: tuple[str, ...]
    """Courses that a group of the visitor's names, and the site does not have."""


def teaching_page(site: Site, visitor: Visitor, language: str, title: str, now: datetime) -> TeachingPage:
    """Return the courses that the visitor teaches, those with the most to do first."""
    sources = frozenset(course_ids(site.courses))
    known, unknown = [], []
    for name in sorted(visitor.teaches):
        if COURSE_ID.fullmatch(name) and (name in sources or find_release(site.course_root(name)) is not None):
            known.append(_course(site, name, language, now, has_sources=name in sources))
        else:
            unknown.append(name)
    return TeachingPage(title, tuple(sorted(known, key=lambda each: (-len(each.to_do), each.title))), tuple(unknown))


def _course(site: Site, name: str, language: str, now: datetime, *, has_sources: bool) -> TaughtCourse:
    is_released = find_release(site.course_root(name)) is not None
    insight = INSIGHTS.of(site, name, now=now) if is_released else None
    readiness = course_readiness(site, name, now=now) if has_sources else None
    source = readiness.course.manifest if readiness is not None and readiness.course is not None else None
    manifest = insight.standing.manifest if insight else source
    due = [each.due for each in manifest.assessments if each.due is not None and each.due > now] if manifest else []
    stages = dict(zip(insight.tables["funnel"]["stage"], insight.tables["funnel"]["learners"], strict=True)) if insight else {}
    return TaughtCourse(
        id=name,
        title=manifest.title.in_language(language) if manifest else name,
        version=insight.standing.manifest.version if insight else "",
        learners=int(stages.get("enrolled", 0)),
        handed_in=int(stages.get("handed something in", 0)),
        next_due=min(due, default=None),
        to_do=to_do(insight, readiness),
    )


class TeachingHandler(FacultyHandler):
    """My teaching."""

    @authenticated
    async def get(self) -> None:
        """Show it to whoever is signed in; who teaches nothing is told so."""
        title = self.gettext("My teaching")
        page = await self.compute(teaching_page, self.portal.site, self.require(), self.language, title, self.portal.now())
        self.show("faculty/teach.html", page)
