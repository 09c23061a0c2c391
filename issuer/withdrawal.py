"""Revoking for good, suspending for a while, reinstating: always by a named person, with a reason for the record and one for the public.

Rules:
1. What is revoked stays revoked. What is suspended is reinstated or revoked.
2. The public reason is a sentence of `REASONS`, or the institution's own; the note stays in the ledger.
3. Nothing is published here; publish the status lists afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from issuer.audit import append_entry, lock_log
from issuer.batches import require_person
from issuer.errors import LedgerError
from issuer.ledger import Credential, find_credential
from issuer.withdrawal_notice import REVOKED, SUSPENDED, Notice

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "error": "It was issued by mistake.",
        "result-changed": "The result that it rests on was changed.",
        "integrity": "The institution withdrew the award after an inquiry.",
        "inquiry": "The institution is looking into the award.",
        "holder": "The holder asked for it.",
        "replaced": "A corrected credential has taken its place.",
        "other": "Ask the institution.",
    }
)
"""Reason codes, with what the public is told."""
_DONE: Mapping[str, str] = MappingProxyType({"revoke": "credential revoked", "suspend": "credential suspended"})
"""What the log says, by how it was withdrawn."""
_LONGEST_PUBLIC = 300
_READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """How and why credentials are withdrawn."""

    how: Literal["revoke", "suspend"]
    code: str
    note: str
    """For the record; never published."""
    public_reason: str = ""
    """What the public is told; empty: the sentence of the code."""

    @property
    def told(self) -> str:
        """What the public is told."""
        return self.public_reason or REASONS[self.code]


def require_reasons(what: Withdrawal) -> None:
    """Return if everything is said that has to be.

    Raises:
        LedgerError: no note is given, the code is unknown, or the public reason cannot be published.
    """
    if not what.note.strip():
        raise LedgerError("a credential is not withdrawn without a reason", where="reason", remedy='Give one with `--reason "…"`.')
    if what.code not in REASONS:
        raise LedgerError(f"there is no reason code {what.code!r}", where="code", remedy=f"Choose one of {', '.join(REASONS)}.")
    if len(what.told) > _LONGEST_PUBLIC or not what.told.isprintable():
        raise LedgerError(
            f"the public reason is longer than {_LONGEST_PUBLIC} characters, or holds a line break",
            where="public reason",
            remedy="Say it in one or two sentences.",
        )


def load_credentials(session: Session, names: Sequence[str], where: str) -> list[Credential]:
    """Return the credentials with these ids, each once, in the order given.

    Raises:
        LedgerError: one of them was not issued here; all such are named.
    """
    found = {name: find_credential(session, name) for name in names}
    missing = [name for name, credential in found.items() if credential is None]
    if missing:
        raise LedgerError(
            f"no credential {', '.join(map(repr, missing[:20]))} was issued here",
            where=where,
            remedy="Take its id from the file (`id`), or see `patunay batch show` and `patunay register`.",
        )
    return list({credential.id: credential for credential in found.values() if credential is not None}.values())


def changes(credential: Credential, what: Withdrawal) -> bool:
    """Whether withdrawing it so would change anything."""
    return credential.revoked_at is None and not (what.how == "suspend" and credential.suspended_at is not None)


def withdraw(credentials: Sequence[Credential], session: Session, what: Withdrawal, *, by: str, now: datetime) -> int:
    """Withdraw those that are not withdrawn so yet, and return how many; the caller commits.

    Raises:
        LedgerError: a reason is missing or unknown.
        BatchError: `by` is no name.
    """
    actor = require_person(by, "person who revokes")
    require_reasons(what)
    lock_log(session)
    names = [each.id for each in credentials]
    for start in range(0, len(names), _READ_AT_ONCE):  # as they are now: another process may have withdrawn some
        some = Credential.id.in_(names[start : start + _READ_AT_ONCE])
        session.scalars(select(Credential).where(some).execution_options(populate_existing=True)).all()
    count = 0
    for credential in credentials:
        if not changes(credential, what):
            continue
        before = state_of(credential)
        if what.how == "revoke":
            credential.revoked_at, credential.revoked_by, credential.revocation_reason = now.isoformat(), actor, what.note.strip()
        else:
            credential.suspended_at, credential.suspended_by, credential.suspension_note = now.isoformat(), actor, what.note.strip()
        credential.withdrawal_code, credential.public_reason = what.code, what.told
        details = {
            "before": before, "after": state_of(credential), "code": what.code, "reason": what.note.strip(), "public_reason": what.told,
        }  # fmt: skip
        append_entry(session, at=now, actor=actor, action=_DONE[what.how], subject=credential.id, details=details)
        count += 1
    return count


def revoke_credential(
    credential: Credential, session: Session, *, by: str, reason: str, now: datetime, code: str = "other", public_reason: str = ""
) -> bool:
    """Withdraw one credential for good and commit; return whether it was not revoked before.

    Raises:
        LedgerError: no reason is given.
    """
    done = withdraw([credential], session, Withdrawal("revoke", code, reason, public_reason), by=by, now=now)
    session.commit()
    return done == 1


def reinstate(credential: Credential, session: Session, *, by: str, reason: str, now: datetime) -> bool:
    """End a suspension; return whether there was one. The caller commits.

    Raises:
        LedgerError: it is revoked, which is for good; or no reason is given.
    """
    actor = require_person(by, "person who reinstates")
    lock_log(session)
    session.refresh(credential)
    if credential.revoked_at is not None:
        raise LedgerError(
            "what is revoked stays revoked", where=credential.id, remedy="Award it again in a new way, such as a correction or a renewal."
        )
    if not reason.strip():
        raise LedgerError("a suspension does not end without a reason", where=credential.id, remedy='Give one with `--reason "…"`.')
    if credential.suspended_at is None:
        return False
    details = {"before": SUSPENDED, "after": "valid", "reason": reason.strip(), "suspended_at": credential.suspended_at}
    credential.suspended_at = credential.suspended_by = credential.suspension_note = None
    credential.withdrawal_code = credential.public_reason = None
    append_entry(session, at=now, actor=actor, action="credential reinstated", subject=credential.id, details=details)
    return True


def state_of(credential: Credential | Row[*tuple[Any, ...]]) -> str:
    """Return `valid`, `suspended` or `revoked` of a credential, or of a row with its columns; whether it is in date is another question."""
    return REVOKED if credential.revoked_at is not None else SUSPENDED if credential.suspended_at is not None else "valid"


def notice_of(credential: Credential) -> Notice | None:
    """Return what is published of why a credential was withdrawn; None of one that is not, or of an old one without a public reason."""
    if not credential.is_withdrawn or not credential.public_reason:
        return None
    return Notice(state_of(credential), credential.public_reason)
