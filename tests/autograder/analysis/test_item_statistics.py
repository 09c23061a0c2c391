from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autograder.analysis.item_statistics import ITEM_COLUMNS, StatisticsOfTest, item_statistics

Floats = npt.NDArray[np.float64]

WUENSCH = """1 1 1 1 1 1 0 1 1 0
1 0 1 1 0 1 1 1 0 1
1 1 1 1 0 1 1 0 0 1
0 0 1 0 0 0 1 0 0 0
0 0 0 0 0 1 0 0 1 0
1 1 1 0 1 1 1 1 1 1
1 1 0 1 1 1 0 1 1 1
1 1 1 1 1 1 1 1 0 1
0 1 0 1 1 1 1 1 0 1
1 1 0 1 1 0 1 1 1 0"""
"""K. L. Wuensch, "The Kuder-Richardson 20" (East Carolina University, StatHelp/KR20.txt): ten students, ten items."""


def analyse(points: Any, possible: Any = None) -> StatisticsOfTest:
    frame = pd.DataFrame(points, dtype=float)
    return item_statistics(frame, pd.Series(1.0 if possible is None else possible, index=frame.columns, dtype=float))


def scores(learners: int = 40, items: int = 6, seed: int = 3) -> Floats:
    """Points of learners who differ in ability."""
    chance = np.random.default_rng(seed)
    return (chance.normal(size=(learners, 1)) + chance.normal(size=(learners, items)) > np.linspace(-1, 1, items)).astype(float)


def test_kr20_of_a_published_worked_example() -> None:
    found = analyse([list(map(int, line.split())) for line in WUENSCH.splitlines()])
    assert found.items["facility"].tolist() == pytest.approx([0.7, 0.7, 0.6, 0.7, 0.6, 0.8, 0.7, 0.7, 0.5, 0.6])
    assert found.mean == pytest.approx(6.6)
    assert found.sd**2 * 9 / 10 == pytest.approx(5.84), "the variance that is printed there"
    assert found.kr20 == pytest.approx(10 / 9 * (1 - 2.18 / 5.84))
    assert found.alpha == pytest.approx(found.kr20), "of right and wrong items it is alpha"


def test_alpha_alpha_if_deleted_and_the_item_rest_correlation_are_those_that_r_psych_prints() -> None:
    """psych's own example, `alpha(sim.congeneric())`: four congeneric measures with loadings .8 .7 .6 .5."""
    loadings = np.array([0.8, 0.7, 0.6, 0.5])
    wanted = np.outer(loadings, loadings)
    np.fill_diagonal(wanted, 1)
    noise = np.random.default_rng(1).normal(size=(50, 4))
    noise -= noise.mean(axis=0)
    white = noise @ np.linalg.inv(np.linalg.cholesky(np.cov(noise.T))).T
    found = analyse(white @ np.linalg.cholesky(wanted).T)
    assert round(found.alpha, 2) == 0.74
    assert [round(value, 2) for value in found.items["alpha_if_deleted"]] == [0.62, 0.66, 0.70, 0.74]
    assert [round(value, 2) for value in found.items["item_rest"]] == [0.64, 0.57, 0.51, 0.43]


def test_the_standard_error_is_the_sd_times_the_root_of_what_is_unreliable() -> None:
    found = analyse(scores())
    assert found.sem == pytest.approx(found.sd * math.sqrt(1 - found.alpha))


_MATRICES = arrays(np.float64, st.tuples(st.integers(3, 25), st.integers(3, 7)), elements=st.integers(0, 4).map(float))


@given(_MATRICES, st.floats(0.1, 50))
@example(np.array([[0.0, 0, 3, 4], [0, 1, 4, 2], [0, 0, 3, 4]]), 0.1)  # everybody has the same total, but for the last digit
def test_alpha_does_not_change_when_all_items_are_worth_more(points: Floats, factor: float) -> None:
    alpha, scaled = analyse(points, 4.0).alpha, analyse(points * factor, 4.0 * factor).alpha
    assert scaled == pytest.approx(alpha, rel=1e-6, abs=1e-6, nan_ok=True)


