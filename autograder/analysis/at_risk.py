"""Who may not make it, and why, in words: a list to write to people from, never a prediction and never shown to anybody but the course's staff.

Each reason is a fact of the gradebook; nothing is weighed, nothing learned from other learners. Who is eligible is not on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from autograder.gradebook import GRADED, NOT_SUBMITTED

QUIET_DAYS = 14
"""From how many days without a submission on somebody who has not passed is mentioned."""
AT_RISK_COLUMNS = ("learner", "score_so_far", "best_possible", "days_since_last", "submissions", "reasons")


@dataclass(frozen=True, slots=True)
class RiskRules:
    """What the course asks for."""

    pass_mark: float
    """Share 0 to 1 of the overall score."""
    weights: Mapping[str, float]
    """Percent of the overall score, by assignment."""
    titles: Mapping[str, str]
    allowed: Mapping[str, int]
    """How many attempts count, by assignment; an assignment that is not named has no limit."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One assignment of a learner."""

    name: str
    state: str
    due: pd.Timestamp | None
    submitted_at: pd.Timestamp | None
    attempts: int
    share: float

    @property
    def is_open(self) -> bool:
        """Whether something is handed in that is not decided."""
        return self.state not in (GRADED, NOT_SUBMITTED)


def at_risk(work: pd.DataFrame, overall: Mapping[str, float], eligible: frozenset[str], rules: RiskRules, *, now: datetime) -> pd.DataFrame:
    """Return a row a learner who may not make it, those with the most reasons first; `AT_RISK_COLUMNS`. reasons are sentences.

    Args:
        work: the gradebook's assignments, see `autograder.gradebook`.
        overall: each learner's overall share of what is decided.
    """
    moment = pd.Timestamp(now)
    rows = [
        _row(learner, theirs, overall.get(learner, 0.0), rules, moment)
        for learner, theirs in _works(work, rules).items()
        if learner not in eligible
    ]
    told = sorted((row for row in rows if row[-1]), key=lambda row: (-len(row[-1]), row[0]))
    return pd.DataFrame(told, columns=list(AT_RISK_COLUMNS))


def _works(work: pd.DataFrame, rules: RiskRules) -> dict[str, list[_Work]]:
    found: dict[str, list[_Work]] = {}
    columns = ("learner", "assignment", "state", "due", "submitted_at", "attempts", "final_score", "points_possible")
    for learner, name, state, due, submitted, attempts, score, possible in zip(*(work[each] for each in columns), strict=True):
        if name in rules.weights:
            moments = [None if pd.isna(each) else each for each in (due, submitted)]
            share = score / possible if possible else 0.0
            found.setdefault(str(learner), []).append(_Work(str(name), str(state), moments[0], moments[1], int(attempts), share))
    return found


_Row = tuple[str, float, float, int | None, int, list[str]]


def _row(learner: str, theirs: list[_Work], score: float, rules: RiskRules, now: pd.Timestamp) -> _Row:
    total = sum(rules.weights.values()) or 1.0
    best = min(1.0, score + sum(rules.weights[each.name] for each in theirs if each.state != GRADED) / total)
    last = max((each.submitted_at for each in theirs if each.submitted_at is not None), default=None)
    days = None if last is None else (now - last).days
    reasons = [*_late(theirs, score, days, rules, now), *_short(theirs, score, best, rules)]
    waiting = [each for each in theirs if each.is_open]
    if reasons and waiting:  # alone it is no risk of the learner's: what is not decided stands with the states
        reasons.append(f"Waits for you or for a grading run: {_names(waiting, rules)}.")
    return learner, score, best, days, sum(each.attempts for each in theirs), reasons


def _late(theirs: list[_Work], score: float, days: int | None, rules: RiskRules, now: pd.Timestamp) -> Iterator[str]:
    missing = [each for each in theirs if each.state == NOT_SUBMITTED]
    if len(missing) == len(theirs):
        yield "Has handed in nothing."
        return
    overdue = [each for each in missing if each.due is not None and each.due < now]
    if overdue:
        yield f"Past due and not handed in: {_names(overdue, rules)}."
    elif days is not None and days >= QUIET_DAYS and (missing or score < rules.pass_mark):
        yield f"Nothing new for {days} days."


def _short(theirs: list[_Work], score: float, best: float, rules: RiskRules) -> Iterator[str]:
    if best < rules.pass_mark:
        yield f"At {_percent(score)}, {_percent(rules.pass_mark)} is out of reach without a better attempt at what is handed in."
    used = [each for each in theirs if each.state == GRADED and each.attempts >= rules.allowed.get(each.name, each.attempts + 1)]
    low = [each for each in used if each.share < rules.pass_mark]
    if low:
        yield f"Has used all attempts below the mark: {_names(low, rules)}."


def _names(works: list[_Work], rules: RiskRules) -> str:
    return ", ".join(rules.titles.get(each.name, each.name) for each in works)


def _percent(share: float) -> str:
    return f"{int(share * 1000) / 10:g} %"
