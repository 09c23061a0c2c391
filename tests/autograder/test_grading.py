from __future__ import annotations

import copy
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.errors import SourceError
from autograder.gradebook import GRADED, NEEDS_MANUAL, UNGRADED
from autograder.grading import GradingSummary
from autograder.jobs import Limits
from courses.attempts import AttemptRule
from courses.errors import StorageError, UnknownAssignmentError
from tests.autograder.grading_calls import attempts, by_learner, grade, scores, state
from tests.small_course import SQUARE, TIMESTAMP, SmallCourse

pytestmark = pytest.mark.slow

RIGHT = (SQUARE, "found = 3")
LATER = "2026-11-21 08:00:00.000000 UTC"


def submit_text(course: SmallCourse, learner: str, text: str) -> None:
    """Hand in any text as the notebook."""
    (course.submit(learner) / "p1.ipynb").write_text(text, encoding="utf-8")


def without(node: Any, grade_id: str) -> Any:
    node.cells = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != grade_id]
    return node


def hand_in_all_kinds(course: SmallCourse) -> None:
    course.submit("anna", *RIGHT, essay="I think.")
    course.submit("ben", "def square(n): return 0", "found = 1.5")
    course.submit("blank")
    double = course.released()
    double.cells.insert(1, copy.deepcopy(double.cells[1]))
    double.cells[1].id = "the-copy"
    course.submit_node("copies", double)
    course.submit_node("deletes", without(course.released(), "test_square"))
    submit_text(course, "json", '{"cells": [')
    submit_text(course, "empty", "")
    course.submit("killer", f"import os\nos._exit(1)\n{SQUARE}", "found = 3")
    (course.submit("linker", *RIGHT) / "more").symlink_to(course.root / "gradebook.db")
    odd = {"cell_type": "zzz", "source": "", "metadata": {}}
    submit_text(course, "odd", json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [odd]}))
    node = course.released()
    node.cells[1].source = "x = '\\ud800'"
    submit_text(course, "surrogate", json.dumps(node).replace("\\\\ud800", "\\ud800"))
    course.submit("prints", f"{SQUARE}\nprint('\\ud800', chr(0), '\\x1b[31m')", "found = 3")
    course.submit("zed", *RIGHT)


