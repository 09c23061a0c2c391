"""Finds a credential that this site issued by its number, and how it is shared."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import bindparam, select

from courses.settings import Site
from issuer.ledger import Credential, SharedPage, read_ledger_row
from portal.sharing import PageChoices, is_token

_NUMBER = re.compile(r"(?:urn:uuid:)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.IGNORECASE)
_PAGE = re.compile(r"(?:^|.*/)(verify/[0-9a-f-]{36}|c/[A-Za-z0-9_-]{43})(?:/.*)?")


@dataclass(frozen=True, slots=True)
class OwnCredential:
    """A credential of the ledger."""

    id: str
    document: str
    """The signed JSON; empty if it was erased at the holder's wish."""
    course: str
    version: str
    issued_at: datetime
    is_replaced: bool
    choices: PageChoices
    """What its holder lets be seen by who knows the number alone: nothing beyond the award itself, unless a shared page shows more."""


class TakenDown:
    """A page that its holder took down."""


_COLUMNS = (
    Credential.id,
    Credential.document,
    Credential.course,
    Credential.version,
    Credential.issued_at,
    Credential.superseded_by,
    SharedPage.show_grade,
    SharedPage.show_evidence,
    SharedPage.give_file,
)
_BY_NUMBER = select(*_COLUMNS).outerjoin(SharedPage, SharedPage.credential_id == Credential.id).where(Credential.id == bindparam("wanted"))
_BY_TOKEN = (
    select(*_COLUMNS)
    .select_from(SharedPage)
    .outerjoin(Credential, Credential.id == SharedPage.credential_id)
    .where(SharedPage.token == bindparam("wanted"))
)


def read_number(text: str) -> str:
    """Return the UUID that a text is, with or without `urn:uuid:`; empty if it is none."""
    found = _NUMBER.fullmatch(text.strip())
    return str(uuid.UUID(found[1])) if found else ""


def find_own(site: Site, number: str) -> OwnCredential | None:
    """Return the credential of a number, None if this site issued none."""
    row = read_ledger_row(site.ledger_url, _BY_NUMBER, wanted=f"urn:uuid:{number.removeprefix('urn:uuid:')}")
    return _own(row) if row is not None else None


def find_by_token(site: Site, token: str) -> OwnCredential | TakenDown | None:
    """Return the credential whose page has this token; None if there never was such a page."""
    if not is_token(token):
        return None
    row = read_ledger_row(site.ledger_url, _BY_TOKEN, wanted=token)
    if row is None:
        return None
    return _own(row) if row[0] is not None else TakenDown()


def _own(row: tuple[Any, ...]) -> OwnCredential:
    name, document, course, version, issued_at, successor, *shown = row
    return OwnCredential(
        id=name,
        document=document,
        course=course,
        version=version,
        issued_at=datetime.fromisoformat(issued_at),
        is_replaced=successor is not None,
        choices=PageChoices(*map(bool, shown)) if shown[0] is not None else PageChoices(),
    )


def own_page(link: str, own_hosts: frozenset[str]) -> str:
    """Return which page of this portal a link leads to, relative to its prefix: `verify/<uuid>` or `c/<token>`; empty if to none of these."""
    parts = urlsplit(link)
    found = _PAGE.fullmatch(parts.path)
    return found[1] if found and parts.netloc.lower() in own_hosts else ""
