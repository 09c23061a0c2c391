"""What waits for a person: a request of a learner, a regrade that turned a pass into a fail, a withdrawal of many. Nothing happens before.

The one who asks does not decide, where the site wants two persons. A decision is taken once: of two officers the database lets one decide.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from issuer.audit import append_entry, lock_log
from issuer.batches import is_same_person, require_person
from issuer.errors import DecisionError
from issuer.ledger import Credential, Decision

REGRADE, CORRECTION, RENEWAL, WITHDRAWAL = "regrade", "correction", "renewal", "withdrawal"
REQUESTS = ("name change", "mistake", "erasure", "review")
"""Kinds of what a learner asks for; a person answers, and nothing is done by the answer alone."""
KINDS = {
    REGRADE: "a regrade turned a pass into a fail; granted: the credential is revoked",
    CORRECTION: "a name is to be corrected; granted: a new credential takes the place of the old",
    RENEWAL: "a credential is to be renewed; granted: a new one is issued for the same time again",
    WITHDRAWAL: "many credentials are to be withdrawn at once; granted: they are",
    "name change": "a learner asks for another spelling of their name, before a credential shows it",
    "mistake": "a learner reports that something in a course or a credential is wrong",
    "erasure": "a learner asks that what is held of them is erased",
    "review": "a learner asks that a person looks at a result again",
}
"""Kinds of decisions, with what each is about."""
OPEN, GRANTED, REFUSED = "open", "granted", "refused"


def open_decision(
    session: Session, kind: str, credential: Credential | None, content: Mapping[str, Any], *, by: str, now: datetime
) -> Decision:
    """Return the open decision of this kind and content, written down now unless it waits already. The caller commits."""
    actor = require_person(by, "person who asks")
    text, credential_id = json.dumps(content, sort_keys=True, ensure_ascii=False), credential.id if credential else ""
    query = select(Decision).where(Decision.kind == kind, Decision.credential_id == credential_id, Decision.state == OPEN)
    waiting = next((each for each in session.scalars(query) if each.content == text or kind == REGRADE), None)
    if waiting is not None:
        return waiting
    decision = Decision(
        id=str(uuid.uuid4()),
        kind=kind,
        course=credential.course if credential else "",
        learner=credential.learner if credential else "",
        credential_id=credential_id,
        content=text,
        opened_by=actor,
        opened_at=now.isoformat(),
        state=OPEN,
    )
    session.add(decision)
    details = {"kind": kind, "credential": credential_id}
    append_entry(session, at=now, actor=actor, action="decision opened", subject=decision.id, details=details)
    return decision


def take_decision(decision: Decision, session: Session, *, granted: bool, by: str, note: str, two_person: bool, now: datetime) -> None:
    """Write down who decided; the caller does what was granted in the same transaction, and commits.

    Raises:
        DecisionError: it is decided already, the same person asked for it, or no reason is given.
    """
    actor = require_person(by, "person who decides")
    if two_person and is_same_person(actor, decision.opened_by):
        raise DecisionError(
            f"{decision.opened_by} asked for this and cannot decide it too", where=decision.id, remedy="Let someone else decide."
        )
    if not note.strip():
        raise DecisionError("no reason is given", where=decision.id, remedy='Give one with `--reason "…"`.')
    state = GRANTED if granted else REFUSED
    values = {"state": state, "decided_by": actor, "decided_at": now.isoformat(), "note": note.strip()}
    lock_log(session)
    query = update(Decision).where(Decision.id == decision.id, Decision.state == OPEN).values(**values).returning(Decision.id)
    taken = session.execute(query).all()
    session.refresh(decision)
    if not taken:
        raise DecisionError(
            f"it was {decision.state} by {decision.decided_by} already", where=decision.id, remedy="See `patunay decisions list --all`."
        )
    details = {"before": OPEN, "after": state, "kind": decision.kind, "reason": note.strip()}
    append_entry(session, at=now, actor=actor, action=f"decision {state}", subject=decision.id, details=details)


def load_decision(session: Session, name: str) -> Decision:
    """Return the decision with this id, or the only one that begins with it.

    Raises:
        DecisionError: there is none, or there are several.
    """
    query = select(Decision).where(Decision.id.startswith(name, autoescape=True)).limit(2)
    found = list(session.scalars(query)) if name else []
    if len(found) != 1:
        raise DecisionError(
            f"there is {'no decision' if not found else 'more than one decision'} {name!r}", remedy="See `patunay decisions list`."
        )
    return found[0]


def decisions_of(session: Session, *, only_open: bool) -> list[Decision]:
    """Return the decisions, oldest first."""
    query = select(Decision).order_by(Decision.opened_at, Decision.id)
    return list(session.scalars(query.where(Decision.state == OPEN) if only_open else query))
