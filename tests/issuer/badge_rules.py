"""The rules of Open Badges 3.0 that the public validator's probes check, written down anew: a document in, the broken rules out.

Source: Open Badges 3.0 (model, JSON Schema, serialisation) and the probes of the 1EdTech public validator, as listed in the facts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

Document = dict[str, Any]

_LISTS = {  # 0..* and 1..*: always arrays (resultDescription too, but a Result names one of them)
    "@context", "alignment", "allowedValue", "endorsement", "evidence", "identifier", "otherIdentifier", "proof", "related",
    "result", "rubricCriterionLevel", "tag",
}  # fmt: skip
_ACHIEVEMENT_TYPES = {"Achievement", "Assessment", "Award", "Badge", "Certificate", "Competency", "Course", "MicroCredential"}
_RESULT_TYPES = {"GradePointAverage", "LetterGrade", "Percent", "PerformanceLevel", "RawScore", "Result", "ScaledScore", "Status"}
_STATUSES = {"Completed", "Enrolled", "Failed", "InProgress", "OnHold", "Provisional", "Withdrew"}
_TARGET_TYPES = {"ceasn:Competency", "ceterms:Credential", "CFItem", "CFRubric", "CFRubricCriterion", "CFRubricCriterionLevel", "CTDL"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def broken_rules(document: Document) -> list[str]:
    """Return the names of the probes that find fault with `document`, with what they found."""
    return [f"{probe.__name__}: {fault}" for probe in PROBES for fault in probe(document)]


def contexts(document: Document) -> Iterator[str]:
    found = document["@context"]
    if found[0] != "https://www.w3.org/ns/credentials/v2":
        yield "the first context"
    if not re.fullmatch(r"https://purl\.imsglobal\.org/spec/ob/v3p0/context(-3\.\d\.\d)*\.json", found[1]) or len(found) != 2:
        yield "the second context"


def types(document: Document) -> Iterator[str]:
    if not isinstance(document["type"], list) or not {"VerifiableCredential", "OpenBadgeCredential"} <= set(document["type"]):
        yield "type"


def identifiers(document: Document) -> Iterator[str]:
    if not urlsplit(document["id"]).scheme:
        yield "id is no URI"


def issuer(document: Document) -> Iterator[str]:
    profile = document["issuer"]
    if not isinstance(profile, dict) or profile.get("type") != ["Profile"] or not urlsplit(profile.get("id", "")).scheme:
        yield "issuer"
    if "address" in profile and profile["address"]["type"] != ["Address"]:
        yield "issuer.address"


def dates(document: Document) -> Iterator[str]:
    for name in ("validFrom", "validUntil", "awardedDate"):
        if name in document and not _TIME.fullmatch(document[name]):
            yield name
    if "validFrom" not in document:
        yield "validFrom is missing"


def subject(document: Document) -> Iterator[str]:
    found = document["credentialSubject"]
    if not isinstance(found, dict) or found.get("type") != ["AchievementSubject"] or not (found.get("id") or found.get("identifier")):
        yield "credentialSubject"


def identity(document: Document) -> Iterator[str]:
    for each in document["credentialSubject"].get("identifier", []):
        if set(each) - {"type", "hashed", "identityHash", "identityType", "salt"} or each["type"] != "IdentityObject":
            yield "an identifier has other properties"
        if each["hashed"] and not re.fullmatch(r"sha256\$[0-9a-f]{64}", each["identityHash"]):
            yield "identityHash"


def achievement(document: Document) -> Iterator[str]:
    found = document["credentialSubject"]["achievement"]
    for name in ("id", "name", "description"):
        if not isinstance(found.get(name), str) or not found[name]:
            yield name
    if found.get("type") != ["Achievement"] or not {"id", "narrative"} & set(found.get("criteria", {})):
        yield "type or criteria"
    if found["achievementType"] not in _ACHIEVEMENT_TYPES and not found["achievementType"].startswith("ext:"):
        yield "achievementType"


def results(document: Document) -> Iterator[str]:
    found = document["credentialSubject"]
    if not isinstance(found["achievement"].get("resultDescription", []), list):
        yield "resultDescription is no array"
    described = {each["id"]: each for each in found["achievement"].get("resultDescription", [])}
    for each in described.values():
        if each["resultType"] not in _RESULT_TYPES and not each["resultType"].startswith("ext:"):
            yield f"resultType {each['resultType']}"
        if not {"id", "type", "name", "resultType"} <= set(each) or not all(
            isinstance(value, str) for key, value in each.items() if key != "type"
        ):
            yield f"resultDescription {each['id']}"
    for each in found.get("result", []):
        if each["resultDescription"] not in described or each["type"] != ["Result"]:
            yield "a result that is described nowhere"
        if not isinstance(each.get("value", ""), str) or each.get("status", "Completed") not in _STATUSES:
            yield "a result's value"


def alignments(document: Document) -> Iterator[str]:
    for each in document["credentialSubject"]["achievement"].get("alignment", []):
        if not {"type", "targetName", "targetUrl"} <= set(each) or not urlsplit(each["targetUrl"]).scheme:
            yield f"alignment {each.get('targetName')}"
        if each["targetType"] not in _TARGET_TYPES and not each["targetType"].startswith("ext:"):
            yield f"targetType {each['targetType']}"


def evidence(document: Document) -> Iterator[str]:
    for each in document.get("evidence", []):
        if each.get("type") != ["Evidence"] or not urlsplit(each["id"]).scheme:
            yield "evidence"


def serialisation(document: Document) -> Iterator[str]:
    for key, value in _members(document):
        if value is None or value == []:
            yield f"{key} is null or empty"
        if key in _LISTS and not isinstance(value, list):
            yield f"{key} is no array"
        if key in ("creditsAvailable", "creditsEarned") and not isinstance(value, (int, float)):
            yield f"{key} is no number"


def status(document: Document) -> Iterator[str]:
    found = document.get("credentialStatus")
    if found is None:
        return
    if not isinstance(found, dict) or not {"id", "type"} <= set(found):
        yield "credentialStatus is not one object with id and type"
        return
    if found["type"] != "BitstringStatusListEntry" or not isinstance(found["statusListIndex"], str):
        yield "credentialStatus.statusListIndex"
    if found["id"] == found["statusListCredential"]:
        yield "credentialStatus.id"


PROBES: tuple[Callable[[Document], Iterator[str]], ...] = (
    contexts, types, identifiers, issuer, dates, subject, identity, achievement, results, alignments, evidence, serialisation, status,
)  # fmt: skip


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from _members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _members(inner)
