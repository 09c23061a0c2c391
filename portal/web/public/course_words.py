"""What a manifest says in codes, as words for people. Pure; the language comes in as `gettext`."""

from __future__ import annotations

import re
from collections.abc import Callable

from courses.manifest import Assessment, CourseManifest, Level
from issuer.achievement import percent

Gettext = Callable[[str], str]
_DURATION = re.compile(r"(\d+)([YMWD])")
_FREE = re.compile(r"\s*(none|no fee|free\b|libre|walang bayad|(php|₱)?\s*0\b)", re.IGNORECASE)
_PHONE = re.compile(r"\b(smart)?phones?\b|\bcell?phones?\b|\bcelphone", re.IGNORECASE)


def level_words(level: Level) -> str:
    """Return a level as it is written: PQF 5."""
    return f"{level.framework} {level.level}"


def language_words(code: str) -> str:
    """Return the name that a language has for itself."""
    return {"en": "English", "fil": "Filipino"}[code]


def participation_words(manifest: CourseManifest, gettext: Gettext) -> str:
    """Return where and when one takes part."""
    _ = gettext
    mode = {"online": _("online"), "blended": _("partly online, partly onsite"), "onsite": _("onsite")}
    pacing = {"self-paced": _("at your own pace"), "cohort": _("together with a group, on fixed dates")}
    return f"{mode[manifest.participation.mode]}, {pacing[manifest.participation.pacing]}"


def supervision_words(manifest: CourseManifest, gettext: Gettext) -> str:
    """Return who watched, and how it was made sure who worked, as two sentences."""
    _ = gettext
    supervision = {
        "none": _("Nobody watches while you work."),
        "remote": _("Somebody watches online while you work."),
        "onsite": _("Somebody watches on the spot while you work."),
    }
    identity = {
        "none": _("Who you are is not verified."),
        "account": _("Who you are is known by your account alone."),
        "id-document": _("Who you are is verified by an identity document."),
        "biometric": _("Who you are is verified biometrically."),
    }
    return f"{supervision[manifest.supervision]} {identity[manifest.identity_assurance]}"


def supervision_of_credential(words: str, gettext: Gettext) -> str:
    """Return the words of a credential's `ext:SupervisionType` (`issuer.achievement.supervision_in_words`) in another language; others as they are."""
    _ = gettext
    first, _with, second = words.partition(" with ")
    supervision = {
        "Unsupervised": _("Nobody watched the work."),
        "Supervised online": _("The work was watched online."),
        "Supervised onsite": _("The work was watched on the spot."),
    }
    identity = {
        "no identity verification": _("Who worked was not verified."),
        "no identity verification beyond the learner's account": _("Who worked is known by the learner's account alone."),
        "identity verification by an identity document": _("Who worked was verified by an identity document."),
        "biometric identity verification": _("Who worked was verified biometrically."),
    }
    return f"{supervision[first]} {identity[second]}" if first in supervision and second in identity else words


def kind_words(assessment: Assessment, gettext: Gettext) -> str:
    """Return what kind of work an assessment is."""
    _ = gettext
    return {"performance": _("graded exercises"), "exam": _("a graded examination"), "artifact": _("a graded project")}[assessment.type]


def attempts_words(assessment: Assessment, gettext: Gettext) -> str:
    """Return how often one may try, and which attempt counts."""
    _ = gettext
    often = (
        _("as often as you like")
        if assessment.attempts is None
        else _("once")
        if assessment.attempts == 1
        else _("up to {count} times").format(count=assessment.attempts)
    )
    if assessment.attempts == 1:
        return often
    counts = {"last": _("the last attempt counts"), "best": _("the best attempt counts")}
    return f"{often}; {counts[assessment.credited]}"


def passing_words(manifest: CourseManifest, language: str, gettext: Gettext) -> tuple[str, ...]:
    """Return the pass rule as sentences."""
    _ = gettext
    rule = manifest.pass_rule
    told = [_("You need at least {share} % overall.").format(share=percent(rule.overall))]
    if rule.per_outcome:
        told.append(_("You need at least {share} % in every learning outcome.").format(share=percent(rule.per_outcome)))
    told += [
        _("In the outcome {outcome} you need at least {share} %.").format(outcome=each.id, share=percent(each.min_score))
        for each in manifest.outcomes
        if each.min_score is not None
    ]
    must = [each.title for each in manifest.assessments if each.id in rule.mandatory]
    if must:
        titles = ", ".join(title.in_language(language) for title in must)
        told.append(_("Has to be handed in and worth more than nothing: {titles}.").format(titles=titles))
    told.append(_("Nothing is rounded up."))
    return tuple(told)


def validity_words(manifest: CourseManifest, gettext: Gettext) -> str:
    """Return for how long the credential is valid."""
    _ = gettext
    if manifest.validity == "none":
        return _("It does not expire.")
    return _("It is valid for {time} from the day of the award.").format(time=duration_words(manifest.validity, gettext))


def duration_words(duration: str, gettext: Gettext) -> str:
    """Return an ISO 8601 duration in words; one with hours as it is."""
    _ = gettext
    if "T" in duration:
        return duration
    units = {
        "Y": (_("1 year"), _("{count} years")),
        "M": (_("1 month"), _("{count} months")),
        "W": (_("1 week"), _("{count} weeks")),
        "D": (_("1 day"), _("{count} days")),
    }
    return ", ".join(units[unit][number != "1"].format(count=number) for number, unit in _DURATION.findall(duration))


def type_words(manifest: CourseManifest, gettext: Gettext) -> str:
    """Return what kind of course it is, in the words of the Philippine rules."""
    _ = gettext
    return {
        "for-credit": _("for credit"),
        "curriculum-embedded": _("part of a curriculum"),
        "non-credit": _("without credit"),
        "industry-certified": _("certified by industry"),
        "skills-based": _("for skills"),
    }[manifest.type]


def bloom_words(bloom: str, gettext: Gettext) -> str:
    """Return a level of Bloom's taxonomy."""
    _ = gettext
    return {
        "remember": _("remember"),
        "understand": _("understand"),
        "apply": _("apply"),
        "analyse": _("analyse"),
        "evaluate": _("evaluate"),
        "create": _("create"),
    }[bloom]


def change_words(kind: str, gettext: Gettext) -> str:
    """Return what a change of a version was about."""
    _ = gettext
    return {"editorial": _("wording"), "assessment": _("assessment"), "outcome": _("learning outcomes")}[kind]


def is_free(manifest: CourseManifest) -> bool:
    """Whether the manifest says that nothing is paid; one that says nothing of fees does not."""
    return bool(manifest.fees and _FREE.match(manifest.fees))


def names_phones(manifest: CourseManifest) -> bool:
    """Whether the manifest names phones among what the course can be used with, were it only for reading."""
    device = manifest.technology.device
    return bool(_PHONE.search(device)) and not re.search(r"\b(not|no|never)\b[^.;,]{0,20}phone", device, re.IGNORECASE)
