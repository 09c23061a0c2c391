"""Everything that the public is told of a course version, in one language: what the course page, the achievement's page and the outcomes' pages show. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from courses.manifest import Assessment, CourseManifest, Outcome
from issuer.achievement import percent, required_share
from portal.web.public.course_words import (
    Gettext,
    attempts_words,
    bloom_words,
    change_words,
    duration_words,
    is_free,
    kind_words,
    language_words,
    level_words,
    participation_words,
    passing_words,
    supervision_words,
    type_words,
    validity_words,
)


@dataclass(frozen=True, slots=True)
class SkillFact:
    """A skill in a public framework."""

    name: str
    framework: str
    url: str


@dataclass(frozen=True, slots=True)
class OutcomeFact:
    """One thing that a learner can do afterwards."""

    id: str
    text: str
    bloom: str
    required: str
    """Percent that this outcome asks for; empty if nothing."""
    assessed_in: tuple[str, ...]
    """Titles of the assessments with tasks for it."""
    tasks: int
    """How many tasks give evidence of it."""
    skills: tuple[SkillFact, ...]


@dataclass(frozen=True, slots=True)
class AssessmentFact:
    """A part of the assessment."""

    id: str
    title: str
    kind: str
    weight: str
    attempts: str
    due: str
    """ISO 8601; empty if there is no date."""
    tasks: int
    outcomes: tuple[str, ...]
    is_mandatory: bool


@dataclass(frozen=True, slots=True)
class ChangeFact:
    """A line of the change log."""

    version: str
    day: date
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class LevelFact:
    """A level in a framework."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class CourseFacts:
    """A course version in words."""

    id: str
    version: str
    code: str
    title: str
    summary: str
    kind: str
    languages: tuple[str, ...]
    licence: str
    field: str
    tags: tuple[str, ...]
    outcomes: tuple[OutcomeFact, ...]
    assessments: tuple[AssessmentFact, ...]
    passing: tuple[str, ...]
    late: str
    hours: str
    modules: tuple[tuple[str, str], ...]
    duration: str
    levels: tuple[LevelFact, ...]
    not_levelled: str
    credits: tuple[str, ...]
    participation: str
    prerequisites: str
    device: str
    bandwidth: str
    software: str
    supervision: str
    ai: str
    collaboration: str
    similarity_check: bool
    own_values: bool
    """Whether each learner has numbers of their own."""
    fees: str
    is_free: bool
    standalone: bool
    stacks_into: tuple[tuple[str, str, str, str], ...]
    """Award, units, conditions, who decides."""
    rpl: str
    recognition: tuple[str, ...]
    validity: str
    renewal: str
    disclosed: str
    qa_scheme: str
    qa_body: str
    qa_url: str
    reviewed_by: str
    reviewed_on: date
    review_by: date
    changes: tuple[ChangeFact, ...]
    authors: tuple[tuple[str, str, str], ...]
    """Name, role, ORCID iD (empty if none)."""
    awarding_body: str
    awarding_url: str
    unit: str
    contact: str
    appeals_days: int
    evidence_policy: str
    privacy_notice: str


