"""The rules that a manifest keeps or breaks by itself (Q01 to Q19 of the release gate, as far as the text alone decides).

Sources: EU Council Recommendation 2022/C 243/02, NZQA Rules 2022 section 6 (titles, review period), Australia's National Microcredentials
Framework (review process), ETF guide (mapping of assessment to outcomes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from courses.findings import Finding
from courses.manifest import CourseManifest
from courses.static_checks.manifest_texts import translations_of
from courses.static_checks.places import ManifestSpots

_MAXIMUM_OUTCOMES = 6
_REVIEW_MONTHS = 36
_VAGUE = re.compile(
    r"(understand|know|learn|appreciate|grasp|comprehend|realise|realize|believe|(be|become) (aware|familiar)|familiarise|familiarize"
    r"|(gain|acquire|develop|get) (an? )?(understanding|knowledge|awareness|appreciation))\b",
    re.IGNORECASE,
)
_PROTECTED_WORDS = frozenset(
    {"diploma", "degree", "bachelor", "bachelors", "masters", "doctorate", "doctoral", "phd", "digri", "batsilyer", "doktorado"}
)
_WORDS_OF_A_SENTENCE = 4


def check_manifest(manifest: CourseManifest, *, today: date, text: str = "") -> list[Finding]:
    """Return what is wrong or doubtful in `manifest`, in the order of the codes.

    Args:
        today: decides whether the review-by date has passed.
        text: course.toml as it was read, so that findings can name its lines.
    """
    spots = ManifestSpots(manifest, text)
    rules = (_outcomes, _hours, _level, _pass_rule, _assurance, _need, _stackability, _validity, _prior_learning, _title, _translations)
    found = [finding for rule in rules for finding in rule(manifest, spots)]
    found += [*_review(manifest, spots, today), *_review_by(manifest, spots, today)]
    return sorted(found, key=lambda finding: finding.code)


def _outcomes(manifest: CourseManifest, spots: ManifestSpots) -> Iterator[Finding]:
    if len(manifest.outcomes) > _MAXIMUM_OUTCOMES:
        problem = f"{len(manifest.outcomes)} outcomes are too many for a micro-credential"
        yield spots.at("outcomes").blocking("Q02", problem, f"Keep 1 to {_MAXIMUM_OUTCOMES}, or make two courses.")
    for number, outcome in enumerate(manifest.outcomes):
        if verb := _VAGUE.match(outcome.text.en.strip()):
            yield spots.at("outcomes", number).warning(
                "Q02",
                f"outcome {outcome.id} begins with {verb[0].lower()!r}, which nobody can observe",
                "Say what the learner does: detect, repair, compute, explain, compare.",
            )


def _hours(manifest: CourseManifest, spots: ManifestSpots) -> Iterator[Finding]:
    modules = sum(manifest.notional_hours.modules.values())
    total = manifest.notional_hours.total
    if abs(modules - total) > 0.1 * total:
        problem = f"the modules take {modules:g} hours, but the course says {total:g}"
        yield spots.at("notional_hours").blocking("Q03", problem, "Correct one of them; they may differ by 10 %.")


def _level(manifest: CourseManifest, spots: ManifestSpots) -> Iterator[Finding]:
    if manifest.levels and manifest.not_levelled is not None:
        problem = "the course has a level, and says why it has none"
        yield spots.at("not_levelled").warning("Q04", problem, "Keep one of levels and not_levelled.")


def _pass_rule(manifest: CourseManifest, spots: ManifestSpots) -> Iterator[Finding]:
    if manifest.pass_rule.overall == 0:
        problem = "anyone passes: the overall pass mark is 0"
        yield spots.at("pass_rule", "overall").blocking("Q06", problem, "Set the share that earns the credential.")


def _assurance(manifest: CourseManifest, spots: ManifestSpots) -> Iterator[Finding]:
    if manifest.supervision == "none" and manifest.identity_assurance in {"id-document", "biometric"}:
        yield spots.at("identity_assurance").warning(
            "Q07",
            f"identity is claimed by {manifest.identity_assurance}, but nobody supervises the assessment",
            'Say "account" unless the identity is checked while the work is done.',
        )


def _review(manifest: CourseManifest, spots: ManifestSpots, today: date) -> Iterator[Finding]:
    if _same(manifest.qa.reviewed_by) in {_same(author.name) for author in manifest.authors}:
        problem = f"{manifest.qa.reviewed_by} reviewed their own course"
        yield spots.at("qa", "reviewed_by").blocking("Q08", problem, "Let someone else review it.")
    if manifest.qa.reviewed_on > today:
        problem = f"the review of {manifest.qa.reviewed_on} has not happened yet"
        yield spots.at("qa", "reviewed_on").blocking("Q08", problem, "Give the day it was done.")


def _same(name: str) -> str:
    return " ".join(name.split()).casefold()


def _need(manifest: CourseManifest, spots: ManifestSpots) -> Iterator[Finding]:
    if manifest.evidence_of_need is None:
        remedy = "Name the survey, employer or office that asked for it."
        yield spots.at("evidence_of_need").warning("Q09", "nothing says who needs this course", remedy)


def _stackability(manifest: CourseManifest, spots: ManifestSpots) -> Iterator[Finding]:
    if not manifest.stackability.standalone and not manifest.stackability.stacks_into:
        problem = "the award neither stands alone nor adds up to anything"
        yield spots.at("stackability").warning("Q11", problem, "Name the larger award, or set standalone.")


def _validity(manifest: CourseManifest, spots: ManifestSpots) -> Iterator[Finding]:
    if manifest.validity != "none" and manifest.renewal is None:
        yield spots.at("validity").blocking(
            "Q12",
            f"the credential expires after {manifest.validity}, and nothing says how it is renewed",
            'Write it into renewal (or that it cannot be renewed), or set validity = "none".',
        )


def _prior_learning(manifest: CourseManifest, spots: ManifestSpots) -> Iterator[Finding]:
    if manifest.rpl is None:
        yield spots.at("rpl").warning(
            "Q13", "nothing says what becomes of what a learner knows already", 'Say in rpl how it is recognised, or "none".'
        )


def _title(manifest: CourseManifest, spots: ManifestSpots) -> Iterator[Finding]:
    words = set(re.findall(r"\w+", f"{manifest.title.en} {manifest.title.fil or ''}".lower()))
    for word in sorted(words & _PROTECTED_WORDS):
        problem = f"the title says {word!r}, which is the name of another award"
        yield spots.at("title").blocking("Q14", problem, "Choose another title.")


def _review_by(manifest: CourseManifest, spots: ManifestSpots, today: date) -> Iterator[Finding]:
    reviewed, due = manifest.qa.reviewed_on, manifest.qa.review_by
    here = spots.at("qa", "review_by")
    months = (due.year - reviewed.year) * 12 + due.month - reviewed.month + (due.day > reviewed.day)
    if months > _REVIEW_MONTHS:
        problem = f"the next review is more than {_REVIEW_MONTHS} months away"
        yield here.blocking("Q15", problem, "Set an earlier date; 12 months are advised.")
    if due < today:
        yield here.blocking("Q15", f"the review was due on {due}", "Have the course reviewed and enter the new dates.")


def _translations(manifest: CourseManifest, spots: ManifestSpots) -> Iterator[Finding]:
    if "fil" not in manifest.languages:
        return
    for path, text in translations_of(manifest):
        if text.fil is None:
            yield spots.at(*path).warning("Q19", "there is no Filipino text", "Translate it, or take fil out of languages.")
        elif text.fil == text.en and len(text.en.split()) >= _WORDS_OF_A_SENTENCE:
            yield spots.at(*path).warning("Q19", "the Filipino text is the English one", "Translate it.")