@pytest.fixture(scope="module", params=["fork", pytest.param("kernel", marks=pytest.mark.thorough)])
def cohort(
    request: pytest.FixtureRequest, small_course_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[SmallCourse, GradingSummary]:
    """A course that learners of many kinds handed in for, graded once, and what that did. Only read."""
    course = SmallCourse(shutil.copytree(small_course_template, tmp_path_factory.mktemp("cohort") / "course"))
    hand_in_all_kinds(course)
    return course, grade(course, engine=request.param)


_FAILED = {"json", "empty", "killer", "odd", "surrogate"}


@pytest.mark.slow
def test_one_bad_notebook_never_stops_a_run(cohort: tuple[SmallCourse, GradingSummary]) -> None:
    graded = by_learner(cohort[1])
    assert {learner: each.status for learner, each in graded.items() if each.status != "graded"} == dict.fromkeys(_FAILED, "failed")
    assert {learner: each.score for learner, each in graded.items() if each.status == "graded"} == {
        "anna": 5.0, "ben": 1.5, "blank": 0.0, "copies": 0.0, "deletes": 0.0, "prints": 5.0, "zed": 5.0,
    }  # fmt: skip
    assert "linker" not in graded


@pytest.mark.slow
def test_every_failure_says_what_and_where(cohort: tuple[SmallCourse, GradingSummary]) -> None:
    reasons = {learner: each.reason for learner, each in by_learner(cohort[1]).items()}
    assert "cell 2 (square) ended the kernel" in reasons["killer"]
    assert reasons["json"].startswith("p1.ipynb: this is not a notebook")
    assert "neither code nor text" in reasons["odd"]
    assert "surrogate" in reasons["surrogate"]
    assert all(each.score is None for each in cohort[1].graded if each.status == "failed")


@pytest.mark.slow
def test_a_failed_submission_is_ungraded_and_never_a_zero(cohort: tuple[SmallCourse, GradingSummary]) -> None:
    course, _ = cohort
    for learner in _FAILED:
        assert set(scores(course, learner).values()) == {(None, None, True)}
        row = state(course, learner)
        assert (row["state"], row["run"]) == (UNGRADED, "")
        assert row["score"] != row["score"], "not a number"
        assert row["reason"]


@pytest.mark.slow
def test_a_link_is_refused_but_recorded(cohort: tuple[SmallCourse, GradingSummary]) -> None:
    (attempt,) = attempts(cohort[0], "linker")
    assert "'more' is a link" in attempt.refusal
    row = state(cohort[0], "linker")
    assert (row["state"], row["attempts"]) == (UNGRADED, 1)
    assert "is a link" in row["reason"]


@pytest.mark.slow
def test_the_gradebook_shows_each_cell(cohort: tuple[SmallCourse, GradingSummary]) -> None:
    course, _ = cohort
    assert scores(course, "anna") == {"test_square": (2.0, None, False), "test_found": (3.0, None, False), "essay": (None, None, True)}
    assert scores(course, "ben") == {"test_square": (0.0, None, False), "test_found": (1.5, None, False), "essay": (0.0, None, False)}
    assert state(course, "anna")["state"] == NEEDS_MANUAL
    assert (state(course, "zed")["state"], state(course, "zed")["final_score"]) == (GRADED, 5.0)
    assert (state(course, "blank")["state"], state(course, "blank")["score"]) == (GRADED, 0.0)


@pytest.mark.slow
def test_a_deleted_test_and_a_copied_cell_are_graded_with_a_note(cohort: tuple[SmallCourse, GradingSummary]) -> None:
    course, _ = cohort
    assert scores(course, "deletes")["test_square"] == (0.0, None, False)
    (deleted,), (copied,) = (attempts(course, learner)[0].results for learner in ("deletes", "copies"))
    assert json.loads(deleted.warnings) == ["p1.ipynb: cell 'test_square' was missing and was put back"]
    assert json.loads(copied.warnings) == ["p1.ipynb: cell 'square' stands there more than once; the last one counts"]


@pytest.mark.slow
def test_the_graded_notebook_is_kept_and_shown_with_the_files(cohort: tuple[SmallCourse, GradingSummary]) -> None:
    course, _ = cohort
    (attempt,) = attempts(course, "ben")
    (result,) = attempt.results
    kept = course.root / "graded" / "ps1" / "ben" / result.run_id / "p1.ipynb"
    shown = course.root / "autograded" / "ben" / "ps1"
    assert kept.read_bytes() == (shown / "p1.ipynb").read_bytes()
    assert sorted(path.name for path in shown.iterdir()) == ["data.csv", "p1.ipynb", "timestamp.txt"]
    node: Any = nbformat.read(shown / "p1.ipynb", as_version=4)
    assert [output.ename for output in node.cells[2].outputs if output.output_type == "error"] == ["AssertionError"]
    assert "square(-3)" in node.cells[2].source
    assert [path.name for path in shown.parent.iterdir()] == ["ps1"]


@pytest.mark.slow
def test_the_learner_writes_nothing_where_others_are_graded(cohort: tuple[SmallCourse, GradingSummary]) -> None:
    assert sorted(path.name for path in (cohort[0].root / "autograded").iterdir()) == [
        "anna", "ben", "blank", "copies", "deletes", "prints", "zed",
    ]  # fmt: skip


def test_running_twice_grades_nothing_twice(small_course: SmallCourse) -> None:
    small_course.submit("anna", *RIGHT)
    submit_text(small_course, "json", "{")
    assert len(grade(small_course).graded) == 2
    before = (small_course.root / "autograded" / "anna" / "ps1").stat().st_ino
    again = grade(small_course)
    assert (again.graded, again.skipped) == ((), 2)
    assert (small_course.root / "autograded" / "anna" / "ps1").stat().st_ino == before
    assert len(attempts(small_course, "anna")[0].results) == 1


def test_alike_submissions_are_run_once_and_all_get_the_result(small_course: SmallCourse) -> None:
    for learner in ("anna", "ben"):
        small_course.submit(learner, "import uuid\nprint(uuid.uuid4())\n" + SQUARE, "found = 3")
    assert {each.score for each in grade(small_course).graded} == {5.0}
    one, two = ((small_course.root / "autograded" / learner / "ps1" / "p1.ipynb").read_bytes() for learner in ("anna", "ben"))
    assert one == two, "the random number in it is the same"


def test_only_the_named_learners_are_graded(small_course: SmallCourse) -> None:
    for learner in ("anna", "ben"):
        small_course.submit(learner, *RIGHT)
    assert list(by_learner(grade(small_course, learners=["ben"]))) == ["ben"]
    assert state(small_course, "anna")["reason"] == "it has not been graded yet"


def change_hidden_test(course: SmallCourse) -> None:
    with sqlite3.connect(course.root / "gradebook.db") as connection:
        sql = "UPDATE source_cell SET source = replace(source, 'square(-3) == 9', 'square(0) == 1') WHERE name = 'test_square'"
        assert connection.execute(sql).rowcount == 1
    connection.close()


@pytest.mark.slow
def test_a_changed_hidden_test_regrades_and_the_old_result_is_kept(small_course: SmallCourse) -> None:
    small_course.submit("anna", *RIGHT)
    grade(small_course)
    change_hidden_test(small_course)
    assert by_learner(grade(small_course))["anna"].score == 3.0
    assert scores(small_course, "anna")["test_square"] == (0.0, None, False)
    (attempt,) = attempts(small_course, "anna")
    assert len({result.run.source_digest for result in attempt.results}) == 2
    assert [sum(cell["auto_score"] or 0 for cell in result.cell_list()) for result in attempt.results] == [5.0, 3.0]
    assert [result.recorded for result in attempt.results] == [False, True]


@pytest.mark.slow
def test_force_grades_again_and_keeps_every_result(small_course: SmallCourse) -> None:
    small_course.submit("anna", *RIGHT)
    grade(small_course)
    assert len(grade(small_course, force=True).graded) == 1
    (attempt,) = attempts(small_course, "anna")
    assert [result.recorded for result in attempt.results] == [False, True]
    first, second = (small_course.root / "graded" / "ps1" / "anna" / result.run_id / "p1.ipynb" for result in attempt.results)
    assert first.is_file() and second.is_file()
    assert state(small_course, "anna")["run"] == attempt.results[1].run_id


@pytest.mark.slow
def test_a_regrade_that_fails_keeps_the_old_result(small_course: SmallCourse) -> None:
    small_course.submit("anna", f"import os\nif os.path.exists('kill'): os._exit(1)\n{SQUARE}", "found = 3")
    grade(small_course)
    assert state(small_course, "anna")["score"] == 5.0
    (small_course.root / "source" / "ps1" / "kill").write_text("", encoding="utf-8")
    assert by_learner(grade(small_course, force=True))["anna"].status == "failed"
    row = state(small_course, "anna")
    assert (row["state"], row["score"]) == (GRADED, 5.0)
    assert scores(small_course, "anna")["test_square"] == (2.0, None, False)
    (attempt,) = attempts(small_course, "anna")
    assert [result.status for result in attempt.results] == ["graded", "failed"]
    assert row["run"] == attempt.results[0].run_id


@pytest.mark.slow
def test_an_older_pass_does_not_stand_for_a_new_attempt_that_fails(small_course: SmallCourse) -> None:
    small_course.submit("anna", *RIGHT)
    grade(small_course)
    assert state(small_course, "anna")["state"] == GRADED
    small_course.submit("anna", "import os\nos._exit(0)", "found = 3", timestamp=LATER)
    assert by_learner(grade(small_course))["anna"].status == "failed"
    row = state(small_course, "anna")
    assert (row["state"], row["attempts"]) == (UNGRADED, 2)
    assert row["score"] != row["score"]
    assert set(scores(small_course, "anna").values()) == {(None, None, True)}
    small_course.submit("anna", SQUARE, "found = 1", timestamp="2026-11-22 08:00:00.000000 UTC")
    grade(small_course)
    assert (state(small_course, "anna")["state"], state(small_course, "anna")["score"]) == (GRADED, 3.0)


@pytest.mark.slow
def test_all_attempts_are_kept_and_graded_and_the_last_allowed_one_counts(small_course: SmallCourse) -> None:
    for day, found in ((20, 1), (21, 2), (22, 3)):
        small_course.submit("anna", SQUARE, f"found = {found}", timestamp=f"2026-11-{day} 08:00:00 UTC")
        grade(small_course, attempts=AttemptRule(2))
    kept = attempts(small_course, "anna")
    assert [attempt.results[0].status for attempt in kept] == ["graded"] * 3
    assert [
        f"found = {number}" in (small_course.root / attempt.folder / "p1.ipynb").read_text("utf-8")
        for number, attempt in enumerate(kept, 1)
    ] == [True] * 3
    assert scores(small_course, "anna")["test_found"] == (2.0, None, False)
    limited = state(small_course, "anna", attempt_rules={"ps1": AttemptRule(2)})
    assert (limited["score"], limited["attempts"], limited["attempt"]) == (4.0, 3, kept[1].digest)
    grade(small_course)
    assert scores(small_course, "anna")["test_found"] == (3.0, None, False)
    assert (small_course.root / "submitted" / "anna" / "ps1" / "timestamp.txt").read_text("utf-8").startswith("2026-11-22")


@pytest.mark.slow
def test_a_manual_score_is_never_touched(small_course: SmallCourse) -> None:
    small_course.submit("anna", *RIGHT, essay="I think.")
    grade(small_course)
    with sqlite3.connect(small_course.root / "gradebook.db") as connection:
        connection.execute("UPDATE grade SET manual_score = 3.5, needs_manual_grade = 0 WHERE auto_score IS NULL")
    connection.close()
    assert state(small_course, "anna")["score"] == 8.5
    grade(small_course, force=True)
    assert scores(small_course, "anna")["essay"] == (None, 3.5, True), "a person looks again, as in nbgrader"


@pytest.mark.slow
def test_a_loop_without_end_costs_its_cell_and_no_more(small_course: SmallCourse) -> None:
    small_course.submit("anna", f"{SQUARE}\nwhile True: pass", "found = 3")
    summary = grade(small_course, limits=Limits(cell_timeout_s=5))
    assert by_learner(summary)["anna"].score == 5.0, "what was defined before the loop is there"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["fork", pytest.param("kernel", marks=pytest.mark.thorough)])
