"""Who issues here, with which keys, and how anybody checks that without us; and what people want to know before they trust a site: quality, access, privacy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from courses.errors import DiagnosedError
from courses.settings import Site
from issuer.keyring import Keyring, read_keyring
from portal.web.page_handler import PageHandler
from portal.web.public.course_words import Gettext
from portal.web.public.issuer_files import did_document_address
from portal.web.public.versions import released_courses

_MOST_LISTS = 100


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key of the institution."""

    multikey: str
    algorithm: str
    state: str
    made_at: datetime | None
    ended_at: datetime | None
    is_published: bool


@dataclass(frozen=True, slots=True)
class StatusLine:
    """A status list."""

    address: str
    path: str
    """Relative to the portal's prefix."""
    made_at: str
    until: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A quality statement or privacy notice that courses name."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class TrustPage:
    """Who issues, and how to check it."""

    title: str
    address: str
    """Of this site, as it is published."""
    issuer: str
    legal_name: str
    url: str
    email: str
    country: str
    did: str
    """Empty while nothing is published."""
    did_address: str
    keys: tuple[KeyLine, ...]
    lists: tuple[StatusLine, ...]
    quality: tuple[Policy, ...]
    privacy: tuple[str, ...]
    contacts: tuple[str, ...]


def trust_page(site: Site, gettext: Gettext) -> TrustPage:
    """Return the page. Read from what the site publishes; of the keyring only the public halves, their states and dates."""
    issuer = site.settings.issuer
    did_document = _read(site.root / "did.json")
    did = str(did_document.get("id", ""))
    manifests = [course.current.manifest for course in released_courses(site)]
    return TrustPage(
        title=gettext("Help and trust"),
        address=site.published(),
        issuer=issuer.name,
        legal_name=issuer.legal_name or "",
        url=issuer.url,
        email=issuer.email,
        country=issuer.country,
        did=did,
        did_address=did_document_address(did),
        keys=_keys(site, did_document, gettext),
        lists=_lists(site),
        quality=tuple(dict.fromkeys(Policy(f"{each.qa.scheme}, {each.qa.body}", each.qa.statement_url) for each in manifests)),
        privacy=tuple(dict.fromkeys(each.privacy_notice for each in manifests)),
        contacts=tuple(dict.fromkeys(each.contact.email for each in manifests)),
    )


def _keys(site: Site, did_document: Mapping[str, Any], gettext: Gettext) -> tuple[KeyLine, ...]:
    """Return the keys, the newest first: of the list of keys if we may read it, else of what is published."""
    _ = gettext
    states = {"active": _("signs now"), "retired": _("retired; what it signed stays valid"), "compromised": _("must not be trusted")}
    methods = did_document.get("verificationMethod")
    published = [str(each.get("id", "")).partition("#")[2] for each in methods or [] if isinstance(each, Mapping)]
    ring = _keyring(site)
    if ring is None:
        return tuple(KeyLine(each, "", _("published"), None, None, is_published=True) for each in published)
    return tuple(
        KeyLine(each.multikey, each.algorithm, states[each.state], each.made_at, each.ended_at, is_published=each.multikey in published)
        for each in reversed(ring.entries)
    )


def _keyring(site: Site) -> Keyring | None:
    try:
        return read_keyring(site.keys)
    except DiagnosedError:
        return None


def _lists(site: Site) -> tuple[StatusLine, ...]:
    folder = site.root / "status"
    paths = [path for path in folder.glob("*.json") if path.stem.isdigit()] if folder.is_dir() else []
    lines = []
    for path in sorted(paths, key=lambda each: int(each.stem))[:_MOST_LISTS]:
        document = _read(path)
        lines.append(
            StatusLine(
                address=str(document.get("id", "")),
                path=f"status/{path.name}",
                made_at=str(document.get("validFrom", ""))[:10],
                until=str(document.get("validUntil", ""))[:10],
            )
        )
    return tuple(lines)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class TrustHandler(PageHandler):
    """Help and trust."""

    async def get(self) -> None:
        """Show it."""
        self.show("public/trust.html", await self.compute(trust_page, self.portal.site, self.gettext))
