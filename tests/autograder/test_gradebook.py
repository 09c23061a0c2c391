from __future__ import annotations

import math
import sqlite3
from typing import Any

import pandas as pd
import pytest
from nbgrader.api import Gradebook

from autograder.gradebook import (
    ASSIGNMENT_COLUMNS,
    CELL_COLUMNS,
    GRADED,
    NEEDS_MANUAL,
    NOT_SUBMITTED,
    STATES,
    UNGRADED,
    gradebook_reader,
    read_gradebook,
)
from autograder.records import Result, open_records
from tests.autograder.grading_calls import grade, state
from tests.small_course import SQUARE, SmallCourse

pytestmark = pytest.mark.slow

RIGHT = (SQUARE, "found = 3")


def execute(course: SmallCourse, database: str, statement: str) -> int:
    connection = sqlite3.connect(course.root / database)
    with connection:
        changed = connection.execute(statement).rowcount
    connection.close()
    return changed


def cells(course: SmallCourse, learner: str) -> dict[str, Any]:
    frame = read_gradebook(course.open()).cells
    return {row["cell"]: row for row in frame[frame["learner"] == learner].to_dict("records")}


def mark_essay(course: SmallCourse, points: float, extra: float | None = None) -> None:
    extra_sql = "NULL" if extra is None else str(extra)
    where = "cell_id = (SELECT id FROM base_cell WHERE name = 'essay' AND type = 'GradeCell')"
    assert execute(
        course,
        "gradebook.db",
        f"UPDATE grade SET manual_score = {points}, needs_manual_grade = 0, extra_credit = {extra_sql} WHERE {where}",
    )


def test_an_empty_gradebook_has_its_columns(small_course: SmallCourse) -> None:
    frames = read_gradebook(small_course.open())
    assert tuple(frames.cells.columns) == CELL_COLUMNS
    assert tuple(frames.assignments.columns) == ASSIGNMENT_COLUMNS
    assert len(frames.cells) == len(frames.assignments) == 0


def test_a_learner_who_handed_in_nothing_is_not_submitted_and_has_no_score(small_course: SmallCourse) -> None:
    execute(small_course, "gradebook.db", "INSERT INTO student (id) VALUES ('ghost')")
    row = state(small_course, "ghost")
    assert (row["state"], row["attempts"], row["points_possible"]) == (NOT_SUBMITTED, 0, 9.0)
    assert math.isnan(row["score"]) and math.isnan(row["final_score"])


def test_what_was_graded_elsewhere_is_ungraded(small_course: SmallCourse) -> None:
    small_course.submit("ana", *RIGHT)
    grade(small_course)
    for path in small_course.root.glob("grading.db*"):
        path.unlink()
    row = state(small_course, "ana")
    assert (row["state"], row["reason"]) == (UNGRADED, "it was graded outside Patunay; run `patunay grade`")
    assert math.isnan(row["score"])
    assert {each["state"] for each in cells(small_course, "ana").values()} == {UNGRADED}
    assert all(math.isnan(each["score"]) for each in cells(small_course, "ana").values())


def test_a_score_stands_only_when_everything_is_decided(small_course: SmallCourse) -> None:
    small_course.submit("ana", *RIGHT, essay="I think.")
    grade(small_course)
    row = state(small_course, "ana")
    assert (row["state"], row["reason"]) == (NEEDS_MANUAL, "a person has to mark essay")
    assert math.isnan(row["score"])
    by_cell = cells(small_course, "ana")
    assert (by_cell["test_square"]["state"], by_cell["test_square"]["score"]) == (GRADED, 2.0)
    assert by_cell["essay"]["state"] == NEEDS_MANUAL
    assert math.isnan(by_cell["essay"]["score"])
    assert {name: each["kind"] for name, each in by_cell.items()} == {"test_square": "test", "test_found": "test", "essay": "manual"}
    mark_essay(small_course, 2.5, extra=0.5)
    row = state(small_course, "ana")
    assert (row["state"], row["score"], row["final_score"]) == (GRADED, 8.0, 8.0)
    assert cells(small_course, "ana")["essay"]["score"] == 3.0


def test_a_row_says_by_which_run_and_of_what(small_course: SmallCourse) -> None:
    small_course.submit("ana", *RIGHT)
    grade(small_course)
    row = state(small_course, "ana")
    with open_records(small_course.root) as session:
        (result,) = session.query(Result).all()
        assert (row["run"], row["source"], row["attempt"]) == (result.run_id, result.run.source_digest, result.attempt.digest)
    assert row["assurance"] == "compat"
    assert row["graded_at"]


