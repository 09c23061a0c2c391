"""How sure a pass or fail is: who lies so near the cut that chance may have decided, and how many would get the same decision again.

Decision consistency is the share of learners whom a second, equal test would pass or fail alike, by the normal approximation of Peng & Subkoviak (1980, J. Educ.
Measurement 17, 359-368; tables in Subkoviak 1988, same journal 25, 47-55) to Huynh (1976): totals on two equal tests are taken to be bivariate normal, with
their reliability as correlation. With z = (cut - mean) / sd, p = Phi(z) and p2 = the chance that both are below z:
    agreement p0 = 1 + 2 (p2 - p)        kappa = (p2 - p^2) / (p - p^2)
Theirs takes half a point off the cut, because their scores are whole numbers of right items; ours are shares of points of any size, so it is not taken off.
p2 comes from Plackett's identity (1954, Biometrika 41, 351-360): p2 = p^2 + 1/(2 pi) * the integral of exp(-z^2 / (1 + sin t)) for t from 0 to arcsin r.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


@dataclass(frozen=True, slots=True)
class Consistency:
    """How far a test's decisions can be relied on."""

    near_cut: int
    """Learners whose total lies within one standard error of measurement of the cut."""
    near_cut_below: int
    """Those of them who are below it."""
    agreement: float
    """Share 0 to 1 who would get the same decision on a second, equal test; NaN if it cannot be estimated."""
    kappa: float
    """The same, less what chance alone would make alike."""


def decision_consistency(totals: npt.NDArray[np.float64], cut: float, *, reliability: float, sem: float) -> Consistency:
    """Return how far decisions at `cut` can be relied on.

    Args:
        totals: of each learner, without NaN.
        cut: in the same unit; at it is a pass.
        reliability: alpha of the test. Below 0 counts as 0; NaN: nothing is estimated.
        sem: standard error of measurement, in the same unit.
    """
    near = np.abs(totals - cut) <= sem
    sd = float(totals.std(ddof=1)) if len(totals) > 1 else 0.0
    agreement, kappa = math.nan, math.nan
    if sd > 0 and not math.isnan(reliability):
        agreement, kappa = agreement_of_normal((cut - float(totals.mean())) / sd, min(1.0, max(0.0, reliability)))
    return Consistency(int(near.sum()), int((near & (totals < cut)).sum()), agreement, kappa)


def agreement_of_normal(z: float, reliability: float) -> tuple[float, float]:
    """Return the agreement p0 and kappa at a cut that lies `z` standard deviations above the mean.

    Args:
        reliability: 0 to 1.
    """
    below = NormalDist().cdf(z)
    both = below * below + _above_chance(z, reliability)
    chance = below - below * below
    return 1 + 2 * (both - below), (both - below * below) / chance if chance > 0 else math.nan


def _above_chance(z: float, correlation: float) -> float:
    """Return by how much two normal variables are both below `z` more often than if they were independent."""
    half = math.asin(correlation) / 2
    angles = half * (_NODES + 1)
    return float(half * (_WEIGHTS * np.exp(-z * z / (1 + np.sin(angles)))).sum() / (2 * math.pi))
