"""Learners' rights in the ledger: to have what is shown of them erased, to get what is held of them, and that nothing is kept longer than said.

Three layers. The learner's own file stays valid by its signature. What we publish, and the evidence in it, is erased at the holder's wish. The minimal
register (who was awarded what, when, in which batch, its place in the status list, and the SHA-256 of the file) stays, so that the institution can answer
for what it signed. The audit log names credentials and persons who acted; it holds no name, address or score of a learner beyond their id.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from issuer.audit import append_entry, lock_log
from issuer.batches import ISSUED, VOID, require_person
from issuer.decisions import OPEN
from issuer.errors import LedgerError
from issuer.ledger import AuditEntry, Batch, BatchRow, Consent, Credential, Decision, LearnerConsent, RecordLink, SharedPage
from issuer.withdrawal import state_of


@dataclass(frozen=True, slots=True)
class Purged:
    """What retention takes, or took, away."""

    batch_rows: int
    decisions: int


def erase_credential(credential: Credential, session: Session, *, by: str, reason: str, now: datetime) -> bool:
    """Erase a credential's document and what its batch held of the learner; return whether it was there. The caller commits and unpublishes.

    Raises:
        LedgerError: no reason is given.
    """
    actor = require_person(by, "person who erases")
    if not reason.strip():
        raise LedgerError("nothing is erased without a reason", where=credential.id, remedy='Give one with `--reason "…"`.')
    lock_log(session)
    session.refresh(credential)
    if credential.erased_at is not None:
        return False
    credential.document_sha256 = hashlib.sha256(credential.document.encode("utf-8")).hexdigest()
    credential.document, credential.holder_name, credential.erased_at = "", None, now.isoformat()
    query = select(BatchRow).where(BatchRow.batch_id == credential.batch_id, BatchRow.learner == credential.learner)
    for row in session.scalars(query):
        row.content = ""
    for decision in session.scalars(select(Decision).where(Decision.credential_id == credential.id, Decision.state != OPEN)):
        decision.content = "{}"
    for page in session.scalars(select(SharedPage).where(SharedPage.credential_id == credential.id)):
        page.credential_id, page.ended_at = None, now.isoformat()
    details = {"before": "published", "after": "erased", "reason": reason.strip(), "sha256": credential.document_sha256}
    append_entry(session, at=now, actor=actor, action="credential erased", subject=credential.id, details=details)
    return True


def data_of(session: Session, learner: str) -> dict[str, Any]:
    """Return everything that the ledger holds of a learner, as plain values; of the audit log the lines that are about them.

    Raises:
        LedgerError: it holds nothing.
    """
    credentials = list(session.scalars(select(Credential).where(Credential.learner == learner).order_by(Credential.issued_at)))
    consents = list(session.scalars(select(Consent).where(Consent.learner == learner).order_by(Consent.id)))
    rows = list(session.scalars(select(BatchRow).where(BatchRow.learner == learner).order_by(BatchRow.id)))
    decisions = list(session.scalars(select(Decision).where(Decision.learner == learner).order_by(Decision.opened_at)))
    choices = list(session.scalars(select(LearnerConsent).where(LearnerConsent.learner == learner).order_by(LearnerConsent.id)))
    if not (credentials or consents or rows or decisions or choices):
        raise LedgerError(
            f"the ledger holds nothing of {learner!r}", remedy="Take the id as the gradebook has it: `nbgrader db student list`."
        )
    names = [each.id for each in credentials]
    pages = session.scalars(select(SharedPage).where(SharedPage.credential_id.in_(names)).order_by(SharedPage.shared_at))
    links = session.scalars(select(RecordLink).where(RecordLink.learner == learner).order_by(RecordLink.made_at))
    subjects = [learner, *names, *(each.id for each in decisions)]
    query = select(AuditEntry).where(or_(AuditEntry.subject.in_(subjects), AuditEntry.actor == learner)).order_by(AuditEntry.sequence)
    return {
        "learner": learner,
        "credentials": [_plain(each, document=_parsed(each.document), state=state_of(each)) for each in credentials],
        "consents": [_plain(each) for each in consents],
        "batch_rows": [_plain(each, content=_parsed(each.content)) for each in rows],
        "decisions": [_plain(each, content=_parsed(each.content)) for each in decisions],
        "shared_pages": [_plain(each) for each in pages],
        "choices": [_plain(each) for each in choices],
        "record_links": [_plain(each) for each in links],
        "audit_log": [_plain(each, details=_parsed(each.details)) for each in session.scalars(query)],
    }


def purge(session: Session, *, batch_rows_days: int | None, decisions_days: int | None, by: str, now: datetime, dry_run: bool) -> Purged:
    """Take away what the retention settings say is kept no longer; return how much that is. The caller commits.

    Of issued and void batches the rows (addresses, names, scores), of decisions that were taken what was asked. None keeps for ever.
    """
    actor = require_person(by, "person who purges")
    rows: list[BatchRow] = []
    if batch_rows_days is not None:
        before = (now - timedelta(days=batch_rows_days)).isoformat()
        query = select(BatchRow).join(Batch).where(Batch.state.in_([ISSUED, VOID]), Batch.prepared_at < before, BatchRow.content != "")
        rows = list(session.scalars(query))
    decisions: list[Decision] = []
    if decisions_days is not None:
        before = (now - timedelta(days=decisions_days)).isoformat()
        decisions = list(
            session.scalars(select(Decision).where(Decision.state != OPEN, Decision.decided_at < before, Decision.content != "{}"))
        )
    found = Purged(len(rows), len(decisions))
    if dry_run or not (rows or decisions):
        return found
    for row in rows:
        row.content = ""
    for decision in decisions:
        decision.content, decision.note = "{}", None
    details = {"batch_rows": found.batch_rows, "decisions": found.decisions}
    append_entry(session, at=now, actor=actor, action="retention", subject="ledger", details=details)
    return found


def _plain(row: Any, **instead: object) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns} | instead


def _parsed(text: str) -> object:
    return json.loads(text) if text else None
