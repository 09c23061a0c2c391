"""The achievement of a course version: the part of a credential that is the same for everyone who earns it.

Source: Open Badges 3.0, B.2 (Achievement, Alignment, Criteria, ResultDescription). The descriptors of a micro-credential (EU Council
Recommendation 2022/C 243/02, Annex I; Philippine Qualifications Framework) have no fields of their own there, so they stand as alignments,
each pointing to the public page of the course version, and once more in words in `criteria.narrative`. No private JSON-LD context is
used, so every verifier understands every term. Every node has an `id`: no blank nodes.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from courses.manifest import CourseManifest, Level, Outcome

_FRAMEWORKS = {
    "PQF": "Philippine Qualifications Framework",
    "AQRF": "ASEAN Qualifications Reference Framework",
    "EQF": "European Qualifications Framework",
    "QF-EHEA": "Qualifications Framework of the European Higher Education Area",
}
_ASSESSMENTS = {
    "performance": "graded exercises",
    "exam": "a graded examination",
    "artifact": "a graded project",
}
_SUPERVISION = {"none": "Unsupervised", "remote": "Supervised online", "onsite": "Supervised onsite"}
_IDENTITY = {
    "none": "no identity verification",
    "account": "no identity verification beyond the learner's account",
    "id-document": "identity verification by an identity document",
    "biometric": "biometric identity verification",
}
_TAG = re.compile(r"(?<!\\)((?:\\\\)*)<(?=[A-Za-z/!?])")
"""What Markdown would pass on as an HTML tag: a `<` that no odd number of backslashes escapes already."""


def achievement_id(base_url: str, manifest: CourseManifest) -> str:
    """Return the stable address of a course version as an achievement: `{base_url}/achievements/{course}/{version}`."""
    return f"{base_url.rstrip('/')}/achievements/{manifest.id}/{manifest.version}"


def outcome_url(base_url: str, manifest: CourseManifest, outcome: str) -> str:
    """Return the public page of one learning outcome of a course version."""
    return f"{achievement_id(base_url, manifest)}/outcomes/{outcome}"


def build_achievement(manifest: CourseManifest, base_url: str) -> dict[str, Any]:
    """Return the OB 3.0 `Achievement` of a course version."""
    here = achievement_id(base_url, manifest)
    achievement: dict[str, Any] = {
        "id": here,
        "type": ["Achievement"],
        "achievementType": manifest.achievement_type,
        "name": manifest.title.en,
        "description": manifest.summary.en,
        "humanCode": manifest.code,
        "version": manifest.version,
        "inLanguage": manifest.languages[0],
        "criteria": {"id": f"{here}#criteria", "narrative": criteria_narrative(manifest)},
        "alignment": _alignments(manifest, base_url),
    }
    results = result_descriptions(manifest, base_url)
    optional = {
        "resultDescription": results,
        "fieldOfStudy": manifest.field.name if manifest.field else None,
        "creditsAvailable": manifest.credits[0].points if manifest.credits else None,
        "tag": list(manifest.tags),
        "related": [{"id": url, "type": ["Related"]} for url in manifest.previous_versions],
        "image": _image(manifest, here),
    }
    return achievement | {name: value for name, value in optional.items() if value}


def result_descriptions(manifest: CourseManifest, base_url: str) -> list[dict[str, Any]]:
    """Return what the results in `credentialSubject.result` mean: overall, then one for each outcome. None of them if nothing is disclosed."""
    if manifest.grade_disclosed == "none":
        return []
    here, rule = achievement_id(base_url, manifest), manifest.pass_rule
    described = [_result_description(manifest, f"{here}#result", "Overall score", rule.overall)]
    return described + [
        _result_description(manifest, f"{here}#result-{outcome.id}", f"{outcome.id}: {outcome.text.en}", required_share(manifest, outcome))
        for outcome in manifest.outcomes
    ]


def required_share(manifest: CourseManifest, outcome: Outcome) -> float:
    """Return the share of an outcome's points that the pass rule asks for, 0 to 1."""
    return manifest.pass_rule.per_outcome if outcome.min_score is None else outcome.min_score


