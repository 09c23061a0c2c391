"""The page of a credential that its holder shares: unlisted, under a token that nobody guesses. It shows what verification finds today, and what the holder chose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tornado.web import HTTPError

from courses.settings import Site
from portal.web.negotiation import answer_public_file
from portal.web.public.own_credentials import OwnCredential, TakenDown, find_by_token, read_number
from portal.web.public.verdict_words import Reader
from portal.web.public.verification_page import ResultPage, result_page
from portal.web.public.verify_pages import VerificationHandler, examine_own

_VC_TYPE = "application/vc+ld+json"


@dataclass(frozen=True, slots=True)
class SharedCredentialPage:
    """A shared credential."""

    title: str
    result: ResultPage
    token: str
    gives_file: bool
    address: str
    """Of this page, for whom it is shown to."""


@dataclass(frozen=True, slots=True)
class TakenDownPage:
    """A page that its holder took down."""

    title: str


def find_shared_page(site: Site, token: str, address: str, now: datetime, reader: Reader) -> SharedCredentialPage | TakenDownPage | None:
    """Return the page of a token, None if there never was one."""
    own = find_by_token(site, token)
    if own is None:
        return None
    if isinstance(own, TakenDown) or not own.document:
        return TakenDownPage(reader.gettext("Unpublished by the holder"))
    number = read_number(own.id)
    result = result_page(
        examine_own(site, own, now),
        now,
        reader,
        choices=own.choices,
        own=number,
        is_replaced=own.is_replaced,
    )
    title = result.view.title if result.view is not None else result.title
    return SharedCredentialPage(title, result, token, own.choices.give_file, address)


def find_shared_file(site: Site, token: str) -> tuple[str, str] | None:
    """Return the number and the signed JSON of a shared credential, None unless its holder lets it be taken."""
    own = find_by_token(site, token)
    if not isinstance(own, OwnCredential) or not own.choices.give_file or not own.document:
        return None
    return read_number(own.id), own.document


class SharedCredentialHandler(VerificationHandler):
    """A credential's page."""

    async def get(self, token: str) -> None:
        """Show it."""
        self.refuse_hurry(submitting=False)
        page = await self.read_ledger(find_shared_page, self.portal.site, token, self.link("c", token), self.portal.now(), self.reader)
        if page is None:
            raise HTTPError(404)
        if isinstance(page, TakenDownPage):
            self.show("public/taken_down.html", page, status=410)
        elif self.wants_json and page.gives_file:
            self.redirect(f"{self.portal.prefix}c/{token}/credential.json")
        else:
            self.show("public/shared.html", page)


class SharedFileHandler(VerificationHandler):
    """The signed file of a shared credential: what wallets fetch."""

    is_for_machines = True

    async def get(self, token: str) -> None:
        """Send it."""
        self.refuse_hurry(submitting=False)
        found = await self.read_ledger(find_shared_file, self.portal.site, token)
        if found is None:
            raise HTTPError(404)
        number, document = found
        self.set_header("Content-Disposition", f'inline; filename="{number}.json"')
        answer_public_file(self, document.encode("utf-8"), _VC_TYPE, max_age_s=0)
