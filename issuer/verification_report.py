"""What verification answers: checks, a verdict, and what the credential says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

CHECK_NAMES = ("Format", "Signature", "Issuer", "Not withdrawn", "In date")


class State(StrEnum):
    """How one check went."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    NOT_CHECKED = "not checked"


class Verdict(StrEnum):
    """What all checks come to."""

    VALID = "valid"
    VALID_WITH_A_NOTE = "valid with a note"
    NOT_YET_VALID = "not yet valid"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    ALTERED = "altered"
    """Not, or no longer, what the issuer that it names has signed."""
    CANNOT_CHECK = "cannot check"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, how it went, and a sentence for people."""

    name: str
    state: State
    sentence: str


@dataclass(frozen=True, slots=True)
class CredentialFacts:
    """What a credential says, read after its signature fitted."""

    credential_id: str
    title: str
    achievement_id: str
    """Empty for a record, which holds badges instead."""
    issuer_id: str
    issuer_name: str
    subject_id: str | None
    learner_name: str | None
    awarded_on: datetime | None
    valid_from: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """The verdict, the five checks in order, and what the credential says (None unless its signature fits)."""

    verdict: Verdict
    checks: tuple[Check, ...]
    facts: CredentialFacts | None
    badges: tuple[VerificationReport, ...] = ()
    """Of a record: what was found of each badge in it. The record's own verdict says nothing of them."""


def make_report(checks: list[Check], facts: CredentialFacts | None) -> VerificationReport:
    """Return the report of the checks that were made, in their order; those that were not are told as not made."""
    missing = [Check(name, State.NOT_CHECKED, "Not looked at, because of what stands above.") for name in CHECK_NAMES[len(checks) :]]
    return VerificationReport(_verdict(checks), (*checks, *missing), facts)


def _verdict(checks: list[Check]) -> Verdict:
    states = {check.name: check.state for check in checks}
    if states["Format"] is not State.PASSED:
        return Verdict.CANNOT_CHECK
    if State.FAILED in (states.get("Signature"), states.get("Issuer")):
        return Verdict.ALTERED
    if len(checks) < len(CHECK_NAMES):
        return Verdict.CANNOT_CHECK
    if states["Not withdrawn"] is State.FAILED:
        return Verdict.WITHDRAWN
    if states["In date"] is State.FAILED:
        return Verdict.EXPIRED
    if states["Not withdrawn"] is State.NOT_CHECKED:
        return Verdict.CANNOT_CHECK
    if states["In date"] is State.NOT_CHECKED:
        return Verdict.NOT_YET_VALID
    return Verdict.VALID_WITH_A_NOTE if State.WARNING in states.values() else Verdict.VALID
