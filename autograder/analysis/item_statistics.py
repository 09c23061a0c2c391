"""Classical item statistics of one test: a table of points, learners by items, gives a row for each item and one for the test.

    facility          mean share of the item's points; n is how many learners have a decided score
    item-rest         Pearson's correlation of the item with the sum of the *other* items (corrected item-total correlation: Henrysson 1963)
    D27               mean share of the best 27 % less that of the weakest 27 % by total points (Kelley 1939, J. Educ. Psychol. 30, 17-24)
    alpha             k/(k-1) (1 - sum of item variances / variance of totals) (Cronbach 1951, Psychometrika 16, 297-334)
    KR-20             the same of items that are right or wrong, each counted as one (Kuder & Richardson 1937, Psychometrika 2, 151-160)
    SEM               sd of totals times sqrt(1 - alpha) (Lord & Novick 1968, chapter 7)

Who has no decided score of an item is left out of that item's facility, and out of everything that needs totals; both are counted. Variances are those of a
sample (n - 1); alpha does not depend on that. Where nothing varies, a correlation is NaN, not 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

GROUP_SHARE = 0.27
"""Kelley's: with normal totals, no other share tells items apart as well."""
_ROUNDING = 1e-12
"""What differs by less of its size does not differ."""
ITEM_COLUMNS = ("n", "missing", "facility", "sd", "item_rest", "d27", "alpha_if_deleted", "is_binary")


@dataclass(frozen=True, slots=True)
class StatisticsOfTest:
    """A test and its items."""

    items: pd.DataFrame
    """A row an item, in the order of the columns that were given; `ITEM_COLUMNS`. facility and sd are shares of the item's points."""
    learners: int
    """How many have a decided score of every item: totals, correlations and alpha are theirs."""
    left_out: int
    """How many do not."""
    mean: float
    """Points."""
    sd: float
    """Points; of a sample."""
    alpha: float
    kr20: float
    """NaN unless every item is right or wrong."""
    sem: float
    """Points."""


def item_statistics(points: pd.DataFrame, possible: pd.Series[float]) -> StatisticsOfTest:
    """Return the statistics of a test.

    Args:
        points: a row a learner, a column an item; NaN where nothing is decided.
        possible: what each item is worth, by item; above 0.
    """
    worth = possible.reindex(points.columns).to_numpy(dtype=float)
    values = points.to_numpy(dtype=float)
    shares = values / worth
    whole = values[~np.isnan(values).any(axis=1)]
    count, width = whole.shape
    totals = whole.sum(axis=1)
    variances = whole.var(axis=0, ddof=1) if count > 1 else np.full(width, np.nan)
    spread = float(totals.var(ddof=1)) if count > 1 else np.nan
    alpha = _alpha(width, float(variances.sum()), spread)
    binary = _is_binary(shares)
    n = (~np.isnan(values)).sum(axis=0)
    items = pd.DataFrame(
        {
            "n": n,
            "missing": len(points) - n,
            "facility": _facility(shares, n >= 1),
            "sd": _spread(shares, n >= 2),
            "item_rest": _item_rest(whole, totals),
            "d27": _d27(whole / worth, totals),
            "alpha_if_deleted": _alpha_if_deleted(whole, totals, variances),
            "is_binary": binary,
        },
        index=points.columns,
    )
    sd = float(np.sqrt(spread))
    return StatisticsOfTest(
        items=items,
        learners=count,
        left_out=len(points) - count,
        mean=float(totals.mean()) if count else np.nan,
        sd=sd,
        alpha=alpha,
        kr20=_kr20(whole / worth) if width and binary.all() else np.nan,
        sem=sd * float(np.sqrt(1 - alpha)) if alpha <= 1 else np.nan,
    )


def _facility(shares: Floats, enough: npt.NDArray[np.bool_]) -> Floats:
    found = np.full(shares.shape[1], np.nan)
    found[enough] = np.nanmean(shares[:, enough], axis=0)
    return found


def _spread(shares: Floats, enough: npt.NDArray[np.bool_]) -> Floats:
    found = np.full(shares.shape[1], np.nan)
    found[enough] = np.nanstd(shares[:, enough], axis=0, ddof=1)
    return found


def _alpha(width: int, item_variance: float, total_variance: float) -> float:
    if width < 2 or not total_variance > _ROUNDING * item_variance:  # totals that are all the same, but for the last digits
        return float("nan")
    return width / (width - 1) * (1 - item_variance / total_variance)


def _kr20(shares: Floats) -> float:
    """Kuder and Richardson's formula 20; their variances are those of a population, p q."""
    if len(shares) < 2:
        return float("nan")
    right = shares.mean(axis=0)
    return _alpha(shares.shape[1], float((right * (1 - right)).sum()), float(shares.sum(axis=1).var()))


def _is_binary(shares: Floats) -> npt.NDArray[np.bool_]:
    """Return which items are all or nothing."""
    is_either: npt.NDArray[np.bool_] = np.isnan(shares) | (shares == 0) | (shares == 1)
    return np.asarray(is_either.all(axis=0), dtype=bool)


def _item_rest(whole: Floats, totals: Floats) -> Floats:
    count, width = whole.shape
    if count < 2 or width < 2:
        return np.full(width, np.nan)
    rest = totals[:, None] - whole
    of_item, of_rest = whole - whole.mean(axis=0), rest - rest.mean(axis=0)
    scale = np.sqrt((of_item**2).sum(axis=0) * (of_rest**2).sum(axis=0))
    varies = (np.ptp(whole, axis=0) > 0) & (np.ptp(rest, axis=0) > _ROUNDING * np.abs(totals).max())
    return np.where(varies, (of_item * of_rest).sum(axis=0) / np.where(varies, scale, 1.0), np.nan)


def _alpha_if_deleted(whole: Floats, totals: Floats, variances: Floats) -> Floats:
    count, width = whole.shape
    if count < 2 or width < 3:
        return np.full(width, np.nan)
    rest = (totals[:, None] - whole).var(axis=0, ddof=1)
    return np.array([_alpha(width - 1, float(variances.sum() - variances[item]), float(rest[item])) for item in range(width)])


def _d27(shares: Floats, totals: Floats) -> Floats:
    """Return each item's D27.

    Each group is 27 % of the learners, rounded to whole ones. Of those who are alike at its border all count, each with the same part of the places that are
    left, so that no order of the learners changes the result.
    """
    size = round(GROUP_SHARE * len(totals))
    if size < 1:
        return np.full(shares.shape[1], np.nan)
    found: Floats = (_weights(totals, size) - _weights(-totals, size)) @ shares / size
    return found


def _weights(totals: Floats, size: int) -> Floats:
    """Return how far each learner belongs to the group of the `size` highest."""
    border = np.partition(totals, len(totals) - size)[len(totals) - size]
    above, at = totals > border, totals == border
    weights: Floats = above + at * ((size - above.sum()) / at.sum())
    return weights
