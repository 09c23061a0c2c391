"""Suspending or revoking many: chosen in the register or pasted, looked at first, then done, or left to a second person where they are many."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tornado.web import HTTPError, authenticated

from courses.settings import Site
from issuer.withdrawal import REASONS, Withdrawal
from portal.governing import withdraw_many
from portal.web.office.credential_page import CODES, withdrawal_of
from portal.web.office.office_handler import OfficeHandler
from portal.web.visitor import Role

MOST = 5000
_NUMBER = re.compile(r"(?:urn:uuid:)?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")


@dataclass(frozen=True, slots=True)
class ManyPage:
    """The form, or what it would do."""

    title: str
    numbers: str
    """Of the credentials, one a line."""
    reasons: tuple[tuple[str, str], ...]
    alone: int
    """How many one person may withdraw."""
    mistyped: bool
    what: Withdrawal | None = None
    """None: nothing was looked at yet."""
    changed: int = 0
    unchanged: int = 0

    @property
    def needs_second(self) -> bool:
        """Whether a second person decides."""
        return self.changed > self.alone


def numbers_in(text: str) -> tuple[str, ...]:
    """Return the credentials' numbers in a text, each once, as `urn:uuid:…`. Pure.

    Raises:
        HTTPError: 400: there are none, or too many.
    """
    found = tuple(dict.fromkeys(f"urn:uuid:{each.lower()}" for each in _NUMBER.findall(text)))
    if not 1 <= len(found) <= MOST:
        raise HTTPError(400)
    return found


def many_page(title: str, numbers: tuple[str, ...], site: Site, *, mistyped: bool = False) -> ManyPage:
    """Return the form for these."""
    reasons = tuple((code, REASONS[code]) for code in CODES)
    return ManyPage(title, "\n".join(numbers), reasons, site.settings.approval.withdraw_alone, mistyped)


class ManyHandler(OfficeHandler):
    """The form, with what was chosen in the register."""

    @authenticated
    async def post(self) -> None:
        """Show the form, or what it would do, or do it: each step is a form of the page before."""
        visitor = self.require(Role.REGISTRAR)
        numbers = numbers_in("\n".join(self.get_body_arguments("numbers")))
        site, title, step = self.portal.site, self.gettext("Suspend or revoke many"), self.get_body_argument("step", "choose")
        page = many_page(title, numbers, site)
        if step == "choose":
            self.show("office/many.html", page)
            return
        what = withdrawal_of(self)
        seen = await self.compute(withdraw_many, site, numbers, what, by=visitor.name, now=self.portal.now(), dry_run=True)
        count = len(seen.changed)
        if step == "look" or self.get_body_argument("typed", "").strip() != str(count):
            self.show(
                "office/many.html",
                ManyPage(title, page.numbers, page.reasons, page.alone, step != "look", what, count, len(seen.unchanged)),
            )
            return
        done = await self.compute(withdraw_many, site, numbers, what, by=visitor.name, now=self.portal.now())
        self.done("decisions" if done.decision else "register", what="waits" if done.decision else "withdrawn")
