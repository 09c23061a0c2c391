"""The register as a registrar searches it, by name too; and all that is known of one credential, with its history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from courses.settings import Site
from issuer.ledger import AuditEntry, Credential, Decision, find_credential, open_ledger
from issuer.register import Register, RegisterLine, register_line, register_lines
from issuer.withdrawal import state_of

_IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """Something that was done to a credential, or decided about it."""

    at: datetime
    actor: str
    action: str
    told: str
    """The reason that was given; empty where none was asked."""


@dataclass(frozen=True, slots=True)
class CredentialRecord:
    """One credential as the institution knows it."""

    line: RegisterLine
    name: str
    """As it stands in it; empty where none is shown, or after erasure."""
    title: str
    result: str
    """As it is disclosed; empty if it is not."""
    awarded_on: str
    signed_with: str
    """The key's id."""
    place: str
    """Number of the status list, and place in it."""
    document_sha256: str
    """Only of an erased one."""
    note: str
    """Why it was withdrawn, for the record; empty if it is not."""
    withdrawal_code: str
    history: tuple[HistoryLine, ...]
    waiting: tuple[str, ...]
    """Ids of open decisions about it."""

    @property
    def typed(self) -> str:
        """What somebody types to confirm that they mean this one: the name in it, or the learner's id."""
        return self.name or self.line.learner


def search_register(
    site: Site, search: str, *, now: datetime, course: str = "", state: str = "", expiring: timedelta | None = None
) -> tuple[Register, int]:
    """Return the lines, newest first, whose number, learner, course or name holds every word of the search; and how many there are in all.

    Args:
        expiring: only valid ones whose term ends within this time.
    """
    with open_ledger(site.ledger_url) as session:
        count = session.scalar(select(func.count()).select_from(Credential)) or 0
        found = register_lines(session, now, words=search.split(), course=course or None, state=state or None, expiring_within=expiring)
    return found[::-1], count


def names_of(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return the name that stands in each credential with these ids, empty where none is shown."""
    wanted, found = list(ids), dict[str, str]()
    for start in range(0, len(wanted), _IDS_AT_ONCE):
        query = select(Credential.id, Credential.holder_name).where(Credential.id.in_(wanted[start : start + _IDS_AT_ONCE]))
        found |= {row.id: row.holder_name or "" for row in session.execute(query)}
    return found


def find_record(site: Site, name: str, *, now: datetime) -> CredentialRecord | None:
    """Return all that is known of a credential, None if it was not issued here."""
    with open_ledger(site.ledger_url) as session:
        credential = find_credential(session, name)
        if credential is None:
            return None
        line = register_line(credential, now)
        document: dict[str, Any] = json.loads(credential.document) if credential.document else {}
        decisions = list(session.scalars(select(Decision).where(Decision.credential_id == credential.id)))
        return CredentialRecord(
            line=line,
            name=line.name,
            title=str(document.get("name", "")),
            result=_result(document),
            awarded_on=str(document.get("awardedDate", ""))[:10],
            signed_with=_signed_with(document),
            place=f"{credential.status_list}, {credential.status_index}",
            document_sha256=credential.document_sha256 or "",
            note=(credential.revocation_reason or credential.suspension_note or "") if state_of(credential) != "valid" else "",
            withdrawal_code=credential.withdrawal_code or "",
            history=_history(session, credential.id, [each.id for each in decisions]),
            waiting=tuple(each.id for each in decisions if each.state == "open"),
        )


def find_state(site: Site, name: str, *, now: datetime) -> str | None:
    """Return the state of a credential, one of `issuer.register.STATES`; None if it was not issued here."""
    with open_ledger(site.ledger_url) as session:
        credential = find_credential(session, name)
        return register_line(credential, now).state if credential is not None else None


def _history(session: Session, credential: str, decisions: Sequence[str]) -> tuple[HistoryLine, ...]:
    about = or_(
        AuditEntry.subject == credential, AuditEntry.subject.in_(decisions), AuditEntry.details.contains(credential, autoescape=True)
    )
    return tuple(history_line(each) for each in session.scalars(select(AuditEntry).where(about).order_by(AuditEntry.sequence)))


def history_line(entry: AuditEntry) -> HistoryLine:
    """Return a line of the audit log as people read it. Pure."""
    details = json.loads(entry.details)
    told = next((str(details[name]) for name in ("reason", "why") if details.get(name)), "")
    return HistoryLine(datetime.fromisoformat(entry.at), entry.actor, entry.action, told)


def _result(document: dict[str, Any]) -> str:
    results = document.get("credentialSubject", {}).get("result", [])
    return str(results[0].get("value", "")) if results else ""


def _signed_with(document: dict[str, Any]) -> str:
    proof = document.get("proof", {})
    first = proof[0] if isinstance(proof, list) and proof else proof
    return str(first.get("verificationMethod", "")) if isinstance(first, dict) else ""
