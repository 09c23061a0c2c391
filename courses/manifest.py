"""The course manifest: what a course says of itself, as frozen values.

The fields are those that the EU Council Recommendation on micro-credentials (2022/C 243/02, Annex I) asks of a credential, and what Open
Badges 3.0 and the Philippine rules (CHED CMO 1 s. 2025, TESDA Circular 077 s. 2024) add. `docs/reference/manifest.schema.json` is made
from these classes. Everything here is checked from the text alone; what needs the notebooks too is in `courses.checks`.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from courses.attempts import AttemptRule, Credited
from courses.limits import CourseLimits
from courses.names import COURSE_ID, VERSION
from courses.typed_toml import TypedTable
from courses.variants import Variants

_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?")
_HTTPS = re.compile(r"https://[^\s<>\"{}|\\^`]+")
_REFUSED_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def _matching(pattern: re.Pattern[str], hint: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"{value!r} is not {hint}")
        return value

    return AfterValidator(check)


def _printable(value: str) -> str:
    if _REFUSED_IN_TEXT.search(value):
        raise ValueError("control characters and lone surrogates are not allowed: no two verifiers read them alike")
    return value


Text = Annotated[str, Field(min_length=1), AfterValidator(_printable)]
Url = Annotated[str, _matching(_HTTPS, "an https address")]
CourseId = Annotated[str, _matching(COURSE_ID, "lower-case words joined by hyphens")]
Version = Annotated[str, _matching(VERSION, "a version such as 1.0.0")]
Identifier = Annotated[str, _matching(re.compile(r"[A-Za-z][A-Za-z0-9_-]*"), "an identifier of letters, digits, - and _")]
Duration = Annotated[str, _matching(_DURATION, "an ISO 8601 duration such as P2Y")]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class Translated(TypedTable):
    """One text in the languages of the course. English is always there."""

    en: Text
    fil: Text | None = None

    def in_language(self, language: str) -> str:
        """Return the text in `language` ("en" or "fil"), in English where there is no translation."""
        return self.fil if language == "fil" and self.fil else self.en


class AwardingBody(TypedTable):
    """Who awards: the institution, in law."""

    name: Text
    country: Annotated[str, _matching(re.compile(r"[A-Z]{2}"), "an ISO 3166-1 alpha-2 country code such as PH")]
    url: Url
    legal_name: Text | None = None
    region: Text | None = None
    registration: Text | None = None


class Person(TypedTable):
    """Someone with a part in the course."""

    name: Text
    role: Text
    orcid: Annotated[str, _matching(re.compile(r"(\d{4}-){3}\d{3}[\dX]"), "an ORCID iD")] | None = None


class Skill(TypedTable):
    """A skill in a public framework (ESCO, PSF, O*NET)."""

    framework: Text
    name: Text
    url: Url


class Outcome(TypedTable):
    """One thing that a learner can do after the course."""

    id: Identifier
    text: Translated
    bloom: Literal["remember", "understand", "apply", "analyse", "evaluate", "create"]
    min_score: Share | None = None
    """Share of this outcome's points that is needed; None: the pass rule's `per_outcome` holds."""
    skills: tuple[Skill, ...] = ()


class Level(TypedTable):
    """A level in a qualifications framework."""

    framework: Literal["PQF", "AQRF", "EQF", "QF-EHEA"]
    level: Text
    url: Url


class FieldOfStudy(TypedTable):
    """A field of study by ISCED-F 2013 code."""

    isced_f: Annotated[str, _matching(re.compile(r"\d{2,4}"), "an ISCED-F code of two to four digits")]
    name: Text


class NotionalHours(TypedTable):
    """The hours that a typical learner needs, in all and per module."""

    total: Positive
    modules: Annotated[dict[str, Positive], Field(min_length=1)]


class Credit(TypedTable):
    """Credit points in a named system."""

    system: Text
    points: Positive


class Participation(TypedTable):
    """How one takes part."""

    mode: Literal["online", "blended", "onsite"]
    pacing: Literal["self-paced", "cohort"]


class Technology(TypedTable):
    """What a learner needs."""

    device: Text
    bandwidth: Text
    software: Text | None = None


class Item(TypedTable):
    """One graded cell, by its nbgrader id, and the outcomes that it gives evidence of."""

    cell: Identifier
    outcomes: Annotated[tuple[Identifier, ...], Field(min_length=1)]


class Assessment(TypedTable):
    """One nbgrader assignment as a part of the assessment."""

    id: Text
    title: Translated
    weight: Positive
    """Percent of the overall score."""
    type: Literal["performance", "exam", "artifact"]
    attempts: Annotated[int, Field(ge=1)] | None = None
    """How many attempts count; None: as many as the learner likes."""
    credited: Credited = "last"
    """Which of them is credited: the last one, or the one with the best score."""
    due: datetime | None = None
    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    cells: dict[Identifier, Literal["sealed", "compat", "manual"]] = Field(default_factory=dict)
    """How single test cells are decided, by the cell's nbgrader id; others by their label. See `docs/explanation/how-grading-works.md`."""
    limits: CourseLimits = CourseLimits()
    """Over the course's."""
    variants: Variants | None = None
    """Values of its parameters cells that differ from learner to learner; see `courses.variants`."""

    @property
    def attempt_rule(self) -> AttemptRule:
        """Which attempt counts."""
        return AttemptRule(self.attempts, self.credited)


