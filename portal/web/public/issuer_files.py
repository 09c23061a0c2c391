"""What verifiers fetch: the DID document, the status lists, the notices of withdrawals, the head of the audit log, exactly as the issuer published them.

Any site's scripts may read them, so that verification runs in browsers too. They change: caches ask again soon, and an ETag saves sending what is the same.
"""

from __future__ import annotations

import re
from pathlib import Path

from tornado.web import HTTPError

from issuer.did import did_document_url
from issuer.errors import IdentifierError
from portal.web.negotiation import answer_public_file, chosen_type
from portal.web.page_handler import PageHandler

_SOON_S = 300
"""Seconds for which caches may keep what may change: a withdrawal is seen after this time at the latest."""
_DID_TYPES = ("application/did+json", "application/did+ld+json", "application/json")
_STATUS_TYPES = ("application/vc+ld+json", "application/vc", "application/ld+json", "application/json")
_NAMES = re.compile(r"[0-9]{1,9}\.json|notices/[0-9a-f-]{36}\.json|audit-head\.json")
_LARGEST = 4 * 2**20


class PublishedFileHandler(PageHandler):
    """Files of the issuer, for machines."""

    async def send(self, path: Path, types: tuple[str, ...]) -> None:
        """Answer with a published file.

        Raises:
            HTTPError: 404: it is not published.
        """
        content = await self.compute(_content, path)
        if content is None:
            raise HTTPError(404)
        answer_public_file(self, content, chosen_type(self.request.headers.get("Accept", ""), types), max_age_s=_SOON_S)

    def options(self, *_parts: str) -> None:
        """Let scripts of other sites ask with headers of their own."""
        self.set_status(204)
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
        self.set_header("Access-Control-Allow-Headers", "Accept, If-None-Match")
        self.finish()

    def check_xsrf_cookie(self) -> None:
        """Ask for no token: nothing is changed here."""


class DidDocumentHandler(PublishedFileHandler):
    """The DID document: whose keys count."""

    async def get(self) -> None:
        """Send it."""
        await self.send(self.portal.site.root / "did.json", _DID_TYPES)


class StatusHandler(PublishedFileHandler):
    """Status lists, notices, the audit log's head."""

    async def get(self, name: str) -> None:
        """Send one."""
        if not _NAMES.fullmatch(name):
            raise HTTPError(404)
        types = ("application/json",) if name == "audit-head.json" else _STATUS_TYPES
        await self.send(self.portal.site.root / "status" / name, types)


def did_document_address(did: str) -> str:
    """Return where the DID document of an issuer is looked for, empty for a did:key, which needs none."""
    try:
        return did_document_url(did)
    except IdentifierError:
        return ""


def _content(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError:
        return None
    return content if len(content) <= _LARGEST else None
