"""Ties the audit log to something outside of the ledger: the signed status list names the log's last line by its hash.

The log's own chain shows a line that was changed, removed or moved, but not that its end was cut off or all of it written anew. The first status list,
which is signed, published and copied by strangers, therefore names a `relatedResource` (Verifiable Credentials 2.0, section 5.3): `audit-head.json`,
with its digest. Whoever has any signed list of any day can tell that the log still holds what it held then.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issuer.audit import find_break
from issuer.did import find_assertion_key
from issuer.errors import AuditError
from issuer.ledger import AuditEntry
from issuer.proof import verify_proof


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The last line of the log."""

    sequence: int
    hash: str

    @property
    def text(self) -> str:
        """The content of `audit-head.json`."""
        return json.dumps({"sequence": self.sequence, "hash": self.hash}, indent=2) + "\n"

    @property
    def digest(self) -> str:
        """The digest of `text` as Subresource Integrity writes it."""
        return "sha384-" + base64.b64encode(hashlib.sha384(self.text.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What `verify_log` found."""

    lines: int
    anchors: tuple[int, ...]
    """The line that each signed status list vouches for, in the order given."""

    @property
    def after_anchor(self) -> int:
        """How many lines at the end no given list vouches for."""
        return self.lines - max(self.anchors, default=0)


def find_head(session: Session) -> AuditHead | None:
    """Return the last line of the log, None if it is empty."""
    last = session.execute(select(AuditEntry.sequence, AuditEntry.hash).order_by(AuditEntry.sequence.desc()).limit(1)).first()
    return AuditHead(last.sequence, last.hash) if last else None


def anchor(head: AuditHead, url: str) -> list[dict[str, str]]:
    """Return the `relatedResource` of a status list: `audit-head.json`, published at `url`."""
    return [{"id": url, "digestSRI": head.digest}]


def verify_log(session: Session, status_lists: Sequence[Mapping[str, Any]], did_document: Mapping[str, Any]) -> AuditReport:
    """Return how far the log is vouched for, after its chain and every given status list were found to fit.

    Raises:
        AuditError: a line was changed, removed or moved, the end is cut off, or the log is not the one that a list was signed over.
        ProofError: a list's signature does not fit.
    """
    broken = find_break(session)
    if broken is not None:
        raise AuditError(
            f"line {broken} does not fit the one before it: a line was changed, removed or moved",
            where=f"audit log, line {broken}",
            remedy="Compare with a backup. Everything before that line holds.",
        )
    lines = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
    digests: dict[str, int] | None = None
    anchors = []
    for document in status_lists:
        verify_proof(document, lambda method: find_assertion_key(did_document, method) or b"")
        wanted = _anchored(document)
        if wanted is None:
            continue
        digests = digests if digests is not None else _digests(session)
        if wanted not in digests:
            raise AuditError(
                f"the status list of {document.get('validFrom')} was signed over a line that the log does not hold: its end was cut off, or it was written anew",
                where=str(document.get("id")),
                remedy="Restore the ledger from a backup, and find out who could write to it.",
            )
        anchors.append(digests[wanted])
    return AuditReport(lines, tuple(anchors))


def _digests(session: Session) -> dict[str, int]:
    rows = session.execute(select(AuditEntry.sequence, AuditEntry.hash))
    return {AuditHead(row.sequence, row.hash).digest: row.sequence for row in rows}


def _anchored(document: Mapping[str, Any]) -> str | None:
    related = document.get("relatedResource")
    if not isinstance(related, list) or not related or not isinstance(related[0], Mapping):
        return None
    digest = related[0].get("digestSRI")
    return digest if isinstance(digest, str) else None
