"""The register: one line a credential, of whom, for what, in which state. What a registrar looks at, and exports."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from issuer.ledger import REGISTER_COLUMNS, Credential
from issuer.withdrawal import state_of

STATES = ("valid", "expired", "suspended", "revoked", "replaced")


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One credential."""

    credential: str
    course: str
    version: str
    learner: str
    name: str
    """As it stands in the credential; empty where none is shown, and after erasure."""
    reason: str
    """Why it was issued: `passed the course`, `replaces urn:uuid:…`, `renews urn:uuid:…`."""
    state: str
    issued_at: str
    valid_until: str
    """Empty: it does not expire."""
    withdrawn_because: str
    """The public reason."""
    superseded_by: str
    batch: str
    erased: bool


COLUMNS = tuple(field.name for field in fields(RegisterLine))
_COLUMNS = tuple(getattr(Credential, name) for name in REGISTER_COLUMNS)


def register_lines(
    session: Session, now: datetime, *, course: str | None = None, state: str | None = None, expiring_within: timedelta | None = None
) -> list[RegisterLine]:
    """Return the credentials by time of issue; those of one moment by course and learner.

    Args:
        state: only those in this one of `STATES`.
        expiring_within: only valid ones whose term ends within this time from now.
    """
    query = select(*_COLUMNS).order_by(Credential.issued_at, Credential.id)
    query = query if course is None else query.where(Credential.course == course)
    lines = []
    for row in session.connection().execute(query):
        until = _moment(row.valid_until)
        line = _line(row, until, now)
        ends_soon = until is not None and line.state == "valid" and expiring_within is not None and until <= now + expiring_within
        if (state is None or line.state == state) and (expiring_within is None or ends_soon):
            lines.append(line)
    return sorted(lines, key=lambda line: (line.issued_at, line.course, line.learner))


def register_line(credential: Credential, now: datetime) -> RegisterLine:
    """Return the line of one credential."""
    return _line(credential, _moment(credential.valid_until), now)


def _line(row: Credential | Row[*tuple[Any, ...]], until: datetime | None, now: datetime) -> RegisterLine:
    state = "replaced" if row.superseded_by else state_of(row)
    return RegisterLine(
        credential=row.id,
        course=row.course,
        version=row.version,
        learner=row.learner,
        name=row.holder_name or "",
        reason=row.reason,
        state="expired" if state == "valid" and until is not None and until < now else state,
        issued_at=row.issued_at,
        valid_until=until.isoformat() if until else "",
        withdrawn_because=(row.public_reason or "") if row.revoked_at or row.suspended_at else "",
        superseded_by=row.superseded_by or "",
        batch=row.batch_id,
        erased=row.erased_at is not None,
    )


@lru_cache(maxsize=4096)
def _moment(told: str | None) -> datetime | None:
    """Return the end of a term, in UTC; those of a batch are all the same."""
    return datetime.fromisoformat(told).astimezone(UTC) if told else None
