"""The dry run of a batch: what it would hold, how that differs from what is issued, and the form that prepares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tornado.web import authenticated

from courses.release import load_released_manifest
from courses.settings import Site
from portal.awarding import Prepared, check, prepare
from portal.web.course_titles import titles_in
from portal.web.office.office_handler import AWARDING, OfficeHandler
from portal.web.tables import Table
from portal.web.visitor import Role

MOST_SHOWN = 100
"""Learners of a kind that the page names; the file names all."""


@dataclass(frozen=True, slots=True)
class Part:
    """Learners of one kind."""

    what: str
    """`new`, `already issued`, `withdrawn before`, `incomplete`, `changed score`, `changed name`, `would be withdrawn`."""
    count: int
    lines: tuple[tuple[str, str, str], ...]
    """The first of them: learner, as issued, as it is now (or why)."""


@dataclass(frozen=True, slots=True)
class CheckPage:
    """The page."""

    title: str
    course: str
    content_hash: str
    parts: tuple[Part, ...]
    new: int
    may_prepare: bool
    titles: Mapping[str, str]
    """Of the course, English to the page's language: reasons name them."""


def parts_of(checked: Prepared) -> tuple[Part, ...]:
    """Return the findings by kind, those of nobody too. Pure."""
    kinds = ("new", "already issued", "withdrawn before", "incomplete", "changed score", "changed name", "would be withdrawn")
    lines: dict[str, list[tuple[str, str, str]]] = {kind: [] for kind in kinds}
    for learner, what, before, now in checked.lines():
        lines[what].append((learner, _plain(before), _plain(now)))
    return tuple(Part(kind, len(lines[kind]), tuple(lines[kind][:MOST_SHOWN])) for kind in kinds)


def _plain(value: object) -> str:
    return f"{int(value * 10_000 + 1e-9) / 100:g} %" if isinstance(value, float) else str(value)


def check_page(site: Site, course: str, language: str, *, now: datetime, title: str, may_prepare: bool) -> CheckPage:
    """Return what a batch of the course would hold."""
    checked, titles = check(site, course, now=now), titles_in(load_released_manifest(site.course_root(course)), language)
    return CheckPage(title, course, checked.content_hash, parts_of(checked), len(checked.new), may_prepare, titles)


class CheckHandler(OfficeHandler):
    """What a batch would hold, and the form that prepares it."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show it; nothing is written."""
        visitor = self.require(*AWARDING)
        page = await self.compute(
            check_page,
            self.portal.site,
            self.released(course),
            self.language,
            now=self.portal.now(),
            title=self.gettext("What a batch would hold"),
            may_prepare=visitor.may(Role.REGISTRAR),
        )
        self.show("office/check.html", page)

    @authenticated
    async def post(self, course: str) -> None:
        """Prepare the batch, in the visitor's name."""
        visitor = self.require(Role.REGISTRAR)
        prepared = await self.compute(prepare, self.portal.site, self.released(course), by=visitor.name, now=self.portal.now())
        if prepared.batch is None:
            self.done("courses", course, "check", what="nobody")  # it says so
        else:
            self.done("batches", prepared.batch, what="prepared")


class CheckFileHandler(OfficeHandler):
    """The dry run to take along."""

    @authenticated
    async def get(self, course: str, form: str) -> None:
        """Send it."""
        self.require(*AWARDING)
        checked = await self.compute(check, self.portal.site, self.released(course), now=self.portal.now())
        await self.send_table(Table(("learner", "what", "as issued", "now"), checked.lines()), f"{course}-check", form)
