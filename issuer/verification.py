"""Checking a credential, for anybody: no database, no site, no trust in the document.

Five checks, in this order, each with a state and a sentence: Format, Signature, Issuer, Not withdrawn, In date. Rules:
- A check that could not be made is `not checked`, never `passed`, and the verdict says so.
- Nothing that the document says of a person or an achievement is repeated before its signature was found to fit.
- What is read here is what was signed: exact contexts, plain terms, single values where single values are due (see `canonical`).

The clock comes in as `now`; DID documents and status lists come from a `Resolver`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from courses.errors import DiagnosedError
from issuer.context_documents import CREDENTIALS_V2, OPEN_BADGES_3
from issuer.did import find_assertion_key, find_jwt_key
from issuer.errors import (
    CanonicalisationError,
    ContextError,
    DocumentTooComplexError,
    ProofError,
    ResolutionError,
    SignatureMismatchError,
    StatusListError,
)
from issuer.keys import PublicKey
from issuer.known_shapes import KnownShapes
from issuer.proof import parse_timestamp, single_proof, unsecured, verify_proof
from issuer.status_list import StatusEntry, read_status_entry, read_status_list
from issuer.vc_jwt import read_jwt, verify_jwt
from issuer.withdrawal_notice import REVOKED, Notice, notice_url, read_notice

CLOCK_SKEW = timedelta(minutes=5)
_BADGE_TYPES = ("OpenBadgeCredential", "AchievementCredential")


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


@dataclass(frozen=True, slots=True)
class Found:
    """A document that a resolver found."""

    document: Mapping[str, Any]
    origin: str
    """Where it came from, in words: "https://uni.example/.well-known/did.json"."""
    authoritative: bool
    """Whether it came from the issuer's own address (or is computed from the identifier), not from a copy."""


class Resolver(Protocol):
    """Finds what a credential refers to. None: not mine to find. ResolutionError: mine, but it cannot be had."""

    def find_did_document(self, did: str) -> Found | None:
        """Return the DID document of `did`."""
        ...

    def find_status_list(self, url: str) -> Found | None:
        """Return the status list credential published at `url`."""
        ...


_Read = tuple[Mapping[str, Any], str, CredentialFacts]
"""A credential, the key's id that it names, and what it says."""

_SHAPES = KnownShapes()
"""Of the credentials that this process checked."""


class _FormatError(DiagnosedError):
    """The document is no credential of the kind that is checked here."""


def verify_credential(document: Mapping[str, Any], *, resolver: Resolver, now: datetime) -> VerificationReport:
    """Return what five checks of `document` found. Never raises for what is wrong with the document."""
    form, read = _check_format(document)
    if read is None:
        return _report([form], None)
    facts, canonical = read
    signature, found = _check_signature(document, canonical, resolver)
    return _judge([form, signature], found, (document, str(single_proof(document)["verificationMethod"]), facts), resolver, now)


def verify_credential_jwt(text: str, *, resolver: Resolver, now: datetime) -> VerificationReport:
    """Return what five checks of a credential in the form of a JWT found. Never raises for what is wrong with it."""
    try:
        read = read_jwt(text)
        facts = _read_facts(read.document)
    except DiagnosedError as misfit:
        return _report([_format_failed(misfit.problem)], None)
    form = Check("Format", State.PASSED, "The document is an Open Badges 3.0 credential in the form of a JWT.")
    signature, found = _check_jwt_signature(text, read.verification_method, resolver)
    return _judge([form, signature], found, (read.document, read.verification_method, facts), resolver, now)


def _judge(checks: list[Check], found: Found | None, read: _Read, resolver: Resolver, now: datetime) -> VerificationReport:
    document, method, facts = read
    if checks[-1].state is not State.PASSED:
        return _report(checks, None)
    issuer = _check_issuer(method, facts, found)
    if issuer.state is State.FAILED:
        return _report([*checks, issuer], None)
    return _report([*checks, issuer, _check_status(document, facts, resolver, now), _check_dates(facts, now)], facts)


CHECK_NAMES = ("Format", "Signature", "Issuer", "Not withdrawn", "In date")


def _report(checks: list[Check], facts: CredentialFacts | None) -> VerificationReport:
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


def _check_format(document: Mapping[str, Any]) -> tuple[Check, tuple[CredentialFacts, str] | None]:
    """Return the check, and if it passed what the document says together with its canonical form."""
    try:
        facts = _read_facts(document)
        single_proof(document)
        canonical = _SHAPES.canonicalise(unsecured(document))
    except (_FormatError, ProofError) as misfit:
        return _format_failed(misfit.problem), None
    except ContextError:
        return _format_failed("it uses JSON-LD contexts that are not shipped with this verifier"), None
    except DocumentTooComplexError:
        return _format_failed("it is too large or too entangled"), None
    except CanonicalisationError:
        return _format_failed(
            "something in it is covered by no signature (a term or an identifier that the standard does not define)"
        ), None
    sentence = "The document is an Open Badges 3.0 credential, and a signature can cover every part of it."
    return Check("Format", State.PASSED, sentence), (facts, canonical)


