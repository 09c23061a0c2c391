"""The rules of a credential as a checklist: which are met, which are not, which wait, and by how much. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from portal.learner_work import LearnerCourse, Work, WorkStage

Standing = Literal["met", "waiting", "missing"]
_DECIDED = {WorkStage.READY, WorkStage.PASSED}


@dataclass(frozen=True, slots=True)
class HandIn:
    """That an assignment is handed in and decided."""

    work: Work
    standing: Standing
    is_mandatory: bool
    """Whether the credential needs it to have earned something."""


@dataclass(frozen=True, slots=True)
class Mark:
    """That a share is reached: the overall one, or that of an outcome."""

    outcome: str
    """Its id; empty: the overall share."""
    text: str
    """The outcome's words in the language asked for."""
    share: float
    """0 to 1, of what is decided; what was not handed in adds nothing."""
    needed: float
    standing: Standing


@dataclass(frozen=True, slots=True)
class Requirements:
    """All rules of one credential for one learner."""

    hand_ins: tuple[HandIn, ...]
    overall: Mark
    outcomes: tuple[Mark, ...]

    @property
    def missing(self) -> int:
        """How many are not met and do not wait."""
        standings = [*(each.standing for each in self.hand_ins), self.overall.standing, *(each.standing for each in self.outcomes)]
        return standings.count("missing")


def requirements_of(course: LearnerCourse, language: str) -> Requirements:
    """Return the checklist of a course."""
    rule, told = course.manifest.pass_rule, course.eligibility
    is_open = any(each.stage not in _DECIDED and each.state.attempts for each in course.works)
    shares = dict(told.outcomes) if told else {}
    outcomes = []
    for outcome in course.manifest.outcomes:
        share = shares.get(outcome.id, 0.0)
        needed = rule.per_outcome if outcome.min_score is None else outcome.min_score
        standing = _reached(share, needed, is_open=is_open)
        outcomes.append(Mark(outcome.id, outcome.text.in_language(language), share, needed, standing))
    overall = told.overall if told else 0.0
    return Requirements(
        tuple(_hand_in(each, is_mandatory=each.id in rule.mandatory) for each in course.works),
        Mark("", "", overall, rule.overall, _reached(overall, rule.overall, is_open=is_open)),
        tuple(outcomes),
    )


def _hand_in(work: Work, *, is_mandatory: bool) -> HandIn:
    if work.stage in _DECIDED:
        earned_nothing = is_mandatory and not work.share
        return HandIn(work, "missing" if earned_nothing else "met", is_mandatory)
    is_wrong = work.stage in {WorkStage.NOT_STARTED, WorkStage.FAILED, WorkStage.REFUSED}
    return HandIn(work, "missing" if is_wrong else "waiting", is_mandatory)


def _reached(share: float, needed: float, *, is_open: bool) -> Standing:
    if share >= needed:
        return "met"
    return "waiting" if is_open else "missing"
