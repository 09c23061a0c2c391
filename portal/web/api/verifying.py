"""`POST credentials/verify` of the VC API: the five checks of the verify page, in the form that programs of other makers know.

Source: W3C CCG, Verifiable Credential API v0.7, 3.3.1 (Verify Credential): `verified`, `warnings` and `errors` as problem details (RFC 9457).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from courses.errors import DiagnosedError
from issuer.verification import State, VerificationReport
from portal.verifying import Verified
from portal.web.api.json_handler import JsonHandler
from portal.web.checking.errors import CheckFailedError

_ENVELOPE = "data:application/vc+jwt,"


def as_answer(report: VerificationReport) -> dict[str, Any]:
    """Return a report in the words of the VC API. Pure. A check that could not be made is an error: it has not passed."""
    reports = (report, *report.badges)
    return {
        "verified": Verified("", report).is_good,
        "verdict": str(report.verdict),
        "checks": [{"name": each.name, "state": str(each.state), "sentence": each.sentence} for each in report.checks],
        "warnings": _details(reports, {State.WARNING}),
        "errors": _details(reports, {State.FAILED, State.NOT_CHECKED}),
    }


def _details(reports: tuple[VerificationReport, ...], states: set[State]) -> list[dict[str, str]]:
    return [
        {"type": "about:blank", "title": each.name, "detail": each.sentence}
        for report in reports
        for each in report.checks
        if each.state in states
    ]


def credential_of(body: Mapping[str, Any]) -> bytes | None:
    """Return the credential in a request, as JSON or as a JWT; None if there is none. Pure.

    An enveloped one (VC Data Model 2.0, 4.13) is a JWT in the `id` of an object, or a string.
    """
    found = body.get("verifiableCredential")
    if isinstance(found, str):
        return found.removeprefix(_ENVELOPE).encode("utf-8", "replace")
    if not isinstance(found, dict):
        return None
    named = found.get("id")
    if found.get("type") == "EnvelopedVerifiableCredential" and isinstance(named, str) and named.startswith(_ENVELOPE):
        return named.removeprefix(_ENVELOPE).encode("utf-8", "replace")
    return json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")


class VcVerifyHandler(JsonHandler):
    """Verification for programs. Anybody's: nothing is kept, nothing is changed."""

    async def post(self) -> None:
        """Verify what was sent."""
        self.refuse_hurry(submitting=True)
        try:
            credential = credential_of(self.body())
            if credential is None:
                self.answer_problem("the request has no credential", 'Send {"verifiableCredential": …}.', status=400)
                return
            self.answer_json(as_answer((await self.checkers.check_credential(credential, self.portal.now(), asker=self.address)).report))
        except CheckFailedError as failed:
            self.answer_problem(failed.problem, failed.remedy, status=failed.status)
        except DiagnosedError as unreadable:
            self.answer_problem(str(unreadable.problem), str(unreadable.remedy), status=400)

    def options(self) -> None:
        """Let programs on other sites ask."""
        self.set_status(204)
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Access-Control-Allow-Methods", "POST, OPTIONS")
        self.set_header("Access-Control-Allow-Headers", "Accept, Content-Type")
        self.finish()