def course_facts(manifest: CourseManifest, language: str, gettext: Gettext) -> CourseFacts:
    """Return a course version in words."""
    technology, qa = manifest.technology, manifest.qa
    hours = manifest.notional_hours
    titles = {each.id: each.title.in_language(language) for each in manifest.assessments}
    return CourseFacts(
        id=manifest.id,
        version=manifest.version,
        code=manifest.code,
        title=manifest.title.in_language(language),
        summary=manifest.summary.in_language(language),
        kind=type_words(manifest, gettext),
        languages=tuple(language_words(each) for each in manifest.languages),
        licence=manifest.licence,
        field=f"{manifest.field.name} (ISCED-F {manifest.field.isced_f})" if manifest.field else "",
        tags=manifest.tags,
        outcomes=tuple(_outcome(manifest, each, language, gettext) for each in manifest.outcomes),
        assessments=tuple(_assessment(manifest, each, language, gettext) for each in manifest.assessments),
        passing=passing_words(manifest, language, gettext),
        late=gettext("What comes after its date is worth nothing.") if manifest.late_policy == "zero" else "",
        hours=f"{hours.total:g}",
        modules=tuple((titles.get(name, name), f"{each:g}") for name, each in hours.modules.items()),
        duration=duration_words(manifest.duration, gettext) if manifest.duration else "",
        levels=tuple(LevelFact(level_words(each), each.url) for each in manifest.levels),
        not_levelled=manifest.not_levelled or "",
        credits=tuple(f"{each.points:g} {each.system}" for each in manifest.credits),
        participation=participation_words(manifest, gettext),
        prerequisites=manifest.prerequisites.in_language(language),
        device=technology.device,
        bandwidth=technology.bandwidth,
        software=technology.software or "",
        supervision=supervision_words(manifest, gettext),
        ai=manifest.integrity.ai,
        collaboration=manifest.integrity.collaboration,
        similarity_check=manifest.integrity.similarity_check,
        own_values=any(each.variants for each in manifest.assessments),
        fees=manifest.fees or "",
        is_free=is_free(manifest),
        standalone=manifest.stackability.standalone,
        stacks_into=tuple((each.award, each.units, each.conditions, each.decided_by) for each in manifest.stackability.stacks_into),
        rpl=manifest.rpl or "",
        recognition=manifest.recognition,
        validity=validity_words(manifest, gettext),
        renewal=manifest.renewal or "",
        disclosed=_disclosed(manifest, gettext),
        qa_scheme=qa.scheme,
        qa_body=qa.body,
        qa_url=qa.statement_url,
        reviewed_by=qa.reviewed_by,
        reviewed_on=qa.reviewed_on,
        review_by=qa.review_by,
        changes=tuple(ChangeFact(each.version, each.date, change_words(each.kind, gettext), each.text) for each in manifest.change_log),
        authors=tuple((each.name, each.role, each.orcid or "") for each in manifest.authors),
        awarding_body=manifest.awarding_body.legal_name or manifest.awarding_body.name,
        awarding_url=manifest.awarding_body.url,
        unit=manifest.unit or "",
        contact=manifest.contact.email,
        appeals_days=manifest.contact.appeals_days,
        evidence_policy=manifest.evidence_policy,
        privacy_notice=manifest.privacy_notice,
    )


def _outcome(manifest: CourseManifest, outcome: Outcome, language: str, gettext: Gettext) -> OutcomeFact:
    required = required_share(manifest, outcome)
    holding = [each for each in manifest.assessments if any(outcome.id in item.outcomes for item in each.items)]
    return OutcomeFact(
        id=outcome.id,
        text=outcome.text.in_language(language),
        bloom=bloom_words(outcome.bloom, gettext),
        required=percent(required) if required else "",
        assessed_in=tuple(each.title.in_language(language) for each in holding),
        tasks=sum(outcome.id in item.outcomes for each in holding for item in each.items),
        skills=tuple(SkillFact(each.name, each.framework, each.url) for each in outcome.skills),
    )


def _assessment(manifest: CourseManifest, assessment: Assessment, language: str, gettext: Gettext) -> AssessmentFact:
    return AssessmentFact(
        id=assessment.id,
        title=assessment.title.in_language(language),
        kind=kind_words(assessment, gettext),
        weight=f"{assessment.weight:g}",
        attempts=attempts_words(assessment, gettext),
        due=assessment.due.isoformat() if assessment.due else "",
        tasks=len(assessment.items),
        outcomes=tuple(dict.fromkeys(outcome for item in assessment.items for outcome in item.outcomes)),
        is_mandatory=assessment.id in manifest.pass_rule.mandatory,
    )


def _disclosed(manifest: CourseManifest, gettext: Gettext) -> str:
    _ = gettext
    return {
        "none": _("The credential says that you passed, and no result."),
        "pass": _("The credential says of each outcome that you completed it, without a number."),
        "band": _("The credential says your results in steps of ten percent."),
        "percent": _("The credential says your results in percent."),
    }[manifest.grade_disclosed]
