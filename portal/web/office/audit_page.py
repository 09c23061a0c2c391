"""The audit log: who did what, newest first; to filter, take along, and verify."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from tornado.web import authenticated

from courses.errors import DiagnosedError
from courses.settings import Site
from issuer.audit_anchor import AuditReport
from issuer.ledger import AuditEntry, open_ledger
from portal.governing import verify_audit
from portal.web.listing import PER_PAGE, Asked, Listing
from portal.web.office.office_handler import OfficeHandler
from portal.web.tables import Table
from portal.web.visitor import Role

READERS = (Role.REGISTRAR, Role.APPROVER, Role.ADMIN)
_MOST_EXPORTED = 100_000


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the log."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: tuple[tuple[str, str], ...]
    hash: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """The page."""

    title: str
    lines: Listing[AuditLine]
    actions: tuple[str, ...]
    """That were ever done."""
    report: AuditReport | None
    """None: the chain was not verified now, or it does not hold."""
    problem: str
    """Why it does not hold; empty otherwise."""
    remedy: str


def audit_page(site: Site, asked: Asked, *, verify: bool, title: str) -> AuditPage:
    """Return one page of the log; the whole chain is verified first if `verify`."""
    report, problem, remedy = _verified(site) if verify else (None, "", "")
    with open_ledger(site.ledger_url) as session:
        query = filtered(asked)
        count = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        every = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
        pages = max(1, -(-count // PER_PAGE))
        here = Asked(asked.search, asked.kind, "", min(asked.page, pages), "")
        found = session.scalars(query.offset((here.page - 1) * PER_PAGE).limit(PER_PAGE))
        actions = tuple(session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)))
        return AuditPage(title, Listing(tuple(map(_line, found)), count, every, pages, here), actions, report, problem, remedy)


def filtered(asked: Asked) -> Select[AuditEntry]:
    """Return the query for the lines that fit, newest first: every word stands in the actor, the subject or the details."""
    query = select(AuditEntry).order_by(AuditEntry.sequence.desc())
    for word in asked.search.split():
        columns = (AuditEntry.actor, AuditEntry.subject, AuditEntry.details)
        query = query.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    return query.where(AuditEntry.action == asked.kind) if asked.kind else query


def _verified(site: Site) -> tuple[AuditReport | None, str, str]:
    try:
        return verify_audit(site, []), "", ""
    except DiagnosedError as broken:
        return None, broken.problem, broken.remedy or ""


def _line(entry: AuditEntry) -> AuditLine:
    details = tuple(
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)[:500])
        for name, value in json.loads(entry.details).items()
        if value not in ("", None)
    )
    return AuditLine(entry.sequence, datetime.fromisoformat(entry.at), entry.actor, entry.action, entry.subject, details, entry.hash)


def audit_rows(site: Site, asked: Asked) -> list[tuple[object, ...]]:
    """Return the lines that fit as a table for programs."""
    with open_ledger(site.ledger_url) as session:
        found = session.scalars(filtered(asked).limit(_MOST_EXPORTED))
        return [
            (each.sequence, each.at, each.actor, each.action, each.subject, each.details, each.previous_hash, each.hash) for each in found
        ]


class AuditHandler(OfficeHandler):
    """The log."""

    @authenticated
    async def get(self) -> None:
        """Show it; verifying reads only, so it is a page like any other."""
        self.require(*READERS)
        verify, title = bool(self.get_query_argument("verify", "")), self.gettext("Audit log")
        self.show("office/audit.html", await self.compute(audit_page, self.portal.site, self.asked(), verify=verify, title=title))


class AuditFileHandler(OfficeHandler):
    """The log to take along: what is filtered, on all pages."""

    @authenticated
    async def get(self, form: str) -> None:
        """Send it."""
        self.require(*READERS)
        rows = await self.compute(audit_rows, self.portal.site, self.asked())
        columns = ("line", "at", "actor", "action", "subject", "details", "hash before", "hash")
        await self.send_table(Table(columns, rows), "audit-log", form)
