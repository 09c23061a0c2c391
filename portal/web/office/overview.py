"""The office's first page: what waits, each with the way to what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tornado.web import authenticated

from courses.errors import DiagnosedError
from courses.settings import Site
from issuer.eligibility import Status
from portal.office_tasks import Task, award_tasks, blocked_tasks, review_tasks
from portal.web.office.courses import OfficeCourse, office_courses
from portal.web.office.office_handler import AWARDING, EVERYBODY, OfficeHandler
from portal.web.office.standings import STANDINGS
from portal.web.visitor import Role, Visitor

REVIEWING = (Role.QUALITY, Role.REGISTRAR, Role.APPROVER)


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The page."""

    title: str
    tasks: tuple[Task, ...]
    courses: tuple[OfficeCourse, ...]
    """Those whose learners the visitor may look at."""
    unreadable: tuple[tuple[str, str], ...]
    """Courses whose results cannot be read, each with why."""


def overview_page(site: Site, visitor: Visitor, *, now: datetime, language: str, title: str) -> OverviewPage:
    """Return what waits for somebody with the visitor's offices."""
    tasks: list[Task] = []
    unreadable: list[tuple[str, str]] = []
    courses: tuple[OfficeCourse, ...] = ()
    if visitor.may(*AWARDING):
        courses, blocked = office_courses(site, language), dict[str, int]()
        for course in courses:
            try:
                standing = STANDINGS.of(site, course.id, now=now).standing
            except DiagnosedError as problem:
                unreadable.append((course.id, problem.problem))
                continue
            blocked[course.id] = sum(each.status is Status.BLOCKED for each in standing.eligibility)
        tasks += award_tasks(site, visitor.name, now=now) + blocked_tasks(blocked)
    if visitor.may(*REVIEWING):
        tasks += review_tasks(site, today=now.date())
    return OverviewPage(title, tuple(tasks), courses, tuple(unreadable))


class OverviewHandler(OfficeHandler):
    """What waits."""

    @authenticated
    async def get(self) -> None:
        """Show it."""
        visitor = self.require(*EVERYBODY)
        title = self.gettext("Office")
        page = await self.compute(overview_page, self.portal.site, visitor, now=self.portal.now(), language=self.language, title=title)
        self.show("office/overview.html", page)
