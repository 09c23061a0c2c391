"""A verification's verdict and checks in plain words, in the language of the page. Pure.

The core says its findings in English sentences; here each check is worded anew from its name and state, and from what the signed credential says. The core's
own sentence stands in the technical details.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from issuer.verification import Check, State, Verdict, VerificationReport
from portal.web.checking.errors import CheckBrokenOffError, CheckFailedError, CheckTooLongError, CheckTooMuchError
from portal.web.core_words import core_text
from portal.web.moments import day_in
from portal.web.moments import day_words as words_of_day

Gettext = Callable[[str], str]
_LIST_OF = re.compile(r"list of (?:withdrawals of )?(\d{4})-(\d\d)-(\d\d)")


@dataclass(frozen=True, slots=True)
class Reader:
    """In which words somebody reads of a check."""

    language: str
    timezone: str
    """In which days are told: the institution's."""
    gettext: Gettext

    def day(self, moment: datetime) -> str:
        """Return the day of a moment in words."""
        return words_of_day(day_in(moment, self.timezone), self.language)


@dataclass(frozen=True, slots=True)
class Headline:
    """The verdict: a big word and a sentence."""

    word: str
    sentence: str
    tone: str
    """How it is coloured: good, bad or note."""


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One of the five checks."""

    name: str
    state: str
    tone: str
    sentence: str
    detail: str
    """The core's own sentence, in English."""


def headline(report: VerificationReport, gettext: Gettext) -> Headline:
    """Return what all checks come to."""
    _ = gettext
    states = {check.name: check.state for check in report.checks}
    if states["Format"] is not State.PASSED:
        return Headline(
            _("Not a credential that can be checked"),
            _(
                "This is no Open Badges 3.0 credential or learner record, or not one in which every word is signed. Ask for the original file."
            ),
            "bad",
        )
    if report.verdict is Verdict.WITHDRAWN and _is_suspended(report):
        return Headline(
            _("Suspended for now"), _("The issuer has suspended this credential for the time being. Do not rely on it now."), "bad"
        )
    return _verdict_words(gettext)[report.verdict]


@lru_cache(maxsize=8)  # for each language
def _verdict_words(gettext: Gettext) -> dict[Verdict, Headline]:
    _ = gettext
    return {
        Verdict.VALID: Headline(_("Valid"), _("The issuer signed exactly this, and stands by it today."), "good"),
        Verdict.VALID_WITH_A_NOTE: Headline(
            _("Valid with a note"), _("The signature fits. Read the note below before you rely on it."), "note"
        ),
        Verdict.EXPIRED: Headline(
            _("Expired"), _("It was valid, and its time is over. What it says was true when it was awarded."), "note"
        ),
        Verdict.WITHDRAWN: Headline(_("Withdrawn"), _("The issuer has withdrawn this credential. Do not rely on it."), "bad"),
        Verdict.ALTERED: Headline(
            _("Altered"),
            _("This is not, or no longer, what the issuer that it names has signed. Nothing of what it says is shown. Do not rely on it."),
            "bad",
        ),
        Verdict.NOT_YET_VALID: Headline(_("Not yet valid"), _("The signature fits, but it is valid only later."), "note"),
        Verdict.CANNOT_CHECK: Headline(
            _("Cannot check now"),
            _("Not everything could be checked, which says nothing against the credential. Try again later, or ask its issuer."),
            "note",
        ),
    }


@lru_cache(maxsize=8)
def _check_words(gettext: Gettext) -> tuple[dict[str, str], dict[State, tuple[str, str]]]:
    _ = gettext
    names = {
        "Format": _("Format"),
        "Signature": _("Signature"),
        "Issuer": _("Issuer"),
        "Not withdrawn": _("Not withdrawn"),
        "In date": _("In date"),
    }
    states = {
        State.PASSED: (_("passed"), "good"),
        State.FAILED: (_("failed"), "bad"),
        State.WARNING: (_("note"), "note"),
        State.NOT_CHECKED: (_("not checked"), "note"),
    }
    return names, states


def failure_words(failed: CheckFailedError, gettext: Gettext) -> tuple[str, str]:
    """Return why a check came to no result, and what to do now."""
    _ = gettext
    ask = _("If it happens again, ask the holder for the credential as a JSON file.")
    if isinstance(failed, CheckTooMuchError):
        told = _("To read this file takes more memory or time than any credential needs, so it was given up.")
        return told, _("Ask the holder for the credential as a JSON file.")
    if isinstance(failed, CheckTooLongError):
        return _("The check took too long, so it was ended. That says nothing of the credential."), _("Try again in a minute.") + " " + ask
    if isinstance(failed, CheckBrokenOffError):
        return _("The check broke off. That says nothing of the credential."), _("Try it once more.") + " " + ask
    return _("Too many checks are done at this moment."), _("Try again in a minute.")