def test_a_submission_that_takes_too_long_in_all_is_ended(small_course: SmallCourse, engine: str) -> None:
    small_course.submit("anna", "import time\ntime.sleep(60)", "time.sleep(60)")
    summary = grade(small_course, engine=engine, limits=Limits(cell_timeout_s=4, submission_timeout_s=3))
    (graded,) = summary.graded
    assert (graded.status, graded.score) == ("failed", None)
    assert "took longer than the 3 s allowed" in graded.reason
    assert graded.duration_s < 50, "neither of its two pauses came to its end"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["fork", pytest.param("kernel", marks=pytest.mark.thorough)])
def test_a_flood_of_output_costs_its_cell_and_no_more(small_course: SmallCourse, engine: str) -> None:
    small_course.submit("anna", "while True: print('x' * 100_000)", "found = 3")
    summary = grade(small_course, engine=engine, limits=Limits(cell_timeout_s=30, output_bytes=2**20))
    assert (by_learner(summary)["anna"].status, by_learner(summary)["anna"].score) == ("graded", 3.0), "the cells after the flood were run"


def test_a_submission_without_the_notebook_fails_and_says_what_it_holds(small_course: SmallCourse) -> None:
    folder = small_course.submit("anna", *RIGHT)
    (folder / "p1.ipynb").rename(folder / "P1 (1).ipynb")
    reason = by_learner(grade(small_course))["anna"].reason
    assert reason == "the submission holds none of the assignment's notebooks (p1.ipynb); it holds P1 (1).ipynb"


