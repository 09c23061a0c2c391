"""The register: one line a credential, of whom, for what, in which state. What a registrar looks at, and exports."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.ledger import Credential
from issuer.proof import parse_timestamp
from issuer.withdrawal import state_of

STATES = ("valid", "expired", "suspended", "revoked", "replaced")


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One credential."""

    credential: str
    course: str
    version: str
    learner: str
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


def register_lines(
    session: Session, now: datetime, *, course: str | None = None, state: str | None = None, expiring_within: timedelta | None = None
) -> list[RegisterLine]:
    """Return the credentials by time of issue.

    Args:
        state: only those in this one of `STATES`.
        expiring_within: only valid ones whose term ends within this time from now.
    """
    query = select(Credential).order_by(Credential.issued_at, Credential.id)
    query = query if course is None else query.where(Credential.course == course)
    lines = []
    for credential in session.scalars(query.execution_options(yield_per=500)):
        until = _valid_until(credential)
        line = _line(credential, until, now)
        ends_soon = until is not None and line.state == "valid" and expiring_within is not None and until <= now + expiring_within
        if (state is None or line.state == state) and (expiring_within is None or ends_soon):
            lines.append(line)
    return lines


def register_line(credential: Credential, now: datetime) -> RegisterLine:
    """Return the line of one credential."""
    return _line(credential, _valid_until(credential), now)


def _line(credential: Credential, until: datetime | None, now: datetime) -> RegisterLine:
    state = "replaced" if credential.superseded_by else state_of(credential)
    return RegisterLine(
        credential=credential.id,
        course=credential.course,
        version=credential.version,
        learner=credential.learner,
        reason=credential.reason,
        state="expired" if state == "valid" and until is not None and until < now else state,
        issued_at=credential.issued_at,
        valid_until=until.isoformat() if until else "",
        withdrawn_because=(credential.public_reason or "") if credential.is_withdrawn else "",
        superseded_by=credential.superseded_by or "",
        batch=credential.batch_id,
        erased=credential.erased_at is not None,
    )


def _valid_until(credential: Credential) -> datetime | None:
    if credential.valid_until:
        return datetime.fromisoformat(credential.valid_until)
    if not credential.document:
        return None
    told = json.loads(credential.document).get("validUntil")
    return parse_timestamp(told) if told else None
