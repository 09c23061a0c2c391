"""The items of a course: their statistics within their assignment and within the whole course, and by source, variant or year.

A table of responses has one row a learner and item:
    learner, assignment, notebook, cell, kind, points (NaN where nothing is decided), points_possible; further columns to group by are welcome: `source`,
    `variant`, `year`
Only what was handed in is in it: an assignment that a learner never handed in is no row, so it is neither a zero nor missing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from autograder.analysis.decision_consistency import decision_consistency
from autograder.analysis.item_statistics import ITEM_COLUMNS, StatisticsOfTest, item_statistics
from autograder.gradebook import UNGRADED

SHOWN_FROM, WARNED_BELOW = 10, 30
"""Learners: below the first nothing is shown, below the second it is shown with a warning."""
_HIDDEN = ("facility", "sd", "item_rest", "d27", "alpha_if_deleted", "alpha")
ITEM_TABLE_COLUMNS = ("assignment", "cell", "kind", "points_possible", *ITEM_COLUMNS, "alpha", "is_shown")
TEST_COLUMNS = (
    "test", "items", "learners", "left_out", "points_possible", "mean", "sd", "alpha", "kr20", "sem", "cut", "near_cut", "near_cut_below",
    "agreement", "kappa", "is_shown",
)  # fmt: skip
COURSE = "course"
"""The name of the test that is the whole course."""


@dataclass(frozen=True, slots=True)
class CutScore:
    """Where a test is passed."""

    pass_mark: float
    """Share 0 to 1 of the points."""
    weights: Mapping[str, float]
    """Percent of the overall score, by assignment."""


def responses_of(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the credited responses from the gradebook's cells.

    A submission that is ungraded as a whole is left out: it says nothing of any item, and the states tell of it. Missing is what waits for a person.
    """
    is_response = (cells["points_possible"] > 0) & (cells["state"] != UNGRADED)
    kept = cells[is_response].rename(columns={"score": "points"})
    return kept.drop(columns=[name for name in ("auto_score", "manual_score", "extra_credit", "assurance", "state") if name in kept])


def analyse_items(responses: pd.DataFrame) -> pd.DataFrame:
    """Return a row an item, hardest first within each assignment; `ITEM_TABLE_COLUMNS`, each item against the rest of its assignment.

    Where fewer than `SHOWN_FROM` learners are decided, the statistics are NaN and `is_shown` is False.
    """
    found = []
    for assignment, rows in responses.groupby("assignment", sort=True):
        table, about = _table(rows)
        statistics = item_statistics(table, about["points_possible"])
        items = statistics.items.assign(
            assignment=assignment, cell=table.columns, kind=about["kind"], points_possible=about["points_possible"], alpha=statistics.alpha
        )
        items = items.reset_index(drop=True)
        items["is_shown"] = items["n"] >= SHOWN_FROM
        items.loc[~items["is_shown"], list(_HIDDEN)] = np.nan
        found.append(items.sort_values(["facility", "cell"], kind="stable"))
    if not found:
        return pd.DataFrame(columns=list(ITEM_TABLE_COLUMNS))
    return pd.concat(found, ignore_index=True)[list(ITEM_TABLE_COLUMNS)]


def analyse_tests(responses: pd.DataFrame, cut: CutScore) -> pd.DataFrame:
    """Return a row an assignment, and one for the course; `TEST_COLUMNS`. mean, sd, sem and cut are shares 0 to 1 of the test's points.

    The course's items are weighted as they count in the overall score; late penalties are left out, since they say nothing of the items.
    """
    rows = [_test_row(str(name), some, cut.pass_mark) for name, some in responses.groupby("assignment", sort=True)]
    if len(cut.weights) > 1 and len(responses):
        rows.append(_test_row(COURSE, _weighted(responses, cut.weights), cut.pass_mark))
    return pd.DataFrame(rows, columns=list(TEST_COLUMNS))


