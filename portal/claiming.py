"""What a learner decides about a credential: whether it shows their name, and what others may see of it. Each is asked for itself, and each can be taken back.

Rules: every answer is kept with its time, the version of the text that was read and its language; the newest counts, none means no. Whether the name stands in
the credential is decided before it is issued, since it is signed with it; the grade, the evidence and the page are decided when it is claimed, and at any time after.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from courses.settings import Site
from issuer.audit import append_entry
from issuer.errors import LedgerError
from issuer.ledger import Consent, Credential, LearnerConsent, find_credential, open_ledger
from portal.awarding import record_consent
from portal.sharing import PageChoices, share, unshare

Kind = Literal["name", "claim", "page", "grade", "evidence", "file"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TEXT_VERSION = "2026-11"
"""Of the words beside the choices; a change of their meaning gets another one."""


@dataclass(frozen=True, slots=True)
class GivenConsent:
    """One answer of a learner."""

    course: str
    credential: str
    """`urn:uuid:…`; empty where it is about one that was not issued yet."""
    kind: Kind
    given: bool
    text_version: str
    """Empty where it was told to the office."""
    language: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Choices:
    """What a learner lets others see of a credential."""

    page: bool
    """Whether there is a page that whoever has its address sees."""
    grade: bool = False
    evidence: bool = False
    file: bool = False
    """Whether the page gives the signed file, which says all."""


def tell_name(site: Site, learner: str, course: str, *, show: bool, language: str, now: datetime) -> None:
    """Write down whether the learner's name shall stand in the credential of a course."""
    record_consent(site, learner, course, show_name=show, channel=f"portal, text {TEXT_VERSION} ({language})", now=now)
    with open_ledger(site.ledger_url) as session:
        session.add(_row(learner, course, "", "name", language, now, given=show))
        session.commit()


def told_name(site: Site, learner: str, course: str) -> bool | None:
    """Return whether the learner's name shall stand in the credential of a course, None if they have not said."""
    found = [each for each in consents_of(site, learner) if each.kind == "name" and each.course == course]
    return found[-1].given if found else None


def claim(site: Site, learner: str, credential_id: str, choices: Choices, *, language: str, now: datetime) -> None:
    """Claim a credential, or change what others see of it: writes down each choice and turns its page on or off.

    Raises:
        LedgerError: the learner has no such credential, or it is withdrawn or erased and a page is asked for.
    """
    with open_ledger(site.ledger_url) as session:
        credential = own_credential(session, learner, credential_id)
        if choices.page and (credential.is_withdrawn or credential.erased_at is not None):
            raise LedgerError("a credential that is withdrawn or erased has no page", where=credential.id)
        told: dict[Kind, bool] = {
            "claim": True,
            "page": choices.page,
            "grade": choices.page and choices.grade,
            "evidence": choices.page and choices.evidence,
            "file": choices.page and choices.file,
        }
        session.add_all(_row(learner, credential.course, credential.id, kind, language, now, given=given) for kind, given in told.items())
        details: dict[str, object] = {
            "text_version": TEXT_VERSION,
            "language": language,
            **{kind: given for kind, given in told.items() if kind != "claim"},
        }
        append_entry(session, at=now, actor=learner, action="credential claimed", subject=credential.id, details=details)
        session.commit()
        name = credential.id
    if choices.page:
        share(site, name, PageChoices(choices.grade, choices.evidence, choices.file), now)
    else:
        unshare(site, name, now)


def own_credential(session: Session, learner: str, credential_id: str) -> Credential:
    """Return a credential of the learner's.

    Raises:
        LedgerError: there is none of that id, or it is somebody else's, which is told alike.
    """
    credential = find_credential(session, credential_id)
    if credential is None or credential.learner != learner:
        raise LedgerError("you have no such credential", remedy="Look at your credentials.")
    return credential


def consents_of(site: Site, learner: str) -> tuple[GivenConsent, ...]:
    """Return all answers of a learner, oldest first; of those about the name also what was told to the office instead of the portal."""
    with open_ledger(site.ledger_url) as session:
        told = _told_elsewhere(session, learner)
        query = select(LearnerConsent).where(LearnerConsent.learner == learner).order_by(LearnerConsent.id)
        given = tuple(
            GivenConsent(
                each.course,
                each.credential_id,
                cast(Kind, each.kind),
                each.given,
                each.text_version,
                each.language,
                datetime.fromisoformat(each.given_at),
            )
            for each in session.scalars(query)
        )
    here = {each.course for each in given if each.kind == "name"}
    return (*(each for each in told if each.course not in here), *given)


def _told_elsewhere(session: Session, learner: str) -> list[GivenConsent]:
    query = select(Consent).where(Consent.learner == learner).order_by(Consent.id)
    return [
        GivenConsent(each.course, "", "name", each.show_name, "", "", datetime.fromisoformat(each.given_at))
        for each in session.scalars(query)
    ]


def _row(learner: str, course: str, credential: str, kind: Kind, language: str, now: datetime, *, given: bool) -> LearnerConsent:
    return LearnerConsent(
        learner=learner,
        course=course,
        credential_id=credential,
        kind=kind,
        given=given,
        text_version=TEXT_VERSION,
        language=language,
        given_at=now.isoformat(),
    )
