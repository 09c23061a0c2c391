from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from autograder.analysis.item_analysis import CutScore
from autograder.analysis.review_pack import VersionChange, review_pack, version_in_force
from tests.autograder.analysis.test_item_analysis import responses

CHANGES = [
    VersionChange("1.1.0", date(2026, 6, 1), "assessment", "Harder."),
    VersionChange("1.0.0", date(2025, 1, 1), "outcome", "First."),
]
CUT = CutScore(0.6, {"first": 40, "second": 60})


@pytest.mark.parametrize(
    ("day", "version"),
    [(date(2024, 1, 1), "1.0.0"), (date(2026, 5, 31), "1.0.0"), (date(2026, 6, 1), "1.1.0"), (date(2027, 1, 1), "1.1.0")],
)
def test_the_version_is_the_last_one_that_the_change_log_had_by_that_day(day: date, version: str) -> None:
    assert version_in_force(CHANGES, day) == version


def test_learners_count_in_the_year_of_their_last_submission_in_the_sites_time() -> None:
    frame = responses(40)
    moments = {f"l{number}": "2025-12-31T17:00:00+00:00" if number < 15 else "2025-03-01T00:00:00+00:00" for number in range(40)}
    work = frame[["learner", "assignment"]].drop_duplicates().assign(state="graded")
    work["submitted_at"] = pd.to_datetime(work["learner"].map(moments), utc=True)
    standing = {f"l{number}": "eligible" if number % 2 else "not yet" for number in range(39)} | {"l39": "blocked"}
    pack = review_pack(work, frame, standing, CUT, CHANGES, timezone="Asia/Manila")
    years = {row["year"]: row for row in pack.years.to_dict("records")}
    assert {year: row["learners"] for year, row in years.items()} == {2025: 25, 2026: 15}, "17:00 UTC is already January in Manila"
    assert (years[2025]["decided"], years[2025]["passed"]) == (24, 12)
    assert years[2025]["pass_rate"] == pytest.approx(0.5)
    assert 0 < years[2025]["facility"] < 1 and 0 < years[2025]["alpha"] < 1
    assert pack.items["n"].tolist() == [25, 15] * 10
    assert {(row["assignment"], row["year"]) for row in pack.items.to_dict("records")} == {
        (name, year) for name in ("first", "second") for year in (2025, 2026)
    }


def test_nobody_gives_empty_tables() -> None:
    work = pd.DataFrame({"learner": [], "assignment": [], "state": [], "submitted_at": pd.to_datetime([], utc=True)})
    pack = review_pack(work, responses(1).iloc[:0], {}, CUT, CHANGES, timezone="UTC")
    assert len(pack.years) == len(pack.items) == 0
