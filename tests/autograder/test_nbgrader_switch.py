"""nbgrader's own command and formgrader's call, with the switch on: they grade as we do, and it counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nbgrader.apps.api import NbGraderAPI

from autograder.gradebook import NEEDS_MANUAL, UNGRADED
from courses.release import nbgrader_environment
from tests.autograder.grading_calls import attempts, scores, state
from tests.small_course import SQUARE, SmallCourse

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fork-server")]

SWITCH = 'c.Autograde.exporter_class = "autograder.nbgrader_switch.GradeWithPatunay"\n'
COMPAT = 'c.GradeWithPatunay.assurance = "compat"\n'


@pytest.fixture
def switched(small_course: SmallCourse) -> SmallCourse:
    configure(small_course, SWITCH + COMPAT)
    return small_course


def configure(course: SmallCourse, lines: str) -> None:
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as stream:
        stream.write(lines)


def press_button(course: SmallCourse, learner: str) -> dict[str, Any]:
    """Do what formgrader does when its Autograde button is pressed."""
    opened = course.open()
    with nbgrader_environment():
        return dict(NbGraderAPI(coursedir=opened.directory, config=opened.config).autograde("ps1", learner))


def nbgrader(course: SmallCourse, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    return subprocess.run(command, cwd=course.root, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_formgraders_button_grades_with_us_and_it_counts(switched: SmallCourse) -> None:
    switched.submit("ana", SQUARE, "found = 1", essay="I think.")
    switched.submit("ben", SQUARE, "found = 3")
    told = press_button(switched, "ana")
    assert told["success"], told
    assert scores(switched, "ana") == {"test_square": (2, None, False), "test_found": (1, None, False), "essay": (None, None, True)}
    (attempt,) = attempts(switched, "ana")
    assert [(result.status, result.run.outcome, result.recorded) for result in attempt.results] == [("graded", "finished", True)]
    assert state(switched, "ana")["state"] == NEEDS_MANUAL
    assert attempts(switched, "ben")[0].results == [], "only whom the button is of"
    assert (switched.root / "autograded" / "ana" / "ps1" / "p1.ipynb").is_file()


@pytest.mark.thorough
def test_pressed_again_it_grades_again_and_only_the_attempt_that_counts(switched: SmallCourse) -> None:
    switched.submit("ana", SQUARE, "found = 1")
    assert press_button(switched, "ana")["success"]
    switched.submit("ana", SQUARE, "found = 3", timestamp="2026-11-21 08:00:00 UTC")
    for _ in range(2):
        assert press_button(switched, "ana")["success"]
    assert [len(attempt.results) for attempt in attempts(switched, "ana")] == [1, 2]
    assert scores(switched, "ana")["test_found"] == (3, None, False)


def test_what_cannot_be_graded_is_a_failure_with_its_reason_and_takes_nothing_away(switched: SmallCourse) -> None:
    switched.submit("ana", SQUARE, "found = 3")
    assert press_button(switched, "ana")["success"]
    graded = switched.root / "autograded" / "ana" / "ps1" / "p1.ipynb"
    before = graded.read_bytes()
    (switched.submit("ana", timestamp="2026-11-21 08:00:00 UTC") / "p1.ipynb").write_text("{", encoding="utf-8")
    told = press_button(switched, "ana")
    assert not told["success"]
    assert "this is not a notebook" in told["log"]
    assert graded.read_bytes() == before
    assert state(switched, "ana")["state"] == UNGRADED, "the attempt that counts has no score"


def test_nbgraders_command_grades_with_us(switched: SmallCourse) -> None:
    switched.submit("ana", SQUARE, "found = 3")
    (switched.submit("ben") / "p1.ipynb").write_text("{", encoding="utf-8")
    switched.submit("cy", SQUARE, "found = 3")
    done = nbgrader(switched, "autograde", "ps1")
    assert done.returncode == 1, "one could not be graded"
    assert "for student 'ben'" in done.stderr
    assert attempts(switched, "ana")[0].results[0].run.id == attempts(switched, "cy")[0].results[0].run.id
    skipping = nbgrader(switched, "autograde", "ps1", "--student", "ana")
    assert skipping.returncode == 0, skipping.stderr
    assert len(attempts(switched, "ana")[0].results) == 1, "it is done already"
    assert nbgrader(switched, "autograde", "ps1", "--student", "ana", "--force").returncode == 0
    assert len(attempts(switched, "ana")[0].results) == 2


@pytest.mark.thorough
def test_feedback_is_made_and_released_after_it(switched: SmallCourse, tmp_path: Path) -> None:
    configure(switched, f"c.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    (tmp_path / "exchange").mkdir(mode=0o777)
    (tmp_path / "exchange").chmod(0o777)
    (switched.submit("ana", SQUARE, "found = 3") / "submission_secret.txt").write_text("5" * 128, encoding="utf-8")
    for command in (["autograde", "ps1"], ["generate_feedback", "ps1"], ["release_feedback", "ps1"], ["export"], ["db", "student", "list"]):
        done = nbgrader(switched, *command)
        assert done.returncode == 0, (command, done.stderr)
    released = list((tmp_path / "exchange" / "small" / "feedback").iterdir())
    assert len(released) == 1, "one page, named by the submission's secret"
    assert ",ana,"[:-1] in (switched.root / "grades.csv").read_text(encoding="utf-8")


def test_grading_without_running_is_refused(switched: SmallCourse) -> None:
    configure(switched, "c.Execute.enabled = False\n")
    switched.submit("ana", SQUARE, "found = 3")
    told = press_button(switched, "ana")
    assert not told["success"]
    assert "no evidence" in told["error"] + told.get("log", "")
    assert not (switched.root / "autograded").exists()


@pytest.mark.thorough
def test_a_switch_that_cannot_be_loaded_grades_nothing(small_course: SmallCourse) -> None:
    configure(small_course, SWITCH.replace("GradeWithPatunay", "GradeWithNobody"))
    small_course.submit("ana", SQUARE, "found = 3")
    done = nbgrader(small_course, "autograde", "ps1")
    assert done.returncode != 0
    assert not (small_course.root / "autograded").exists()


@pytest.mark.thorough
def test_students_are_excluded_and_not_created_as_the_course_says(switched: SmallCourse) -> None:
    configure(switched, "c.CourseDirectory.student_id_exclude = 'ben'\nc.Autograde.create_student = False\n")
    switched.submit("ana", SQUARE, "found = 3")
    switched.submit("ben", SQUARE, "found = 3")
    assert press_button(switched, "ben")["success"], "there is nothing to do"
    done = nbgrader(switched, "autograde", "ps1")
    assert done.returncode == 1
    assert "No student with ID 'ana' exists" in done.stderr
    assert not (switched.root / "grading.db").exists()


def test_hooks_of_the_course_are_called_and_its_permissions_kept(switched: SmallCourse) -> None:
    configure(
        switched,
        "def hook(**told):\n    with open('hooked.txt', 'a') as stream:\n        stream.write(f\"{sorted(told)} {len(told['notebooks'])}\\n\")\n"
        "c.Autograde.pre_convert_hook = hook\nc.Autograde.post_convert_hook = hook\nc.CourseDirectory.groupshared = True\n",
    )
    switched.submit("ana", SQUARE, "found = 3")
    assert press_button(switched, "ana")["success"]
    assert (switched.root / "hooked.txt").read_text(encoding="utf-8") == "['assignment', 'notebooks', 'student'] 1\n" * 2
    folder = switched.root / "autograded" / "ana" / "ps1"
    assert {oct(path.stat().st_mode)[-3:] for path in folder.iterdir()} == {"664"}
    assert oct(folder.stat().st_mode)[-4:] == "2775"
