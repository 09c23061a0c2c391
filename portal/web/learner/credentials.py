"""My credentials: each with its state, what is in it, what others see of it, and the ways to take it along."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import segno
from markupsafe import Markup
from tornado.web import HTTPError, authenticated

from courses.settings import Site
from issuer.linkedin import Certification, add_to_profile_link
from portal.claiming import TEXT_VERSION, Choices, claim
from portal.exporting import ENDINGS
from portal.learner_credentials import OwnCredential, credentials_of_learner, download, find_own
from portal.requests import Request, requests_of
from portal.web.learner.learner_handler import LearnerHandler

FORMS = (*ENDINGS, "zip")


@dataclass(frozen=True, slots=True)
class CredentialsPage:
    """All of them."""

    title: str
    credentials: tuple[OwnCredential, ...]


@dataclass(frozen=True, slots=True)
class CredentialPage:
    """One."""

    title: str
    credential: OwnCredential
    link: str
    """The public address of its page; empty if it has none."""
    linkedin: str
    qr: Markup
    requests: tuple[Request, ...]
    text_version: str
    done: str


def qr_code(text: str, label: str) -> Markup:
    """Return a QR code of a text as SVG, black on white whatever the page's colours."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(scale=4, border=4, light="#fff", dark="#000", omitsize=False, title=label)
    return Markup(drawn)  # noqa: S704 -- segno draws; it escapes the title, and the text is only in the drawing


def credential_page(
    site: Site, credential: OwnCredential, requests: tuple[Request, ...], link: str, label: str, done: str
) -> CredentialPage:
    """Return the page of one credential.

    Args:
        link: the public address of its page; empty if it has none now.
        label: what the QR code is, in the page's language.
    """
    return CredentialPage(
        title=credential.title,
        credential=credential,
        link=link,
        linkedin=_linkedin(site, credential, link) if link else "",
        qr=qr_code(link, label) if link else Markup(),
        requests=tuple(each for each in requests if each.wish.credential == credential.id),
        text_version=TEXT_VERSION,
        done=done,
    )


def _linkedin(site: Site, credential: OwnCredential, link: str) -> str:
    issuer, until = site.settings.issuer, credential.valid_until
    return add_to_profile_link(
        Certification(
            name=credential.title,
            organisation=issuer.linkedin_id or issuer.name,
            issued=site.day_of(credential.issued_at),
            url=link,
            credential_id=credential.id,
            expires=site.day_of(until) if until else None,
        )
    )


class CredentialsHandler(LearnerHandler):
    """My credentials."""

    @authenticated
    async def get(self) -> None:
        """Show them."""
        found = await self.compute(credentials_of_learner, self.portal.site, self.learner, now=self.portal.now())
        self.show("learner/credentials.html", CredentialsPage(self.gettext("My credentials"), found))


class OneCredentialHandler(LearnerHandler):
    """What is about one credential of mine."""

    async def own(self, name: str) -> OwnCredential:
        """Return the visitor's credential.

        Raises:
            HTTPError: 404: they have none of that number.
        """
        found = await self.compute(find_own, self.portal.site, self.learner, name, now=self.portal.now())
        if found is None:
            raise HTTPError(404)
        return found

    async def page(self, credential: OwnCredential) -> CredentialPage:
        """Return the page about it."""
        requests = await self.compute(requests_of, self.portal.site, self.learner)
        link = self.link("c", credential.page) if credential.page and credential.is_in_force else ""
        return credential_page(self.portal.site, credential, requests, link, self.gettext("QR code of the page's address"), self.done)


class CredentialHandler(OneCredentialHandler):
    """A credential of mine."""

    @authenticated
    async def get(self, name: str) -> None:
        """Show it."""
        self.show("learner/credential.html", await self.page(await self.own(name)))


class ClaimHandler(OneCredentialHandler):
    """Claim a credential, and choose what others see."""

    @authenticated
    async def get(self, name: str) -> None:
        """Show what is in it, and the choices."""
        credential = await self.own(name)
        self.show("learner/claim.html", await self.page(credential))

    @authenticated
    async def post(self, name: str) -> None:
        """Write the choices down, and turn the page on or off."""
        credential = await self.own(name)
        page = self.get_body_argument("page")
        if page not in {"link", "none"}:
            raise HTTPError(400)
        told = {each: self.get_body_argument(each, "") == "yes" for each in ("grade", "evidence", "file")}
        choices = Choices(page=page == "link", **told)
        await self.compute(claim, self.portal.site, self.learner, credential.id, choices, language=self.language, now=self.portal.now())
        self.see("my", "credentials", credential.name, result="claimed" if not credential.is_claimed else "changed")


class CredentialFileHandler(OneCredentialHandler):
    """A credential of mine as a file."""

    @authenticated
    async def get(self, name: str, form: str) -> None:
        """Send it."""
        credential = await self.own(name)
        language = "fil" if form == "pdf-fil" else "en"
        wanted = "pdf" if form == "pdf-fil" else form
        if wanted not in FORMS or credential.state == "erased":
            raise HTTPError(404)
        made, media_type = await self.compute(download, self.portal.site, self.learner, credential.id, wanted, language)  # type: ignore[arg-type]
        self.send_file(made.name, made.content, media_type)


def wallet_request(exchange: str, origin: str) -> str:
    """Return the JSON by which a wallet asks for a credential (VC API exchange, as Learner Credential Wallet reads it).

    Args:
        exchange: the address that answers the wallet.
        origin: of the site that asks.
    """
    return json.dumps({"credentialRequestOrigin": origin, "protocols": {"vcapi": exchange}}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class WalletPage:
    """The ways into a wallet."""

    title: str
    credential: OwnCredential
    address: str
    """Where a wallet reads the credential."""
    link: str
    """That opens Learner Credential Wallet."""
    qr: Markup
    ends_at: datetime
