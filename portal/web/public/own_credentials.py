"""Finds a credential that this site issued by its number, and how it is shared."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from courses.settings import Site
from issuer.ledger import find_credential, open_ledger
from portal.sharing import PageChoices, sharing_of

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


def read_number(text: str) -> str:
    """Return the UUID that a text is, with or without `urn:uuid:`; empty if it is none."""
    found = _NUMBER.fullmatch(text.strip())
    return str(uuid.UUID(found[1])) if found else ""


def find_own(site: Site, number: str) -> OwnCredential | None:
    """Return the credential of a number, None if this site issued none."""
    with open_ledger(site.ledger_url) as session:
        found = find_credential(session, number)
        if found is None:
            return None
        return OwnCredential(
            id=found.id,
            document=found.document,
            course=found.course,
            version=found.version,
            issued_at=datetime.fromisoformat(found.issued_at),
            is_replaced=found.superseded_by is not None,
        )


def choices_of(site: Site, credential_id: str) -> PageChoices:
    """Return what the holder lets be seen by who knows the number alone: nothing beyond the award itself, unless a shared page shows more."""
    shared = sharing_of(site, credential_id)
    return shared.choices if shared is not None else PageChoices()


def own_page(link: str, own_hosts: frozenset[str]) -> str:
    """Return which page of this portal a link leads to, relative to its prefix: `verify/<uuid>` or `c/<token>`; empty if to none of these."""
    parts = urlsplit(link)
    found = _PAGE.fullmatch(parts.path)
    return found[1] if found and parts.netloc.lower() in own_hosts else ""
