"""The register: one line a credential, of whom, for what, in which state. What a registrar looks at, and exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, overload

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
_Row = Row[*tuple[Any, ...]]
_COLUMNS = tuple(getattr(Credential, name) for name in REGISTER_COLUMNS)


class Register(Sequence[RegisterLine]):
    """Credentials in an order. A line is made where it is looked at: of a hundred thousand most never are."""

    def __init__(self, rows: Sequence[_Row], now: datetime) -> None:
        self._rows, self._now = rows, now

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> RegisterLine: ...

    @overload
    def __getitem__(self, place: slice) -> Register: ...

    def __getitem__(self, place: int | slice) -> RegisterLine | Register:
        return Register(self._rows[place], self._now) if isinstance(place, slice) else register_line(self._rows[place], self._now)


def register_lines(
    session: Session,
    now: datetime,
    *,
    words: Sequence[str] = (),
    course: str | None = None,
    state: str | None = None,
    expiring_within: timedelta | None = None,
) -> Register:
    """Return the credentials by time of issue; those of one moment by course and learner.

    Args:
        words: only those whose number, learner, course or name holds each of these, in whichever letters.
        state: only those in this one of `STATES`.
        expiring_within: only valid ones whose term ends within this time from now.
    """
    query = select(*_COLUMNS).order_by(Credential.issued_at, Credential.course, Credential.learner, Credential.id)
    query = query if course is None else query.where(Credential.course == course)
    rows: Sequence[_Row] = session.connection().execute(query).all()
    if wanted := [word.casefold() for word in words]:
        rows = [row for row in rows if _holds(row, wanted)]
    if expiring_within is not None:
        end = now + expiring_within
        rows = [row for row in rows if _state(row, now) == "valid" and (until := _moment(row.valid_until)) is not None and until <= end]
    if state is not None:
        rows = [row for row in rows if _state(row, now) == state]
    return Register(rows, now)


def _holds(row: _Row, words: Sequence[str]) -> bool:
    text = f"{row.id} {row.learner} {row.course} {row.holder_name or ''}".casefold()
    return all(word in text for word in words)


def _state(row: Credential | _Row, now: datetime) -> str:
    state = "replaced" if row.superseded_by else state_of(row)
    until = _moment(row.valid_until) if state == "valid" else None
    return "expired" if until is not None and until < now else state


def register_line(row: Credential | _Row, now: datetime) -> RegisterLine:
    """Return the line of one credential, or of a row with its columns."""
    until = _moment(row.valid_until)
    return RegisterLine(
        credential=row.id,
        course=row.course,
        version=row.version,
        learner=row.learner,
        name=row.holder_name or "",
        reason=row.reason,
        state=_state(row, now),
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
