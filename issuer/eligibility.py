"""Who may have the credential, and why: a pure function of the manifest's pass rule and the gradebook's frames.

Rules:
1. `eligible`: every part that the rule counts is decided, and the rule is met.
2. `blocked`: something is undecided (ungraded, waits for a person). Never turned into a zero, never guessed.
3. `not yet`: everything that was handed in is decided, and the rule is not met.
Shares are exact quotients and are compared as they are: nothing is rounded up to a pass. What was not handed in adds nothing to a score.
Every verdict has its reasons, in sentences for the learner.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import pandas as pd

from autograder.gradebook import GRADED, NEEDS_MANUAL, NOT_SUBMITTED, GradebookFrames
from courses.manifest import Assessment, CourseManifest
from issuer.achievement import percent
from issuer.errors import EligibilityError


class Status(StrEnum):
    """Whether the credential may be issued."""

    ELIGIBLE = "eligible"
    NOT_YET = "not yet"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in a sentence; the code stays the same for translations and counts."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Eligibility:
    """One learner's standing against the pass rule."""

    learner: str
    status: Status
    reasons: tuple[Reason, ...]
    overall: float
    """Share 0 to 1 of what is decided; cut to 12 places for storing, compared exactly before."""
    outcomes: tuple[tuple[str, float], ...]
    """Outcome id and share 0 to 1, in the manifest's order."""
    assessments: tuple[tuple[str, float], ...]
    """Assessment id and share 0 to 1."""


CellPoints = Mapping[tuple[str, str], float]
"""Points possible of every graded cell of the released notebooks, by (assignment, cell)."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What the gradebook has decided of one learner's assignment."""

    state: str
    detail: str
    score: float
    final_score: float
    points_possible: float


