"""Whether learners reached what the course is for: attainment of each outcome, and the way from enrolled to credentialed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

OUTCOME_COLUMNS = ("outcome", "text", "minimum", "learners", "reached", "share_reached", "mean")
FUNNEL_COLUMNS = ("stage", "learners", "of_first", "of_previous")


@dataclass(frozen=True, slots=True)
class OutcomeGoal:
    """An outcome, and what is needed of it."""

    id: str
    text: str
    minimum: float
    """Share 0 to 1 of its points."""


def outcome_attainment(goals: Sequence[OutcomeGoal], shares: Mapping[str, Mapping[str, float]], counted: Collection[str]) -> pd.DataFrame:
    """Return a row an outcome; `OUTCOME_COLUMNS`.

    Args:
        shares: of each learner, by outcome: 0 to 1.
        counted: the learners who count: those who handed something in, and all of whose work is decided.
    """
    rows = []
    for goal in goals:
        theirs = pd.Series([shares[learner][goal.id] for learner in counted if learner in shares], dtype=float)
        reached = int((theirs >= goal.minimum).sum())
        rows.append(
            (goal.id, goal.text, goal.minimum, len(theirs), reached, reached / len(theirs) if len(theirs) else float("nan"), theirs.mean())
        )
    return pd.DataFrame(rows, columns=list(OUTCOME_COLUMNS))


def funnel(stages: Sequence[tuple[str, int | None]]) -> pd.DataFrame:
    """Return a row a stage; `FUNNEL_COLUMNS`. A stage of which nothing is known (None) is left out."""
    known = [(name, count) for name, count in stages if count is not None]
    rows = []
    for place, (name, count) in enumerate(known):
        first, previous = known[0][1], known[max(0, place - 1)][1]
        rows.append((name, count, count / first if first else float("nan"), count / previous if previous else float("nan")))
    return pd.DataFrame(rows, columns=list(FUNNEL_COLUMNS))
