from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from courses.errors import NameRefusedError, SettingsError, UnknownAssignmentError, UnknownCourseError
from courses.nbgrader_course import NbgraderCourse, assignments_of, open_course, require_assignment


def make(root: Path, config: str = "") -> NbgraderCourse:
    root.mkdir(parents=True, exist_ok=True)
    (root / "nbgrader_config.py").write_text(f"c = get_config()\n{config}\n", encoding="utf-8")
    return open_course(root)


def test_a_plain_folder_is_a_course_with_nbgraders_defaults(tmp_path: Path) -> None:
    course = open_course(tmp_path)
    assert course.course_id == tmp_path.name
    assert course.database_url == f"sqlite:///{tmp_path}/gradebook.db"
    assert course.source("ps1") == tmp_path / "source" / "ps1"
    assert course.submitted("ana", "ps1") == tmp_path / "submitted" / "ana" / "ps1"
    assert course.autograded("ana", "ps1") == tmp_path / "autograded" / "ana" / "ps1"
    assert course.exchange == Path("/usr/local/share/nbgrader/exchange")


def test_what_the_course_configures_holds(tmp_path: Path) -> None:
    course = make(
        tmp_path / "course",
        "c.CourseDirectory.course_id = 'abc101'\n"
        "c.CourseDirectory.source_directory = 'src'\n"
        "c.CourseDirectory.submitted_directory = 'handed'\n"
        "c.CourseDirectory.db_url = 'sqlite:////srv/x.db'\n"
        "c.Exchange.root = '/srv/exchange'\n"
        "c.Execute.timeout = 7",
    )
    root = tmp_path / "course"
    assert (course.course_id, course.database_url, course.exchange) == ("abc101", "sqlite:////srv/x.db", Path("/srv/exchange"))
    assert (course.source("ps1"), course.submitted("ana", "ps1")) == (root / "src" / "ps1", root / "handed" / "ana" / "ps1")
    assert course.option("Execute", "timeout") == 7
    assert course.option("Execute", "kernel_name") is None
    assert course.option("Nothing", "x", 3) == 3


def test_another_directory_structure_holds(tmp_path: Path) -> None:
    course = make(tmp_path / "c", "c.CourseDirectory.directory_structure = '{assignment_id}/{nbgrader_step}/{student_id}'")
    folder = course.submitted("ana", "ps1")
    assert folder == tmp_path / "c" / "ps1" / "submitted" / "ana"
    folder.mkdir(parents=True)
    assert course.learners_with_submission("ps1") == ["ana"]


def test_a_configuration_in_another_file_beside_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "jupyter_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'deep'\n", encoding="utf-8")
    assert make(tmp_path / "c", "load_subconfig('jupyter_config.py')").course_id == "deep"


def test_opening_a_course_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    before = Path.cwd(), list(sys.path), dict(os.environ)
    make(tmp_path / "c", "import os")
    assert (Path.cwd(), list(sys.path), dict(os.environ)) == before


def test_two_courses_opened_one_after_the_other_do_not_mix(tmp_path: Path) -> None:
    one = make(tmp_path / "one", "c.CourseDirectory.course_id = 'one'\nc.Execute.timeout = 5")
    two = make(tmp_path / "two", "c.CourseDirectory.course_id = 'two'")
    assert (one.course_id, two.course_id) == ("one", "two")
    assert two.option("Execute", "timeout") is None
    assert one.source("x") == tmp_path / "one" / "source" / "x"


@pytest.mark.parametrize("config", ["1 / 0", "import none_such", "this is no python", "raise SystemExit(3)"])
def test_a_configuration_that_fails_is_said_in_words(tmp_path: Path, config: str) -> None:
    with pytest.raises(SettingsError, match="configuration of this course"):
        make(tmp_path / "c", config)


def test_a_missing_folder_is_an_unknown_course(tmp_path: Path) -> None:
    with pytest.raises(UnknownCourseError, match="there is no such course directory"):
        open_course(tmp_path / "none")


def test_learners_are_those_with_a_folder_for_exactly_this_assignment(tmp_path: Path) -> None:
    course = open_course(tmp_path)
    for path in ("ana/ps1", "ben/ps1", "ana/ps10", "cy/ps2", "o'brien/ps1", "José Rizal/ps1", "d@uni.example/ps1", "[x]/ps1"):
        (tmp_path / "submitted" / path).mkdir(parents=True)
    (tmp_path / "submitted" / "file").mkdir()
    (tmp_path / "submitted" / "file" / "ps1").write_text("no folder", encoding="utf-8")
    assert course.learners_with_submission("ps1") == ["José Rizal", "[x]", "ana", "ben", "d@uni.example", "o'brien"]
    assert open_course(tmp_path).learners_with_submission("ps9") == []


@pytest.mark.parametrize("folder", ["a [2026]", "a.b", "a+b", "a (copy)"])
def test_a_course_folder_with_odd_letters_works(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder / "submitted" / "ana" / "ps1").mkdir(parents=True)
    assert open_course(tmp_path / folder).learners_with_submission("ps1") == ["ana"]


def test_an_assignment_is_a_source_folder(tmp_path: Path) -> None:
    for name in ("ps1", "ps2", "empty", ".ipynb_checkpoints"):
        (tmp_path / "source" / name).mkdir(parents=True)
    for name in ("ps1", "ps2", ".ipynb_checkpoints"):
        (tmp_path / "source" / name / "p.ipynb").write_text("{}", encoding="utf-8")
    course = open_course(tmp_path)
    assert assignments_of(course) == ["ps1", "ps2"]
    assert require_assignment(course, "ps1") == "ps1"
    with pytest.raises(UnknownAssignmentError, match=r"has no assignment 'ps3'\nIts assignments are: ps1, ps2\."):
        require_assignment(course, "ps3")
    with pytest.raises(NameRefusedError, match="cannot be the name of an assignment"):
        require_assignment(course, "../ps1")


def test_a_folder_without_assignments_says_what_to_make(tmp_path: Path) -> None:
    assert assignments_of(open_course(tmp_path)) == []
    with pytest.raises(UnknownAssignmentError, match="Make its source folder with a notebook in it first"):
        require_assignment(open_course(tmp_path), "ps1")
