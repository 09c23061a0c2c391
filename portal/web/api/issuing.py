"""`POST credentials/issue` and `POST credentials/status` of the VC API, for a registrar who is signed in.

Rules (docs/decisions/0009):
1. Nothing is signed here. What is issued was prepared by one person and approved by another; `issue` hands out a credential that went that way, and refuses all else.
2. A status is changed by the function behind the office's page, in the registrar's name, with a reason; no more a day than one person may withdraw at once.
3. Both ask for the form token, as every form does, so that no other site makes a registrar's browser do it.

Source: W3C CCG, Verifiable Credential API v0.7, 3.2.1 (Issue Credential) and 3.2.4 (Update Status).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tornado.web import RequestHandler

from courses.errors import DiagnosedError
from courses.settings import Site
from issuer.withdrawal import Withdrawal
from portal.credential_register import find_state
from portal.governing import reinstate_one, withdraw_many
from portal.web.api.json_handler import JsonHandler
from portal.web.public.own_credentials import find_own, read_number
from portal.web.public.verification_desk import TokenBuckets

_CHANGES = "vc_api_status_changes"
_DAY_S = 86_400
_HOW: Mapping[object, Literal["revoke", "suspend"]] = {"revocation": "revoke", "suspension": "suspend"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not done."""

    status: int
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class StatusChange:
    """What a request for another status says."""

    number: str
    how: Literal["revoke", "suspend"]
    is_set: bool
    code: str
    note: str


def issued_document(site: Site, body: Mapping[str, Any], now: datetime) -> dict[str, Any] | Refusal:
    """Return the signed credential that a request names, if it was issued, is in force, and says what the request says."""
    credential, options = body.get("credential"), body.get("options")
    if not isinstance(credential, dict):
        return Refusal(400, "the request has no credential", 'Send {"credential": {"id": "urn:uuid:…"}}.')
    named = options.get("credentialId") if isinstance(options, dict) else None
    number = read_number(str(named or credential.get("id") or ""))
    own = find_own(site, number) if number else None
    if own is None:
        return Refusal(
            403,
            "nothing is signed here that two persons did not prepare and approve",
            "Prepare a batch and have it approved (office/batches); then ask for the credential by its id.",
        )
    if not own.document or find_state(site, own.id, now=now) != "valid":
        return Refusal(403, "this credential is not in force any more", "Look it up in the register.")
    document: dict[str, Any] = json.loads(own.document)
    if any(name != "id" and document.get(name) != value for name, value in credential.items()):
        return Refusal(
            403, "this credential was issued with other content", "Leave everything but its id out, or correct it in the register."
        )
    return document


def status_change(body: Mapping[str, Any]) -> StatusChange | Refusal:
    """Return what a request asks for. Pure."""
    number = read_number(str(body.get("credentialId") or ""))
    entries = body.get("credentialStatus")
    entry = entries[0] if isinstance(entries, list) and len(entries) == 1 else entries
    if not number or not isinstance(entry, dict) or entry.get("type") != "BitstringStatusListEntry":
        return Refusal(400, "the request names no credential, or no single BitstringStatusListEntry", "See openapi.json.")
    how, wanted = _HOW.get(str(entry.get("statusPurpose"))), body.get("status", entry.get("status"))
    if how is None or wanted not in (True, False, "1", "0"):
        return Refusal(
            400, "the purpose is neither revocation nor suspension, or the status is neither true nor false", "See openapi.json."
        )
    note = str(body.get("note") or "").strip()
    if not note or len(note) > 2000:
        return Refusal(400, "a status is not changed without a reason", "Say it in `note`; it is kept for the record and never published.")
    return StatusChange(number, how, wanted in (True, "1"), str(body.get("reasonCode") or "other"), note)


class OfficeJsonHandler(JsonHandler):
    """An endpoint that acts in a registrar's name."""

    check_xsrf_cookie = RequestHandler.check_xsrf_cookie

    def set_default_headers(self) -> None:
        """Keep answers to the browser's own site."""
        super().set_default_headers()
        self.clear_header("Access-Control-Allow-Origin")

    def answer_json(self, content: object, *, status: int = 200) -> None:
        """Send JSON that no other site's scripts may read."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(content, ensure_ascii=False))  # indenting is done in Python, and costs a millisecond

    def refused(self, refusal: Refusal) -> None:
        """Say why not."""
        self.answer_problem(refusal.problem, refusal.remedy, status=refusal.status)


class VcIssueHandler(OfficeJsonHandler):
    """Hands out a credential that was prepared, approved and issued."""

    async def post(self) -> None:
        """Send it."""
        self.require_registrar()
        try:
            found = await self.look_up(issued_document, self.portal.site, self.body(), self.portal.now())
        except DiagnosedError as unreadable:
            self.answer_problem(str(unreadable.problem), str(unreadable.remedy), status=400)
            return
        if isinstance(found, Refusal):
            self.refused(found)
        else:
            self.answer_json({"verifiableCredential": found}, status=201)


class VcStatusHandler(OfficeJsonHandler):
    """Revokes, suspends, or ends a suspension."""

    async def post(self) -> None:
        """Do it, in the visitor's name."""
        visitor = self.require_registrar()
        try:
            change = status_change(self.body())
            if isinstance(change, Refusal):
                self.refused(change)
            elif not self._changes.take(visitor.name, time.monotonic()):
                self.answer_problem(
                    "this is as much as one person may withdraw in a day",
                    "Withdraw many in the register; another person decides.",
                    status=429,
                )
            else:
                self.answer_json(await self.compute(self._change, change, visitor.name))
        except DiagnosedError as refused:
            self.answer_problem(str(refused.problem), str(refused.remedy), status=400)

    def _change(self, change: StatusChange, by: str) -> dict[str, object]:
        site, now = self.portal.site, self.portal.now()
        if change.is_set:
            found = withdraw_many(site, [change.number], Withdrawal(change.how, change.code, change.note), by=by, now=now)
            changed, waits = bool(found.changed) and found.decision is None, found.decision is not None
        else:
            changed, waits = reinstate_one(site, change.number, reason=change.note, by=by, now=now), False
        return {
            "credentialId": f"urn:uuid:{change.number}",
            "state": find_state(site, change.number, now=now) or "",
            "changed": changed,
            "waits": waits,
        }

    @property
    def _changes(self) -> TokenBuckets:
        if _CHANGES not in self.settings:
            alone = max(1, self.portal.site.settings.approval.withdraw_alone)
            self.settings[_CHANGES] = TokenBuckets(burst=alone, per_second=alone / _DAY_S)
        buckets: TokenBuckets = self.settings[_CHANGES]
        return buckets