def criteria_narrative(manifest: CourseManifest) -> str:
    """Return in words (Markdown, without HTML) what a holder did and how it was judged, complete without any other page."""
    paragraphs = [
        "To earn this credential a learner must score " + _passing(manifest) + ".",
        "Learning outcomes:\n\n"
        + "\n".join(
            f"- {each.id}: {each.text.en}"
            + (f" (at least {percent(required_share(manifest, each))} percent)" if required_share(manifest, each) else "")
            for each in manifest.outcomes
        ),
        "Assessment: "
        + "; ".join(f"{each.title.en} ({each.weight:g} percent, {_ASSESSMENTS[each.type]})" for each in manifest.assessments)
        + ". The work is Jupyter notebooks, graded automatically by tests that run the learner's code.",
        _mandatory_in_words(manifest),
        f"Level: {_levels_in_words(manifest)}.",
        f"Workload: {manifest.notional_hours.total:g} notional hours{_credits_in_words(manifest)}.",
        f"Participation: {manifest.participation.mode}, {manifest.participation.pacing}.",
        f"Supervision and identity: {supervision_in_words(manifest)}.",
        f"Integrity: generative AI: {manifest.integrity.ai} Collaboration: {manifest.integrity.collaboration}",
        f"Prerequisites: {manifest.prerequisites.en}",
        f"Quality assurance: {manifest.qa.scheme}, {manifest.qa.body}; reviewed by {manifest.qa.reviewed_by} on {manifest.qa.reviewed_on}, "
        f"next review by {manifest.qa.review_by}.",
        f"Awarded by {manifest.awarding_body.legal_name or manifest.awarding_body.name}, {manifest.awarding_body.country}.",
        f"Stackability: {_stackability_in_words(manifest)}.",
        "Validity: does not expire."
        if manifest.validity == "none"
        else f"Validity: {_duration_in_words(manifest.validity)} from the date of award.",
    ]
    return as_markdown("\n\n".join(paragraph for paragraph in paragraphs if paragraph))


def as_markdown(text: str) -> str:
    """Return `text` with a backslash before whatever Markdown would pass on as an HTML tag."""
    return _TAG.sub(r"\1\\<", text)


def percent(share: float) -> str:
    """Return a share of 0 to 1 in percent with at most two decimals, cut and not rounded up, so that it never claims more: 0.7499 -> 74.99."""
    hundredths = int(round(share * 10_000, 5))
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


def supervision_in_words(manifest: CourseManifest) -> str:
    """Return supervision and identity verification in the words of the EU standard elements."""
    return f"{_SUPERVISION[manifest.supervision]} with {_IDENTITY[manifest.identity_assurance]}"


def _passing(manifest: CourseManifest) -> str:
    rule = manifest.pass_rule
    words = f"at least {percent(rule.overall)} percent overall"
    return words + (f" and at least {percent(rule.per_outcome)} percent in every learning outcome" if rule.per_outcome else "")


def _mandatory_in_words(manifest: CourseManifest) -> str:
    titles = [each.title.en for each in manifest.assessments if each.id in manifest.pass_rule.mandatory]
    return f"Mandatory: {', '.join(titles)}: to be submitted and scored above zero." if titles else ""


def _duration_in_words(duration: str) -> str:
    """Return an ISO 8601 duration in words, P1Y6M as "1 year, 6 months"; one with hours as it is."""
    units = {"Y": "year", "M": "month", "W": "week", "D": "day"}
    if "T" in duration:
        return f"{duration} (ISO 8601)"
    return ", ".join(f"{number} {units[unit]}{'' if number == '1' else 's'}" for number, unit in re.findall(r"(\d+)([YMWD])", duration))


def _levels_in_words(manifest: CourseManifest) -> str:
    named = "; ".join(f"{_FRAMEWORKS[each.framework]} level {each.level}" for each in manifest.levels)
    return named or f"none stated ({manifest.not_levelled})"


def _credits_in_words(manifest: CourseManifest) -> str:
    return "".join(f", {each.points:g} {each.system}" for each in manifest.credits)


def _stackability_in_words(manifest: CourseManifest) -> str:
    words = ["stand-alone" if manifest.stackability.standalone else "not a stand-alone award"]
    words += [f"counts as {each.units} towards {each.award} ({each.conditions})" for each in manifest.stackability.stacks_into]
    return "; ".join(words)


