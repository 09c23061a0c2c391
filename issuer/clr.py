"""A learner's badges stacked into one signed record: a Comprehensive Learner Record (1EdTech CLR 2.0).

The record holds each badge as it was signed, so each can still be checked alone, and says which larger award it counts towards
(`association`, `isPartOf`). It does not say that the larger award was earned: that is for whoever decides it.

Source: CLR Standard 2.0, B.1 (ClrCredential, ClrSubject, Association). Contexts in the order of 1EdTech's validator; the versioned CLR context,
because the unversioned one has no `identifier` on ClrSubject.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from courses.manifest import CourseManifest
from issuer.achievement import achievement_id, as_markdown
from issuer.context_documents import CLR_2, CREDENTIALS_V2, OPEN_BADGES_3
from issuer.credential import IssuerProfile, hash_identity, issuer_object, refuse_unsignable
from issuer.errors import CredentialRefusedError
from issuer.proof import timestamp

MAX_BADGES = 6
"""More would make a document that verifiers find too large: ours reads 3,000 values, and a badge has about 400."""


@dataclass(frozen=True, slots=True)
class Badge:
    """One signed credential of the learner, and the course that it was awarded for."""

    document: Mapping[str, Any]
    manifest: CourseManifest


@dataclass(frozen=True, slots=True)
class LearnerRecord:
    """What a record says besides its badges."""

    record_id: str
    """`urn:uuid:` and a random UUID."""
    subject_id: str
    learner_email: str
    """Goes in only as a salted hash; every badge must be issued to it."""
    salt: str
    valid_from: datetime
    is_partial: bool
    """Whether the issuer knows of more badges of this learner."""


def build_record(profile: IssuerProfile, record: LearnerRecord, badges: Sequence[Badge], base_url: str) -> dict[str, Any]:
    """Return the unsigned record. Sign it with `proof.add_proof`.

    Raises:
        CredentialRefusedError: no badge or too many, one twice, one that is not signed or not this learner's; `where` names it.
    """
    _check(profile, record, badges)
    awards, associations = _stacking(badges, base_url)
    names = {str(each.document["credentialSubject"].get("name", "")) for each in badges}
    subject: dict[str, Any] = {
        "id": record.subject_id,
        "type": ["ClrSubject"],
        "identifier": [
            {
                "type": "IdentityObject",
                "hashed": True,
                "identityType": "emailAddress",
                "salt": record.salt,
                "identityHash": hash_identity(record.learner_email, record.salt),
            }
        ],
        "verifiableCredential": [dict(each.document) for each in badges],
    }
    if len(names) == 1 and "" not in names:  # the learner agreed to it in every badge
        subject["name"] = names.pop()
    if associations:
        subject |= {"achievement": awards, "association": associations}
    document = {
        "@context": [CREDENTIALS_V2, CLR_2, OPEN_BADGES_3],
        "id": record.record_id,
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": f"Learning record of {len(badges)} micro-credential{'' if len(badges) == 1 else 's'}",
        "issuer": issuer_object(profile, base_url),
        "validFrom": timestamp(record.valid_from),
        "partial": record.is_partial,
        "credentialSubject": subject,
    }
    refuse_unsignable(document)
    return document


def award_id(base_url: str, award: str) -> str:
    """Return the address of a larger award: the same for every course that counts towards it."""
    slug = re.sub(r"[^a-z0-9]+", "-", award.casefold()).strip("-") or "award"
    return f"{base_url.rstrip('/')}/awards/{slug}"


def _stacking(badges: Sequence[Badge], base_url: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the larger awards, and which badge is part of which."""
    awards: dict[str, dict[str, Any]] = {}
    associations = []
    for badge in badges:
        for stack in badge.manifest.stackability.stacks_into:
            identifier = award_id(base_url, stack.award)
            words = f"{badge.manifest.title.en} counts as {stack.units} ({stack.conditions}); decided by {stack.decided_by}."
            if identifier in awards:
                narrative = f"{awards[identifier]['criteria']['narrative']}\n\n{as_markdown(words)}"
            else:
                narrative = as_markdown(words)
            awards[identifier] = {
                "id": identifier,
                "type": ["Achievement"],
                "name": stack.award,
                "description": f"A larger award that these micro-credentials count towards. This record does not say that it was earned: {stack.award}.",
                "criteria": {"id": f"{identifier}#criteria", "narrative": narrative},
            }
            associations.append(
                {
                    "type": "Association",
                    "associationType": "isPartOf",
                    "sourceId": achievement_id(base_url, badge.manifest),
                    "targetId": identifier,
                }
            )
    return list(awards.values()), associations


def _check(profile: IssuerProfile, record: LearnerRecord, badges: Sequence[Badge]) -> None:
    if not 1 <= len(badges) <= MAX_BADGES:
        raise CredentialRefusedError(
            f"a record holds 1 to {MAX_BADGES} badges, not {len(badges)}",
            where="badges",
            remedy="Name the courses that it shall hold; several records can be made.",
        )
    if record.record_id == record.subject_id or {each.document["id"] for each in badges} & {record.record_id, record.subject_id}:
        raise CredentialRefusedError("an identifier stands for two things", where="record_id")
    if len({each.document["id"] for each in badges}) != len(badges):
        raise CredentialRefusedError("a badge stands in the record twice", where="badges")
    for place, badge in enumerate(badges):
        if "proof" not in badge.document or badge.document["issuer"]["id"] != profile.did:
            raise CredentialRefusedError("this badge is not signed, or by another issuer", where=f"badges[{place}]")
        if not any(_is_of(record.learner_email, each) for each in badge.document["credentialSubject"].get("identifier", [])):
            raise CredentialRefusedError(
                "this badge was issued to another address than the record's",
                where=f"badges[{place}]",
                remedy="The learner's e-mail address changed, or the badge is someone else's: issue it anew first.",
            )


def _is_of(email: str, identity: Mapping[str, Any]) -> bool:
    return bool(identity.get("identityHash") == hash_identity(email, str(identity.get("salt"))))