def test_what_our_record_does_not_show_as_recorded_is_ungraded(small_course: SmallCourse) -> None:
    small_course.submit("ana", *RIGHT)
    grade(small_course)
    execute(small_course, "grading.db", "UPDATE result SET recorded = 0")
    assert (state(small_course, "ana")["state"], state(small_course, "ana")["reason"]) == (
        UNGRADED, "grading was interrupted; run `patunay grade` again",
    )  # fmt: skip


def test_a_gradebook_that_was_emptied_by_hand_is_ungraded(small_course: SmallCourse) -> None:
    small_course.submit("ana", *RIGHT)
    grade(small_course)
    execute(small_course, "gradebook.db", "DELETE FROM grade")
    assert state(small_course, "ana")["state"] == UNGRADED
    assert "holds no cells" in state(small_course, "ana")["reason"]


@pytest.mark.parametrize(
    ("due", "extension", "late"), [("07:59:00", None, 60.0), ("08:00:00", None, 0.0), ("07:00:00", 60, 0.0), ("07:00:00", 59, 60.0)]
)
def test_lateness_counts_from_the_due_time_and_the_learners_extension_in_minutes(
    small_course: SmallCourse, due: str, extension: int | None, late: float
) -> None:
    with (small_course.root / "nbgrader_config.py").open("a", encoding="utf-8") as stream:
        stream.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")
    small_course.submit("ana", *RIGHT)
    grade(small_course)
    with Gradebook(small_course.open().database_url) as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate=f"2026-11-20 {due} UTC")
        if extension:
            gradebook.grant_extension("ps1", "ana", minutes=extension)
    grade(small_course)
    row = state(small_course, "ana")
    assert (row["seconds_late"], row["late_penalty"], row["final_score"]) == (late, 5.0 if late else 0.0, 0.0 if late else 5.0)
    assert str(row["due"]) == f"2026-11-20 {due}+00:00"


def test_every_state_is_one_of_the_four_and_every_score_that_is_no_grade_is_empty(small_course: SmallCourse) -> None:
    small_course.submit("ana", *RIGHT)
    small_course.submit("ben", *RIGHT, essay="I think.")
    (small_course.submit("carl") / "p1.ipynb").write_text("{", encoding="utf-8")
    execute(small_course, "gradebook.db", "INSERT INTO student (id) VALUES ('ghost')")
    grade(small_course)
    table = read_gradebook(small_course.open()).assignments
    assert dict(zip(table["learner"], table["state"], strict=True)) == dict(zip(["ana", "ben", "carl", "ghost"], STATES, strict=True))
    undecided = table[table["state"] != GRADED]
    assert undecided[["score", "final_score", "late_penalty"]].isna().all().all()
    assert table[table["state"] == GRADED][["score", "final_score"]].notna().all().all()
    assert isinstance(table["submitted_at"].dtype, pd.DatetimeTZDtype)


def test_a_learner_with_a_name_like_a_formula_or_a_quote_is_read(small_course: SmallCourse) -> None:
    for learner in ("=1+1", "o'brien", "Robert'); DROP TABLE student;--", "ñ ü"):
        small_course.submit(learner, *RIGHT)
    grade(small_course)
    table = read_gradebook(small_course.open()).assignments
    assert set(table["state"]) == {GRADED}
    assert len(table) == 4


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_some_learners_at_a_time_give_the_same_as_all_at_once(at_once: int, small_course: SmallCourse) -> None:
    for learner in ("ana", "ben", "cora"):
        small_course.submit(learner, SQUARE, "found = 3")
    (small_course.submit("dodo") / "p1.ipynb").write_text("{", encoding="utf-8")
    grade(small_course)
    small_course.submit("emil", SQUARE, "found = 3")
    whole = read_gradebook(small_course.open())
    reader = gradebook_reader(small_course.open(), attempt_rules={})
    slices = reader.slices(at_once)
    assert [name for names in slices for name in names] == sorted(set(whole.assignments["learner"]))
    assert all(len(names) <= at_once for names in slices)
    for part in ("cells", "assignments"):
        parts = [frame for frame in (getattr(frames, part) for frames in [reader.read(names).frames for names in slices]) if len(frame)]
        together, wanted = pd.concat(parts, ignore_index=True), getattr(whole, part)
        numbers = [name for name in ("auto_score", "manual_score", "extra_credit") if name in wanted]  # None in a frame without any number
        pd.testing.assert_frame_equal(
            together.astype(dict.fromkeys(numbers, float)), wanted.astype(dict.fromkeys(numbers, float)), check_dtype=False
        )


def test_a_gradebook_without_learners_is_one_empty_slice(small_course: SmallCourse) -> None:
    reader = gradebook_reader(small_course.open(), attempt_rules={})
    assert reader.slices(5) == [()]
    frames = reader.read(()).frames
    assert (len(frames.cells), len(frames.assignments)) == (0, 0)