def check_lines(report: VerificationReport, reader: Reader) -> tuple[CheckLine, ...]:
    """Return the five checks in words."""
    names, states = _check_words(reader.gettext)
    return tuple(
        CheckLine(names[check.name], *states[check.state], _SENTENCES[check.name](check, report, reader), check.sentence)
        for check in report.checks
    )


def day_words(check: Check, language: str) -> str:
    """Return the day of the list that a check of withdrawals looked at, empty if it names none."""
    found = _LIST_OF.search(check.sentence)
    if found is None:
        return ""
    return words_of_day(date(int(found[1]), int(found[2]), int(found[3])), language)


def public_reason(check: Check) -> str:
    """Return the issuer's own reason for a withdrawal, which its signed notice gives; empty if there is none."""
    return check.sentence.partition(" Its reason: ")[2] if check.state is State.FAILED else ""


def _is_suspended(report: VerificationReport) -> bool:
    [check] = [each for each in report.checks if each.name == "Not withdrawn"]
    return " suspended " in check.sentence.partition(" Its reason: ")[0]


def _format_words(check: Check, _report: VerificationReport, reader: Reader) -> str:
    _ = reader.gettext
    if check.state is State.PASSED:
        return _("It is a credential of an open standard, and the signature covers every part of it.")
    return _("It is no credential of a kind that is known here, or has parts that no signature covers.")


def _signature_words(check: Check, _report: VerificationReport, reader: Reader) -> str:
    _ = reader.gettext
    return {
        State.PASSED: _("Nothing was changed since it was signed."),
        State.FAILED: _("It was changed after it was signed, or somebody else signed it."),
        State.NOT_CHECKED: _("The signature could not be checked: the issuer's key could not be had, or the format was wrong already."),
    }.get(check.state, check.sentence)


def _issuer_words(check: Check, report: VerificationReport, reader: Reader) -> str:
    _ = reader.gettext
    if check.state is State.PASSED and report.facts is not None:
        return _("The key is the one that {issuer} publishes on its own web site.").format(issuer=report.facts.issuer_name)
    if check.state is State.WARNING and "by its key alone" in check.sentence:
        return _("The issuer is known by its key alone; nothing ties this key to an institution.")
    return {
        State.WARNING: _("The issuer's key was read from a copy, not from its own web site."),
        State.FAILED: _("The key belongs to somebody else than the issuer that it names."),
        State.NOT_CHECKED: _("Not looked at, because of what stands above."),
    }.get(check.state, check.sentence)


def _status_words(check: Check, _report: VerificationReport, reader: Reader) -> str:
    _ = reader.gettext
    day = day_words(check, reader.language)
    if check.state is State.PASSED:
        return _("The issuer has not withdrawn it (its list of {day}).").format(day=day)
    if check.state is State.FAILED:
        suspended = " suspended " in check.sentence.partition(" Its reason: ")[0]
        told = _("The issuer has suspended it (its list of {day}).") if suspended else _("The issuer has withdrawn it (its list of {day}).")
        reason = public_reason(check)
        return told.format(day=day) + (
            " " + _("The issuer's reason: {reason}").format(reason=core_text(reason, reader.language)) if reason else ""
        )
    if check.state is State.WARNING:
        if day:
            return _("It is not on the list of withdrawals of {day}, which was read from a copy.").format(day=day)
        return _("The issuer keeps no list of withdrawals for this credential.")
    if check.sentence.startswith("Not looked at"):
        return _("Not looked at, because of what stands above.")
    return _("Whether it was withdrawn could not be checked.")


def _date_words(check: Check, report: VerificationReport, reader: Reader) -> str:
    _ = reader.gettext
    facts = report.facts
    if facts is None:
        return _("Not looked at, because of what stands above.")
    since = reader.day(facts.valid_from)
    until = reader.day(facts.valid_until) if facts.valid_until else ""
    if check.state is State.NOT_CHECKED:
        return _("It is valid only from {day} on.").format(day=since)
    if check.state is State.FAILED:
        return _("It expired on {day}.").format(day=until)
    if until:
        return _("It is valid from {since} until {until}.").format(since=since, until=until)
    return _("It is valid since {day} and does not expire.").format(day=since)


_SENTENCES: dict[str, Callable[[Check, VerificationReport, Reader], str]] = {
    "Format": _format_words,
    "Signature": _signature_words,
    "Issuer": _issuer_words,
    "Not withdrawn": _status_words,
    "In date": _date_words,
}
