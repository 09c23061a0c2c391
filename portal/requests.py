"""What learners ask people for: another spelling of their name, a mistake put right, a second look at a result, erasure.

A request is a decision of the ledger (`issuer.decisions`) that a person answers; an answer changes nothing by itself, what is done besides is done with its own
command or page, and is said in the answer. The corrected name of a credential that was issued is a decision of its own kind, which issues it anew.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from courses.settings import Site
from courses.visible_text import visible
from issuer.audit import append_entry, lock_log
from issuer.decisions import OPEN, REFUSED, REQUESTS, load_decision, take_decision
from issuer.errors import DecisionError
from issuer.ledger import Decision, open_ledger

Kind = Literal["name change", "mistake", "erasure", "review"]
State = Literal["open", "done", "refused"]
LONGEST_TEXT = 4000
LONGEST_NAME = 200
MOST_OPEN = 20
"""Of one learner; more are refused until some are answered."""
_STATES = MappingProxyType({OPEN: "open", REFUSED: "refused"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a learner asks for."""

    kind: Kind
    text: str
    """In the learner's words: why, and what speaks for it."""
    course: str = ""
    assignment: str = ""
    credential: str = ""
    """`urn:uuid:…`; empty if it is about none."""
    name: str = ""
    """As it should be; only of a name change."""


@dataclass(frozen=True, slots=True)
class Request:
    """A wish as it stands in the ledger."""

    id: str
    learner: str
    wish: Wish
    state: State
    asked_at: datetime
    answered_by: str
    """Empty while it is open."""
    answered_at: datetime | None
    answer: str
    """What the learner reads."""


def ask(site: Site, learner: str, wish: Wish, *, now: datetime) -> Request:
    """Write a request down and return it; who asks for the same again gets the one that waits.

    Raises:
        DecisionError: nothing is said, too much, or too many of the learner's requests wait.
    """
    content = json.dumps(_checked(wish), sort_keys=True, ensure_ascii=False)
    with open_ledger(site.ledger_url) as session:
        lock_log(session)
        waiting = [each for each in _of(session, learner) if each.state == OPEN]
        same = next((each for each in waiting if each.kind == wish.kind and each.content == content and each.course == wish.course), None)
        if same is not None:
            return _request(same)
        if len(waiting) >= MOST_OPEN:
            raise DecisionError("too many of your requests wait already", where="request", remedy="Wait until some of them are answered.")
        decision = Decision(
            id=str(uuid.uuid4()),
            kind=wish.kind,
            course=wish.course,
            learner=learner,
            credential_id=wish.credential,
            content=content,
            opened_by=learner,
            opened_at=now.isoformat(),
            state=OPEN,
        )
        session.add(decision)
        details = {"kind": wish.kind, "course": wish.course, "credential": wish.credential}
        append_entry(session, at=now, actor=learner, action="request opened", subject=decision.id, details=details)
        session.commit()
        return _request(decision)


def requests_of(site: Site, learner: str | None = None, *, only_open: bool = False) -> tuple[Request, ...]:
    """Return the requests of a learner (of everybody, if None), oldest first."""
    with open_ledger(site.ledger_url) as session:
        return tuple(_request(each) for each in _of(session, learner) if not only_open or each.state == OPEN)


def answer(site: Site, name: str, *, done: bool, by: str, text: str, now: datetime) -> Request:
    """Answer an open request, as done or refused, and return it.

    Args:
        name: its id, or its beginning.
        text: what the learner is told.

    Raises:
        DecisionError: there is none, it is answered already, the person asked for it, or nothing is said.
    """
    with open_ledger(site.ledger_url) as session:
        decision = load_decision(session, name)
        if decision.kind not in REQUESTS:
            raise DecisionError("this is a decision, not a request", where=decision.id, remedy="Take it: `patunay decisions grant`.")
        take_decision(decision, session, granted=done, by=by, note=text[:LONGEST_TEXT], two_person=True, now=now)
        session.commit()
        return _request(decision)


def _of(session: Session, learner: str | None) -> list[Decision]:
    query = select(Decision).where(Decision.kind.in_(REQUESTS)).order_by(Decision.opened_at, Decision.id)
    return list(session.scalars(query if learner is None else query.where(Decision.learner == learner)))


def _checked(wish: Wish) -> dict[str, str]:
    text, name = visible(wish.text.replace("\r\n", "\n")).strip(), visible(wish.name).strip()
    if not text or (wish.kind == "name change" and not name):
        raise DecisionError("nothing is said", where="request", remedy="Write down what you ask for, and why.")
    if len(text) > LONGEST_TEXT or len(name) > LONGEST_NAME:
        raise DecisionError(
            f"this is too long: {LONGEST_TEXT} characters at most, and {LONGEST_NAME} for a name", where="request", remedy="Shorten it."
        )
    return {"text": text, "name": name, "assignment": wish.assignment}


def _request(decision: Decision) -> Request:
    told = json.loads(decision.content)
    wish = Wish(
        kind=cast(Kind, decision.kind),
        text=str(told.get("text", "")),
        course=decision.course,
        assignment=str(told.get("assignment", "")),
        credential=decision.credential_id,
        name=str(told.get("name", "")),
    )
    return Request(
        id=decision.id,
        learner=decision.learner,
        wish=wish,
        state=cast(State, _STATES.get(decision.state, "done")),
        asked_at=datetime.fromisoformat(decision.opened_at),
        answered_by=decision.decided_by or "",
        answered_at=datetime.fromisoformat(decision.decided_at) if decision.decided_at else None,
        answer=decision.note or "",
    )