_NOTHING = _Work(NOT_SUBMITTED, "", 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Book:
    """The manifest with the gradebook's rows by name."""

    manifest: CourseManifest
    works: Mapping[tuple[str, str], _Work]
    scores: Mapping[tuple[str, str, str], float]
    points: CellPoints

    def work(self, learner: str, assignment: str) -> _Work:
        return self.works.get((learner, assignment), _NOTHING)


def assess_learners(manifest: CourseManifest, frames: GradebookFrames, points: CellPoints) -> tuple[Eligibility, ...]:
    """Return the standing of every learner of the gradebook, by name.

    Raises:
        EligibilityError: the manifest names a cell that was not released.
    """
    _require_items(manifest, points)
    columns = ("learner", "assignment", "state", "reason", "score", "final_score", "points_possible")
    works = {
        (str(learner), str(assignment)): _Work(str(state), str(reason), float(score), float(final), float(possible))
        for learner, assignment, state, reason, score, final, possible in zip(*(frames.assignments[name] for name in columns), strict=True)
    }
    names = ("learner", "assignment", "cell", "score")
    scores = {
        (str(learner), str(assignment), str(cell)): float(score)
        for learner, assignment, cell, score in zip(*(frames.cells[name] for name in names), strict=True)
        if not pd.isna(score)
    }
    book = _Book(manifest, works, scores, points)
    return tuple(_assess(learner, book) for learner in sorted({learner for learner, _ in works}))


def _require_items(manifest: CourseManifest, points: CellPoints) -> None:
    for assessment in manifest.assessments:
        for item in assessment.items:
            if (assessment.id, item.cell) not in points:
                raise EligibilityError(
                    f"graded cell {item.cell!r} of {assessment.id!r} is in the manifest, but not in the released notebooks",
                    where=manifest.id,
                    remedy="Correct the manifest's items and release the course again.",
                )


def _assess(learner: str, book: _Book) -> Eligibility:
    manifest = book.manifest
    reasons = [_state_reason(each, book.work(learner, each.id)) for each in manifest.assessments]
    undecided = [reason for reason in reasons if reason and reason.code != "not-submitted"]
    missing = [reason for reason in reasons if reason and reason.code == "not-submitted"]
    shares = {each.id: _share(book.work(learner, each.id)) for each in manifest.assessments}
    overall = sum((_exact(each.weight) / 100 * shares[each.id] for each in manifest.assessments), Fraction(0))
    outcomes = {outcome.id: _outcome_share(learner, outcome.id, book) for outcome in manifest.outcomes}
    unmet = _unmet(manifest, overall, outcomes, shares)
    status = Status.BLOCKED if undecided else Status.NOT_YET if unmet else Status.ELIGIBLE
    told = [*undecided, *missing] if undecided else [*missing, *unmet] if unmet else [_met(manifest, overall)]
    return Eligibility(
        learner,
        status,
        tuple(told),
        _stored(overall),
        tuple((name, _stored(share)) for name, share in outcomes.items()),
        tuple((name, _stored(share)) for name, share in shares.items()),
    )


def _state_reason(assessment: Assessment, work: _Work) -> Reason | None:
    title, detail = assessment.title.en, (work.detail.splitlines() or ["no reason is recorded"])[0]
    if work.state == GRADED:
        return None
    if work.state == NOT_SUBMITTED:
        return Reason("not-submitted", f"You have not handed in “{title}”.")
    if work.state == NEEDS_MANUAL:
        return Reason("needs-manual", f"“{title}” waits for your teacher: {detail}.")
    return Reason("ungraded", f"“{title}” could not be graded: {detail}. Correct it and hand it in again, or ask your teacher.")


def _share(work: _Work) -> Fraction:
    """Return the decided share of an assignment; 0 where nothing is decided, which never counts as a pass."""
    if work.state != GRADED or not work.points_possible > 0 or math.isnan(work.final_score):
        return Fraction(0)
    return min(Fraction(1), _exact(work.final_score) / _exact(work.points_possible))


def _outcome_share(learner: str, outcome: str, book: _Book) -> Fraction:
    """Return what share of the outcome's points was earned; a late penalty takes the same share of every cell of its assignment."""
    earned, possible = Fraction(0), Fraction(0)
    for assessment in book.manifest.assessments:
        kept = _kept_after_penalty(book.work(learner, assessment.id))
        for item in assessment.items:
            if outcome in item.outcomes:
                worth = _exact(book.points[assessment.id, item.cell])
                possible += worth
                earned += min(worth, _exact(book.scores.get((learner, assessment.id, item.cell), 0.0))) * kept
    return earned / possible if possible else Fraction(0)


def _kept_after_penalty(work: _Work) -> Fraction:
    if work.state != GRADED or math.isnan(work.score) or math.isnan(work.final_score):
        return Fraction(0)
    return Fraction(1) if work.score <= 0 else _exact(work.final_score) / _exact(work.score)


def _unmet(manifest: CourseManifest, overall: Fraction, outcomes: Mapping[str, Fraction], shares: Mapping[str, Fraction]) -> list[Reason]:
    rule = manifest.pass_rule
    unmet = []
    if overall < _exact(rule.overall):
        unmet.append(Reason("overall", f"Your overall score is {percent(float(overall))} %; {percent(rule.overall)} % is needed."))
    for outcome in manifest.outcomes:
        needed = _exact(rule.per_outcome if outcome.min_score is None else outcome.min_score)
        if outcomes[outcome.id] < needed:
            text = f"Outcome {outcome.id} (“{outcome.text.en}”): {percent(float(outcomes[outcome.id]))} %; {percent(float(needed))} % is needed."
            unmet.append(Reason("outcome", text))
    for name in rule.mandatory:
        assessment = manifest.assessment(name)
        if assessment is not None and shares[name] <= 0:
            unmet.append(Reason("mandatory", f"“{assessment.title.en}” is mandatory and has earned nothing yet."))
    return unmet


def _met(manifest: CourseManifest, overall: Fraction) -> Reason:
    return Reason("met", f"All requirements are met: {percent(float(overall))} % overall, {percent(manifest.pass_rule.overall)} % needed.")


def _exact(value: float) -> Fraction:
    """Return the decimal number that was written, exactly: 0.7 is 7/10."""
    return Fraction(str(value))


def _stored(share: Fraction) -> float:
    return float(Fraction(int(share * 10**12), 10**12))
