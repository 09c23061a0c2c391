"""What waits for a second person: regrades that turned a pass into a fail, corrections, renewals, withdrawals of many."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from tornado.web import authenticated

from courses.settings import Site
from issuer.batches import is_same_person
from issuer.decisions import OPEN, REQUESTS, decisions_of
from issuer.ledger import Decision, open_ledger
from portal.credential_register import names_of
from portal.governing import decide
from portal.web.listing import Asked, Listing, paged, selected
from portal.web.office.office_handler import AWARDING, OfficeHandler, chosen
from portal.web.visitor import Role, Visitor


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision."""

    id: str
    kind: str
    """`regrade`, `correction`, `renewal`, `withdrawal`."""
    state: str
    course: str
    learner: str
    number: str
    """Of the credential; empty where it is about several."""
    name: str
    """That stands in the credential."""
    wanted: str
    """A correction's new name; how many and how, of a withdrawal."""
    how: str
    why: str
    opened_by: str
    opened_at: datetime
    decided_by: str
    decided_at: datetime | None
    note: str
    is_own: bool
    """Whether the visitor asked for it and so may not decide it."""


@dataclass(frozen=True, slots=True)
class DecisionsPage:
    """The page."""

    title: str
    lines: Listing[DecisionLine]
    is_open: bool
    """Whether only what waits is shown."""
    may_decide: bool
    done: str


def decision_lines(site: Site, visitor: Visitor, *, only_open: bool) -> list[DecisionLine]:
    """Return the decisions that are no requests, oldest first."""
    two = site.settings.approval.two_person
    with open_ledger(site.ledger_url) as session:
        found = [each for each in decisions_of(session, only_open=only_open) if each.kind not in REQUESTS]
        names = names_of(session, [each.credential_id for each in found if each.credential_id])
    return [_line(each, names.get(each.credential_id, ""), is_own=two and is_same_person(visitor.name, each.opened_by)) for each in found]


def _line(decision: Decision, name: str, *, is_own: bool) -> DecisionLine:
    content = json.loads(decision.content)
    return DecisionLine(
        id=decision.id,
        kind=decision.kind,
        state=decision.state,
        course=decision.course,
        learner=decision.learner,
        number=decision.credential_id.removeprefix("urn:uuid:"),
        name=name,
        wanted=str(content.get("name") or len(content.get("credentials", ())) or ""),
        how=str(content.get("how", "")),
        why=str(content.get("why") or content.get("reason") or content.get("note") or ""),
        opened_by=decision.opened_by,
        opened_at=datetime.fromisoformat(decision.opened_at),
        decided_by=decision.decided_by or "",
        decided_at=datetime.fromisoformat(decision.decided_at) if decision.decided_at else None,
        note=decision.note or "",
        is_own=is_own,
    )


def decisions_page(site: Site, asked: Asked, visitor: Visitor, *, only_open: bool, title: str, done: str) -> DecisionsPage:
    """Return the page; what was decided newest first."""
    lines = decision_lines(site, visitor, only_open=only_open)
    if not only_open:
        lines = [each for each in reversed(lines) if each.state != OPEN]
    found = selected(
        lines, asked, words=lambda each: f"{each.id} {each.learner} {each.name} {each.course}", kind=lambda each: each.kind, columns={}
    )
    return DecisionsPage(title, paged(found, asked, of=len(lines)), only_open, visitor.may(Role.APPROVER), done)


class DecisionsHandler(OfficeHandler):
    """The decisions."""

    @authenticated
    async def get(self) -> None:
        """Show them."""
        visitor = self.require(*AWARDING)
        page = await self.compute(
            decisions_page,
            self.portal.site,
            self.asked(),
            visitor,
            only_open=not self.get_query_argument("all", ""),
            title=self.gettext("Decisions"),
            done=self.get_query_argument("done", ""),
        )
        self.show("office/decisions.html", page)


class DecideHandler(OfficeHandler):
    """Taking one."""

    @authenticated
    async def post(self, name: str) -> None:
        """Grant or refuse, in the visitor's name; the core refuses who asked for it, and whoever comes second."""
        visitor = self.require(Role.APPROVER)
        granted = chosen(self.get_body_argument("answer", ""), ("grant", "refuse")) == "grant"
        await self.compute(
            decide, self.portal.site, name, granted=granted, reason=self.told("note"), by=visitor.name, now=self.portal.now()
        )
        self.done("decisions", what="granted" if granted else "refused")
