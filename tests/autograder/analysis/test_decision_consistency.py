from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.analysis.decision_consistency import agreement_of_normal, decision_consistency

AT_THE_MEAN = {0.1: 0.53, 0.2: 0.56, 0.3: 0.60, 0.4: 0.63, 0.5: 0.67, 0.6: 0.70, 0.7: 0.75, 0.8: 0.80, 0.9: 0.86}
"""Subkoviak 1988, table of the agreement coefficient, row |z| = .00, by reliability."""


@pytest.mark.parametrize("reliability", AT_THE_MEAN)
def test_the_agreement_is_that_of_subkoviaks_table(reliability: float) -> None:
    agreement, _ = agreement_of_normal(0.0, reliability)
    assert round(agreement, 2) == pytest.approx(AT_THE_MEAN[reliability], abs=0.011)
    assert agreement == pytest.approx(0.5 + math.asin(reliability) / math.pi), "Sheppard 1899"


@pytest.mark.parametrize(("z", "reliability"), [(0.5, 0.3), (-1.0, 0.5), (1.5, 0.8), (-2.0, 0.95), (0.2, 0.99)])
def test_the_agreement_is_that_of_many_pairs_of_tests(z: float, reliability: float) -> None:
    chance = np.random.default_rng(7)
    true, first, second = chance.normal(size=(3, 400_000))
    one, two = (math.sqrt(reliability) * true + math.sqrt(1 - reliability) * error for error in (first, second))
    alike = float(((one < z) == (two < z)).mean())
    assert agreement_of_normal(z, reliability)[0] == pytest.approx(alike, abs=0.004)


@given(st.floats(-3, 3), st.floats(0, 1))
def test_agreement_lies_between_chance_and_certainty_and_is_alike_above_and_below_the_mean(z: float, reliability: float) -> None:
    agreement, kappa = agreement_of_normal(z, reliability)
    assert 0.5 - 1e-9 <= agreement <= 1 + 1e-6
    assert -1e-9 <= kappa <= 1 + 1e-4
    assert agreement == pytest.approx(agreement_of_normal(-z, reliability)[0], abs=1e-9)


@given(st.floats(-2.5, 2.5), st.floats(0, 0.9))
def test_a_more_reliable_test_decides_more_alike(z: float, reliability: float) -> None:
    assert agreement_of_normal(z, reliability + 0.1)[0] >= agreement_of_normal(z, reliability)[0]


def test_a_perfect_test_always_decides_alike_and_a_worthless_one_by_chance() -> None:
    assert agreement_of_normal(0.4, 1.0)[0] == pytest.approx(1.0, abs=1e-4)
    assert agreement_of_normal(0.0, 0.0) == pytest.approx((0.5, 0.0))


def test_those_within_one_standard_error_of_the_cut_are_counted() -> None:
    found = decision_consistency(np.array([0.4, 0.55, 0.6, 0.65, 0.9]), 0.6, reliability=0.8, sem=0.0501)
    assert (found.near_cut, found.near_cut_below) == (3, 1)


def test_where_nothing_varies_nothing_is_estimated() -> None:
    found = decision_consistency(np.full(20, 0.5), 0.6, reliability=math.nan, sem=math.nan)
    assert math.isnan(found.agreement) and math.isnan(found.kappa) and found.near_cut == 0
