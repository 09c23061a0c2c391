"""What a verified credential says, picked out for people. Pure. Only for documents whose signature fits; they may be anybody's, so every form is expected.

What is shown by its holder's leave alone (results, evidence) is left out here, not in templates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from issuer.verification import CredentialFacts
from portal.web.public.course_words import Gettext, supervision_of_credential

_LONGEST = 20_000
_MOST = 60
_SCORE = re.compile(r"^Score: .{1,20}? percent\. ")


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """A learning outcome, with its result where there is one to show."""

    code: str
    text: str
    result: str = ""
    required: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """A piece of evidence."""

    name: str
    kind: str
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph, or a list."""

    text: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CredentialView:
    """A credential in words."""

    number: str
    title: str
    description: str
    kind: str
    code: str
    version: str
    language: str
    """BCP 47 code of its texts; empty if it does not say."""
    address: str
    """Of the achievement; https, or empty."""
    holder: str
    """Empty: the credential names nobody."""
    awarded_on: datetime | None
    valid_from: datetime
    valid_until: datetime | None
    issuer: str
    issuer_address: str
    issuer_id: str
    issuer_host: str
    """The web site that publishes its keys; empty if there is none."""
    outcomes: tuple[OutcomeLine, ...]
    overall: OutcomeLine | None
    hours: str
    levels: tuple[str, ...]
    supervision: str
    told: tuple[Passage, ...]
    """What the holder had to do, in the credential's own words."""
    evidence: tuple[EvidenceLine, ...]
    has_results: bool
    """Whether the credential has results, shown or not."""
    has_evidence: bool
    is_record: bool


def view_credential(
    document: Mapping[str, Any], facts: CredentialFacts, gettext: Gettext, *, show_grade: bool = True, show_evidence: bool = True
) -> CredentialView:
    """Return what a credential says.

    Args:
        document: whose signature fits.
        show_grade, show_evidence: whether its holder lets them be seen; who has the signed file has both.
    """
    subject = _object(document.get("credentialSubject"))
    achievement = _object(subject.get("achievement"))
    alignments = _objects(achievement.get("alignment"))
    results = _results(subject, achievement, gettext)
    evidence = tuple(_evidence(each, show_grade=show_grade) for each in _objects(document.get("evidence")))
    issuer = _object(document.get("issuer"))
    shown = results if show_grade else {}
    return CredentialView(
        number=facts.credential_id,
        title=facts.title,
        description=_text(achievement.get("description")),
        kind=_text(achievement.get("achievementType")).removeprefix("ext:"),
        code=_text(achievement.get("humanCode")),
        version=_text(achievement.get("version")),
        language=_text(achievement.get("inLanguage"))[:35],
        address=_https(achievement.get("id")),
        holder=facts.learner_name or "",
        awarded_on=facts.awarded_on,
        valid_from=facts.valid_from,
        valid_until=facts.valid_until,
        issuer=facts.issuer_name,
        issuer_address=_https(issuer.get("url")),
        issuer_id=facts.issuer_id,
        issuer_host=_host(facts.issuer_id),
        outcomes=_outcomes(alignments, shown),
        overall=shown.get("result"),
        hours=_first(alignments, "ext:Workload", "targetCode"),
        levels=tuple(_text(each.get("targetName")) for each in alignments if each.get("targetType") == "ext:QualificationLevel"),
        supervision=supervision_of_credential(_first(alignments, "ext:SupervisionType", "targetName"), gettext),
        told=passages(_text(_object(achievement.get("criteria")).get("narrative"))),
        evidence=evidence if show_evidence else (),
        has_results=bool(results),
        has_evidence=bool(evidence),
        is_record=not achievement,
    )


@lru_cache(maxsize=64)
def passages(markdown: str) -> tuple[Passage, ...]:
    """Return a narrative, plain Markdown of paragraphs and lists, as paragraphs and lists of plain text."""
    found: list[Passage] = []
    for block in markdown.replace("\\<", "<").split("\n\n")[:_MOST]:
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        items = tuple(line[2:] for line in lines if line.startswith("- "))
        text = " ".join(line for line in lines if not line.startswith("- "))
        if items and not text and found and not found[-1].items:
            found[-1] = Passage(found[-1].text, items)
        elif text or items:
            found.append(Passage(text, items))
    return tuple(found)


def _outcomes(alignments: list[Mapping[str, Any]], results: Mapping[str, OutcomeLine]) -> tuple[OutcomeLine, ...]:
    found = []
    for each in alignments:
        if each.get("targetType") == "ext:LearningOutcome":
            code, text = _text(each.get("targetCode")), _text(each.get("targetName"))
            result = results.get(f"result-{code}")
            line = OutcomeLine(code, text)
            found.append(replace(line, result=result.result, required=result.required) if result else line)
    return tuple(found)


def _results(subject: Mapping[str, Any], achievement: Mapping[str, Any], gettext: Gettext) -> dict[str, OutcomeLine]:
    """Return the results by the fragment of what describes them: `result` is the whole, `result-<code>` an outcome."""
    described = {_text(each.get("id")): each for each in _objects(achievement.get("resultDescription"))}
    found = {}
    for each in _objects(subject.get("result")):
        name = _text(each.get("resultDescription"))
        what = described.get(name, {})
        unit = " %" if what.get("resultType") == "Percent" or "Percent" in _text(what.get("resultType")) else ""
        status = gettext("completed") if each.get("status") == "Completed" else _text(each.get("status"))
        value = f"{_text(each.get('value'))}{unit}" if _text(each.get("value")) else status
        required = f"{_text(what.get('requiredValue'))}{unit}" if _text(what.get("requiredValue")) else ""
        found[name.partition("#")[2] or name] = OutcomeLine("", _text(what.get("name")), value, required)
    return found


def _evidence(each: Mapping[str, Any], *, show_grade: bool) -> EvidenceLine:
    told = _text(each.get("narrative")).replace("\\<", "<")
    return EvidenceLine(
        name=_text(each.get("name")),
        kind=_text(each.get("genre")),
        text=told if show_grade else _SCORE.sub("", told),
        digest=_text(each.get("digestMultibase")),
    )


def _host(did: str) -> str:
    return unquote(did.removeprefix("did:web:").partition(":")[0]) if did.startswith("did:web:") else ""


def _first(alignments: list[Mapping[str, Any]], kind: str, member: str) -> str:
    return next((_text(each.get(member)) for each in alignments if each.get("targetType") == kind), "")


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list, or the one object that stands where a list may."""
    listed = value if isinstance(value, list) else [value]
    return [each for each in listed[:_MOST] if isinstance(each, Mapping)]


def _text(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def _https(value: Any) -> str:
    """Return an address if it is one that a link may lead to."""
    return value if isinstance(value, str) and value.startswith("https://") and len(value) < 2000 else ""
