"""Checking a credential, for anybody: no database, no site, no trust in the document.

Five checks, in this order, each with a state and a sentence: Format, Signature, Issuer, Not withdrawn, In date. Rules:
- A check that could not be made is `not checked`, never `passed`, and the verdict says so.
- Nothing that the document says of a person or an achievement is repeated before its signature was found to fit.
- What is read here is what was signed: exact contexts, plain terms, single values where single values are due (see `canonical`). That holds for signatures
  over the JSON itself (`eddsa-jcs-2022`) too: a term that the standard does not define means something else to the next reader.

The clock comes in as `now`; DID documents and status lists come from a `Resolver`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from courses.errors import DiagnosedError
from issuer.credential_facts import FormatError, is_record, read_badge, read_record
from issuer.errors import CanonicalisationError, ContextError, DocumentTooComplexError, ProofError
from issuer.known_shapes import KnownShapes
from issuer.proof import single_proof, unsecured
from issuer.resolving import Found, Resolver
from issuer.signature_check import check_issuer, check_jwt_signature, check_signature
from issuer.status_check import CLOCK_SKEW, check_status
from issuer.vc_jwt import read_jwt
from issuer.verification_report import CHECK_NAMES, Check, CredentialFacts, State, Verdict, VerificationReport, make_report

__all__ = [
    "CHECK_NAMES",
    "Check",
    "CredentialFacts",
    "Found",
    "Resolver",
    "State",
    "Verdict",
    "VerificationReport",
    "verify_credential",
    "verify_credential_jwt",
]

_BADGE, _RECORD = "an Open Badges 3.0 credential", "a CLR 2.0 learner record"

_SHAPES = KnownShapes()
"""Of the credentials that this process checked."""


def verify_credential(document: Mapping[str, Any], *, resolver: Resolver, now: datetime) -> VerificationReport:
    """Return what five checks of `document`, a badge or a record of badges, found. Never raises for what is wrong with the document.

    Of a record each badge is checked too, if the record's own signature fits.
    """
    if not is_record(document):
        return _verify(document, _BADGE, read_badge, resolver, now)
    report = _verify(document, _RECORD, lambda record: read_record(record)[0], resolver, now)
    if report.facts is None:
        return report
    return replace(report, badges=tuple(_verify(each, _BADGE, read_badge, resolver, now) for each in read_record(document)[1]))


def verify_credential_jwt(text: str, *, resolver: Resolver, now: datetime) -> VerificationReport:
    """Return what five checks of a badge in the form of a JWT found. Never raises for what is wrong with it."""
    try:
        read = read_jwt(text)
        facts = read_badge(read.document)
    except DiagnosedError as misfit:
        return make_report([_format_failed(_BADGE, misfit.problem)], None)
    form = Check("Format", State.PASSED, f"The document is {_BADGE} in the form of a JWT.")
    signature, found = check_jwt_signature(text, read.verification_method, resolver)
    return _judge([form, signature], found, (read.document, read.verification_method, facts), resolver, now)


def _verify(
    document: Mapping[str, Any], kind: str, read: Callable[[Mapping[str, Any]], CredentialFacts], resolver: Resolver, now: datetime
) -> VerificationReport:
    form, found = _check_format(document, kind, read)
    if found is None:
        return make_report([form], None)
    facts, canonical = found
    signature, keys = check_signature(document, canonical, resolver)
    return _judge([form, signature], keys, (document, str(single_proof(document)["verificationMethod"]), facts), resolver, now)


def _judge(
    checks: list[Check], found: Found | None, read: tuple[Mapping[str, Any], str, CredentialFacts], resolver: Resolver, now: datetime
) -> VerificationReport:
    """Return the report. `read`: the credential, the key's id that it names, and what it says."""
    document, method, facts = read
    if checks[-1].state is not State.PASSED:
        return make_report(checks, None)
    issuer = check_issuer(method, facts, found)
    if issuer.state is State.FAILED:
        return make_report([*checks, issuer], None)
    return make_report([*checks, issuer, check_status(document, facts, resolver, now), _check_dates(facts, now)], facts)


def _check_format(
    document: Mapping[str, Any], kind: str, read: Callable[[Mapping[str, Any]], CredentialFacts]
) -> tuple[Check, tuple[CredentialFacts, str] | None]:
    """Return the check, and if it passed what the document says together with its canonical form."""
    try:
        facts = read(document)
        single_proof(document)
        canonical = _SHAPES.canonicalise(unsecured(document))
    except (FormatError, ProofError) as misfit:
        return _format_failed(kind, misfit.problem), None
    except ContextError:
        return _format_failed(kind, "it uses JSON-LD contexts that are not shipped with this verifier"), None
    except DocumentTooComplexError:
        return _format_failed(kind, "it is too large or too entangled"), None
    except CanonicalisationError:
        why = "something in it is covered by no signature (a term or an identifier that the standard does not define)"
        return _format_failed(kind, why), None
    sentence = f"The document is {kind}, and a signature can cover every part of it."
    return Check("Format", State.PASSED, sentence), (facts, canonical)


def _format_failed(kind: str, why: str) -> Check:
    return Check("Format", State.FAILED, f"This cannot be checked as {kind}: {why}.")


def _check_dates(facts: CredentialFacts, now: datetime) -> Check:
    if facts.valid_from > now + CLOCK_SKEW:
        return Check("In date", State.NOT_CHECKED, f"It is valid only from {facts.valid_from:%Y-%m-%d} on.")
    if facts.valid_until is not None and facts.valid_until < now:
        return Check("In date", State.FAILED, f"It expired on {facts.valid_until:%Y-%m-%d}.")
    if facts.valid_until is None:
        return Check("In date", State.PASSED, f"It is valid since {facts.valid_from:%Y-%m-%d} and does not expire.")
    return Check("In date", State.PASSED, f"It is valid from {facts.valid_from:%Y-%m-%d} until {facts.valid_until:%Y-%m-%d}.")
