"""What follows from the answer to a learner's request: a granted name change asks for the credential's correction, a granted erasure erases it if wanted.

The correction is a decision of its own, which another person takes where the site wants two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from courses.settings import Site
from issuer.decisions import REQUESTS, load_decision
from issuer.errors import DecisionError
from issuer.ledger import open_ledger
from portal.governing import ask_correction, erase
from portal.requests import Request, answer, requests_of


@dataclass(frozen=True, slots=True)
class Answered:
    """What was done."""

    request: Request
    correction: str
    """The id of the decision that corrects the name; empty if none is needed."""
    erased: bool


def answer_request(site: Site, name: str, *, done: bool, by: str, text: str, now: datetime, erasing: bool = False) -> Answered:
    """Answer an open request, and set going what follows from it. What follows is asked for first: if the core refuses it, nothing is answered.

    Args:
        erasing: whether the credential that the learner wants erased is erased now; only of such a request, and only if it is granted.

    Raises:
        DecisionError: it is answered already, or the person asked for it.
        LedgerError: the credential shows no name, is revoked or erased.
        CredentialRefusedError: this cannot stand as a name.
    """
    request = load_request(site, name)
    if request.state != "open":
        raise DecisionError(f"{request.answered_by} has answered this already", where=request.id, remedy="Look at the answer.")
    if request.learner == by:
        raise DecisionError("this is your own request", where=request.id, remedy="Let someone else answer it.")
    wish = request.wish
    correction = ""
    if done and wish.kind == "name change" and wish.credential:
        correction = ask_correction(site, wish.credential, wish.name, reason=f"Request {request.id}: {text}", by=by, now=now)
    answered = answer(site, request.id, done=done, by=by, text=text, now=now)
    erased = done and erasing and wish.kind == "erasure" and bool(wish.credential)
    if erased:
        erase(site, wish.credential, reason=f"Request {request.id}: {text}", by=by, now=now)
    return Answered(answered, correction, erased)


def load_request(site: Site, name: str) -> Request:
    """Return the request with this id, or the only one that begins with it.

    Raises:
        DecisionError: there is none.
    """
    with open_ledger(site.ledger_url) as session:
        decision = load_decision(session, name)
        if decision.kind not in REQUESTS:
            raise DecisionError("this is a decision, not a request", where=decision.id, remedy="Take it on its own page.")
    return next(each for each in requests_of(site, decision.learner) if each.id == decision.id)
