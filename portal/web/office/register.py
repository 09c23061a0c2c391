"""The register: every credential, to search by name, id, number, course and state, and to take along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tornado.web import authenticated

from courses.catalogue import course_ids
from courses.settings import Site
from issuer.register import COLUMNS, STATES, RegisterLine
from portal.credential_register import search_register
from portal.office_tasks import EXPIRING
from portal.web.listing import Asked, Listing, paged
from portal.web.office.office_handler import AWARDING, OfficeHandler
from portal.web.tables import Table
from portal.web.visitor import Role

SOON = "expiring"
"""Instead of a state: valid, and ending soon."""


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A line, with its times as times."""

    line: RegisterLine

    @property
    def name(self) -> str:
        """The name that stands in the credential; empty where none is shown."""
        return self.line.name

    @property
    def number(self) -> str:
        """The credential's number, without `urn:uuid:`."""
        return self.line.credential.removeprefix("urn:uuid:")

    @property
    def issued_at(self) -> datetime:
        """When it was issued."""
        return datetime.fromisoformat(self.line.issued_at)

    @property
    def valid_until(self) -> datetime | None:
        """When it ends; None: it does not."""
        return datetime.fromisoformat(self.line.valid_until) if self.line.valid_until else None


@dataclass(frozen=True, slots=True)
class RegisterPage:
    """The page."""

    title: str
    lines: Listing[NamedLine]
    courses: tuple[str, ...]
    may_withdraw: bool
    done: str


def found_lines(site: Site, asked: Asked, *, now: datetime) -> tuple[Sequence[RegisterLine], int]:
    """Return the lines that fit what is asked, newest first or as sorted; and how many there are in all."""
    state = asked.kind if asked.kind in STATES else ""
    within = EXPIRING if asked.kind == SOON else None
    lines, count = search_register(site, asked.search, now=now, course=asked.course, state=state, expiring=within)
    columns = {"learner": "learner", "course": "course", "state": "state", "issued": "issued_at", "until": "valid_until"}
    if (column := columns.get(asked.sort.removeprefix("-"))) is not None:
        return sorted(lines, key=lambda line: str(getattr(line, column)), reverse=asked.sort.startswith("-")), count
    return lines, count


def register_page(site: Site, asked: Asked, *, now: datetime, title: str, may_withdraw: bool, done: str) -> RegisterPage:
    """Return one page of the register."""
    lines, count = found_lines(site, asked, now=now)
    listing = paged(lines, asked, of=count)
    named = tuple(NamedLine(each) for each in listing.rows)
    return RegisterPage(
        title, Listing(named, listing.found, listing.all, listing.pages, listing.asked), tuple(course_ids(site.courses)), may_withdraw, done
    )


class RegisterHandler(OfficeHandler):
    """The register."""

    @authenticated
    async def get(self) -> None:
        """Show it."""
        visitor = self.require(*AWARDING)
        page = await self.compute(
            register_page,
            self.portal.site,
            self.asked(),
            now=self.portal.now(),
            title=self.gettext("Register of credentials"),
            may_withdraw=visitor.may(Role.REGISTRAR),
            done=self.get_query_argument("done", ""),
        )
        self.show("office/register.html", page)


class RegisterFileHandler(OfficeHandler):
    """The register to take along: what is found, on all pages."""

    @authenticated
    async def get(self, form: str) -> None:
        """Send it."""
        self.require(*AWARDING)
        lines, _ = await self.compute(found_lines, self.portal.site, self.asked(), now=self.portal.now())
        columns = ("name", *(each for each in COLUMNS if each != "name"))
        rows = [tuple(str(getattr(each, column)) for column in columns) for each in lines]
        await self.send_table(Table(columns, rows), "register", form)
