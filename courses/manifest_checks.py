"""The rules that a manifest keeps or breaks by itself (Q01 to Q20 of the release gate, as far as the text alone decides).

Sources: EU Council Recommendation 2022/C 243/02, NZQA Rules 2022 section 6 (titles, review period), Australia's National Microcredentials
Framework (review process), ETF guide (mapping of assessment to outcomes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from courses.findings import Finding, blocking, warning
from courses.manifest import CourseManifest, Translated

_FILE = "course.toml"
_MAXIMUM_OUTCOMES = 6
_REVIEW_MONTHS = 36
_VAGUE_VERBS = frozenset({"understand", "know", "learn", "appreciate", "grasp"})
_PROTECTED_WORDS = frozenset({"diploma", "degree", "bachelor", "masters", "doctorate"})


def check_manifest(manifest: CourseManifest, *, today: date) -> list[Finding]:
    """Return what is wrong or doubtful in `manifest`, in the order of the codes."""
    rules = (_outcomes, _hours, _pass_rule, _assurance, _review, _need, _title, _review_by, _translations, _stackability)
    return sorted((finding for rule in rules for finding in rule(manifest, today)), key=lambda finding: finding.code)


def _outcomes(manifest: CourseManifest, _today: date) -> Iterator[Finding]:
    if len(manifest.outcomes) > _MAXIMUM_OUTCOMES:
        yield blocking(
            "Q02",
            f"{len(manifest.outcomes)} outcomes are too many for a micro-credential",
            f"{_FILE}: outcomes",
            f"Keep 1 to {_MAXIMUM_OUTCOMES}, or make two courses.",
        )
    for outcome in manifest.outcomes:
        verb = re.split(r"\W+", outcome.text.en.strip(), maxsplit=1)[0].lower()
        if verb in _VAGUE_VERBS:
            yield warning(
                "Q02",
                f"outcome {outcome.id} begins with {verb!r}, which nobody can observe",
                f"{_FILE}: outcomes.{outcome.id}",
                "Say what the learner does: detect, repair, compute, explain, compare.",
            )


def _hours(manifest: CourseManifest, _today: date) -> Iterator[Finding]:
    modules = sum(manifest.notional_hours.modules.values())
    total = manifest.notional_hours.total
    if abs(modules - total) > 0.1 * total:
        yield blocking(
            "Q03",
            f"the modules take {modules:g} hours, but the course says {total:g}",
            f"{_FILE}: notional_hours",
            "Correct one of them; they may differ by 10 %.",
        )


def _pass_rule(manifest: CourseManifest, _today: date) -> Iterator[Finding]:
    if manifest.pass_rule.overall == 0:
        yield blocking(
            "Q06", "anyone passes: the overall pass mark is 0", f"{_FILE}: pass_rule.overall", "Set the share that earns the credential."
        )


def _assurance(manifest: CourseManifest, _today: date) -> Iterator[Finding]:
    if manifest.supervision == "none" and manifest.identity_assurance in {"id-document", "biometric"}:
        yield warning(
            "Q07",
            f"identity is claimed by {manifest.identity_assurance}, but nobody supervises the assessment",
            f"{_FILE}: identity_assurance",
            'Say "account" unless the identity is checked while the work is done.',
        )


def _review(manifest: CourseManifest, today: date) -> Iterator[Finding]:
    if manifest.qa.reviewed_by in {author.name for author in manifest.authors}:
        yield blocking(
            "Q08", f"{manifest.qa.reviewed_by} reviewed their own course", f"{_FILE}: qa.reviewed_by", "Let someone else review it."
        )
    if manifest.qa.reviewed_on > today:
        yield blocking(
            "Q08", f"the review of {manifest.qa.reviewed_on} has not happened yet", f"{_FILE}: qa.reviewed_on", "Give the day it was done."
        )


def _need(manifest: CourseManifest, _today: date) -> Iterator[Finding]:
    if manifest.evidence_of_need is None:
        yield warning(
            "Q09",
            "nothing says who needs this course",
            f"{_FILE}: evidence_of_need",
            "Name the survey, employer or office that asked for it.",
        )


def _title(manifest: CourseManifest, _today: date) -> Iterator[Finding]:
    words = set(re.findall(r"[a-z]+", manifest.title.en.lower()))
    for word in sorted(words & _PROTECTED_WORDS):
        yield blocking("Q14", f"the title says {word!r}, which is the name of another award", f"{_FILE}: title", "Choose another title.")


def _review_by(manifest: CourseManifest, today: date) -> Iterator[Finding]:
    reviewed, due = manifest.qa.reviewed_on, manifest.qa.review_by
    if (due.year - reviewed.year) * 12 + due.month - reviewed.month > _REVIEW_MONTHS:
        yield blocking(
            "Q15",
            f"the next review is more than {_REVIEW_MONTHS} months away",
            f"{_FILE}: qa.review_by",
            "Set an earlier date; 12 months are advised.",
        )
    if due < today:
        yield blocking("Q15", f"the review was due on {due}", f"{_FILE}: qa.review_by", "Have the course reviewed and enter the new dates.")


def _translations(manifest: CourseManifest, _today: date) -> Iterator[Finding]:
    if "fil" not in manifest.languages:
        return
    texts: list[tuple[str, Translated]] = [
        ("title", manifest.title),
        ("summary", manifest.summary),
        ("prerequisites", manifest.prerequisites),
    ]
    texts += [(f"outcomes.{outcome.id}", outcome.text) for outcome in manifest.outcomes]
    texts += [(f"assessments.{assessment.id}", assessment.title) for assessment in manifest.assessments]
    for field, text in texts:
        if text.fil is None:
            yield warning("Q19", f"{field} has no Filipino text", f"{_FILE}: {field}", "Translate it, or take fil out of languages.")


def _stackability(manifest: CourseManifest, _today: date) -> Iterator[Finding]:
    if not manifest.stackability.standalone and not manifest.stackability.stacks_into:
        yield warning(
            "Q11",
            "the award neither stands alone nor adds up to anything",
            f"{_FILE}: stackability",
            "Name the larger award, or set standalone.",
        )
