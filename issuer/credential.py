"""One learner's award as an unsigned Open Badges 3.0 credential.

Source: Open Badges 3.0, B.1 (OpenBadgeCredential, AchievementSubject, Evidence, IdentityObject, Result); `docs` of the rules that the public
validator checks. What goes in is a value, what comes out is JSON: no clock, no randomness, no files. The same award gives the same document.

Identifiers of the parts (results, evidence, status) are UUIDs of version 5 below the credential's own UUID, so only the IdentityObjects,
which may not have an `id`, are blank nodes: the hashed address, and with consent the name. Scores are strings, cut and never rounded up.
"""

from __future__ import annotations

import hashlib
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from courses.manifest import CourseManifest
from issuer.achievement import achievement_id, as_markdown, build_achievement, percent
from issuer.context_documents import CREDENTIALS_V2, OPEN_BADGES_3
from issuer.documents import UNSIGNABLE
from issuer.errors import CredentialRefusedError, EncodingError, StatusListError
from issuer.multibase import decode_digest
from issuer.proof import timestamp
from issuer.status_list import StatusEntry, status_entry_object

_EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+")
_SALT = re.compile(r"[0-9a-f]{32,128}")
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")
_HTTPS = re.compile(r"https://[^\s<>\"{}|^`\\]+")
_LINE_BREAKING = re.compile(r"[\n\r\t\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class IssuerProfile:
    """The institution as its credentials name it."""

    did: str
    name: str
    url: str
    email: str
    country: str
    """ISO 3166-1 alpha-2."""
    region: str | None = None
    legal_name: str | None = None


@dataclass(frozen=True, slots=True)
class OutcomeResult:
    """What share of one outcome's points was earned, 0 to 1."""

    outcome: str
    score: float


@dataclass(frozen=True, slots=True)
class AssignmentEvidence:
    """What binds one graded assignment to the award. Digests are SHA-256 in multibase (`multibase.digest_multibase`)."""

    assignment: str
    title: str
    attempt_digest: str
    """Of the submission as it was handed in."""
    notebook_digest: str
    """Of the graded notebook's bytes."""
    source_digest: str
    """Of the released sources that it was graded with."""
    grading_run: str
    graded_at: datetime
    assurance: Literal["sealed", "compat"]
    """Whether the tests ran out of reach of the learner's code."""
    score: float
    """Share of the assignment's points, 0 to 1."""
    grading_run_digest: str | None = None
    """Of the grading run's record, if there is one."""


@dataclass(frozen=True, slots=True)
class Award:
    """One learner's success in one course version: everything that a credential says of it."""

    credential_id: str
    """`urn:uuid:` and a random UUID."""
    subject_id: str
    """The learner: `urn:uuid:` and a random UUID, or a DID of theirs."""
    learner_email: str
    """Goes in only as a salted hash."""
    salt: str
    """32 or more hexadecimal digits, random, for this award alone."""
    learner_name: str | None
    """Stands in clear in the credential: only with the learner's consent."""
    overall_score: float
    outcome_results: tuple[OutcomeResult, ...]
    evidence: tuple[AssignmentEvidence, ...]
    valid_from: datetime
    awarded_on: datetime
    valid_until: datetime | None
    status: StatusEntry | None
    batch: str
    approved_by: str | None = None
    """A role or a name; None if no one had to approve."""


def build_credential(
    manifest: CourseManifest, profile: IssuerProfile, award: Award, base_url: str, *, achievement: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the unsigned credential. Sign it with `proof.add_proof` or a `template_signing.TemplateSigner`.

    Args:
        achievement: what `signable_achievement` gives for the manifest, if the caller has it already; it becomes part of what is returned.

    Raises:
        CredentialRefusedError: a value that may not stand in a credential; `where` names the field.
    """
    _check_profile(profile)
    _check_award(award, manifest)
    document: dict[str, Any] = {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
        "id": award.credential_id,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": manifest.title.en,
        "description": manifest.summary.en,
        "issuer": issuer_object(profile, base_url),
        "validFrom": timestamp(award.valid_from),
        "awardedDate": timestamp(award.awarded_on),
        "credentialSubject": _subject(manifest, award, base_url, achievement or build_achievement(manifest, base_url)),
        "evidence": _evidence(manifest, award),
    }
    if award.valid_until is not None:
        document["validUntil"] = timestamp(award.valid_until)
    if award.status is not None:
        document["credentialStatus"] = _status(award, award.status)
    refuse_unsignable(document, known=achievement)
    return document


def signable_achievement(manifest: CourseManifest, base_url: str) -> dict[str, Any]:
    """Return the course version's achievement, which is the same in all its credentials.

    Raises:
        CredentialRefusedError: a text that may not stand in a credential; `where` names the field.
    """
    achievement = build_achievement(manifest, base_url)
    refuse_unsignable(achievement, "credentialSubject.achievement")
    return achievement


def hash_identity(email: str, salt: str) -> str:
    """Return the `identityHash` of an address: `sha256$` and the hex digest of the lower-cased address followed by the salt.

    Open Badges does not say whether to lower-case; we do, because people do not write their address the same way twice.
    """
    return "sha256$" + hashlib.sha256((email.strip().lower() + salt).encode()).hexdigest()


def issuer_object(profile: IssuerProfile, base_url: str) -> dict[str, Any]:
    """Return the institution as an OB 3.0 `Profile`."""
    address = {"id": f"{base_url.rstrip('/')}/#address", "type": ["Address"], "addressCountryCode": profile.country}
    if profile.region:
        address["addressRegion"] = profile.region
    issuer: dict[str, Any] = {
        "id": profile.did,
        "type": ["Profile"],
        "name": profile.name,
        "url": profile.url,
        "email": profile.email,
        "address": address,
    }
    if profile.legal_name:
        issuer["description"] = f"Legal name: {profile.legal_name}"
    return issuer


def _subject(manifest: CourseManifest, award: Award, base_url: str, achievement: dict[str, Any]) -> dict[str, Any]:
    identity = {
        "type": "IdentityObject",
        "hashed": True,
        "identityType": "emailAddress",
        "salt": award.salt,
        "identityHash": hash_identity(award.learner_email, award.salt),
    }
    subject: dict[str, Any] = {"id": award.subject_id, "type": ["AchievementSubject"]}
    identifiers: list[dict[str, Any]] = [identity]
    if award.learner_name is not None:  # where viewers look: wallets in `name`, others in the model's own place
        subject["name"] = award.learner_name
        identifiers.append({"type": "IdentityObject", "hashed": False, "identityType": "name", "identityHash": award.learner_name})
    subject["identifier"] = identifiers
    subject["achievement"] = achievement
    if manifest.credits:
        subject["creditsEarned"] = manifest.credits[0].points
    if results := _results(manifest, award, base_url):
        subject["result"] = results
    return subject


def _results(manifest: CourseManifest, award: Award, base_url: str) -> list[dict[str, Any]]:
    if manifest.grade_disclosed == "none":
        return []
    here = achievement_id(base_url, manifest)
    scores = {each.outcome: each.score for each in award.outcome_results}
    places = [("result", award.overall_score), *((f"result-{each.id}", scores[each.id]) for each in manifest.outcomes)]
    return [
        {
            "id": _part(award, place),
            "type": ["Result"],
            "resultDescription": f"{here}#{place}",
            **_disclosed(manifest.grade_disclosed, score),
        }
        for place, score in places
    ]


def _disclosed(how: str, score: float) -> dict[str, str]:
    """Return as much of a score as the course discloses."""
    if how == "percent":
        return {"value": percent(score)}
    if how == "band":
        tens = min(int(float(percent(score)) // 10) * 10, 90)
        return {"value": f"{tens} to {100 if tens == 90 else tens + 9}"}
    return {"status": "Completed"}


def _evidence(manifest: CourseManifest, award: Award) -> list[dict[str, Any]]:
    """Return two pieces for each assignment (the graded notebook and the run that graded it), then the decision to award."""
    found: list[dict[str, Any]] = []
    for each in award.evidence:
        disclosed = _disclosed(manifest.grade_disclosed, each.score).get("value")
        scored = f"Score: {disclosed} percent. " if disclosed and manifest.grade_disclosed != "none" else ""
        notebook = f"{scored}Submission {each.attempt_digest}, graded with the released sources {each.source_digest}."
        found.append(
            _evidence_object(award, f"notebook/{each.assignment}", f"Graded notebook: {each.title}", "graded notebook", notebook)
            | {"digestMultibase": each.notebook_digest}
        )
        run = (
            f"Grading run {each.grading_run} of {timestamp(each.graded_at)}. "
            + ("Sealed: the tests ran out of reach of the learner's code." if each.assurance == "sealed" else _COMPAT)
        )  # fmt: skip
        graded = _evidence_object(award, f"run/{each.assignment}", f"Grading run: {each.title}", "grading run", run)
        found.append(graded | ({"digestMultibase": each.grading_run_digest} if each.grading_run_digest else {}))
    approved = f" Approved by {award.approved_by}." if award.approved_by else ""
    decision = f"Awarded in batch {award.batch}.{approved}"
    return [*found, _evidence_object(award, "decision", "Decision to award", "award decision", decision)]


_COMPAT = "Compat: the tests ran in the same process as the learner's code, as plain nbgrader runs them."


def _evidence_object(award: Award, place: str, name: str, genre: str, narrative: str) -> dict[str, Any]:
    return {
        "id": _part(award, place),
        "type": ["Evidence"],
        "name": name,
        "genre": genre,
        "narrative": as_markdown(narrative),
    }


def _status(award: Award, entry: StatusEntry) -> dict[str, Any]:
    try:
        return status_entry_object(entry, _part(award, "status"))
    except StatusListError as outside:
        raise CredentialRefusedError(outside.problem, where="status.index") from outside


def _part(award: Award, place: str) -> str:
    """Return the identifier of a part of the credential: the same for the same award, unguessable without it."""
    return uuid.uuid5(_namespace(award.credential_id), place).urn


@lru_cache(maxsize=8)
def _namespace(credential_id: str) -> uuid.UUID:
    return uuid.UUID(credential_id.removeprefix("urn:uuid:"))


def _check_profile(profile: IssuerProfile) -> None:
    _require(bool(_DID.fullmatch(profile.did)), "issuer.did", "is no DID")
    _require(bool(_HTTPS.fullmatch(profile.url)), "issuer.url", "is no https address")
    _require(bool(_EMAIL.fullmatch(profile.email)), "issuer.email", "is no e-mail address")
    _require(bool(re.fullmatch(r"[A-Z]{2}", profile.country)), "issuer.country", "is no two-letter country code")
    _require(bool(profile.name.strip()), "issuer.name", "is empty")


def _check_award(award: Award, manifest: CourseManifest) -> None:
    _require(_is_uuid_urn(award.credential_id), "credential_id", "is not `urn:uuid:` and a UUID in lower case")
    _require(_is_uuid_urn(award.subject_id) or bool(_DID.fullmatch(award.subject_id)), "subject_id", "is neither a urn:uuid nor a DID")
    _require(award.subject_id != award.credential_id, "subject_id", "is the credential's own identifier")
    _require(bool(_EMAIL.fullmatch(award.learner_email)), "learner_email", "is no e-mail address")
    _require(bool(_SALT.fullmatch(award.salt)), "salt", "is not 32 or more hexadecimal digits")
    if award.learner_name is not None:
        _require(bool(award.learner_name.strip()), "learner_name", "is empty; leave it out (None) if there is no consent")
        _require(not _LINE_BREAKING.search(award.learner_name), "learner_name", "holds a tab or a line break")
    _require(bool(award.batch.strip()), "batch", "is empty")
    for name, moment in (("valid_from", award.valid_from), ("awarded_on", award.awarded_on), ("valid_until", award.valid_until)):
        _require(moment is None or moment.tzinfo is not None, name, "has no time zone")
    _require(award.valid_until is None or award.valid_until > award.valid_from, "valid_until", "is not later than valid_from")
    if award.status is not None:
        _require(bool(_HTTPS.fullmatch(award.status.list_url)), "status.list_url", "is no https address")
    _check_scores(award, manifest)
    _require(bool(award.evidence), "evidence", "is empty: a credential without evidence proves nothing")
    names = [each.assignment for each in award.evidence]
    _require(len(set(names)) == len(names), "evidence", "names an assignment twice")
    for place, each in enumerate(award.evidence):
        _check_evidence(each, f"evidence[{place}]")


def _check_scores(award: Award, manifest: CourseManifest) -> None:
    _require(_is_share(award.overall_score), "overall_score", "is not between 0 and 1")
    names = [each.outcome for each in award.outcome_results]
    wanted = [each.id for each in manifest.outcomes]
    _require(sorted(names) == sorted(wanted), "outcome_results", f"must have each outcome of the course once: {', '.join(wanted)}")
    for place, each in enumerate(award.outcome_results):
        _require(_is_share(each.score), f"outcome_results[{place}].score", "is not between 0 and 1")


def _check_evidence(each: AssignmentEvidence, where: str) -> None:
    for name in ("attempt_digest", "notebook_digest", "source_digest", "grading_run_digest"):
        digest = getattr(each, name)
        if digest is None and name == "grading_run_digest":
            continue
        try:
            decode_digest(digest)
        except EncodingError as not_a_digest:
            raise CredentialRefusedError(not_a_digest.problem, where=f"{where}.{name}") from not_a_digest
    _require(_is_share(each.score), f"{where}.score", "is not between 0 and 1")
    _require(each.graded_at.tzinfo is not None, f"{where}.graded_at", "has no time zone")
    _require(each.assurance in ("sealed", "compat"), f"{where}.assurance", "is neither sealed nor compat")
    _require(bool(each.grading_run.strip()), f"{where}.grading_run", "is empty")


def refuse_unsignable(value: Any, path: str = "", *, known: object = None) -> None:
    """Refuse text that verifiers would not read alike, wherever it stands in a document.

    Args:
        known: a part that was let pass before.

    Raises:
        CredentialRefusedError: a control character, a lone surrogate, U+FFFE or U+FFFF; `where` names the field.
    """
    if not path and not UNSIGNABLE.search("".join(_texts(value, known))):
        return  # nearly always; where something is found, it is looked for again with the way to it
    if isinstance(value, str):
        _require(not UNSIGNABLE.search(value), path, "holds a control character or half a character, which verifiers do not read alike")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if inner is not known or known is None:
                refuse_unsignable(inner, f"{path}.{key}" if path else key, known=known)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            refuse_unsignable(inner, f"{path}[{place}]", known=known)


def _texts(value: Any, known: object) -> list[str]:
    """Return all texts in a document that `refuse_unsignable` looks at."""
    found, pending = list[str](), [value]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            found.append(node)
        elif isinstance(node, Mapping):
            pending += [inner for inner in node.values() if inner is not known]
        elif isinstance(node, list):
            pending += node
    return found


def _is_share(score: float) -> bool:
    return math.isfinite(score) and 0 <= score <= 1


def _is_uuid_urn(text: str) -> bool:
    try:
        return uuid.UUID(text.removeprefix("urn:uuid:")).urn == text
    except ValueError:
        return False


def _require(holds: bool, where: str, problem: str) -> None:
    if not holds:
        raise CredentialRefusedError(f"this {problem}", where=where)
