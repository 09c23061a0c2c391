"""Keys and status lists, people and their offices, exports, and the health of the site: pages that only show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tornado.web import authenticated

from courses.catalogue import course_ids
from courses.errors import DiagnosedError
from courses.settings import Site
from portal.grading_service.health import ServiceHealth, read_health
from portal.health_examination import EXAMINATIONS, Examination
from portal.hub.people import FILE_NAME, load_people
from portal.key_overview import KeysOverview, keys_overview
from portal.people_overview import PersonLine, people_lines
from portal.web.office.courses import OfficeCourse, office_courses
from portal.web.office.office_handler import AWARDING, OfficeHandler
from portal.web.portal_site import PortalSite
from portal.web.visitor import Role

KEEPERS = (Role.REGISTRAR, Role.APPROVER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class KeysPage:
    """Keys and status lists."""

    title: str
    overview: KeysOverview


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """People and their offices."""

    title: str
    people: tuple[PersonLine, ...]
    source: str
    """The file that the groups were read from; empty while trying out."""
    hub_admin: str
    """Address of the hub's own page of people; empty without a hub."""
    problem: str


@dataclass(frozen=True, slots=True)
class ExportsPage:
    """What can be taken along."""

    title: str
    courses: tuple[OfficeCourse, ...]


@dataclass(frozen=True, slots=True)
class HealthPage:
    """The machine, the site and the grading service."""

    title: str
    examination: Examination | None
    """None: nobody asked for one since the server was started."""
    service: ServiceHealth
    """The grading service."""


def groups_of_people(portal: PortalSite) -> Mapping[str, Sequence[str]]:
    """Return who is in which group: while trying out as it was chosen, behind a hub as it is told when it starts.

    Raises:
        SettingsError: the site's file of people does not fit.
    """
    if portal.people:
        groups: dict[str, list[str]] = {}
        for person in portal.people:
            for group in person.groups:
                groups.setdefault(group, []).append(person.name)
        return groups
    return load_people(portal.site.root / FILE_NAME, course_ids(portal.site.courses))


def people_page(portal: PortalSite, title: str) -> PeoplePage:
    """Return the page of people."""
    source, admin = "" if portal.people else FILE_NAME, f"{portal.hub_home}admin" if portal.hub_home else ""
    try:
        return PeoplePage(title, people_lines(groups_of_people(portal)), source, admin, "")
    except DiagnosedError as problem:
        return PeoplePage(title, (), source, admin, problem.problem)


def health_page(site: Site, title: str, *, now: datetime, anew: bool) -> HealthPage:
    """Return what `patunay doctor` found last, or finds now if `anew`; and how the grading service is."""
    examination = EXAMINATIONS.examine(site, now=now) if anew else EXAMINATIONS.last(site)
    return HealthPage(title, examination, read_health(site, now=now))


class KeysHandler(OfficeHandler):
    """Keys and status lists."""

    @authenticated
    async def get(self) -> None:
        """Show them."""
        self.require(*KEEPERS)
        overview = await self.compute(keys_overview, self.portal.site, now=self.portal.now())
        self.show("office/keys.html", KeysPage(self.gettext("Keys and status lists"), overview))


class PeopleHandler(OfficeHandler):
    """People and their offices."""

    @authenticated
    async def get(self) -> None:
        """Show them."""
        self.require(Role.ADMIN)
        self.show("office/people.html", await self.compute(people_page, self.portal, self.gettext("People and offices")))


class ExportsHandler(OfficeHandler):
    """What can be taken along."""

    @authenticated
    async def get(self) -> None:
        """Show it."""
        self.require(*AWARDING)
        courses = await self.compute(office_courses, self.portal.site, self.language)
        self.show("office/exports.html", ExportsPage(self.gettext("Exports"), courses))


class HealthHandler(OfficeHandler):
    """The health of the site."""

    @authenticated
    async def get(self) -> None:
        """Show it."""
        self.require(Role.ADMIN)
        anew = bool(self.get_query_argument("examine", ""))
        self.show(
            "office/health.html",
            await self.compute(health_page, self.portal.site, self.gettext("Health"), now=self.portal.now(), anew=anew),
        )
