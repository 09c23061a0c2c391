from __future__ import annotations

import json
import math

import pytest

from autograder.analysis.attempt_scores import ATTEMPT_COLUMNS, FIRST_CELL_COLUMNS, attempt_frames
from autograder.analysis.progress import PROGRESS_COLUMNS, progress
from autograder.attempt_rows import AttemptRow, ResultRow, RunRow
from courses.attempts import AttemptRule


def attempt(number: int, learner: str, hour: int, points: float | None, *, refusal: str = "") -> AttemptRow:
    """An attempt whose one test of 4 points earned `points`; beside it an essay that a person marks."""
    cells = [
        {"name": "t", "notebook": "n", "kind": "test", "points_possible": 4.0, "auto_score": points},
        {"name": "e", "notebook": "n", "kind": "manual", "points_possible": 6.0, "auto_score": None},
    ]
    result = ResultRow("r", "graded", "", json.dumps(cells), "{}", "", True, RunRow("r", "source", None))
    moment = f"2026-11-20T{hour:02}:00:00+00:00"
    return AttemptRow(number, "a", learner, str(number), moment, "", refusal, [] if refusal or points is None else [result])


ROWS = {"a": {
    "first": [attempt(1, "first", 8, 4.0)],
    "later": [attempt(2, "later", 8, 1.0), attempt(3, "later", 11, 3.0), attempt(4, "later", 20, 4.0)],
    "never": [attempt(5, "never", 9, 0.0), attempt(6, "never", 10, None)],
    "refused": [attempt(7, "refused", 8, 4.0, refusal="too large"), attempt(8, "refused", 9, 4.0)],
}}  # fmt: skip


def test_every_attempt_has_its_automatic_score_and_number() -> None:
    frame = attempt_frames(ROWS).attempts
    assert tuple(frame.columns) == ATTEMPT_COLUMNS
    later = frame[frame["learner"] == "later"]
    assert later["number"].tolist() == [1, 2, 3]
    assert later["earned"].tolist() == [1.0, 3.0, 4.0]
    assert later["possible"].tolist() == [4.0] * 3, "what a person marks is not counted"
    assert later["is_credited"].tolist() == [False, False, True]
    assert math.isnan(frame[frame["learner"] == "never"]["earned"].iloc[1])


def test_the_first_attempt_is_the_first_that_was_taken() -> None:
    cells = attempt_frames(ROWS).first_cells
    assert tuple(cells.columns) == FIRST_CELL_COLUMNS
    assert dict(zip(cells["learner"], cells["points"], strict=True)) == {"first": 4.0, "later": 1.0, "never": 0.0, "refused": 4.0}
    assert set(cells["cell"]) == {"t"}


def test_which_attempt_is_credited_follows_the_course() -> None:
    frame = attempt_frames(ROWS, {"a": AttemptRule(2)}).attempts
    assert frame[frame["learner"] == "later"]["is_credited"].tolist() == [False, True, False]


def test_time_to_a_first_pass_runs_from_the_first_submission() -> None:
    frame = progress(attempt_frames(ROWS).attempts, 0.7)
    assert tuple(frame.columns) == PROGRESS_COLUMNS
    row = frame.iloc[0]
    assert (row["learners"], row["submissions"], row["submissions_most"]) == (4, 7, 3)
    assert (row["passed_first"], row["passed_later"], row["not_passed"]) == (2, 1, 1)
    assert row["hours_to_pass_median"] == pytest.approx(3.0)


def test_no_attempts_give_empty_frames() -> None:
    frames = attempt_frames({"a": {}})
    assert len(frames.attempts) == len(frames.first_cells) == len(progress(frames.attempts, 0.7)) == 0