@given(_MATRICES)
def test_alpha_if_deleted_is_alpha_without_the_item(points: Floats) -> None:
    found = analyse(points, 4.0)
    naive = [analyse(np.delete(points, item, axis=1), 4.0).alpha for item in range(points.shape[1])]
    assert found.items["alpha_if_deleted"].tolist() == pytest.approx(naive, nan_ok=True, rel=1e-6, abs=1e-9)


@given(_MATRICES)
def test_the_item_rest_correlation_is_that_of_numpy(points: Floats) -> None:
    found = analyse(points, 4.0).items["item_rest"].to_numpy()
    for item in range(points.shape[1]):
        rest = np.delete(points, item, axis=1).sum(axis=1)
        if np.ptp(points[:, item]) == 0 or np.ptp(rest) == 0:
            assert math.isnan(found[item])
        else:
            assert found[item] == pytest.approx(np.corrcoef(points[:, item], rest)[0, 1], abs=1e-9)


@given(_MATRICES, st.randoms(use_true_random=False))
def test_no_order_of_the_learners_changes_anything(points: Floats, chance: Any) -> None:
    order = list(range(len(points)))
    chance.shuffle(order)
    pd.testing.assert_frame_equal(analyse(points, 4.0).items, analyse(points[order], 4.0).items, rtol=1e-9, atol=1e-9)


@given(_MATRICES)
def test_facility_and_discrimination_stay_in_their_ranges(points: Floats) -> None:
    items = analyse(points, 4.0).items
    assert items["facility"].between(0, 1).all()
    assert items["d27"].dropna().between(-1 - 1e-9, 1 + 1e-9).all()
    assert items["item_rest"].dropna().between(-1 - 1e-9, 1 + 1e-9).all()


def test_d27_takes_the_best_and_the_weakest_27_percent() -> None:
    points = np.zeros((100, 2))
    points[:, 1] = np.arange(100)
    points[73:, 0] = 1.0
    assert analyse(points, [1.0, 99.0]).items["d27"].iloc[0] == 1.0
    points[73, 0] = 0.0
    assert analyse(points, [1.0, 99.0]).items["d27"].iloc[0] == pytest.approx(26 / 27)


def test_those_who_are_alike_at_the_border_of_d27_share_the_places_that_are_left() -> None:
    points = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])  # a group is one learner; totals 2, 1, 1, 0
    assert analyse(points).items["d27"].tolist() == [1.0, 1.0]
    points = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])  # all alike: nobody is better
    assert analyse(points).items["d27"].tolist() == [0.0, 0.0]


def test_what_is_not_decided_is_left_out_and_counted_never_a_zero() -> None:
    points = pd.DataFrame({"a": [1.0, 1.0, np.nan, 0.0], "b": [1.0, 0.0, 1.0, 0.0]})
    found = item_statistics(points, pd.Series({"a": 1.0, "b": 1.0}))
    assert [found.items[name].iloc[0] for name in ("n", "missing")] == [3, 1]
    assert found.items["facility"].iloc[0] == pytest.approx(2 / 3)
    assert (found.learners, found.left_out) == (3, 1)
    assert found.mean == pytest.approx(1.0)


def test_partial_credit_has_no_kr20() -> None:
    points = scores()
    points[0, 0] = 0.5
    found = analyse(points)
    assert math.isnan(found.kr20) and not math.isnan(found.alpha)
    assert found.items["is_binary"].tolist() == [False] + [True] * 5


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (5, 0), (5, 1), (5, 2)])
def test_what_is_too_small_has_no_numbers_and_does_not_fail(shape: tuple[int, int]) -> None:
    found = analyse(np.ones(shape))
    assert tuple(found.items.columns) == ITEM_COLUMNS
    assert math.isnan(found.alpha) and math.isnan(found.sem)
    assert found.items["item_rest"].isna().all()


def test_ten_thousand_learners_take_no_time() -> None:
    found = analyse(scores(10_000, 30))
    assert found.learners == 10_000
    assert found.items["item_rest"].between(0.2, 0.8).all()
