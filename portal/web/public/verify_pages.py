"""Checking a credential: what somebody pastes, uploads or links to, or the number of one that was issued here.

What is sent in is read by processes that end with the check (`portal.web.checking`), stays in memory and is forgotten with the answer. Links are fetched there, by the
verifier's own rules (`issuer.resolvers`): https, public hosts only. A number that was issued here, the way of most, is looked up and checked in the portal itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from tornado.web import HTTPError

from courses.errors import DiagnosedError
from courses.settings import Site
from issuer.errors import ResolutionError
from portal.verifying import Examined, examine
from portal.web.checking.checkers import Checkers, Codes
from portal.web.checking.errors import CheckFailedError
from portal.web.negotiation import prefers_json
from portal.web.page_handler import PageHandler
from portal.web.public.certificate_picture import draw_own_certificate
from portal.web.public.own_credentials import OwnCredential, find_own, own_page, read_number
from portal.web.public.own_site_resolver import OwnSiteResolver, published_state, site_resolver
from portal.web.public.picture_code_page import code_page, credential_of_codes, own_page_of_codes
from portal.web.public.verdict_words import Reader, failure_words
from portal.web.public.verification_desk import DeskBusyError, VerificationDesk
from portal.web.public.verification_page import ResultPage, as_json, result_page

P = ParamSpec("P")
T = TypeVar("T")

_DESK = "verification_desk"
_SENT_AS = ("application/json", "application/ld+json", "application/vc+ld+json", "application/vc", "application/jwt", "text/plain")


@dataclass(frozen=True, slots=True)
class VerifyPage:
    """The form, perhaps with what was wrong with what was sent."""

    title: str
    problem: str = ""
    remedy: str = ""
    text: str = ""
    """What was pasted, to be corrected; never a document."""
    megabytes: int = 25
    """How large a file may be: less than the server takes, so that a script says what it would only refuse."""


@dataclass(frozen=True, slots=True)
class ErasedPage:
    """A number that was issued here, whose document was erased."""

    title: str
    number: str
    issued_at: datetime


def check_number(site: Site, number: str, now: datetime, reader: Reader) -> ResultPage | ErasedPage | None:
    """Return what verification of a credential of the ledger finds, with only as much of it as its holder shows; None if there is none."""
    own = find_own(site, number)
    if own is None:
        return None
    if not own.document:
        return ErasedPage(reader.gettext("Erased here at the holder's wish"), number, own.issued_at)
    examined = examine_own(site, own, now)
    return result_page(examined, now, reader, choices=own.choices, own=number, is_replaced=own.is_replaced)


def examine_own(site: Site, own: OwnCredential, now: datetime) -> Examined:
    """Return what verification of a credential of this site finds; nobody else is asked.

    What was found is remembered for the rest of the minute, as long as keys, lists and notices are what they were; so many may look at once.
    """
    end_of_minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return _examined_once(site.root, own.document, published_state(site.root), end_of_minute)


@lru_cache(maxsize=32)  # what many look at now; Python's collector of garbage walks through all that is put in here
def _examined_once(folder: Path, document: str, published: tuple[int, ...], now: datetime) -> Examined:
    return examine(document.encode("utf-8"), resolver=site_resolver(folder, ask_others=False, seen=published), now=now)


def page_of_examined(site: Site, examined: Examined, now: datetime, reader: Reader) -> ResultPage:
    """Return the page of what a stranger sent, which knows if this site issued it, and whether another took its place."""
    facts = examined.report.facts
    number = read_number(facts.credential_id) if facts is not None else ""
    own = find_own(site, number) if number else None
    is_own = own is not None and examined.document is not None and own.document != "" and json.loads(own.document) == examined.document
    page = result_page(
        examined, now, reader, own=number if is_own else "", is_replaced=own.is_replaced if own is not None and is_own else False
    )
    is_ours = facts is not None and OwnSiteResolver(site.root).find_did_document(facts.issuer_id) is not None
    return replace(page, is_foreign=facts is not None and not is_ours)


class VerificationHandler(PageHandler):
    """What the handlers of verification share."""

    @property
    def desk(self) -> VerificationDesk:
        """Where verification is done."""
        if _DESK not in self.settings:
            self.settings[_DESK] = VerificationDesk()
        desk: VerificationDesk = self.settings[_DESK]
        return desk

    @property
    def checkers(self) -> Checkers:
        """Where what strangers send is read."""
        checkers: Checkers = self.settings["checkers"]
        return checkers

    @property
    def address(self) -> str:
        """Where the visitor asks from."""
        return str(self.request.remote_ip)

    @property
    def wants_json(self) -> bool:
        """Whether a machine asks."""
        return prefers_json(self.request.headers.get("Accept", ""))

    @property
    def reader(self) -> Reader:
        """In which words the visitor reads."""
        return Reader(self.language, self.portal.site.settings.timezone, self.gettext)

    def check_xsrf_cookie(self) -> None:
        """Ask for no token: nothing is changed here, and other sites' programs may ask."""

    def set_default_headers(self) -> None:
        """Keep results out of search engines and caches."""
        super().set_default_headers()
        self.set_header("X-Robots-Tag", "noindex, nofollow")

    def refuse_hurry(self, *, submitting: bool) -> None:
        """Return if the visitor's address may go on.

        Raises:
            HTTPError: 429.
        """
        buckets = self.desk.submitting if submitting else self.desk.looking
        if not buckets.take(self.address, time.monotonic()):
            self.set_header("Retry-After", "10")
            raise HTTPError(429)

    def answer(self, page: ResultPage) -> None:
        """Show a result, or send it as JSON."""
        if self.wants_json:
            self.answer_json(as_json(page))
        else:
            self.show("public/result.html", page)

    def answer_json(self, content: object, *, status: int = 200) -> None:
        """Send JSON that other sites' scripts may read."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.set_header("Vary", "Accept, Accept-Language")
        self.finish(json.dumps(content, ensure_ascii=False))  # indenting is done in Python, and costs a millisecond

    def refuse(self, problem: str, remedy: str, *, status: int, text: str = "") -> None:
        """Show the form with what was wrong, or send it as JSON."""
        if self.wants_json:
            self.answer_json({"problem": problem, "remedy": remedy}, status=status)
        else:
            self.show("public/verify.html", VerifyPage(self.gettext("Check a credential"), problem, remedy, text), status=status)

    async def at_desk(self, task: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return what `task` returns, done where certificates are drawn.

        Raises:
            HTTPError: 503: too much is done there.
        """
        try:
            return await self.desk.work(task, *arguments, **named)
        except DeskBusyError as busy:
            raise HTTPError(503) from busy

    async def look_up(self, task: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return what `task` returns, which asks for what the ledger has and takes milliseconds.

        Raises:
            HTTPError: 503: too many ask.
        """
        try:
            return await self.desk.look(task, *arguments, **named)
        except DeskBusyError as busy:
            raise HTTPError(503) from busy

    async def read_ledger(self, task: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return what `task` returns, which reads a row of the ledger and at most checks the credential in it.

        From SQLite at once: that takes less than a millisecond and waits for no writer (write-ahead logging); handing it to a thread and back would double it.

        Raises:
            HTTPError: 503: too many ask.
        """
        if self.portal.site.ledger_url.startswith("sqlite:"):
            return task(*arguments, **named)
        return await self.look_up(task, *arguments, **named)

    def write_error(self, status_code: int, **how: object) -> None:
        """Tell who hurries too much, and who came while too much was done, so in words; all else as everywhere."""
        _ = self.gettext
        if status_code == 503:
            self.refuse(_("This takes too long now."), _("Try again in a minute."), status=503)
        elif status_code == 429:
            self.refuse(_("Too many checks in a short time."), _("Wait ten seconds, then go on."), status=429)
        else:
            super().write_error(status_code, **how)


class VerifyHandler(VerificationHandler):
    """The form, and what is sent with it."""

    async def get(self) -> None:
        """Show the form; with `q` check a number, a link, or a credential's own text."""
        asked = self.get_query_argument("q", "").strip()
        if asked:
            await self.check_text(asked)
        else:
            self.show("public/verify.html", VerifyPage(self.gettext("Check a credential")))

    async def post(self) -> None:
        """Check a file or a text from the form, or a credential that is the body."""
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        files = self.request.files.get("file", [])
        if kind in _SENT_AS:
            await self.check_bytes(self.request.body)
        elif files and files[0]["body"]:
            await self.check_bytes(files[0]["body"])
        else:
            await self.check_text(self.get_body_argument("text", "").strip())

    def options(self) -> None:
        """Let programs on other sites send credentials here."""
        self.set_status(204)
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
        self.set_header("Access-Control-Allow-Headers", "Accept, Content-Type")
        self.finish()

    async def check_text(self, text: str) -> None:
        """Check what was typed or pasted: a number, a link, or a credential's own text."""
        _ = self.gettext
        number = read_number(text)
        if number:
            self.redirect(self.portal.address("verify", number), status=303)
        elif text.startswith(("{", "eyJ")):
            await self.check_bytes(text.encode("utf-8", "replace"))
        elif "://" in text and not any(character.isspace() for character in text):
            await self.check_address(text)
        elif text:
            problem = _("This is neither a link, nor a credential's number, nor a credential.")
            self.refuse(problem, _("Paste the whole text of the file, its link, or its number (urn:uuid:…)."), status=400, text=text[:2000])
        else:
            self.refuse(_("There is nothing to check yet."), _("Choose a file, or paste a credential, its link or its number."), status=400)

    async def check_address(self, link: str) -> None:
        """Check what a link leads to: a page of our own, or a credential that is published somewhere."""
        _ = self.gettext
        page = own_page(link, self._own_hosts())
        if page:
            self.redirect(self.portal.prefix + page, status=303)
        elif not link.startswith("https://"):
            remedy = _("Take one that begins with https://, or save the credential as a file and choose that.")
            self.refuse(_("This link is not a safe one."), remedy, status=400, text=link[:2000])
        else:
            await self._check(lambda now: self.checkers.check_link(link, now, asker=self.address), link)

    async def check_bytes(self, data: bytes) -> None:
        """Check a file's bytes."""
        await self._check(lambda now: self.checkers.check_file(data, now, asker=self.address), "")

    async def _check(self, work: Callable[[datetime], Awaitable[Examined | Codes]], link: str) -> None:
        _, now = self.gettext, self.portal.now()
        self.refuse_hurry(submitting=True)
        try:
            found = await work(now)
        except CheckFailedError as failed:
            self.refuse(*failure_words(failed, _), status=failed.status, text=link[:2000])
        except ResolutionError:
            problem = _("What this link leads to cannot be had.")
            self.refuse(problem, _("Ask for the file itself, and choose that."), status=400, text=link[:2000])
        except DiagnosedError:
            problem = _("No credential was found in it.")
            if link:
                remedy = _("The link leads to something else, such as a web page. Download the credential there, and choose the file.")
            else:
                remedy = _(
                    "Take the file as its holder got it: JSON, the badge (PNG or SVG), or the certificate (PDF). Of a photo or a screenshot only a QR code is read: it has to be whole and sharp."
                )
            self.refuse(problem, remedy, status=400, text=link[:2000])
        else:
            if isinstance(found, Codes):
                await self.follow(found)
            else:
                self.answer(await self.look_up(page_of_examined, self.portal.site, found, now, self.reader))

    async def follow(self, codes: Codes) -> None:
        """Go where the QR codes of a picture lead, if that is a check of ours; otherwise tell what they say. Nothing is fetched."""
        page, credential = own_page_of_codes(codes.texts, self._own_hosts()), credential_of_codes(codes.texts)
        if page:
            self.redirect(self.portal.prefix + page, status=303)
        elif credential:
            await self.check_bytes(credential)
        else:
            told = code_page(codes.texts, self.gettext)
            if self.wants_json:
                self.answer_json({"problem": told.title, "remedy": told.advice, "codes": [each.text for each in told.codes]}, status=400)
            else:
                self.show("public/code.html", told)

    def _own_hosts(self) -> frozenset[str]:
        return frozenset({self.request.host.lower(), urlsplit(self.portal.site.settings.url).netloc.lower()})


class NumberHandler(VerificationHandler):
    """The check of a credential that was issued here: where QR codes on certificates lead."""

    async def get(self, number: str) -> None:
        """Show what the check finds now."""
        self.refuse_hurry(submitting=False)
        _ = self.gettext
        wanted = read_number(number)
        page = None
        if wanted:
            page = await self.read_ledger(check_number, self.portal.site, wanted, self.portal.now(), self.reader)
        if isinstance(page, ResultPage):
            self.answer(page)
        elif page is None:
            problem = _("No credential with this number was issued here.")
            self.refuse(problem, _("Compare the number letter by letter, or ask the holder for the file."), status=404, text=number[:60])
        elif self.wants_json:
            self.answer_json({"problem": page.title, "remedy": _("Ask the holder for the file.")}, status=410)
        else:
            self.show("public/erased.html", page, status=410)


class CertificatePictureHandler(VerificationHandler):
    """The certificate of a credential that was issued here, as a picture to compare with."""

    async def get(self, number: str) -> None:
        """Draw it, if the signature fits."""
        self.refuse_hurry(submitting=True)
        picture = await self.at_desk(draw_own_certificate, self.portal.site, read_number(number), self.portal.now(), self.language)
        if picture is None:
            raise HTTPError(404)
        self.set_header("Content-Type", "image/png")
        self.finish(picture)
