from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from autograder.analysis.item_analysis import (
    COURSE,
    ITEM_TABLE_COLUMNS,
    SHOWN_FROM,
    TEST_COLUMNS,
    CutScore,
    analyse_items,
    analyse_tests,
    facility_by,
    responses_of,
)
from autograder.analysis.item_flags import item_flags

CUT = CutScore(0.6, {"first": 40, "second": 60})


def responses(learners: int = 60, *, seed: int = 5, assignments: tuple[str, ...] = ("first", "second")) -> pd.DataFrame:
    """Two assignments of five cells each, by learners who differ in ability."""
    chance = np.random.default_rng(seed)
    ability = chance.normal(size=learners)
    rows: list[dict[str, Any]] = []
    for assignment in assignments:
        for cell in range(5):
            right = ability + chance.normal(size=learners) > (cell - 2) / 2
            rows += [
                {"learner": f"l{learner}", "assignment": assignment, "notebook": "n", "cell": f"c{cell}", "kind": "test",
                 "points": 2.0 * right[learner], "points_possible": 2.0}
                for learner in range(learners)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def changed(cell: str, points: Any, learners: int = 60) -> pd.DataFrame:
    """The responses with the points of one cell of the first assignment replaced."""
    frame = responses(learners)
    frame.loc[(frame["assignment"] == "first") & (frame["cell"] == cell), "points"] = points
    return frame


def codes(frame: pd.DataFrame) -> dict[str, set[str]]:
    flags = item_flags(analyse_items(frame))
    flags = flags[flags["assignment"] == "first"]
    return {str(cell): set(some["code"]) for cell, some in flags.groupby("cell")}


def test_a_sound_item_has_no_flag() -> None:
    assert codes(responses()) == {}


def test_each_flag_comes_where_it_should_and_says_what_to_do() -> None:
    right = responses().query("assignment == 'first' and cell == 'c2'")["points"].to_numpy()
    assert codes(changed("c2", 0.0)) == {"c2": {"hard"}}
    assert codes(changed("c2", 2.0)) == {"c2": {"easy"}}
    assert "negative" in codes(changed("c2", 2.0 - right))["c2"]
    guessed = np.where(np.arange(60) % 2 == 0, right, np.tile([0.0, 0.0, 2.0, 2.0], 15))
    assert codes(changed("c2", guessed))["c2"] >= {"weak"}
    assert codes(changed("c2", [math.nan, *right[1:]]))["c2"] == {"missing"}
    sentences = item_flags(analyse_items(changed("c2", 2.0 - right)))["sentence"]
    assert all(each.endswith(".") and ":" in each and each.count(". ") == 0 for each in sentences)


def test_below_ten_learners_nothing_is_shown_and_nothing_flagged() -> None:
    few = responses(SHOWN_FROM - 1)
    items, tests = analyse_items(few), analyse_tests(few, CUT)
    assert not items["is_shown"].any() and items["facility"].isna().all()
    assert not tests["is_shown"].any() and tests["alpha"].isna().all()
    assert tests["learners"].tolist() == [9, 9, 9]
    assert len(item_flags(items)) == 0
    assert analyse_items(responses(SHOWN_FROM))["is_shown"].all()


def test_the_course_is_one_test_weighted_as_it_counts() -> None:
    frame = responses()
    course = analyse_tests(frame, CUT).set_index("test").to_dict("index")[COURSE]
    share = (frame.groupby(["assignment", "learner"])["points"].mean() / 2).unstack(0)
    overall = (0.4 * share["first"] + 0.6 * share["second"]).to_numpy(dtype=float)
    assert course["mean"] == pytest.approx(overall.mean())
    assert course["sd"] == pytest.approx(overall.std(ddof=1))
    assert course["near_cut"] == (np.abs(overall - 0.6) <= course["sem"]).sum()
    assert 0.5 < course["agreement"] < 1


def test_who_has_not_handed_in_an_assignment_is_no_zero_in_it() -> None:
    frame = responses()
    frame = frame[~((frame["assignment"] == "second") & (frame["learner"] < "l3"))]
    tests = analyse_tests(frame, CUT).set_index("test")
    absent = 60 - frame.query("assignment == 'second'")["learner"].nunique()
    assert tests.loc["second", "learners"] == 60 - absent
    assert tests.loc[COURSE, "left_out"] == absent
    assert analyse_items(frame)["missing"].sum() == 0


def test_a_variant_that_is_harder_is_found_and_alike_ones_are_not() -> None:
    frame = responses(400)
    frame["variant"] = frame["learner"].str[1:].astype(int) % 3
    assert not facility_by(frame, "variant")["differs"].any()
    frame.loc[(frame["variant"] == 1) & (frame["cell"] == "c0") & (frame["assignment"] == "first"), "points"] = 0.0
    found = facility_by(frame, "variant")
    harder = found[found["differs"] & (found["facility"] < found["other"])]
    assert harder[["assignment", "cell", "variant"]].to_numpy().tolist() == [["first", "c0", 1]]


def test_the_facility_of_a_group_and_of_the_others_are_means_of_shares() -> None:
    frame = responses(50)
    frame["variant"] = frame["learner"].str[1:].astype(int) % 2
    row = facility_by(frame, "variant").query("assignment == 'first' and cell == 'c1' and variant == 0").iloc[0]
    some = frame.query("assignment == 'first' and cell == 'c1'")
    assert row["facility"] == pytest.approx((some.loc[some["variant"] == 0, "points"] / 2).mean())
    assert row["other"] == pytest.approx((some.loc[some["variant"] == 1, "points"] / 2).mean())


def test_two_notebooks_may_have_cells_of_one_name() -> None:
    frame = responses(30, assignments=("first",))
    double = pd.concat([frame, frame.assign(notebook="m")], ignore_index=True)
    assert sorted(analyse_items(double)["cell"]) == sorted(f"{n}/c{c}" for n in "mn" for c in range(5))


def test_a_submission_that_could_not_be_graded_is_no_missing_answer_but_a_cell_that_waits_is() -> None:
    cells = responses(30).rename(columns={"points": "score"}).assign(state="graded")
    for chosen, state in (
        (cells["learner"] == "l3", "ungraded"),
        ((cells["learner"] == "l4") & (cells["cell"] == "c1"), "needs manual grading"),
    ):
        cells.loc[chosen, "score"] = math.nan
        cells.loc[chosen, "state"] = state
    items = analyse_items(responses_of(cells))
    assert dict(zip(items["cell"], items["missing"], strict=True)) == {"c0": 0, "c1": 1, "c2": 0, "c3": 0, "c4": 0}
    assert set(items["n"] + items["missing"]) == {29}


def test_nothing_handed_in_gives_empty_tables() -> None:
    empty = responses_of(pd.DataFrame(columns=["learner", "assignment", "notebook", "cell", "kind", "points_possible", "score", "state"]))
    assert tuple(analyse_items(empty).columns) == ITEM_TABLE_COLUMNS
    assert tuple(analyse_tests(empty, CUT).columns) == TEST_COLUMNS
    assert len(facility_by(empty.assign(variant=1), "variant")) == 0


@pytest.mark.slow
def test_ten_thousand_learners_take_seconds() -> None:
    frame = responses(10_000)
    assert len(analyse_items(frame)) == 10
    assert analyse_tests(frame, CUT)["learners"].tolist() == [10_000] * 3
