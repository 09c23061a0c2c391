"""One batch: who prepared it, what it holds, what stands out; approving, returning with a note, issuing with progress."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated

from courses.settings import Site
from issuer.award_rows import AwardRow
from issuer.batches import APPROVED, ISSUED, ISSUING, PREPARED, is_same_person
from issuer.certificate_words import Language
from issuer.errors import BatchError
from portal.awarding import approve, batch_rows, send_back
from portal.batch_review import BatchReview, find_batch_facts, review_batch
from portal.issuing_jobs import is_issuing, said_by_issuing, start_issuing
from portal.sample_certificates import sample_certificate
from portal.web.listing import Asked, Listing, paged, selected
from portal.web.office.office_handler import AWARDING, OfficeHandler
from portal.web.office.standings import STANDINGS
from portal.web.tables import Table
from portal.web.visitor import Role, Visitor

_MOST_NAMED = 50
_LOOK_AGAIN_S = 1.0
_LONGEST_WATCH_S = 1800
DONE = ("prepared", "approved", "returned", "started", "working")


@dataclass(frozen=True, slots=True)
class Notable:
    """Something that stands out, with the first learners whom it is about."""

    code: str
    count: int
    learners: tuple[tuple[str, str], ...]
    """Learner and, where there is more to say, what."""


@dataclass(frozen=True, slots=True)
class BatchPage:
    """The page."""

    title: str
    review: BatchReview
    notable: tuple[Notable, ...]
    lines: Listing[AwardRow]
    sample: str
    """A learner whose certificate is looked at first; empty if there is none."""
    works: bool
    """Whether a process issues it now."""
    said: str
    """What the last such process said."""
    may_approve: bool
    prepared_it: bool
    """Whether the visitor prepared it and another person has to approve it."""
    is_approver: bool
    may_return: bool
    may_issue: bool
    done: str


def batch_page(site: Site, name: str, asked: Asked, visitor: Visitor, *, title: str, done: str, now: datetime) -> BatchPage:
    """Return the page of one batch, as the visitor may use it."""
    review = review_batch(site, name, read=lambda where, course: STANDINGS.of(where, course, now=now).standing)
    facts = review.facts
    lines = selected(
        review.rows,
        asked,
        words=lambda row: f"{row.learner} {row.name or ''} {row.email}",
        kind=lambda _row: "",
        columns={"learner": lambda row: row.learner, "overall": lambda row: row.overall},
    )
    works = is_issuing(site, facts.id)
    own = review.needs_two and is_same_person(visitor.name, facts.prepared_by)
    is_approver, is_registrar = visitor.may(Role.APPROVER), visitor.may(Role.REGISTRAR)
    return BatchPage(
        title=title,
        review=review,
        notable=tuple(
            Notable(each.code, len(each.learners), tuple((who, each.detail.get(who, "")) for who in each.learners[:_MOST_NAMED]))
            for each in review.anomalies
        ),
        lines=paged(lines, asked, of=len(review.rows)),
        sample=min(review.rows, key=lambda row: row.overall).learner if review.rows else "",
        works=works,
        said=said_by_issuing(site, facts.id) if facts.state in {ISSUING, ISSUED, APPROVED, "void"} else "",
        may_approve=facts.state == PREPARED and is_approver and not own and not review.is_altered,
        prepared_it=facts.state == PREPARED and own,
        is_approver=is_approver,
        may_return=facts.state in {PREPARED, APPROVED} and not works and (is_approver or (is_registrar and own)),
        may_issue=facts.state in {APPROVED, ISSUING} and is_registrar and not works,
        done=done,
    )


class BatchHandler(OfficeHandler):
    """One batch."""

    @authenticated
    async def get(self, name: str) -> None:
        """Show it."""
        visitor = self.require(*AWARDING)
        done = self.get_query_argument("done", "")
        page = await self.batch(
            batch_page, self.portal.site, name, self.asked(), visitor, title=self.gettext("Batch"), done=done, now=self.portal.now()
        )
        self.show("office/batch.html", page)

    async def batch(self, work: Callable[..., object], *arguments: object, **named: object) -> object:
        """Return what `work` returns.

        Raises:
            HTTPError: 404: there is no such batch.
        """
        await self.compute(self._require_batch, str(arguments[1]))
        return await self.compute(work, *arguments, **named)

    def _require_batch(self, name: str) -> None:
        try:
            find_batch_facts(self.portal.site, name)
        except BatchError as none:
            raise HTTPError(404) from none


class ApproveHandler(OfficeHandler):
    """Approving."""

    @authenticated
    async def post(self, name: str) -> None:
        """Approve the batch in the visitor's name; the core refuses who prepared it, and what has changed."""
        visitor = self.require(Role.APPROVER)
        if self.get_body_argument("looked", "") != "yes":
            raise HTTPError(400)
        batch, _ = await self.compute(approve, self.portal.site, name, by=visitor.name, now=self.portal.now())
        self.done("batches", batch, what="approved")


