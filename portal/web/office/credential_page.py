"""One credential: what it says, its state and history; suspending, reinstating, revoking, correcting, renewing."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from tornado.web import HTTPError, authenticated

from issuer.withdrawal import REASONS, Withdrawal
from portal.credential_register import CredentialRecord, find_record
from portal.exporting import ENDINGS, Form, export_credential
from portal.governing import ask_correction, ask_renewal, reinstate_one, withdraw_many
from portal.web.office.office_handler import AWARDING, OfficeHandler, chosen
from portal.web.visitor import Role

_MIME_TYPES = {"json": "application/json", "pdf": "application/pdf", "png": "image/png"}
CODES = tuple(code for code in REASONS if code != "replaced")
"""Reasons that a person gives."""


@dataclass(frozen=True, slots=True)
class CredentialPage:
    """The page."""

    title: str
    number: str
    record: CredentialRecord
    issued_at: datetime
    valid_until: datetime | None
    reasons: tuple[tuple[str, str], ...]
    """Reason codes, with what the public is told."""
    may_act: bool
    done: str
    mistyped: Withdrawal | None
    """What somebody wanted to do and did not confirm; None: nobody did."""


def credential_page(record: CredentialRecord, *, may_act: bool, done: str = "", mistyped: Withdrawal | None = None) -> CredentialPage:
    """Return the page of a credential. Pure."""
    until = record.line.valid_until
    return CredentialPage(
        title=record.name or record.line.learner,
        number=record.line.credential.removeprefix("urn:uuid:"),
        record=record,
        issued_at=datetime.fromisoformat(record.line.issued_at),
        valid_until=datetime.fromisoformat(until) if until else None,
        reasons=tuple((code, REASONS[code]) for code in CODES),
        may_act=may_act,
        done=done,
        mistyped=mistyped,
    )


class CredentialHandler(OfficeHandler):
    """One credential."""

    @authenticated
    async def get(self, name: str) -> None:
        """Show it."""
        visitor = self.require(*AWARDING)
        record, done = await self.record(name), self.get_query_argument("done", "")
        self.show("office/credential.html", credential_page(record, may_act=visitor.may(Role.REGISTRAR), done=done))

    async def record(self, name: str) -> CredentialRecord:
        """Return the credential.

        Raises:
            HTTPError: 404: there is none.
        """
        record = await self.compute(find_record, self.portal.site, name, now=self.portal.now())
        if record is None:
            raise HTTPError(404)
        return record


class WithdrawHandler(CredentialHandler):
    """Suspending or revoking one."""

    @authenticated
    async def post(self, name: str) -> None:
        """Do it, in the visitor's name, if the name was typed that stands in it; otherwise the form comes back as it was filled in."""
        visitor, record = self.require(Role.REGISTRAR), await self.record(name)
        what = withdrawal_of(self)
        if not is_same_text(self.told("typed"), record.typed):
            self.show("office/credential.html", credential_page(record, may_act=True, mistyped=what))
            return
        found = await self.compute(withdraw_many, self.portal.site, [record.line.credential], what, by=visitor.name, now=self.portal.now())
        self.done("register", name, what="waits" if found.decision else "withdrawn" if found.changed else "unchanged")


def withdrawal_of(handler: OfficeHandler) -> Withdrawal:
    """Return what a form says of how and why credentials are withdrawn."""
    how = cast(Literal["revoke", "suspend"], chosen(handler.get_body_argument("how", ""), ("revoke", "suspend")))
    code = chosen(handler.get_body_argument("code", ""), CODES)
    return Withdrawal(how, code, handler.told("note"), handler.get_body_argument("public", "").strip())


class ReinstateHandler(CredentialHandler):
    """Ending a suspension."""

    @authenticated
    async def post(self, name: str) -> None:
        """Do it."""
        visitor, record = self.require(Role.REGISTRAR), await self.record(name)
        done = await self.compute(
            reinstate_one, self.portal.site, record.line.credential, reason=self.told("note"), by=visitor.name, now=self.portal.now()
        )
        self.done("register", name, what="reinstated" if done else "unchanged")


class CorrectHandler(CredentialHandler):
    """Asking for the correction of a name."""

    @authenticated
    async def post(self, name: str) -> None:
        """Open the decision that another person takes."""
        visitor, record = self.require(Role.REGISTRAR), await self.record(name)
        corrected, note = self.told("name", longest=200), self.told("note")
        await self.compute(
            ask_correction, self.portal.site, record.line.credential, corrected, reason=note, by=visitor.name, now=self.portal.now()
        )
        self.done("register", name, what="waits")


class RenewHandler(CredentialHandler):
    """Asking for renewal."""

    @authenticated
    async def post(self, name: str) -> None:
        """Open the decision that another person takes."""
        visitor, record = self.require(Role.REGISTRAR), await self.record(name)
        await self.compute(
            ask_renewal, self.portal.site, record.line.credential, reason=self.told("note"), by=visitor.name, now=self.portal.now()
        )
        self.done("register", name, what="waits")


class CredentialFileHandler(CredentialHandler):
    """The credential's files."""

    @authenticated
    async def get(self, name: str, form: str = "") -> None:
        """Send one; of an erased credential there is none."""
        self.require(*AWARDING)
        record = await self.record(name)
        if record.line.erased:
            raise HTTPError(404)
        exported = await self.compute(export_credential, self.portal.site, record.line.credential, cast(Form, form))
        self.send_file(exported.content, f"credential-{name[:8]}{ENDINGS[cast(Form, form)]}", _MIME_TYPES[form])


def is_same_text(typed: str, wanted: str) -> bool:
    """Whether somebody typed what was wanted; case and spaces do not count."""
    return _folded(typed) == _folded(wanted)


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