def _result_description(manifest: CourseManifest, identifier: str, name: str, required: float) -> dict[str, Any]:
    described: dict[str, Any] = {"id": identifier, "type": ["ResultDescription"], "name": name}
    if manifest.grade_disclosed == "pass":
        return described | {"resultType": "Status"}
    if manifest.grade_disclosed == "band":
        return described | {"resultType": "ext:PercentBand"}
    return described | {"resultType": "Percent", "valueMin": "0", "valueMax": "100", "requiredValue": percent(required)}


def _image(manifest: CourseManifest, here: str) -> dict[str, Any] | None:
    if manifest.image is None:
        return None
    return {"id": f"{here}/{PurePosixPath(manifest.image.path).name}", "type": "Image", "caption": manifest.image.alt.en}


def _alignments(manifest: CourseManifest, base_url: str) -> list[dict[str, Any]]:
    here = achievement_id(base_url, manifest)
    framework = f"Learning outcomes of {manifest.title.en}, version {manifest.version}"
    found = [
        _alignment(
            here,
            f"outcome-{each.id}",
            each.text.en,
            "ext:LearningOutcome",
            url=outcome_url(base_url, manifest, each.id),
            framework=framework,
            code=each.id,
        )
        for each in manifest.outcomes
    ]
    skills = {skill.url: skill for outcome in manifest.outcomes for skill in outcome.skills}
    found += [
        _alignment(here, f"skill-{place}", skill.name, "ceasn:Competency", url=skill.url, framework=skill.framework)
        for place, skill in enumerate(skills.values(), start=1)
    ]
    found += [_level_alignment(here, level) for level in manifest.levels]
    return found + _descriptor_alignments(manifest, here)


def _level_alignment(here: str, level: Level) -> dict[str, Any]:
    framework = _FRAMEWORKS[level.framework]
    name = f"{framework}, level {level.level}"
    return _alignment(
        here, f"level-{level.framework}", name, "ext:QualificationLevel", url=level.url, framework=framework, code=level.level
    )


def _descriptor_alignments(manifest: CourseManifest, here: str) -> list[dict[str, Any]]:
    """Return the standard elements of Annex I that OB 3.0 has no field for."""
    hours = f"{manifest.notional_hours.total:g}"
    kinds = ", ".join(dict.fromkeys(_ASSESSMENTS[each.type] for each in manifest.assessments))
    found = [
        _alignment(here, "workload", f"{hours} notional hours", "ext:Workload", code=hours),
        _alignment(here, "assessment", f"Automatically graded Jupyter notebooks: {kinds}", "ext:AssessmentType"),
        _alignment(here, "participation", f"{manifest.participation.mode}, {manifest.participation.pacing}", "ext:ParticipationType"),
        _alignment(here, "supervision", supervision_in_words(manifest), "ext:SupervisionType"),
        _alignment(here, "quality", f"{manifest.qa.scheme}, {manifest.qa.body}", "ext:QualityAssurance", url=manifest.qa.statement_url),
        _alignment(here, "credit-type", manifest.type, "ext:CreditType", code=manifest.type),
        _alignment(here, "stackability", _stackability_in_words(manifest), "ext:Stackability"),
    ]
    found += [
        _alignment(here, f"credit-{place}", f"{each.points:g} {each.system}", "ext:Credit", framework=each.system, code=f"{each.points:g}")
        for place, each in enumerate(manifest.credits, start=1)
    ]
    if manifest.field is not None:
        field = manifest.field
        found.append(_alignment(here, "field", field.name, "ext:FieldOfStudy", framework="ISCED-F 2013", code=field.isced_f))
    return found


def _alignment(
    here: str, key: str, name: str, kind: str, *, url: str | None = None, framework: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """Return an alignment; one without an address of its own points to the section `key` of the achievement's page."""
    alignment = {
        "id": f"{here}#alignment-{key}",
        "type": ["Alignment"],
        "targetName": name,
        "targetUrl": url or f"{here}#{key}",
        "targetType": kind,
    }
    return alignment | {name: value for name, value in (("targetFramework", framework), ("targetCode", code)) if value is not None}
