"""All tables of a course's report, from the gradebook, all attempts and what the issuer says of eligibility: frames in, frames out, nothing read.

The tables are described in `docs/reference/report-tables.md`; they are what the report shows, and what stands in its JSON and Parquet files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from autograder.analysis.at_risk import RiskRules, at_risk
from autograder.analysis.attempt_scores import AttemptFrames
from autograder.analysis.item_analysis import CutScore, analyse_items, analyse_tests, facility_by
from autograder.analysis.item_flags import item_flags
from autograder.analysis.outcomes import OutcomeGoal, funnel, outcome_attainment
from autograder.analysis.progress import progress
from autograder.gradebook import GRADED, NOT_SUBMITTED, STATES
from autograder.variant_comparison import compare_variants

Tables = dict[str, pd.DataFrame]
_STANDINGS = {"blocked": 0, "not yet": 1, "eligible": 2}
BINS = 10


@dataclass(frozen=True, slots=True)
class CourseSubject:
    """What a report is about, besides the gradebook's frames."""

    course: str
    title: str
    version: str
    institution: str
    assignments: tuple[tuple[str, str], ...]
    """Id and title, in the order of the course."""
    weights: Mapping[str, float]
    """Percent of the overall score, by assignment."""
    pass_mark: float
    """Share of the overall score."""
    allowed: Mapping[str, int]
    """How many attempts count, by assignment; one that is not named has no limit."""
    goals: tuple[OutcomeGoal, ...]
    overall: Mapping[str, float]
    """Each learner's overall share of what is decided."""
    outcome_shares: Mapping[str, Mapping[str, float]]
    """Each learner's share of each outcome."""
    statuses: Mapping[str, tuple[str, str]]
    """Each learner's standing (eligible, not yet, blocked) and why."""
    credentialed: int | None
    """How many hold the credential; None: not known."""
    timezone: str


def course_tables(subject: CourseSubject, work: pd.DataFrame, responses: pd.DataFrame, attempts: AttemptFrames, *, now: datetime) -> Tables:
    """Return the tables of the report, by name; without `messages`, which are read from notebooks.

    Args:
        work: the gradebook's assignments.
        responses: the credited ones, see `autograder.analysis.item_analysis`; with the column `variant` where learners have variants.
    """
    order = [name for name, _ in subject.assignments]
    cut = CutScore(subject.pass_mark, subject.weights)
    items = _with_first_attempts(analyse_items(responses), attempts.first_cells)
    rules = RiskRules(subject.pass_mark, subject.weights, dict(subject.assignments), subject.allowed)
    eligible = frozenset(learner for learner, (status, _) in subject.statuses.items() if status == "eligible")
    return {
        "funnel": funnel(_stages(subject, work)),
        "states": _states(work, order),
        "scores": _scores(work, order),
        "items": _ordered(items, order),
        "flags": _ordered(item_flags(items), order),
        "tests": _ordered(analyse_tests(responses, cut), order, column="test"),
        "by_source": _differing(_with_sources(responses, work), "source"),
        "variants": _ordered(_variants(responses), order),
        "by_variant": _differing(responses, "variant"),
        "progress": _ordered(progress(attempts.attempts, subject.pass_mark), order),
        "outcomes": outcome_attainment(subject.goals, subject.outcome_shares, _decided_learners(subject, work)),
        "at_risk": at_risk(work, subject.overall, eligible, rules, now=now),
        "learners": _learners(subject),
    }


def _variants(responses: pd.DataFrame) -> pd.DataFrame:
    """Return how hard each variant was; see `autograder.variant_comparison`."""
    known = responses if "variant" in responses else responses.assign(variant=pd.array([pd.NA] * len(responses), dtype="Int64"))
    return compare_variants(known.rename(columns={"points": "score"}))


def _ordered(table: pd.DataFrame, order: list[str], *, column: str = "assignment") -> pd.DataFrame:
    """Return the rows in the order of the course's assignments, whatever is none of them last."""
    place = {name: number for number, name in enumerate(order)}
    keys = table[column].map(lambda name: place.get(name, len(order)))
    return table.iloc[np.argsort(keys.to_numpy(dtype=float), kind="stable")].reset_index(drop=True)