def test_a_folder_that_is_called_like_the_notebook_is_none(small_course: SmallCourse) -> None:
    folder = small_course.submit("anna", *RIGHT)
    (folder / "p1.ipynb").unlink()
    (folder / "p1.ipynb").mkdir()
    (folder / "p1.ipynb" / "x").write_text("1", encoding="utf-8")
    assert by_learner(grade(small_course))["anna"].status == "failed"


def test_a_file_of_the_learners_does_not_replace_the_instructors(small_course: SmallCourse) -> None:
    folder = small_course.submit("anna", "square = lambda n: n * n\nprint(open('data.csv').read())\nprint(open('mine.txt').read())")
    (folder / "data.csv").write_text("forged", encoding="utf-8")
    (folder / "mine.txt").write_text("my own", encoding="utf-8")
    grade(small_course)
    shown = small_course.root / "autograded" / "anna" / "ps1"
    printed = (shown / "p1.ipynb").read_text(encoding="utf-8")
    assert "a,b" in printed and "my own" in printed and "forged" not in printed
    assert (shown / "data.csv").read_text(encoding="utf-8") == "a,b\n1,2\n"


def test_odd_names_of_files_do_not_leave_their_folder(small_course: SmallCourse) -> None:
    folder = small_course.submit("o'brien", *RIGHT)
    for name in ("..\\..\\x", "a\nb.py", "$(touch y)", "%2e%2e%2fz", "-rf"):
        (folder / name).write_text("1", encoding="utf-8")
    before = set(small_course.root.parent.rglob("*"))
    assert by_learner(grade(small_course))["o'brien"].score == 5.0
    for path in set(small_course.root.parent.rglob("*")) - before:
        inside = path.relative_to(small_course.root).parts[0]
        assert inside in {"attempts", "autograded", "graded", ".grading.lock", "grading.db", "grading.db-wal", "grading.db-shm"}, path


