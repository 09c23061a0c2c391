"""Reads what a credential says, refusing every form that could be read in two ways."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from courses.errors import DiagnosedError
from issuer.context_documents import CLR_2, CREDENTIALS_V2, OPEN_BADGES, OPEN_BADGES_3
from issuer.errors import ProofError
from issuer.proof import parse_timestamp
from issuer.verification_report import CredentialFacts

_BADGE_TYPES = ("OpenBadgeCredential", "AchievementCredential")
_RECORD_TYPE = "ClrCredential"
MAX_BADGES = 50
"""Badges of a record that are looked at; the limits of canonicalising are met long before."""


class FormatError(DiagnosedError):
    """The document is no credential of the kind that is checked here."""


def is_record(document: Mapping[str, Any]) -> bool:
    """Tell whether `document` says that it is a record of several badges (CLR 2.0)."""
    types = document.get("type")
    return isinstance(types, list) and _RECORD_TYPE in types


def read_badge(document: Mapping[str, Any]) -> CredentialFacts:
    """Return what a badge says (Open Badges 3.0, B.1).

    Raises:
        FormatError: it is none, or could be read in two ways.
    """
    context, types = document.get("@context"), document.get("type")
    if not isinstance(context, list) or len(context) != 2 or context[0] != CREDENTIALS_V2 or context[1] not in OPEN_BADGES:
        raise FormatError("its @context is not the one of Open Badges 3.0 on Verifiable Credentials 2.0")
    if not isinstance(types, list) or "VerifiableCredential" not in types or not any(each in types for each in _BADGE_TYPES):
        raise FormatError("its type is not OpenBadgeCredential")
    achievement = _object(_object(document, "credentialSubject"), "achievement")
    return _facts(document, title=_text(achievement, "name"), achievement_id=_text(achievement, "id"))


def read_record(document: Mapping[str, Any]) -> tuple[CredentialFacts, list[Mapping[str, Any]]]:
    """Return what a record says, and the badges in it (CLR 2.0, B.1.1 and B.1.2).

    Raises:
        FormatError: it is none, holds no badge or too many, or could be read in two ways.
    """
    types = document.get("type")
    if document.get("@context") != [CREDENTIALS_V2, CLR_2, OPEN_BADGES_3]:
        raise FormatError("its @context is not the one of CLR 2.0.1 with Open Badges 3.0.3 on Verifiable Credentials 2.0")
    if not isinstance(types, list) or "VerifiableCredential" not in types or _RECORD_TYPE not in types:
        raise FormatError("its type is not ClrCredential")
    held = _object(document, "credentialSubject").get("verifiableCredential")
    if not isinstance(held, list) or not 1 <= len(held) <= MAX_BADGES or not all(isinstance(each, Mapping) for each in held):
        raise FormatError("it holds no list of badges")
    return _facts(document, title=_text(document, "name"), achievement_id=""), held


def read_moment(holder: Mapping[str, Any], name: str) -> datetime:
    """Return the time in a member, in UTC.

    Raises:
        FormatError: it is missing, or no time with a time zone.
    """
    try:
        return parse_timestamp(_text(holder, name))
    except ProofError as no_time:
        raise FormatError(f"its {name} is no time with a time zone") from no_time


def _facts(document: Mapping[str, Any], *, title: str, achievement_id: str) -> CredentialFacts:
    issuer, subject = _object(document, "issuer"), _object(document, "credentialSubject")
    return CredentialFacts(
        credential_id=_text(document, "id"),
        title=title,
        achievement_id=achievement_id,
        issuer_id=_text(issuer, "id"),
        issuer_name=_text(issuer, "name"),
        subject_id=_text(subject, "id") if "id" in subject else None,
        learner_name=_text(subject, "name") if "name" in subject else None,
        awarded_on=read_moment(document, "awardedDate") if "awardedDate" in document else None,
        valid_from=read_moment(document, "validFrom"),
        valid_until=read_moment(document, "validUntil") if "validUntil" in document else None,
    )


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    if not isinstance(value, Mapping):
        raise FormatError(f"it must have one {name}")
    return value


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not value:
        raise FormatError(f"its {name} is missing or no text")
    return value