def facility_by(responses: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a row an item and value of `column`: assignment, cell, `column`, n, facility, other (facility of all others), differs.

    differs: the item was easier or harder for this group than for the others by 15 percent points or more, and by three standard errors or more: a difference
    that matters, and that chance seldom makes. Groups below `SHOWN_FROM` learners have no facility.
    """
    decided = responses.dropna(subset=["points", column])
    share = decided["points"] / decided["points_possible"]
    of_item = decided.assign(share=share, square=share**2).groupby(["assignment", "cell"], sort=True)
    whole = of_item[["share", "square"]].agg(["sum", "count"])
    part = (
        decided.assign(share=share, square=share**2)
        .groupby(["assignment", "cell", column], sort=True)[["share", "square"]]
        .agg(["sum", "count"])
    )
    if part.empty:
        return pd.DataFrame(columns=["assignment", "cell", column, "n", "facility", "other", "differs"])
    of_item_alone = pd.MultiIndex.from_arrays([part.index.get_level_values(0), part.index.get_level_values(1)])
    rest = whole.reindex(of_item_alone).set_axis(part.index) - part
    n, other_n = part["share", "count"], rest["share", "count"]
    mean, other = part["share", "sum"] / n, rest["share", "sum"] / other_n.where(other_n > 0)
    error = np.sqrt(_error(part["square", "sum"], mean, n) + _error(rest["square", "sum"], other, other_n))
    shown = n >= SHOWN_FROM
    differs = shown & (other_n >= SHOWN_FROM) & ((mean - other).abs() >= 0.15) & ((mean - other).abs() >= 3 * error)
    found = pd.DataFrame({"n": n, "facility": mean.where(shown), "other": other.where(shown), "differs": differs})
    return found.reset_index()


def _error(squares: pd.Series[float], mean: pd.Series[float], n: pd.Series[float]) -> pd.Series[float]:
    """Return the squared standard error of a mean."""
    return (squares / n - mean**2).clip(lower=0) / (n - 1).clip(lower=1)


def _table(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return learners by items, and what each item is; an item is named by its cell, and by its notebook too where two have a cell of that name."""
    cells = rows[["notebook", "cell"]].drop_duplicates()
    if cells["cell"].duplicated().any():
        rows = rows.assign(cell=rows["notebook"].astype(object) + "/" + rows["cell"].astype(object))
    about = rows.drop_duplicates("cell").set_index("cell")[["kind", "points_possible"]].sort_index()
    table = rows.pivot(index="learner", columns="cell", values="points").reindex(columns=about.index)
    return table, about


def _weighted(responses: pd.DataFrame, weights: Mapping[str, float]) -> pd.DataFrame:
    """Return the responses of who handed in everything, as the items of one test worth 1."""
    items = responses.drop_duplicates(["assignment", "notebook", "cell"])
    worth = items.groupby("assignment")["points_possible"].sum()
    factor = pd.Series({name: weights.get(str(name), 0.0) / sum(weights.values()) / points for name, points in worth.items()}, dtype=float)
    scale = responses["assignment"].map(factor)
    return responses.assign(
        cell=responses["assignment"].astype(object) + "/" + responses["notebook"].astype(object) + "/" + responses["cell"].astype(object),
        points=responses["points"] * scale,
        points_possible=responses["points_possible"] * scale,
    )[scale > 0]


def _test_row(name: str, rows: pd.DataFrame, pass_mark: float) -> dict[str, object]:
    table, about = _table(rows)
    worth = float(about["points_possible"].sum())
    found = item_statistics(table, about["points_possible"])
    totals = table.dropna().sum(axis=1).to_numpy(dtype=float) / worth
    decided = decision_consistency(totals, pass_mark, reliability=found.alpha, sem=found.sem / worth)
    is_shown = found.learners >= SHOWN_FROM
    told = {
        "test": name,
        "items": len(about),
        "learners": found.learners,
        "left_out": found.left_out,
        "points_possible": worth,
        "is_shown": is_shown,
    }
    return told | (_numbers(found, worth) | {
        "cut": pass_mark, "near_cut": decided.near_cut, "near_cut_below": decided.near_cut_below, "agreement": decided.agreement,
        "kappa": decided.kappa,
    } if is_shown else {"cut": pass_mark})  # fmt: skip


def _numbers(found: StatisticsOfTest, worth: float) -> dict[str, object]:
    return {"mean": found.mean / worth, "sd": found.sd / worth, "alpha": found.alpha, "kr20": found.kr20, "sem": found.sem / worth}
