from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from autograder.analysis.at_risk import AT_RISK_COLUMNS, RiskRules, at_risk
from autograder.analysis.outcomes import OutcomeGoal, funnel, outcome_attainment

NOW = datetime(2026, 11, 23, tzinfo=UTC)
RULES = RiskRules(0.6, {"one": 50, "two": 50}, {"one": "First", "two": "Second"}, {"one": 2})


def row(learner: str, assignment: str, state: str, score: float = float("nan"), **other: Any) -> dict[str, Any]:
    moment = None if state == "not submitted" else "2026-11-20T00:00:00+00:00"
    return {
        "learner": learner, "assignment": assignment, "state": state, "final_score": score, "points_possible": 10.0, "attempts": 1,
        "submitted_at": moment, "due": "2026-12-20T00:00:00+00:00", **other,
    }  # fmt: skip


def reasons(*rows: dict[str, Any], overall: float = 0.0, eligible: frozenset[str] = frozenset()) -> str:
    frame = pd.DataFrame(rows)
    for name in ("submitted_at", "due"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    found = at_risk(frame, {"ana": overall}, eligible, RULES, now=NOW)
    assert tuple(found.columns) == AT_RISK_COLUMNS
    return " ".join(" ".join(each) for each in found["reasons"])


def test_who_handed_in_nothing_is_told_so_and_nothing_else() -> None:
    assert reasons(row("ana", "one", "not submitted"), row("ana", "two", "not submitted")) == "Has handed in nothing."


def test_who_is_eligible_or_in_time_is_not_on_the_list() -> None:
    on_the_way = (row("ana", "one", "graded", 8.0), row("ana", "two", "not submitted"))
    assert reasons(*on_the_way, overall=0.4) == ""
    assert reasons(row("ana", "one", "not submitted"), eligible=frozenset({"ana"})) == ""


def test_what_is_past_due_is_named_by_its_title() -> None:
    late = row("ana", "two", "not submitted", due="2026-11-22T00:00:00+00:00")
    assert reasons(row("ana", "one", "graded", 8.0), late, overall=0.4) == "Past due and not handed in: Second."


def test_long_silence_is_said_in_days() -> None:
    old = row("ana", "one", "graded", 8.0, submitted_at="2026-11-01T00:00:00+00:00")
    assert reasons(old, row("ana", "two", "not submitted"), overall=0.4) == "Nothing new for 22 days."


def test_a_mark_out_of_reach_and_used_up_attempts_are_said() -> None:
    told = reasons(row("ana", "one", "graded", 1.0, attempts=2), row("ana", "two", "graded", 9.0), overall=0.5)
    assert "At 50 %, 60 % is out of reach" in told
    assert "Has used all attempts below the mark: First." in told


def test_what_waits_for_the_teacher_is_said_but_is_alone_no_reason_to_write_to_the_learner() -> None:
    waiting = row("ana", "one", "needs manual grading")
    assert reasons(waiting, row("ana", "two", "graded", 8.0), overall=0.4) == ""
    late = row("ana", "two", "not submitted", due="2026-11-22T00:00:00+00:00")
    assert reasons(waiting, late) == "Past due and not handed in: Second. Waits for you or for a grading run: First."


def test_ten_thousand_learners_take_seconds() -> None:
    frame = pd.DataFrame([row(f"l{number}", name, "not submitted") for number in range(10_000) for name in ("one", "two")])
    for name in ("submitted_at", "due"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    assert len(at_risk(frame, {}, frozenset(), RULES, now=NOW)) == 10_000


def test_attainment_counts_only_those_who_count() -> None:
    shares = {"a": {"LO1": 0.5}, "b": {"LO1": 0.49}, "c": {"LO1": 1.0}}
    found = outcome_attainment([OutcomeGoal("LO1", "Do", 0.5)], shares, ["a", "b"]).iloc[0]
    assert (found["learners"], found["reached"], found["share_reached"]) == (2, 1, 0.5)


def test_a_step_of_which_nothing_is_known_is_left_out_of_the_funnel() -> None:
    found = funnel([("enrolled", 10), ("opened", None), ("handed in", 5), ("passed", 0), ("issued", 0)])
    assert found["stage"].tolist() == ["enrolled", "handed in", "passed", "issued"]
    assert found["of_first"].tolist() == [1.0, 0.5, 0.0, 0.0]
    assert found["of_previous"].isna().tolist() == [False, False, False, True]
