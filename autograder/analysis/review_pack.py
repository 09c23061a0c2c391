"""Year on year, for a quality body's annual review: how many, how many passed, how the items did, what was changed, what is open.

A learner counts in the year of their last credited submission, in the site's time zone, and for the version that the change log has in force that day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd

from autograder.analysis.item_analysis import COURSE, CutScore, analyse_items, analyse_tests
from autograder.gradebook import NOT_SUBMITTED

YEAR_COLUMNS = ("year", "version", "learners", "decided", "passed", "pass_rate", "facility", "alpha", "agreement")
ITEM_YEAR_COLUMNS = ("assignment", "cell", "year", "version", "n", "facility", "item_rest")


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A line of the course's change log."""

    version: str
    on: date
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class ReviewPack:
    """The tables of an annual review."""

    years: pd.DataFrame
    """A row a year and version; `YEAR_COLUMNS`. facility, alpha and agreement are the course's (a single assignment's where there is one), see
    `autograder.analysis.item_analysis`; empty below ten learners."""
    items: pd.DataFrame
    """A row an item, year and version; `ITEM_YEAR_COLUMNS`."""


def version_in_force(changes: Sequence[VersionChange], day: date) -> str:
    """Return the version that the change log has in force on a day; before the first one, the first."""
    ordered = sorted(changes, key=lambda change: change.on)
    until = [change.version for change in ordered if change.on <= day]
    return until[-1] if until else ordered[0].version if ordered else ""


def review_pack(
    work: pd.DataFrame, responses: pd.DataFrame, standing: dict[str, str], cut: CutScore, changes: Sequence[VersionChange], *, timezone: str
) -> ReviewPack:
    """Return the tables of an annual review.

    Args:
        work: the gradebook's assignments.
        standing: each learner's: `eligible`, `not yet` or `blocked`.
    """
    handed_in = work[(work["state"] != NOT_SUBMITTED) & work["submitted_at"].notna()]
    days = (
        handed_in.groupby("learner")["submitted_at"].max().dt.tz_convert(ZoneInfo(timezone)).dt.date
        if len(handed_in)
        else pd.Series(dtype=object)
    )
    place = {str(learner): (day.year, version_in_force(changes, day)) for learner, day in days.items()}
    placed = responses.assign(_place=responses["learner"].map(place))
    years, items = [], []
    for year, version in sorted(set(place.values())):
        learners = [learner for learner, its in place.items() if its == (year, version)]
        theirs = (
            placed[placed["_place"] == (year, version)] if not len(placed) else placed[[its == (year, version) for its in placed["_place"]]]
        )
        years.append((year, version, *_counts(learners, standing), *_quality(theirs, cut)))
        table = analyse_items(theirs)
        items.append(table.assign(year=year, version=version)[list(ITEM_YEAR_COLUMNS)])
    together = pd.concat(items, ignore_index=True) if items else pd.DataFrame(columns=list(ITEM_YEAR_COLUMNS))
    return ReviewPack(
        pd.DataFrame(years, columns=list(YEAR_COLUMNS)),
        together.sort_values(["assignment", "cell", "year"], kind="stable", ignore_index=True),
    )


def _counts(learners: list[str], standing: dict[str, str]) -> tuple[int, int, int, float]:
    decided = sum(1 for learner in learners if standing.get(learner) in ("eligible", "not yet"))
    passed = sum(1 for learner in learners if standing.get(learner) == "eligible")
    return len(learners), decided, passed, passed / decided if decided else float("nan")


def _quality(responses: pd.DataFrame, cut: CutScore) -> tuple[float, float, float]:
    tests = analyse_tests(responses, cut)
    whole = tests[tests["test"] == COURSE] if (tests["test"] == COURSE).any() else tests.head(1)
    if whole.empty:
        return float("nan"), float("nan"), float("nan")
    row = whole.iloc[0]
    return float(row["mean"]), float(row["alpha"]), float(row["agreement"])
