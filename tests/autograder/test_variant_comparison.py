"""Comparing the difficulty of variants: against scipy, and on cohorts whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from autograder.variant_comparison import COLUMNS, FEWEST, compare_variants, welch_p

SHARES = st.lists(st.integers(0, 20).map(lambda points: points / 20), min_size=2, max_size=60)


@given(SHARES, SHARES)
def test_the_probability_is_scipys(one: list[float], other: list[float]) -> None:
    assume(len({*one}) > 1 and len({*other}) > 1)
    assert welch_p(one, other) == pytest.approx(stats.ttest_ind(one, other, equal_var=False).pvalue, abs=1e-9)


def test_without_any_variation_only_equal_means_are_alike() -> None:
    assert welch_p([0.5, 0.5], [0.5, 0.5, 0.5]) == 1
    assert welch_p([0.5, 0.5], [1.0, 1.0]) == 0


def cohort(harder: float, *, learners: int, variants: int = 4) -> pd.DataFrame:
    """Return cells of two tests for each learner; variant 2 takes `harder` from each score."""
    random = np.random.default_rng(7)
    rows = [
        {
            "learner": f"l{variant}-{number}", "assignment": "a", "cell": cell, "variant": variant, "points_possible": 10.0,
            "score": float(np.clip(random.normal(7, 1.5) - (harder if variant == 2 else 0), 0, 10)),
        }
        for variant in range(1, variants + 1)
        for number in range(learners)
        for cell in ("t1", "t2")
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"variant": "Int64"})


def test_a_harder_variant_is_flagged_and_the_others_are_not() -> None:
    found = compare_variants(cohort(3, learners=40)).set_index("variant")
    assert tuple(compare_variants(cohort(3, learners=40)).columns) == COLUMNS
    assert found.loc[2, "is_flagged"]
    assert found.loc[2, "difference"] == pytest.approx(-0.3, abs=0.06)
    assert float(str(found.loc[2, "p"])) < 1e-6
    assert (found.loc[2, "learners"], found.loc[2, "other_learners"]) == (40, 120)


def test_equal_variants_are_not_flagged() -> None:
    assert not compare_variants(cohort(0, learners=40))["is_flagged"].any()


def test_few_learners_are_not_tested() -> None:
    found = compare_variants(cohort(9, learners=FEWEST - 1))
    assert found["p"].isna().all()
    assert not found["is_flagged"].any()


def test_undecided_learners_and_assignments_without_variants_are_left_out() -> None:
    frame = cohort(0, learners=10)
    frame.loc[0, "score"] = math.nan
    plain = frame.assign(assignment="plain", variant=pd.array([None] * len(frame), dtype="Int64"))
    found = compare_variants(pd.concat([frame, plain]))
    assert set(found["assignment"]) == {"a"}
    assert found["learners"].tolist() == [9, 10, 10, 10]


def test_nothing_gives_an_empty_table() -> None:
    empty = compare_variants(cohort(0, learners=10).head(0))
    assert empty.empty
    assert tuple(empty.columns) == COLUMNS