def _format_failed(why: str) -> Check:
    return Check("Format", State.FAILED, f"This cannot be checked as an Open Badges 3.0 credential: {why}.")


def _read_facts(document: Mapping[str, Any]) -> CredentialFacts:
    """Return what `document` says, refusing every form that could be read in two ways."""
    if document.get("@context") != [CREDENTIALS_V2, OPEN_BADGES_3]:
        raise _FormatError("its @context is not the one of Open Badges 3.0.3 on Verifiable Credentials 2.0")
    types = document.get("type")
    if not isinstance(types, list) or "VerifiableCredential" not in types or not any(each in types for each in _BADGE_TYPES):
        raise _FormatError("its type is not OpenBadgeCredential")
    issuer, subject = _object(document, "issuer"), _object(document, "credentialSubject")
    achievement = _object(subject, "achievement")
    return CredentialFacts(
        credential_id=_text(document, "id"),
        title=_text(achievement, "name"),
        achievement_id=_text(achievement, "id"),
        issuer_id=_text(issuer, "id"),
        issuer_name=_text(issuer, "name"),
        subject_id=_text(subject, "id") if "id" in subject else None,
        learner_name=_text(subject, "name") if "name" in subject else None,
        awarded_on=_moment(document, "awardedDate") if "awardedDate" in document else None,
        valid_from=_moment(document, "validFrom"),
        valid_until=_moment(document, "validUntil") if "validUntil" in document else None,
    )


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    if not isinstance(value, Mapping):
        raise _FormatError(f"it must have one {name}")
    return value


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not value:
        raise _FormatError(f"its {name} is missing or no text")
    return value


def _moment(holder: Mapping[str, Any], name: str) -> datetime:
    try:
        return parse_timestamp(_text(holder, name))
    except ProofError as no_time:
        raise _FormatError(f"its {name} is no time with a time zone") from no_time


def _check_signature(document: Mapping[str, Any], canonical: str, resolver: Resolver) -> tuple[Check, Found | None]:
    method = str(single_proof(document)["verificationMethod"])
    try:
        found = _find_did_document(method.partition("#")[0], resolver)
        key = find_assertion_key(found.document, method)
        if key is None:
            return _signature_failed("the issuer does not, or no longer, publish the key that it names"), None
        verify_proof(document, lambda _: key, canonical=canonical)
    except ResolutionError as unreachable:
        sentence = f"The signature could not be checked, because the issuer's key could not be had: {unreachable.problem}."
        return Check("Signature", State.NOT_CHECKED, sentence), None
    except SignatureMismatchError:
        return _signature_failed("it was changed after it was signed, or another key signed it"), None
    except (ProofError, CanonicalisationError):
        return _signature_failed("the signature's own particulars were changed"), None
    return Check("Signature", State.PASSED, "The signature fits: nothing was changed since it was signed."), found


def _check_jwt_signature(text: str, method: str, resolver: Resolver) -> tuple[Check, Found | None]:
    try:
        found = _find_did_document(method.partition("#")[0], resolver)
        key = find_jwt_key(found.document, method)
        if key is None:
            return _signature_failed("the issuer does not, or no longer, publish the key that it names"), None
        verify_jwt(text, lambda _: PublicKey("P-256", key))
    except ResolutionError as unreachable:
        sentence = f"The signature could not be checked, because the issuer's key could not be had: {unreachable.problem}."
        return Check("Signature", State.NOT_CHECKED, sentence), None
    except DiagnosedError as misfit:
        return _signature_failed(misfit.problem.removeprefix("the signature does not fit: ")), None
    return Check("Signature", State.PASSED, "The signature fits: nothing was changed since it was signed."), found


def _signature_failed(why: str) -> Check:
    return Check("Signature", State.FAILED, f"The signature does not fit this document: {why}. Do not rely on it.")


def _find_did_document(did: str, resolver: Resolver) -> Found:
    found = resolver.find_did_document(did)
    if found is None:
        raise ResolutionError("nobody could be asked for the issuer's key")
    if found.document.get("id") != did:
        raise ResolutionError(f"what {found.origin} publishes is the key list of somebody else")
    return found


def _check_issuer(method: str, facts: CredentialFacts, found: Found | None) -> Check:
    did = method.partition("#")[0]
    if did != facts.issuer_id or found is None:
        return Check("Issuer", State.FAILED, "The key belongs to somebody else than the issuer that the document names. Do not rely on it.")
    if did.startswith("did:key:"):
        sentence = "The issuer is known by its key alone; nothing ties this key to an institution."
        return Check("Issuer", State.WARNING, sentence)
    if not found.authoritative:
        sentence = f"The issuer's key was read from a copy ({found.origin}), not from its own web site."
        return Check("Issuer", State.WARNING, sentence)
    return Check("Issuer", State.PASSED, f"The key is published by the issuer at {found.origin}.")


