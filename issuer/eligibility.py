"""Who may have the credential, and why: a pure function of the manifest's pass rule and the gradebook's frames.

Rules:
1. `eligible`: every part that the rule counts is decided, and the rule is met.
2. `blocked`: something is undecided (ungraded, waits for a person). Never turned into a zero, never guessed.
3. `not yet`: everything that was handed in is decided, and the rule is not met.
Shares are exact quotients of the cells' points, not of sums of floating-point numbers (there, eight times 0.1 is less than 0.8), and are compared as
they are: nothing is rounded up to a pass. What was not handed in adds nothing to a score.
Every verdict has its reasons, in sentences for the learner.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

import pandas as pd

from autograder.gradebook import FOR_STAFF, GRADED, NEEDS_MANUAL, NOT_SUBMITTED, UNGRADED, GradebookFrames
from courses.manifest import Assessment, CourseManifest
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
    earned: Fraction
    """Points before the late penalty."""
    kept: Fraction
    """Points after it."""
    possible: Fraction


_ZERO = Fraction(0)
_NOTHING = _Work(NOT_SUBMITTED, "", Fraction(0), Fraction(0), Fraction(0))
_NOISE = Fraction(1, 10**6)
"""What floating-point sums may differ by, in points; far less than any cell is worth."""


@dataclass(frozen=True, slots=True)
class _Book:
    """The manifest with the gradebook's rows by name."""

    manifest: CourseManifest
    works: Mapping[tuple[str, str], _Work]
    scores: Mapping[tuple[str, str, str], Fraction]
    points: CellPoints

    def work(self, learner: str, assignment: str) -> _Work:
        return self.works.get((learner, assignment), _NOTHING)


def assess_learners(manifest: CourseManifest, frames: GradebookFrames, points: CellPoints) -> tuple[Eligibility, ...]:
    """Return the standing of every learner of the gradebook, by name.

    Raises:
        EligibilityError: the manifest names a cell that was not released.
    """
    _require_items(manifest, points)
    names = ("learner", "assignment", "cell", "score")
    scores = {
        (str(learner), str(assignment), str(cell)): _exact(float(score))
        for learner, assignment, cell, score in zip(*(frames.cells[name] for name in names), strict=True)
        if not pd.isna(score) and math.isfinite(score)
    }
    works = _works(frames.assignments, scores, points)
    book = _Book(manifest, works, scores, points)
    return tuple(_assess(learner, book) for learner in sorted({learner for learner, _ in works}))


def _works(frame: pd.DataFrame, scores: Mapping[tuple[str, str, str], Fraction], points: CellPoints) -> dict[tuple[str, str], _Work]:
    sums: dict[tuple[str, str], Fraction] = {}
    for (learner, assignment, _), score in scores.items():
        sums[learner, assignment] = sums.get((learner, assignment), Fraction(0)) + score
    released: dict[str, Fraction] = defaultdict(Fraction)
    for (assignment, _), each in points.items():
        released[assignment] += _exact(each)
    columns = ("learner", "assignment", "state", "reason", "score", "late_penalty", "points_possible")
    works = {}
    for row in zip(*(frame[name] for name in columns), strict=True):
        pair, state, detail, numbers = (str(row[0]), str(row[1])), str(row[2]), str(row[3]), tuple(map(float, row[4:]))
        if state == GRADED and not all(map(math.isfinite, numbers)):
            works[pair] = _Work(UNGRADED, "its score is no number", Fraction(0), Fraction(0), Fraction(0))
        elif state == GRADED:
            earned = _without_noise(sums.get(pair), numbers[0])
            possible = _without_noise(released[pair[1]], numbers[2])
            works[pair] = _Work(state, detail, earned, _less_penalty(earned, numbers[1]), possible)
        else:
            works[pair] = _Work(state, detail, Fraction(0), Fraction(0), Fraction(0))
    return works


def _without_noise(exact: Fraction | None, told: float) -> Fraction:
    """Return the exact sum where it is what the frame tells, else what the frame tells."""
    return exact if exact is not None and abs(exact - _exact(told)) < _NOISE else _exact(told)


def _less_penalty(earned: Fraction, penalty: float) -> Fraction:
    """Return the points that a late penalty leaves. One that takes all of a sum takes all of it, whatever the sum was rounded to."""
    left = earned - _exact(penalty)
    return left if penalty <= 0 or left >= _NOISE else Fraction(0)


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
    if FOR_STAFF in detail:
        return Reason("ungraded", f"“{title}” is not decided: your teacher has to grade it again.")
    return Reason("ungraded", f"“{title}” could not be graded: {detail}. Correct it and hand it in again, or ask your teacher.")


def _share(work: _Work) -> Fraction:
    """Return the decided share of an assignment; 0 where nothing is decided, which never counts as a pass."""
    return min(Fraction(1), max(Fraction(0), work.kept / work.possible)) if work.possible > 0 else Fraction(0)


def _outcome_share(learner: str, outcome: str, book: _Book) -> Fraction:
    """Return what share of the outcome's points was earned; a late penalty takes the same share of every cell of its assignment."""
    earned, possible = Fraction(0), Fraction(0)
    for assessment in book.manifest.assessments:
        work = book.work(learner, assessment.id)
        kept = work.kept / work.earned if work.earned > 0 and work.kept != work.earned else None
        for item in assessment.items:
            if outcome in item.outcomes:
                worth = _exact(book.points[assessment.id, item.cell])
                possible += worth
                if work.state == GRADED:
                    told = min(worth, book.scores.get((learner, assessment.id, item.cell), _ZERO))
                    earned += told if kept is None else told * kept
    return max(Fraction(0), earned / possible) if possible else Fraction(0)


def _unmet(manifest: CourseManifest, overall: Fraction, outcomes: Mapping[str, Fraction], shares: Mapping[str, Fraction]) -> list[Reason]:
    rule = manifest.pass_rule
    unmet = []
    if overall < _exact(rule.overall):
        unmet.append(Reason("overall", f"The overall score is {_percent(overall)} %; {_percent(_exact(rule.overall))} % is needed."))
    for outcome in manifest.outcomes:
        needed = _exact(rule.per_outcome if outcome.min_score is None else outcome.min_score)
        if outcomes[outcome.id] < needed:
            text = f"Outcome {outcome.id} (“{outcome.text.en}”): {_percent(outcomes[outcome.id])} %; {_percent(needed)} % is needed."
            unmet.append(Reason("outcome", text))
    for name in rule.mandatory:
        assessment = manifest.assessment(name)
        if assessment is not None and shares[name] <= 0:
            unmet.append(Reason("mandatory", f"“{assessment.title.en}” is mandatory and has earned nothing yet."))
    return unmet


def _met(manifest: CourseManifest, overall: Fraction) -> Reason:
    needed = _percent(_exact(manifest.pass_rule.overall))
    return Reason("met", f"All requirements are met: {_percent(overall)} % overall, {needed} % needed.")


def _percent(share: Fraction) -> str:
    """Return a share in percent, cut to two decimals: what falls short of a mark by a hair does not read like the mark."""
    whole, rest = divmod(int(share * 10_000), 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


@lru_cache(maxsize=4096)
def _exact(value: float) -> Fraction:
    """Return the decimal number that was written, exactly: 0.7 is 7/10."""
    return Fraction(str(value))


def _stored(share: Fraction) -> float:
    return float(Fraction(int(share * 10**12), 10**12))
