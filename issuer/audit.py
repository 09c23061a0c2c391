"""The audit log: append-only, each line holding the hash of the one before, so that a changed or removed line shows.

The hash of an entry is SHA-256 over the canonical JSON of its fields with the previous entry's hash among them. Source of the idea: Haber and Stornetta,
"How to time-stamp a digital document" (1991). Who can write to the database can cut off the log's end, or write all of it anew: against that only a
copy of the last hash somewhere else helps, such as a backup.
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
_LOCK_NAME = 0x7061747561756469
"""Of the advisory lock on PostgreSQL: a number that nothing else uses."""


def append_entry(session: Session, *, at: datetime, actor: str, action: str, subject: str, details: Mapping[str, object]) -> AuditEntry:
    """Add one entry to the log; it is kept when the session commits."""
    _lock(session)
    last = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence.desc()).limit(1)).first()
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


def _lock(session: Session) -> None:
    """Let no other process append until this one has committed: each line needs the one before it."""
    session.flush()
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": _LOCK_NAME})
    elif connection.dialect.name == "sqlite" and not getattr(connection.connection.driver_connection, "in_transaction", True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


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
