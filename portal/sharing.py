"""The page of a credential that its holder shares: who has its address sees it, nobody can guess the address, and the holder takes it down at any time.

Rules: the token has 256 random bits; choosing anew what is shown keeps the address; taking the page down takes the credential out of the row for good, so that
the old address only ever says that it was taken down, and sharing again gives another address. Every change is in the audit log, without the token.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from courses.settings import Site
from issuer.audit import append_entry, lock_log
from issuer.errors import LedgerError
from issuer.ledger import Credential, SharedPage, find_credential, open_ledger

_TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class PageChoices:
    """What the holder lets the page show."""

    show_grade: bool = False
    show_evidence: bool = False
    give_file: bool = False
    """The signed file says everything, the grade and the evidence too, whatever the page shows."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """A page that is shared, or was."""

    token: str
    credential_id: str | None
    """`urn:uuid:…`; None: it was taken down."""
    choices: PageChoices
    shared_at: datetime


def share(site: Site, credential_id: str, choices: PageChoices, now: datetime) -> str:
    """Turn a credential's page on, or change what it shows; return its token: the page is `c/<token>`.

    Who calls this has made sure that the holder asks.

    Raises:
        LedgerError: there is no such credential, or its document was erased.
    """
    with open_ledger(site.ledger_url) as session:
        credential = _load(session, credential_id)
        lock_log(session)
        page = _find_page(session, credential.id)
        if page is None:
            page = SharedPage(token=secrets.token_urlsafe(_TOKEN_BYTES), credential_id=credential.id, shared_at=now.isoformat())
            session.add(page)
        page.show_grade, page.show_evidence, page.give_file = choices.show_grade, choices.show_evidence, choices.give_file
        append_entry(session, at=now, actor=credential.learner, action="page shared", subject=credential.id, details=asdict(choices))
        session.commit()
        return page.token


def unshare(site: Site, credential_id: str, now: datetime) -> bool:
    """Take a credential's page down; return whether there was one."""
    with open_ledger(site.ledger_url) as session:
        credential = find_credential(session, credential_id)
        if credential is None:
            return False
        lock_log(session)
        page = _find_page(session, credential.id)
        if page is None:
            return False
        page.credential_id, page.ended_at = None, now.isoformat()
        page.show_grade = page.show_evidence = page.give_file = False
        append_entry(session, at=now, actor=credential.learner, action="page taken down", subject=credential.id, details={})
        session.commit()
        return True


def is_token(text: str) -> bool:
    """Whether a text has the form of a page's token."""
    return _TOKEN.fullmatch(text) is not None


def find_shared(site: Site, token: str) -> Sharing | None:
    """Return what the page of a token shows; None if there never was one."""
    if not is_token(token):
        return None
    with open_ledger(site.ledger_url) as session:
        page = session.get(SharedPage, token)
        return _sharing(page) if page is not None else None


def sharing_of(site: Site, credential_id: str) -> Sharing | None:
    """Return how a credential is shared now; None if it is not."""
    with open_ledger(site.ledger_url) as session:
        credential = find_credential(session, credential_id)
        page = _find_page(session, credential.id) if credential is not None else None
        return _sharing(page) if page is not None else None


def _load(session: Session, name: str) -> Credential:
    credential = find_credential(session, name)
    if credential is None or credential.erased_at is not None:
        raise LedgerError(f"there is no credential {name!r} to show", remedy="Give the whole id, urn:uuid:… or its UUID.")
    return credential


def _find_page(session: Session, credential_id: str) -> SharedPage | None:
    return session.scalars(select(SharedPage).where(SharedPage.credential_id == credential_id)).first()


def _sharing(page: SharedPage) -> Sharing:
    choices = PageChoices(page.show_grade, page.show_evidence, page.give_file)
    return Sharing(page.token, page.credential_id, choices, datetime.fromisoformat(page.shared_at))
