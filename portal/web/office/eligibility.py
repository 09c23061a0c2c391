"""Who of a course may have the credential, and why: a table with reasons, to filter, search, sort and take along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tornado.web import authenticated

from courses.settings import Site
from issuer.eligibility import Status
from issuer.ledger import credentials_of, open_ledger
from portal.batch_review import BatchFacts, batches_of
from portal.web.course_titles import titles_in
from portal.web.listing import Asked, Listing, paged, selected
from portal.web.office.office_handler import AWARDING, OfficeHandler
from portal.web.office.standings import STANDINGS
from portal.web.tables import Table
from portal.web.visitor import Role

_OPEN = ("prepared", "approved", "issuing")


@dataclass(frozen=True, slots=True)
class LearnerLine:
    """One learner."""

    learner: str
    name: str
    status: str
    overall: float
    reasons: tuple[str, ...]
    has_credential: bool


@dataclass(frozen=True, slots=True)
class EligibilityPage:
    """The page."""

    title: str
    course: str
    version: str
    needed: float
    as_of: datetime
    counts: dict[str, int]
    """Learners by status."""
    lines: Listing[LearnerLine]
    open_batches: tuple[BatchFacts, ...]
    may_prepare: bool
    titles: Mapping[str, str]
    """Of the course, English to the page's language: reasons name them."""


def learner_lines(site: Site, course: str, *, now: datetime, anew: bool = False) -> list[LearnerLine]:
    """Return a line for each learner of the gradebook, by id."""
    standing = STANDINGS.of(site, course, now=now, anew=anew).standing
    with open_ledger(site.ledger_url) as session:
        holders = {each.learner for each in credentials_of(session, course) if each.revoked_at is None}
    return [
        LearnerLine(
            learner=each.learner,
            name=(known.name or "") if (known := standing.learners.get(each.learner)) else "",
            status=each.status.value,
            overall=each.overall,
            reasons=tuple(reason.text for reason in each.reasons),
            has_credential=each.learner in holders,
        )
        for each in standing.eligibility
    ]


def chosen_lines(lines: list[LearnerLine], asked: Asked) -> list[LearnerLine]:
    """Return the lines that fit what is asked, sorted. Pure."""
    return selected(
        lines,
        asked,
        words=lambda line: f"{line.learner} {line.name}",
        kind=lambda line: line.status,
        columns={
            "learner": lambda line: line.learner,
            "name": lambda line: line.name.casefold(),
            "status": lambda line: line.status,
            "overall": lambda line: line.overall,
        },
    )


def eligibility_page(
    site: Site, course: str, asked: Asked, language: str, *, now: datetime, anew: bool, may_prepare: bool
) -> EligibilityPage:
    """Return the page of a released course."""
    lines = learner_lines(site, course, now=now, anew=anew)
    seen = STANDINGS.of(site, course, now=now)
    return EligibilityPage(
        title=seen.standing.manifest.title.in_language(language),
        course=course,
        version=seen.standing.manifest.version,
        needed=seen.standing.manifest.pass_rule.overall,
        as_of=seen.at,
        counts={status.value: sum(line.status == status.value for line in lines) for status in Status},
        lines=paged(chosen_lines(lines, asked), asked, of=len(lines)),
        open_batches=tuple(each for each in batches_of(site, course=course) if each.state in _OPEN),
        may_prepare=may_prepare,
        titles=titles_in(seen.standing.manifest, language),
    )


class EligibilityHandler(OfficeHandler):
    """Who may have the credential."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show the table."""
        visitor = self.require(*AWARDING)
        page = await self.compute(
            eligibility_page,
            self.portal.site,
            self.released(course),
            self.asked(),
            self.language,
            now=self.portal.now(),
            anew=bool(self.get_query_argument("anew", "")),
            may_prepare=visitor.may(Role.REGISTRAR),
        )
        self.show("office/eligibility.html", page)


class EligibilityFileHandler(OfficeHandler):
    """The same table to take along: what is filtered, on all pages."""

    @authenticated
    async def get(self, course: str, form: str) -> None:
        """Send it."""
        self.require(*AWARDING)
        lines = await self.compute(learner_lines, self.portal.site, self.released(course), now=self.portal.now())
        rows = [
            (
                each.learner,
                each.name,
                each.status,
                round(100 * each.overall, 2),
                " ".join(each.reasons),
                "yes" if each.has_credential else "no",
            )
            for each in chosen_lines(lines, self.asked())
        ]
        await self.send_table(
            Table(("learner", "name", "status", "score %", "why", "has a credential"), rows), f"{course}-eligibility", form
        )