def test_an_unknown_assignment_is_said_in_words(small_course: SmallCourse) -> None:
    (small_course.root / "source" / "ps1").rename(small_course.root / "source" / "ps2")
    with pytest.raises(UnknownAssignmentError, match="Its assignments are: ps2"):
        grade(small_course)
    (small_course.root / "source" / "ps2").rename(small_course.root / "source" / "ps1")
    (small_course.root / "gradebook.db").unlink()
    with pytest.raises(SourceError, match="does not know assignment 'ps1'"):
        grade(small_course)


def test_a_run_says_with_what_it_was_made(small_course: SmallCourse) -> None:
    small_course.submit("anna", *RIGHT)
    summary = grade(small_course)
    assert summary.sandbox
    run = attempts(small_course, "anna")[0].results[0].run
    environment = json.loads(run.environment)
    assert set(environment) >= {"python", "nbgrader", "ipykernel", "pandas"}
    assert (run.engine, run.sandbox) == ("compat", summary.sandbox)
    assert run.finished_at is not None and run.finished_at >= run.started_at


@pytest.mark.slow
def test_a_gradebook_that_another_process_holds_is_said_in_words_and_the_next_call_goes_on(small_course: SmallCourse) -> None:
    from autograder.grading import GradingOptions, grade_assignment
    from tests.autograder.grading_calls import now

    small_course.submit("anna", *RIGHT)
    other = sqlite3.connect(small_course.root / "gradebook.db", isolation_level=None, check_same_thread=False)

    def lock(done: int, _all: int) -> None:
        if done:
            other.execute("BEGIN EXCLUSIVE")

    try:
        with pytest.raises(StorageError, match=r"(?s)locked by another process.*run the command again"):
            grade_assignment(small_course.open(), "ps1", GradingOptions(), now=now, progress=lock)
    finally:
        other.close()
    assert attempts(small_course, "anna")[0].results[0].status == "graded"
    assert state(small_course, "anna")["state"] == UNGRADED, "what the gradebook does not show yet is no grade"
    assert grade(small_course).graded == ()
    assert (state(small_course, "anna")["state"], state(small_course, "anna")["score"]) == (GRADED, 5.0)


def test_the_time_of_the_submission_is_what_nbgrader_wrote(small_course: SmallCourse) -> None:
    small_course.submit("anna", *RIGHT)
    grade(small_course)
    assert str(state(small_course, "anna")["submitted_at"]) == "2026-11-20 08:00:00+00:00"
    assert TIMESTAMP.startswith("2026-11-20 08:00")