def _stages(subject: CourseSubject, work: pd.DataFrame) -> list[tuple[str, int | None]]:
    handed_in = work[work["state"] != NOT_SUBMITTED].groupby("learner").size()
    whole = int((handed_in >= len(subject.assignments)).sum())
    passed = sum(1 for learner in handed_in.index if subject.overall.get(str(learner), 0.0) >= subject.pass_mark)
    return [
        ("enrolled", len(subject.statuses)),
        ("handed something in", len(handed_in)),
        ("handed everything in", whole),
        ("reached the pass mark", passed),
        ("eligible", sum(1 for status, _ in subject.statuses.values() if status == "eligible")),
        ("hold the credential", subject.credentialed),
    ]


def _states(work: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Return how many learners are in which state, a row an assignment; and how many came late."""
    counts = pd.crosstab(work["assignment"], work["state"]) if len(work) else pd.DataFrame()
    table = counts.reindex(index=order, columns=list(STATES), fill_value=0).astype(int)
    late = work[work["seconds_late"] > 0].groupby("assignment").size() if len(work) else pd.Series(dtype=int)
    return (
        table.assign(late=late.reindex(order, fill_value=0).astype(int)).rename_axis("assignment").rename_axis(columns=None).reset_index()
    )


def _scores(work: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Return how the scores spread, a row an assignment: shares after late penalties, and how many are in each tenth of the scale."""
    rows = []
    graded = work[(work["state"] == GRADED) & (work["points_possible"] > 0)]
    for name in order:
        some = graded[graded["assignment"] == name]
        shares = (some["final_score"] / some["points_possible"]).to_numpy(dtype=float)
        places = np.clip((shares * BINS + 1e-9).astype(int), 0, BINS - 1)
        numbers = (shares.mean(), float(np.median(shares)), shares.min(), shares.max()) if len(shares) else (float("nan"),) * 4
        rows.append((name, len(shares), *numbers, *np.bincount(places, minlength=BINS)))
    tenths = [f"from_{100 * tenth // BINS}" for tenth in range(BINS)]
    return pd.DataFrame(rows, columns=["assignment", "graded", "mean", "median", "lowest", "highest", *tenths])


def _with_first_attempts(items: pd.DataFrame, first_cells: pd.DataFrame) -> pd.DataFrame:
    """Add what first attempts earned: how hard the item was before feedback. Only of tests: a mark by hand belongs to no attempt."""
    known = first_cells[first_cells["points_possible"] > 0]
    facility = analyse_items(known)[["assignment", "cell", "n", "facility"]].rename(columns={"n": "first_n", "facility": "first_facility"})
    return items.merge(facility, on=["assignment", "cell"], how="left") if len(items) else items.assign(first_n=0, first_facility=np.nan)


def _with_sources(responses: pd.DataFrame, work: pd.DataFrame) -> pd.DataFrame:
    if responses.empty:
        return responses.assign(source=pd.Series(dtype=str))
    return responses.merge(work[["learner", "assignment", "source"]], on=["learner", "assignment"], how="left")


def _differing(responses: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return `facility_by`, only of assignments that have several values of the column."""
    if column not in responses or responses.empty:
        return facility_by(responses.assign(**{column: None}).iloc[:0], column)
    several = responses.groupby("assignment")[column].nunique()
    return facility_by(responses[responses["assignment"].isin(several[several > 1].index)], column)


def _decided_learners(subject: CourseSubject, work: pd.DataFrame) -> list[str]:
    handed_in = set(work.loc[work["state"] != NOT_SUBMITTED, "learner"])
    return [learner for learner, (status, _) in subject.statuses.items() if status != "blocked" and learner in handed_in]


def _learners(subject: CourseSubject) -> pd.DataFrame:
    rows = [(learner, status, subject.overall.get(learner, float("nan")), why) for learner, (status, why) in subject.statuses.items()]
    rows.sort(key=lambda row: (_STANDINGS[row[1]], row[0]))
    return pd.DataFrame(rows, columns=["learner", "standing", "overall", "why"])
