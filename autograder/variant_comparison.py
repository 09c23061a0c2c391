"""Whether some variants of an assignment were harder than others, told from what learners earned. Pure: frames in, a frame out.

For each variant, the mean share of points of those who had it against the mean share of all others, by Welch's t test (Welch 1947: unequal variances), two-sided.
The probabilities of an assignment's variants are corrected for their number by Holm's method (Holm 1979). Below ten learners in a variant, or besides it, nothing is
tested: the difference stands there, and says little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

FEWEST = 10
"""A variant is tested from so many learners on."""
_LEVEL = 0.05
COLUMNS = ("assignment", "variant", "learners", "mean_share", "other_learners", "other_mean_share", "difference", "p", "is_flagged")


def compare_variants(cells: pd.DataFrame) -> pd.DataFrame:
    """Return one row an assignment and variant, in that order, of the assignments that have variants.

    Args:
        cells: columns learner, assignment, variant (whole number from 1, <NA> where there are none), points_possible, score (NaN if undecided): the frame `cells`
            of `autograder.gradebook` through `autograder.variants.with_variants`. A learner with an undecided cell is left out of that assignment.

    Returns:
        Columns: assignment, variant, learners (how many had it and were decided), mean_share (of points, 0 to 1), other_learners and other_mean_share (of those with any
        other variant), difference (mean_share less other_mean_share; negative: harder), p (corrected, NaN if not tested), is_flagged (tested, and p below 0.05).
    """
    shares = _shares(cells)
    rows: list[dict[str, object]] = []
    for assignment, of_assignment in shares.groupby("assignment", sort=True):
        own = {int(str(variant)): group["share"].tolist() for variant, group in of_assignment.groupby("variant", sort=True)}
        rows += _compared(str(assignment), own)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _shares(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the share of points of each learner and assignment: assignment, variant, share."""
    varied = cells[cells["variant"].notna()]
    groups = varied.groupby(["assignment", "variant", "learner"], sort=False)
    sums = pd.DataFrame(
        {
            "score": groups["score"].sum(min_count=1),
            "possible": groups["points_possible"].sum(),
            "is_decided": groups["score"].apply(lambda scores: bool(scores.notna().all())),
        }
    ).reset_index()
    sums = sums[sums["is_decided"].astype(bool) & (sums["possible"] > 0)]
    return sums.assign(share=sums["score"] / sums["possible"])[["assignment", "variant", "share"]]


def _compared(assignment: str, own: dict[int, list[float]]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    tested: dict[int, float] = {}
    for variant, shares in own.items():
        others = [share for each, theirs in own.items() if each != variant for share in theirs]
        if min(len(shares), len(others)) >= FEWEST:
            tested[variant] = welch_p(shares, others)
        mean, other = _mean(shares), _mean(others)
        found.append(
            {
                "assignment": assignment, "variant": variant, "learners": len(shares), "mean_share": mean,
                "other_learners": len(others), "other_mean_share": other, "difference": mean - other,
            }
        )  # fmt: skip
    corrected = _holm(tested)
    for row in found:
        p = corrected.get(int(str(row["variant"])), math.nan)
        row |= {"p": p, "is_flagged": p < _LEVEL}
    return found


def _holm(probabilities: dict[int, float]) -> dict[int, float]:
    """Return the probabilities corrected for their number, by Holm's step-down method."""
    corrected, highest = {}, 0.0
    for place, (variant, p) in enumerate(sorted(probabilities.items(), key=lambda each: each[1])):
        highest = max(highest, min(1.0, p * (len(probabilities) - place)))
        corrected[variant] = highest
    return corrected


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def welch_p(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the two-sided probability of Welch's t test; 1 where nothing varies and the means are equal, 0 where they are not."""
    means = _mean(one), _mean(other)
    errors = [
        math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)
        for values, mean in ((one, means[0]), (other, means[1]))
    ]
    total = sum(errors)
    if total < 1e-24:
        return 1.0 if math.isclose(*means) else 0.0
    t2 = (means[0] - means[1]) ** 2 / total
    freedom = total**2 / sum(error**2 / (len(values) - 1) for error, values in zip(errors, (one, other), strict=True))
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t2))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), by its continued fraction (Abramowitz and Stegun 26.5.8, Lentz's method)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    tiny = 1e-300
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1), tiny)
    fraction = d
    for m in range(1, 500):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _nonzero(1 + numerator * d, tiny)
            c = _nonzero(1 + numerator / c, tiny)
            fraction *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return front * fraction


def _nonzero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