class ReturnHandler(OfficeHandler):
    """Giving back."""

    @authenticated
    async def post(self, name: str) -> None:
        """Return the batch with a note: an approver any, a registrar what they prepared themselves."""
        visitor, note = self.require(*AWARDING), self.told("note")
        facts = await self.compute(find_batch_facts, self.portal.site, name)
        if not visitor.may(Role.APPROVER) and not is_same_person(visitor.name, facts.prepared_by):
            raise HTTPError(403)
        await self.compute(send_back, self.portal.site, facts.id, by=visitor.name, note=note, now=self.portal.now())
        self.done("batches", facts.id, what="returned")


class IssueHandler(OfficeHandler):
    """Issuing, in a process of its own."""

    @authenticated
    async def post(self, name: str) -> None:
        """Start it, unless it runs already. Only what is approved; the core checks that again."""
        self.require(Role.REGISTRAR)
        facts = await self.compute(find_batch_facts, self.portal.site, name)
        if facts.state not in {APPROVED, ISSUING, ISSUED}:
            raise BatchError(f"this batch is {facts.state}, not approved", where=facts.id, remedy=self.gettext("Have it approved first."))
        started = await self.compute(start_issuing, self.portal.site, facts.id)
        self.done("batches", facts.id, what="started" if started else "working")


class BatchEventsHandler(OfficeHandler):
    """Tells a page's script how far issuing is, so that it shows it anew."""

    is_live = True

    @authenticated
    async def get(self, name: str) -> None:
        """Send an event for each change, and one at the end."""
        self.require(*AWARDING)
        batch = (await self.compute(find_batch_facts, self.portal.site, name)).id
        self.set_header("Content-Type", "text/event-stream")
        before = ""
        for _ in range(int(_LONGEST_WATCH_S / _LOOK_AGAIN_S)):
            works, told = await self.compute(_how_far, self.portal.site, batch)
            event = "" if told == before else "event: changed\ndata: \n\n" if before else ": watching\n\n"
            before = told
            try:
                self.write(event or ": \n\n")
                if not works:
                    self.write("event: done\ndata: \n\n")
                await self.flush()
            except StreamClosedError:
                return
            if not works:
                return
            await asyncio.sleep(_LOOK_AGAIN_S)


def _how_far(site: Site, batch: str) -> tuple[bool, str]:
    facts = find_batch_facts(site, batch)
    return is_issuing(site, batch), f"{facts.state} {facts.credentials}"


class SampleHandler(OfficeHandler):
    """The certificate of one learner, as it would look."""

    @authenticated
    async def get(self, name: str) -> None:
        """Send the PDF, marked as a sample."""
        self.require(*AWARDING)
        learner, language = self.get_query_argument("learner", ""), cast(Language, self.language)
        content = await self.compute(sample_certificate, self.portal.site, name, learner, language=language, now=self.portal.now())
        self.send_file(content, "sample-certificate.pdf", "application/pdf", inline=True)


class BatchFileHandler(OfficeHandler):
    """The rows of a batch to take along."""

    @authenticated
    async def get(self, name: str, form: str) -> None:
        """Send them."""
        self.require(*AWARDING)
        rows = await self.compute(batch_rows, self.portal.site, name)
        facts = await self.compute(find_batch_facts, self.portal.site, name)
        outcomes = [outcome for outcome, _ in rows[0].outcomes] if rows else []
        lines = [
            (
                row.learner,
                row.name or "",
                row.email,
                round(100 * row.overall, 2),
                *(round(100 * dict(row.outcomes)[each], 2) for each in outcomes),
            )
            for row in rows
        ]
        columns = ("learner", "name shown", "e-mail", "score %", *(f"{each} %" for each in outcomes))
        await self.send_table(Table(columns, lines), f"batch-{facts.id[:8]}", form)