class PassRule(TypedTable):
    """What earns the credential. Scores are shares, never rounded."""

    overall: Share
    per_outcome: Share = 0.0
    mandatory: tuple[Text, ...] = ()
    """Assessments that must have been submitted and scored above zero."""


class Integrity(TypedTable):
    """The rules of honest work."""

    ai: Text
    collaboration: Text
    similarity_check: bool = False
    variants: bool = False


class QualityAssurance(TypedTable):
    """Who vouches for the quality, and until when."""

    scheme: Text
    body: Text
    statement_url: Url
    reviewed_by: Text
    reviewed_on: date
    review_by: date


class Approval(TypedTable):
    """A decision on the way to release."""

    step: Text
    role: Text
    person: Text
    date: date
    decision: Literal["approved", "returned"]
    note: Text | None = None
    content_hash: Text | None = None


class Change(TypedTable):
    """A line of the public change log."""

    version: Version
    date: date
    kind: Literal["editorial", "assessment", "outcome"]
    text: Text


class StacksInto(TypedTable):
    """A larger award that takes this one as a part."""

    award: Text
    units: Text
    conditions: Text
    decided_by: Text


class Stackability(TypedTable):
    """Whether the award stands alone, and what it adds up to."""

    standalone: bool
    stacks_into: tuple[StacksInto, ...] = ()


class Image(TypedTable):
    """A picture for the catalogue and the badge."""

    path: Text
    alt: Translated


class Contact(TypedTable):
    """Where questions and appeals go."""

    email: Annotated[str, _matching(re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "an e-mail address")]
    appeals_days: Annotated[int, Field(ge=1)]


AchievementType = Literal["MicroCredential", "Course", "Competency", "Badge", "Certificate"]
"""Of Open Badges 3.0."""


