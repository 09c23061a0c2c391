"""The result of a verification as a page, and as JSON. Pure: what was found comes in.

If the signature does not fit, nothing of the document is in here: `view` is None then, and the sentences are ours.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from issuer.verification import State, VerificationReport
from portal.sharing import PageChoices
from portal.verifying import Examined
from portal.web.public.credential_view import CredentialView, view_credential
from portal.web.public.verdict_words import CheckLine, Headline, Reader, check_lines, headline

EVERYTHING = PageChoices(show_grade=True, show_evidence=True, give_file=True)
"""For who has the signed file."""


@dataclass(frozen=True, slots=True)
class BadgeLine:
    """A badge in a record."""

    title: str
    """Empty if its signature does not fit."""
    headline: Headline
    checks: tuple[CheckLine, ...]


@dataclass(frozen=True, slots=True)
class ResultPage:
    """What verification found."""

    title: str
    headline: Headline
    checks: tuple[CheckLine, ...]
    view: CredentialView | None
    badges: tuple[BadgeLine, ...]
    checked_at: datetime
    verdict: str
    """Of `issuer.verification.Verdict`."""
    own: str
    """The number, if this site issued it: then there is a picture of its certificate."""
    is_replaced: bool
    grade_hidden: bool
    evidence_hidden: bool
    is_foreign: bool = False
    """Whether another institution issued it."""


def result_page(
    examined: Examined,
    now: datetime,
    reader: Reader,
    *,
    choices: PageChoices = EVERYTHING,
    own: str = "",
    is_replaced: bool = False,
) -> ResultPage:
    """Return the page of a result.

    Args:
        choices: what the holder lets be seen.
        own: the UUID of a credential that this site issued.
    """
    report = examined.report
    told = headline(report, reader.gettext)
    view = None
    if report.facts is not None and examined.document is not None:
        view = view_credential(
            examined.document, report.facts, reader.gettext, show_grade=choices.show_grade, show_evidence=choices.show_evidence
        )
    return ResultPage(
        title=told.word,
        headline=told,
        checks=check_lines(report, reader),
        view=view,
        badges=tuple(_badge(each, reader) for each in report.badges),
        checked_at=now,
        verdict=str(report.verdict),
        own=own if view is not None else "",
        is_replaced=is_replaced,
        grade_hidden=view is not None and view.has_results and not choices.show_grade,
        evidence_hidden=view is not None and view.has_evidence and not choices.show_evidence,
    )


def as_json(page: ResultPage) -> dict[str, Any]:
    """Return the result for machines; every text is in the language that was asked for, `verdict` and `state` are codes."""
    view = None
    if page.view is not None:
        view = {name: value for name, value in _plain(page.view).items() if value not in ("", None, (), [])}
    return {
        "verdict": page.verdict,
        "word": page.headline.word,
        "told": page.headline.sentence,
        "checked_at": page.checked_at.isoformat(timespec="seconds"),
        "checks": _plain(page.checks),
        "credential": view,
        "badges": _plain(page.badges),
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON writes it: objects for records, lists for tuples, times as ISO 8601. (`asdict` copies each value, which takes longer than the check.)"""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value


def is_readable(report: VerificationReport) -> bool:
    """Whether the format check passed."""
    return report.checks[0].state is State.PASSED


def _badge(report: VerificationReport, reader: Reader) -> BadgeLine:
    title = report.facts.title if report.facts is not None else ""
    return BadgeLine(title, headline(report, reader.gettext), check_lines(report, reader))
