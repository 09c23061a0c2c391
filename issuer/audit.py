"""The audit log: append-only, each line holding the hash of the one before, so that a changed or removed line shows.

The hash of an entry is SHA-256 over the canonical JSON of its fields with the previous entry's hash among them. Source of the idea: Haber and Stornetta,
"How to time-stamp a digital document" (1991). Who can write to the database can cut off the log's end, or write all of it anew: against that only a
copy of the last hash somewhere else helps (`audit_anchor`).

Who writes a line waits for whoever is writing one, until that transaction has ended: two processes never take the same place in the log.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from issuer.ledger import AuditEntry

_GENESIS = "0" * 64


def lock_log(session: Session) -> None:
    """Wait until no other process writes to the ledger, and keep others waiting until this transaction ends.

    Call it before reading what a change depends on, and read that anew afterwards: it may have changed while we waited.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.execute(
            text("UPDATE audit SET sequence = sequence WHERE 1 = 0")
        )  # changes nothing, and takes the one lock for writing that there is
    else:
        session.execute(text("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE"))  # others may read it


def append_entry(session: Session, *, at: datetime, actor: str, action: str, subject: str, details: Mapping[str, object]) -> AuditEntry:
    """Add one entry to the log; it is kept when the session commits."""
    lock_log(session)
    last = session.execute(select(AuditEntry.sequence, AuditEntry.hash).order_by(AuditEntry.sequence.desc()).limit(1)).first()
    entry = AuditEntry(
        sequence=last.sequence + 1 if last else 1,
        at=at.isoformat(),
        actor=actor,
        action=action,
        subject=subject,
        details=json.dumps(details, sort_keys=True, ensure_ascii=False),
        previous_hash=last.hash if last else _GENESIS,
        hash="",
    )
    entry.hash = _hash(entry)
    session.add(entry)
    session.flush()
    return entry


def find_break(session: Session) -> int | None:
    """Return the sequence number of the first entry that does not fit the one before it, None if the chain holds."""
    previous, expected = _GENESIS, 1
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)):
        if entry.sequence != expected or entry.previous_hash != previous or entry.hash != _hash(entry):
            return entry.sequence
        previous, expected = entry.hash, expected + 1
    return None


def _hash(entry: AuditEntry) -> str:
    fields = [entry.sequence, entry.at, entry.actor, entry.action, entry.subject, entry.details, entry.previous_hash]
    return hashlib.sha256(json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()
