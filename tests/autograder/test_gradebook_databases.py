"""nbgrader's gradebook on the databases that it supports, SQLite and PostgreSQL: graded, graded again, marked by hand, shown by formgrader, exported."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from autograder.gradebook import GRADED, NEEDS_MANUAL
from courses.release import nbgrader_environment
from tests.autograder.grading_calls import attempts, by_learner, grade, scores, state
from tests.postgresql_server import new_database
from tests.small_course import SQUARE, SmallCourse, make_small_course

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fork-server")]
_ROOT = Path(__file__).resolve().parents[2]
_ESSAY = "Because of the square."


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.thorough), "postgresql"])  # SQLite is what all other tests use
def course(request: pytest.FixtureRequest, tmp_path: Path) -> SmallCourse:
    """Return a small course whose gradebook and records are on a database of the kind."""
    config = ""
    if request.param == "postgresql":
        socket = request.getfixturevalue("postgresql")
        config = f"c.CourseDirectory.db_url = {new_database(socket)!r}\nc.GradingRecords.url = {new_database(socket)!r}"
    return make_small_course(tmp_path / "course", config=config)


def mark_by_hand(course: SmallCourse, learner: str, cell: str, score: float) -> None:
    """Mark a cell as formgrader does."""
    with Gradebook(course.open().database_url) as gradebook:
        grade_row = gradebook.find_grade(cell, "p1", "ps1", learner)
        grade_row.manual_score, grade_row.needs_manual_grade = score, False
        gradebook.db.commit()


@pytest.mark.thorough
def test_a_course_is_graded_graded_again_and_marked_and_every_command_of_nbgraders_works_on_it(course: SmallCourse) -> None:
    course.submit("ana", SQUARE, "found = 3", essay=_ESSAY)
    course.submit("ben", "def square(n):\n    return 4", "found = 1", essay=_ESSAY)
    course.submit("cy, d'Är", SQUARE, "found = 2")
    assert {name: each.score for name, each in by_learner(grade(course, assurance="sealed")).items()} == {
        "ana": 5.0, "ben": 1.0, "cy, d'Är": 4.0,
    }  # fmt: skip
    assert state(course, "ana")["state"] == NEEDS_MANUAL
    mark_by_hand(course, "ana", "essay", 3.5)
    assert (state(course, "ana")["state"], state(course, "ana")["score"]) == (GRADED, 8.5)

    course.submit("ben", SQUARE, "found = 2", essay=_ESSAY, timestamp="2026-11-21 08:00:00.000000 UTC")
    assert by_learner(grade(course, assurance="sealed"))["ben"].score == 4.0
    grade(course, assurance="sealed", force=True)
    assert scores(course, "ana") == {"test_square": (2.0, None, False), "test_found": (3.0, None, False), "essay": (None, 3.5, True)}
    assert scores(course, "ben")["test_found"] == (2.0, None, False)
    assert [len(attempts(course, learner)) for learner in ("ana", "ben", "cy, d'Är")] == [1, 2, 1]

    directory = course.open()
    api = NbGraderAPI(coursedir=directory.directory, config=directory.config)
    with nbgrader_environment():
        shown = {each["student"]: each for each in api.get_submissions("ps1")}
        assert {learner: (each["score"], each["max_score"], each["autograded"]) for learner, each in shown.items()} == {
            "ana": (8.5, 9, True), "ben": (4.0, 9, True), "cy, d'Är": (4.0, 9, True),
        }  # fmt: skip
        assert api.get_assignment("ps1")["num_submissions"] == 3
        assert {each["id"]: each["score"] for each in api.get_students()} == {"ana": 8.5, "ben": 4.0, "cy, d'Är": 4.0}
        assert len(api.get_notebook_submissions("ps1", "p1")) == 3
        made = api.generate_feedback("ps1", force=True)
        assert made["success"], made
    assert (course.root / "feedback" / "ana" / "ps1" / "p1.html").is_file()
    run_nbgrader(course, "export", "--to", "grades.csv")
    with (course.root / "grades.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.reader(stream) if "ana" in row]
    assert [row for row in rows if "8.5" in row]


def run_nbgrader(course: SmallCourse, *words: str) -> None:
    """Run one of nbgrader's commands in the course directory."""
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words], cwd=course.root, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.thorough
def test_nbgraders_own_autograde_goes_on_where_we_stopped_and_we_where_it_did(course: SmallCourse) -> None:
    course.submit("ana", SQUARE, "found = 3", essay=_ESSAY)
    grade(course)
    mark_by_hand(course, "ana", "essay", 2.0)
    shutil.rmtree(course.root / "autograded")
    run_nbgrader(course, "autograde", "ps1", "--force")
    assert scores(course, "ana")["essay"] == (None, 2.0, True)
    grade(course, force=True)
    assert scores(course, "ana") == {"test_square": (2.0, None, False), "test_found": (3.0, None, False), "essay": (None, 2.0, True)}


@pytest.mark.thorough
def test_two_runs_at_once_on_one_course_lose_nothing_and_do_nothing_twice(course: SmallCourse) -> None:
    learners = [f"learner{number}" for number in range(6)]
    for number, learner in enumerate(learners):
        course.submit(learner, f"{SQUARE}\nname = {number}", f"found = {number % 3 + 1}")
    command = [sys.executable, "-m", "tests.autograder.interrupted_grading", str(course.root), "fork"]
    runs = [subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [run.communicate(timeout=300)[1] for run in runs]
    assert any(run.returncode == 0 for run in runs), said
    for run, words in zip(runs, said, strict=True):
        assert run.returncode == 0 or "another process is grading" in words
    grade(course, assurance="sealed")
    for number, learner in enumerate(learners):
        assert [result.status for result in attempts(course, learner)[0].results] == ["graded"], learner
        assert scores(course, learner)["test_found"] == (number % 3 + 1.0, None, False)
        assert state(course, learner)["score"] == 2.0 + number % 3 + 1
    with Gradebook(course.open().database_url) as gradebook:
        assert sorted(each.student.id for each in gradebook.assignment_submissions("ps1")) == learners
        assert sum(1 for _ in gradebook.students) == len(learners)


def test_who_reads_the_gradebook_meanwhile_sees_whole_submissions_and_never_waits_in_vain(course: SmallCourse) -> None:
    for number in range(6):
        course.submit(f"learner{number}", SQUARE, f"found = {number % 3 + 1}")
    seen: list[tuple[float, int]] = []
    failures: list[Exception] = []
    over = threading.Event()
    database = course.open().database_url

    def read() -> None:
        while not over.is_set():
            try:
                with Gradebook(database) as gradebook:
                    seen.extend((each.score, len(each.notebooks)) for each in gradebook.assignment_submissions("ps1"))
            except Exception as failure:  # noqa: BLE001 - whatever it is, it is what the test is about
                failures.append(failure)
                return

    reader = threading.Thread(target=read)
    reader.start()
    try:
        grade(course, workers=1)
    finally:
        over.set()
        reader.join()
    assert not failures
    assert {score for score, _ in seen} <= {3.0, 4.0, 5.0}
    assert {notebooks for _, notebooks in seen} <= {1}
