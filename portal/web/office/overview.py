"""The office's first page: what waits, each with the way to what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tornado.web import authenticated

from issuer.eligibility import Status
from portal.office_tasks import Task, award_tasks, blocked_tasks, review_tasks
from portal.web.office.courses import OfficeCourse, office_courses
from portal.web.office.office_handler import AWARDING, EVERYBODY, OfficeHandler
from portal.web.office.standings import STANDINGS
from portal.web.portal_site import PortalSite
from portal.web.visitor import Role, Visitor

REVIEWING = (Role.QUALITY, Role.REGISTRAR, Role.APPROVER)


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The page."""

    title: str
    tasks: tuple[Task, ...]
    courses: tuple[OfficeCourse, ...]
    """Those whose learners the visitor may look at."""
    counting: tuple[str, ...]
    """Courses whose blocked learners are being counted."""
    titles: Mapping[str, str]
    """By the id of a released course."""


def overview_page(portal: PortalSite, visitor: Visitor, *, now: datetime, language: str, title: str) -> OverviewPage:
    """Return what waits for somebody with the visitor's offices."""
    site, tasks = portal.site, list[Task]()
    counting: list[str] = []
    courses: tuple[OfficeCourse, ...] = ()
    titles = {each.id: each.title for each in office_courses(site, language)}
    if visitor.may(*AWARDING):
        courses, blocked = office_courses(site, language), dict[str, int]()
        for course in courses:
            seen = STANDINGS.counted(site, course.id, portal.workers, now=now)
            if seen is None:
                counting.append(course.id)
            else:
                blocked[course.id] = sum(each.status is Status.BLOCKED for each in seen.standing.eligibility)
        tasks += award_tasks(site, visitor.name, now=now) + blocked_tasks(blocked)
    if visitor.may(*REVIEWING):
        tasks += review_tasks(site, today=site.day_of(now))
    return OverviewPage(title, tuple(tasks), courses, tuple(counting), titles)


class OverviewHandler(OfficeHandler):
    """What waits."""

    @authenticated
    async def get(self) -> None:
        """Show it."""
        visitor = self.require(*EVERYBODY)
        title = self.gettext("Office")
        page = await self.compute(overview_page, self.portal, visitor, now=self.portal.now(), language=self.language, title=title)
        self.show("office/overview.html", page)