class CourseManifest(TypedTable):
    """A version of a course, as its `course.toml` says it."""

    id: CourseId
    version: Version
    code: Text
    title: Translated
    summary: Translated
    type: Literal["for-credit", "curriculum-embedded", "non-credit", "industry-certified", "skills-based"]
    achievement_type: AchievementType = "MicroCredential"
    languages: Annotated[tuple[Literal["en", "fil"], ...], Field(min_length=1)]
    licence: Text
    tags: tuple[Text, ...] = ()
    previous_versions: tuple[Url, ...] = ()
    image: Image | None = None
    awarding_body: AwardingBody
    unit: Text | None = None
    authors: Annotated[tuple[Person, ...], Field(min_length=1)]
    assessor: Person | None = None
    partners: tuple[Person, ...] = ()
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1)]
    levels: tuple[Level, ...] = ()
    not_levelled: Text | None = None
    """Why there is no level; one of `levels` and `not_levelled` is needed."""
    field: FieldOfStudy | None = None
    notional_hours: NotionalHours
    credits: tuple[Credit, ...] = ()
    duration: Duration | None = None
    participation: Participation
    prerequisites: Translated
    technology: Technology
    fees: Text | None = None
    limits: CourseLimits = CourseLimits()
    """How much a submission may use, over the site's `[grading]`."""
    assessments: Annotated[tuple[Assessment, ...], Field(min_length=1)]
    assurance: Literal["best", "sealed"] = "best"
    """`sealed`: a test that cannot be sealed stops the release, and nothing is graded otherwise. `best`: each test as well as it can be."""
    late_policy: Literal["accept", "zero"] = "accept"
    """What becomes of an attempt after the due date: taken as it is, or worth nothing (nbgrader's `none` and `zero`)."""
    pass_rule: PassRule
    supervision: Literal["none", "remote", "onsite"]
    identity_assurance: Literal["none", "account", "id-document", "biometric"]
    integrity: Integrity
    grade_disclosed: Literal["none", "pass", "band", "percent"] = "percent"
    qa: QualityAssurance
    approvals: tuple[Approval, ...] = ()
    evidence_of_need: Text | None = None
    change_log: Annotated[tuple[Change, ...], Field(min_length=1)]
    stackability: Stackability
    rpl: Text | None = None
    recognition: tuple[Text, ...] = ()
    validity: Literal["none"] | Duration
    renewal: Text | None = None
    contact: Contact
    evidence_policy: Text
    privacy_notice: Url

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        problems = [
            *_duplicates("outcomes", [outcome.id for outcome in self.outcomes]),
            *_duplicates("assessments", [assessment.id for assessment in self.assessments]),
            *_weight_problems(self.assessments),
            *_reference_problems(self),
            *_limit_problems(self),
        ]
        if not self.levels and self.not_levelled is None:
            problems.append("levels: give a level, or say in not_levelled why there is none")
        if self.qa.review_by <= self.qa.reviewed_on:
            problems.append("qa.review_by: must be later than qa.reviewed_on")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def attempt_rules(self) -> dict[str, AttemptRule]:
        """Which attempt counts, by assessment."""
        return {each.id: each.attempt_rule for each in self.assessments}

    def assessment(self, assignment: str) -> Assessment | None:
        """Return the assessment of that assignment, None if the manifest has none."""
        return next((each for each in self.assessments if each.id == assignment), None)

    def limits_of(self, assignment: str) -> CourseLimits:
        """Return the limits of that assignment: its own, and the course's where it says nothing."""
        assessment = self.assessment(assignment)
        return assessment.limits.over(self.limits) if assessment else self.limits


def _duplicates(field: str, ids: list[str]) -> list[str]:
    return [f"{field}: {each!r} stands there twice" for each in dict.fromkeys(ids) if ids.count(each) > 1]


def _weight_problems(assessments: tuple[Assessment, ...]) -> list[str]:
    total = sum((Decimal(str(assessment.weight)) for assessment in assessments), Decimal(0))
    if total == 100:
        return []
    weights = " + ".join(f"{assessment.weight:g}" for assessment in assessments)
    return [f"assessments: the weights must sum to 100, but {weights} = {total.normalize():f}"]


def _reference_problems(manifest: CourseManifest) -> list[str]:
    outcomes = {outcome.id for outcome in manifest.outcomes}
    assessments = {assessment.id for assessment in manifest.assessments}
    problems = [
        f"assessments: item {item.cell!r} of {assessment.id!r} names outcome {outcome!r}, which does not exist"
        for assessment in manifest.assessments
        for item in assessment.items
        for outcome in item.outcomes
        if outcome not in outcomes
    ]
    problems += [
        f"pass_rule.mandatory: {name!r} is no assessment of this course" for name in manifest.pass_rule.mandatory if name not in assessments
    ]
    for assessment in manifest.assessments:
        problems += _duplicates(f"assessments: items of {assessment.id!r}", [item.cell for item in assessment.items])
    return problems


def _limit_problems(manifest: CourseManifest) -> list[str]:
    of_course = manifest.limits.contradictions()
    problems = [f"limits: {told}" for told in of_course]
    for assessment in manifest.assessments:
        together = assessment.limits.over(manifest.limits).contradictions()
        problems += [f"limits of {assessment.id!r}: {told}" for told in together if told not in of_course]
    return problems