def _check_status(document: Mapping[str, Any], facts: CredentialFacts, resolver: Resolver, now: datetime) -> Check:
    if "credentialStatus" not in document:
        return Check("Not withdrawn", State.WARNING, "The issuer keeps no list of withdrawals for this credential.")
    try:
        entry = read_status_entry(document["credentialStatus"])
        if entry.purpose not in ("revocation", "suspension"):
            raise StatusListError(f"the status is kept for {entry.purpose[:40]!r}, which is not checked here")
        found = resolver.find_status_list(entry.list_url)
        if found is None:
            raise ResolutionError("nobody could be asked for the issuer's list of withdrawals")
        is_withdrawn, listed_on = _look_up(found, entry, facts, resolver, now)
    except DiagnosedError as unknown:
        sentence = f"Whether this was withdrawn could not be checked: {unknown.problem}."
        return Check("Not withdrawn", State.NOT_CHECKED, sentence)
    day = listed_on.strftime("%Y-%m-%d")
    if is_withdrawn:
        return Check("Not withdrawn", State.FAILED, _withdrawn(entry, facts, resolver, day))
    if not found.authoritative:
        sentence = f"It is not on the list of withdrawals of {day}, which was read from a copy ({found.origin})."
        return Check("Not withdrawn", State.WARNING, sentence)
    return Check("Not withdrawn", State.PASSED, f"The issuer has not withdrawn it (list of {day}).")


def _withdrawn(entry: StatusEntry, facts: CredentialFacts, resolver: Resolver, day: str) -> str:
    """Return the sentence of a withdrawn credential, with the issuer's own reason if it publishes one that fits."""
    notice = _find_notice(entry, facts, resolver)
    if notice is None:
        what = "withdrew" if entry.purpose == "revocation" else "suspended"
        return f"The issuer {what} this credential (list of {day})."
    what = "withdrew this credential" if notice.state == REVOKED else "suspended this credential for the time being"
    return f"The issuer {what} (list of {day}). Its reason: {notice.reason}"


def _find_notice(entry: StatusEntry, facts: CredentialFacts, resolver: Resolver) -> Notice | None:
    url = notice_url(entry.list_url, facts.credential_id)
    try:
        found = resolver.find_status_list(url)
        if found is None:
            return None
        notice = read_notice(found.document, url, facts.issuer_id, facts.credential_id)
        if notice is not None:
            verify_proof(found.document, lambda method: _issuers_key(method, facts, resolver))
    except DiagnosedError:
        return None
    return notice


def _issuers_key(method: str, facts: CredentialFacts, resolver: Resolver) -> bytes:
    did = method.partition("#")[0]
    key = find_assertion_key(_find_did_document(did, resolver).document, method) if did == facts.issuer_id else None
    if key is None:
        raise StatusListError("it is signed by somebody else than the issuer")
    return key


def _look_up(found: Found, entry: StatusEntry, facts: CredentialFacts, resolver: Resolver, now: datetime) -> tuple[bool, datetime]:
    """Return whether the entry is set, and when the list was made (Bitstring Status List 3.2)."""

    def key_of(method: str) -> bytes:
        did = method.partition("#")[0]
        key = find_assertion_key(_find_did_document(did, resolver).document, method) if did == facts.issuer_id else None
        if key is None:
            raise StatusListError("the list of withdrawals is signed by somebody else than the issuer")
        return key

    if found.document.get("@context") != [CREDENTIALS_V2]:
        raise StatusListError("the list of withdrawals uses other terms than those of the standard")
    verify_proof(found.document, key_of)
    bits = read_status_list(found.document, entry, facts.issuer_id)
    try:
        made, until = _moment(found.document, "validFrom"), found.document.get("validUntil")
    except _FormatError as undated:
        raise StatusListError("the list of withdrawals has no date") from undated
    if made > now + CLOCK_SKEW or (until is not None and _moment(found.document, "validUntil") < now):
        raise StatusListError("the list of withdrawals is out of date")
    return bits.is_set(entry.index), made


def _check_dates(facts: CredentialFacts, now: datetime) -> Check:
    if facts.valid_from > now + CLOCK_SKEW:
        return Check("In date", State.NOT_CHECKED, f"It is valid only from {facts.valid_from:%Y-%m-%d} on.")
    if facts.valid_until is not None and facts.valid_until < now:
        return Check("In date", State.FAILED, f"It expired on {facts.valid_until:%Y-%m-%d}.")
    if facts.valid_until is None:
        return Check("In date", State.PASSED, f"It is valid since {facts.valid_from:%Y-%m-%d} and does not expire.")
    return Check("In date", State.PASSED, f"It is valid from {facts.valid_from:%Y-%m-%d} until {facts.valid_until:%Y-%m-%d}.")
