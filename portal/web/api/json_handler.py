"""What the endpoints for programs share: JSON in, JSON out, and every refusal a problem with its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tornado.web import HTTPError

from issuer.documents import MAX_BYTES, parse_document
from portal.web.public.verify_pages import VerificationHandler
from portal.web.visitor import Role, Visitor

JSON_TYPES = ("application/json", "application/ld+json", "application/vc+ld+json", "application/vc")


_TOLD: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        401: ("nobody is signed in", "Sign in as a registrar."),
        403: (
            "this is for a registrar who is signed in, and a change carries the form token",
            "Send the token of a page's form as X-XSRFToken.",
        ),
        404: ("there is none", "Compare the address letter by letter."),
        405: ("this endpoint is not asked in this way", "See openapi.json."),
        413: (f"more than {MAX_BYTES:,} bytes were sent", "A credential is far smaller."),
        415: ("what was sent is not said to be JSON", "Send it with Content-Type: application/json."),
    }
)
"""What went wrong and what to do, by status. Programs are told in English."""


class JsonHandler(VerificationHandler):
    """An endpoint for programs."""

    is_for_machines = True

    @property
    def wants_json(self) -> bool:
        """Whether a machine asks: nobody else does."""
        return True

    def body(self) -> dict[str, Any]:
        """Return the JSON object that was sent.

        Raises:
            HTTPError: 415: it is not sent as JSON; 413: it is too large.
            DocumentUnreadableError: it is not one strict JSON object.
        """
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind not in JSON_TYPES:
            raise HTTPError(415)
        if len(self.request.body) > MAX_BYTES:
            raise HTTPError(413)
        return parse_document(self.request.body)

    def require_registrar(self) -> Visitor:
        """Return the visitor, who is a registrar.

        Raises:
            HTTPError: 401: nobody is signed in; 403: somebody else is.
        """
        if not self.visitor.is_signed_in:
            raise HTTPError(401)
        return self.require(Role.REGISTRAR)

    def answer_problem(self, problem: str, remedy: str, *, status: int) -> None:
        """Say what is wrong."""
        self.answer_json({"problem": problem, "remedy": remedy}, status=status)

    def write_error(self, status_code: int, **how: Any) -> None:
        """Say in JSON what went wrong."""
        if status_code in _TOLD:
            self.answer_problem(*_TOLD[status_code], status=status_code)
        else:
            super().write_error(status_code, **how)
