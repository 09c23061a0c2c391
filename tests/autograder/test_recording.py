"""How results get into nbgrader's gradebook. That the rows are nbgrader's own is shown in `tests/journeys/test_parity_with_nbgrader.py`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograder.grading import settle_late_penalties
from autograder.jobs import CommentedCell, GradedCell
from autograder.nbgrader_database import load_source, open_gradebook
from autograder.recording import apply_late_penalties, record_attempt
from autograder.records import Attempt, Result
from tests.autograder.grading_calls import scores
from tests.small_course import SQUARE, SmallCourse

pytestmark = pytest.mark.slow

_MOMENT = "2026-11-20T08:00:00+00:00"
_ONE_HOUR_LATE = "2026-11-20T07:00:00+00:00"


def make_attempt(course: SmallCourse, learner: str = "ana") -> Attempt:
    folder = course.submit(learner, SQUARE)
    return Attempt(
        assignment="ps1", learner=learner, origin="x", digest="0" * 64, submitted_at=_MOMENT, collected_at=_MOMENT,
        folder=folder.relative_to(course.root).as_posix(), refusal="",
    )  # fmt: skip


def make_result(course: SmallCourse, attempt: Attempt, **points: float | None) -> Result:
    cells = [GradedCell(name=name, notebook="p1", kind="test", points_possible=4, auto_score=score) for name, score in points.items()]
    answers = [
        CommentedCell(name="square", notebook="p1", is_unanswered=False),
        CommentedCell(name="found", notebook="p1", is_unanswered=True),
    ]
    result = Result(
        run_id="run-1", status="graded", cells=json.dumps([each.model_dump() for each in cells]), graded_at=_MOMENT,
        answers=json.dumps([each.model_dump() for each in answers]), notebooks=json.dumps({"p1": "0" * 64}),
    )  # fmt: skip
    kept = course.root / "graded" / "ps1" / attempt.learner / "run-1" / "p1.ipynb"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("the graded notebook", encoding="utf-8")
    return result


def record(course: SmallCourse, attempt: Attempt, result: Result | None) -> None:
    opened = course.open()
    with open_gradebook(opened) as gradebook:
        record_attempt(gradebook, opened, load_source(opened, "ps1"), attempt, result)


def submission(course: SmallCourse, learner: str = "ana") -> Any:
    with Gradebook(course.open().database_url) as gradebook:
        found = gradebook.find_submission("ps1", learner)
        return {
            "timestamp": str(found.timestamp),
            "penalty": found.notebooks[0].late_submission_penalty,
            "score": found.score,
            "comments": {comment.cell.name: comment.auto_comment for comment in found.notebooks[0].comments},
        }


def test_scores_comments_and_time_are_written(small_course: SmallCourse) -> None:
    attempt = make_attempt(small_course)
    record(small_course, attempt, make_result(small_course, attempt, test_square=2.0, test_found=0.0, essay=None))
    assert scores(small_course, "ana") == {"test_square": (2.0, None, False), "test_found": (0.0, None, False), "essay": (None, None, True)}
    found = submission(small_course)
    assert found["timestamp"] == "2026-11-20 08:00:00"
    assert found["comments"] == {"square": None, "found": "No response.", "essay": None}


def test_without_a_result_every_cell_waits_for_a_person_whatever_stood_there(small_course: SmallCourse) -> None:
    attempt = make_attempt(small_course)
    record(small_course, attempt, make_result(small_course, attempt, test_square=2.0, test_found=3.0, essay=4.0))
    record(small_course, attempt, None)
    assert set(scores(small_course, "ana").values()) == {(None, None, True)}


def test_a_cell_that_the_result_does_not_name_has_no_score(small_course: SmallCourse) -> None:
    attempt = make_attempt(small_course)
    record(small_course, attempt, make_result(small_course, attempt, test_square=2.0))
    assert scores(small_course, "ana")["test_found"] == (None, None, True)


def test_recording_twice_changes_nothing(small_course: SmallCourse) -> None:
    attempt = make_attempt(small_course)
    result = make_result(small_course, attempt, test_square=2.0, test_found=3.0, essay=4.0)
    record(small_course, attempt, result)
    before = scores(small_course, "ana"), submission(small_course)
    record(small_course, attempt, result)
    assert (scores(small_course, "ana"), submission(small_course)) == before


def test_the_autograded_folder_is_the_learners_files_the_instructors_over_them_and_the_graded_notebook(small_course: SmallCourse) -> None:
    attempt = make_attempt(small_course)
    folder = small_course.root / attempt.folder
    (folder / "data.csv").write_text("forged", encoding="utf-8")
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    target = small_course.root / "autograded" / "ana" / "ps1"
    target.mkdir(parents=True)
    (target / "from-before.txt").write_text("old", encoding="utf-8")
    record(small_course, attempt, make_result(small_course, attempt, test_square=2.0))
    found = {path.name: (path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777) for path in target.iterdir()}
    assert found["data.csv"] == ("a,b\n1,2\n", 0o444)
    assert found["mine.txt"] == ("mine", 0o444)
    assert found["p1.ipynb"] == ("the graded notebook", 0o444)
    assert "from-before.txt" not in found
    assert [path.name for path in target.parent.iterdir()] == ["ps1"]


_PLUGIN = """
from nbgrader.plugins import BasePlugin

class Hourly(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return {amount} if total_seconds_late == 3600 else None
"""


@pytest.mark.parametrize(("amount", "penalty"), [("1.5", 1.5), ("99", 5.0), ("-1", 0.0), ("None", None)])
def test_a_penalty_comes_from_the_courses_plugin_and_is_within_the_score(
    small_course: SmallCourse, amount: str, penalty: float | None
) -> None:
    with (small_course.root / "nbgrader_config.py").open("a", encoding="utf-8") as stream:
        stream.write(_PLUGIN.format(amount=amount) + "c.AssignLatePenalties.plugin_class = Hourly\n")
    attempt = make_attempt(small_course)
    record(small_course, attempt, make_result(small_course, attempt, test_square=2.0, test_found=3.0, essay=0.0))
    opened = small_course.open()
    with open_gradebook(opened) as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate=datetime.fromisoformat(_ONE_HOUR_LATE).astimezone(UTC).replace(tzinfo=None))
        apply_late_penalties(gradebook, opened, "ps1")
    assert submission(small_course)["penalty"] == penalty


def test_after_marks_by_hand_the_penalty_follows_the_new_score(small_course: SmallCourse) -> None:
    with (small_course.root / "nbgrader_config.py").open("a", encoding="utf-8") as stream:
        stream.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")
    attempt = make_attempt(small_course)
    record(small_course, attempt, make_result(small_course, attempt, test_square=2.0, test_found=3.0, essay=None))
    with Gradebook(small_course.open().database_url) as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate="2026-11-20 07:00:00 UTC")
    settle_late_penalties(small_course.open(), ("ps1",))
    assert submission(small_course)["penalty"] == 5.0
    with Gradebook(small_course.open().database_url) as gradebook:
        grade = gradebook.find_grade("essay", "p1", "ps1", "ana")
        grade.manual_score, grade.needs_manual_grade = 4.0, False
        gradebook.db.commit()
    settle_late_penalties(small_course.open(), ("ps1",))
    assert submission(small_course)["penalty"] == 9.0
