"""The same submissions, graded by `nbgrader autograde` in one copy of a course and by us in another: the gradebooks say the same.

Where we differ on purpose (nbgrader loses the submission, or the whole run) is a test of its own at the end.
"""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from autograder.grading import GradingOptions, grade_assignment
from courses.nbgrader_course import open_course
from courses.release import nbgrader_environment
from tests.small_course import SQUARE, SmallCourse, make_small_course, nbgrader_cell

pytestmark = [pytest.mark.slow, pytest.mark.thorough]  # `tests/parity` compares some assignments in `make test`

_CONFIG = "c.Execute.timeout = 8\nc.LateSubmissionPlugin.penalty_method = 'zero'"
_DUE = "2026-11-20 12:00:00.000000 UTC"
_LATE = "2026-11-20 12:00:01.000000 UTC"
_LOOP = f"{SQUARE}\nwhile True:\n    pass"
_WARNS = "import warnings\ndef square(n):\n    warnings.warn('slow')\n    return n * n"


@dataclass(frozen=True)
class Pair:
    """One course, graded twice."""

    theirs: SmallCourse
    ours: SmallCourse


def second_assignment(root: Path) -> None:
    """Make `ps2` with two notebooks, `a` and `b`."""
    folder = root / "source" / "ps2"
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        node = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
        node.cells = [
            nbgrader_cell("code", "### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "x", solution=True),
            nbgrader_cell("code", "assert x == 1", "test_x", grade=True, locked=True, points=2),
            nbgrader_cell("markdown", "Write here.", "essay", grade=True, solution=True, points=3),
            nbgrader_cell("markdown", "Make a plot.", "task", task=True, locked=True, points=1),
        ]
        (folder / f"{name}.ipynb").write_text(nbformat.writes(node), encoding="utf-8")
    course = open_course(root)
    with nbgrader_environment():
        assert NbGraderAPI(coursedir=course.directory, config=course.config).generate_assignment("ps2")["success"]


def submit_second(course: SmallCourse, learner: str, *names: str, timestamp: str = _DUE) -> None:
    folder = course.root / "submitted" / learner / "ps2"
    folder.mkdir(parents=True)
    for name in names:
        node: Any = nbformat.read(course.root / "release" / "ps2" / f"{name}.ipynb", as_version=4)
        node.cells[0].source = "x = 1"
        (folder / f"{name}.ipynb").write_text(nbformat.writes(node), encoding="utf-8")
    (folder / "timestamp.txt").write_text(timestamp, encoding="utf-8")


def hand_in(course: SmallCourse) -> None:
    """Hand in all that nbgrader too can grade."""
    course.submit("answers", SQUARE, "found = 3", essay="I think.", timestamp=_DUE)
    course.submit("blank", timestamp=_DUE)
    course.submit("late", SQUARE, "found = 3", timestamp=_LATE)
    course.submit("late-blank", timestamp=_LATE)
    course.submit("loops", _LOOP, "found = 3", timestamp=_DUE)
    course.submit("loops-in-test", "def square(n):\n    while True: pass", "found = 3", timestamp=_DUE)
    course.submit("negative", SQUARE, "found = -1", timestamp=_DUE)
    course.submit("no-number", SQUARE, "found = float('nan')", timestamp=_DUE)
    course.submit("partial", SQUARE, "found = 1.25", timestamp=_DUE)
    course.submit("exits", "import sys\nsquare = sys.exit", "found = 3", timestamp=_DUE)
    course.submit("syntax", "def square(n: return n", "found = 2", timestamp=_DUE)
    course.submit("prints", f"{SQUARE}\nfor i in range(3000): print(i)", "found = 3", timestamp=_DUE)
    course.submit("warns", _WARNS, "found = 3", timestamp=_DUE)
    course.submit("wrong", "def square(n): return n + n", "found = 'x'", timestamp=_DUE)
    hides = f"{SQUARE.replace('n * n', '0')}\nget_ipython().showtraceback = lambda *a, **k: None"
    course.submit("hides", hides, "found = 3", timestamp=_DUE)
    tampers = course.released()
    tampers.cells[1].source = "square = abs"
    tampers.cells[2].source = "pass"
    tampers.cells[2].metadata.nbgrader["points"] = 100
    course.submit_node("tampers", tampers, timestamp=_DUE)
    submit_second(course, "both", "a", "b")
    submit_second(course, "one", "b", timestamp=_LATE)


def grade_theirs(course: SmallCourse, assignment: str) -> subprocess.CompletedProcess[str]:
    """Run `nbgrader autograde` as anyone does."""
    with nbgrader_environment():
        command = [str(Path(sys.executable).with_name("nbgrader")), "autograde", assignment]
        return subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)


def grade_ours(course: SmallCourse, assignment: str, engine: Any = "fork") -> None:
    grade_assignment(course.open(), assignment, GradingOptions(engine=engine, assurance="compat"), now=lambda: datetime.now(UTC))


def make_course(root: Path) -> SmallCourse:
    course = make_small_course(root, config=_CONFIG)
    second_assignment(root)
    with Gradebook(course.open().database_url) as gradebook:
        for assignment in ("ps1", "ps2"):
            gradebook.update_or_create_assignment(assignment, duedate=_DUE)
    return course


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    """The course with everything handed in, graded by nobody. Only copied."""
    course = make_course(tmp_path_factory.mktemp("template") / "course")
    hand_in(course)
    return course


@pytest.fixture(scope="module")
def theirs(template: SmallCourse, tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    """The course as nbgrader graded it."""
    course = SmallCourse(shutil.copytree(template.root, tmp_path_factory.mktemp("theirs") / "course"))
    for assignment in ("ps1", "ps2"):
        done = grade_theirs(course, assignment)
        assert done.returncode == 0, done.stderr[-3000:]
    return course


@pytest.fixture(scope="module", params=["fork", pytest.param("kernel", marks=pytest.mark.thorough)])
def pair(request: pytest.FixtureRequest, template: SmallCourse, theirs: SmallCourse, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Both."""
    ours = SmallCourse(shutil.copytree(template.root, tmp_path_factory.mktemp("ours") / "course"))
    for assignment in ("ps1", "ps2"):
        grade_ours(ours, assignment, request.param)
    return Pair(theirs, ours)


def rows(course: SmallCourse, assignment: str) -> dict[tuple[str, str, str], tuple[object, ...]]:
    """Return every row that grading writes into nbgrader's gradebook, by learner, notebook and cell."""
    found: dict[tuple[str, str, str], tuple[object, ...]] = {}
    with Gradebook(course.open().database_url) as gradebook:
        for submission in gradebook.assignment_submissions(assignment):
            learner = submission.student.id
            found[learner, "", ""] = (
                str(submission.timestamp),
                submission.total_seconds_late,
                submission.score,
                submission.needs_manual_grade,
            )
            for notebook in submission.notebooks:
                penalty = notebook.late_submission_penalty or 0.0  # where a notebook was not handed in, nbgrader leaves none and we write 0
                found[learner, notebook.name, ""] = (penalty, notebook.score, notebook.failed_tests)
                for grade in notebook.grades:
                    found[learner, notebook.name, grade.cell.name] = (grade.auto_score, grade.manual_score, grade.needs_manual_grade)
                for comment in notebook.comments:
                    found[learner, notebook.name, f"comment on {comment.cell.name}"] = (comment.auto_comment, comment.manual_comment)
    return found


@pytest.mark.parametrize("assignment", ["ps1", "ps2"])
def test_the_gradebook_holds_the_same_rows(pair: Pair, assignment: str) -> None:
    theirs, ours = rows(pair.theirs, assignment), rows(pair.ours, assignment)
    assert len(theirs) > 10
    assert {key: (value, ours.get(key)) for key, value in theirs.items() if value != ours.get(key)} == {}
    assert ours.keys() == theirs.keys()


def test_the_rows_are_what_the_contract_says(pair: Pair) -> None:
    found = rows(pair.ours, "ps1")
    assert found["answers", "p1", "essay"] == (None, None, True)
    assert found["blank", "p1", "essay"] == (0.0, None, False)
    assert found["blank", "p1", "comment on square"] == ("No response.", None)
    assert found["late", "p1", ""] == (5.0, 5.0, False)
    assert found["partial", "p1", "test_found"] == (1.25, None, False)
    assert found["negative", "p1", "test_found"][0] == 3.0, "nbgrader's rule, kept"
    assert found["warns", "p1", "test_square"][0] == 0.0, "nbgrader's rule, kept"
    assert found["loops", "p1", "test_square"][0] == 2.0
    assert found["loops-in-test", "p1", "test_square"][0] == 0.0
    assert found["hides", "p1", "test_square"][0] == 0.0
    assert found["tampers", "p1", "test_square"][0] == 0.0
    one = rows(pair.ours, "ps2")
    assert (one["one", "a", "test_x"], one["one", "b", "test_x"]) == ((0.0, None, False), (2.0, None, False))
    assert one["one", "b", ""][0] == 2.0


def without_ids(answer: Any) -> Any:
    """Return what nbgrader's API says, without the random ids of the database's rows and the places in their order."""
    if isinstance(answer, list):
        return [without_ids(each) for each in answer]
    return {key: value for key, value in answer.items() if key not in {"id", "index"}} if isinstance(answer, dict) else answer


def api(course: SmallCourse) -> NbGraderAPI:
    opened = course.open()
    return NbGraderAPI(coursedir=opened.directory, config=opened.config)


@pytest.mark.parametrize("assignment", ["ps1", "ps2"])
def test_formgraders_own_questions_get_the_same_answers(pair: Pair, assignment: str) -> None:
    theirs, ours = api(pair.theirs), api(pair.ours)
    assert without_ids(ours.get_submissions(assignment)) == without_ids(theirs.get_submissions(assignment))
    assert {each["autograded"] for each in ours.get_submissions(assignment)} == {True}
    assert ours.get_autograded_students(assignment) == theirs.get_autograded_students(assignment)
    assert without_ids(ours.get_assignment(assignment)) == without_ids(theirs.get_assignment(assignment))
    assert without_ids(ours.get_notebooks(assignment)) == without_ids(theirs.get_notebooks(assignment))
    for notebook in (each["name"] for each in theirs.get_notebooks(assignment)):
        answers = [without_ids(each.get_notebook_submissions(assignment, notebook)) for each in (ours, theirs)]
        key = lambda each: (each["student"], each["name"])  # noqa: E731 - the order of rows with equal names is the database's
        assert sorted(answers[0], key=key) == sorted(answers[1], key=key)
    assert without_ids(ours.get_students()) == without_ids(theirs.get_students())
    for learner in ("answers", "late", "one"):
        mine, yours = (
            sorted(without_ids(each.get_student_submissions(learner)), key=lambda each: str(each["name"])) for each in (ours, theirs)
        )
        assert mine == yours


def files(course: SmallCourse, learner: str) -> dict[str, int]:
    folder = course.root / "autograded" / learner / "ps1"
    return {path.relative_to(folder).as_posix(): path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}


def test_the_autograded_folder_holds_the_same_files_with_the_same_modes(pair: Pair) -> None:
    for learner in ("answers", "blank", "loops"):
        assert files(pair.ours, learner) == files(pair.theirs, learner)


def test_the_autograded_notebook_shows_the_same_cells_and_outcomes(pair: Pair) -> None:
    for learner in ("answers", "blank", "wrong", "loops", "partial", "exits", "syntax", "hides", "tampers"):
        shown = []
        for course in (pair.theirs, pair.ours):
            node: Any = nbformat.read(course.root / "autograded" / learner / "ps1" / "p1.ipynb", as_version=4)
            shown.append([(cell.cell_type, cell.source, cell.metadata.get("nbgrader"), outcomes(cell)) for cell in node.cells])
        if learner == "loops":  # the error that names the limit stands first with us, last with nbgrader
            shown = [[(*rest, sorted(found)) for *rest, found in cells] for cells in shown]
        assert shown[0] == shown[1], learner


def outcomes(cell: Any) -> list[tuple[str, str]]:
    return [(output.output_type, str(output.get("ename", output.get("name", "")))) for output in cell.get("outputs", [])]


def test_nbgraders_feedback_can_be_made_of_what_we_graded(pair: Pair) -> None:
    with nbgrader_environment():
        assert api(pair.ours).generate_feedback("ps1", "answers")["success"]
    page = (pair.ours.root / "feedback" / "answers" / "ps1" / "p1.html").read_text(encoding="utf-8")
    assert "Test cell" in page or "test_square" in page


def test_a_course_can_go_back_to_nbgrader(template: SmallCourse, theirs: SmallCourse, tmp_path: Path) -> None:
    course = SmallCourse(shutil.copytree(template.root, tmp_path / "course"))
    for other in course.root.joinpath("submitted").iterdir():
        if other.name not in {"partial", "late"}:
            shutil.rmtree(other)
    grade_ours(course, "ps1")
    course.submit("late", SQUARE, "found = 2", timestamp="2026-11-20 12:00:05.000000 UTC")
    done = grade_theirs(course, "ps1")
    assert done.returncode == 0, done.stderr[-3000:]
    found, expected = rows(course, "ps1"), rows(theirs, "ps1")
    assert found["late", "p1", "test_found"] == (2.0, None, False)
    assert found["partial", "p1", "test_found"] == expected["partial", "p1", "test_found"]


def hand_in_what_nbgrader_loses(course: SmallCourse) -> None:
    double = course.released()
    double.cells.insert(1, copy.deepcopy(double.cells[1]))
    double.cells[1].id, double.cells[1].source = "the-copy", "x = 1"
    double.cells[2].source = SQUARE
    course.submit_node("b-copies", double, timestamp=_DUE)
    (course.submit("c-json") / "p1.ipynb").write_text("{", encoding="utf-8")
    deletes = course.released()
    del deletes.cells[2]
    course.submit_node("d-deletes", deletes, timestamp=_DUE)
    course.submit("a-good", SQUARE, "found = 3", timestamp=_DUE)
    course.submit("z-good", SQUARE, "found = 3", timestamp=_DUE)


@pytest.mark.thorough
def test_what_stops_nbgrader_does_not_stop_us(tmp_path: Path) -> None:
    theirs = make_course(tmp_path / "theirs")
    hand_in_what_nbgrader_loses(theirs)
    ours = SmallCourse(shutil.copytree(theirs.root, tmp_path / "ours"))
    assert grade_theirs(theirs, "ps1").returncode != 0
    lost = rows(theirs, "ps1")
    assert lost["a-good", "", ""][2] == 5.0
    assert ("z-good", "", "") not in lost, "nbgrader stopped at the copied cell"
    grade_ours(ours, "ps1")
    found = rows(ours, "ps1")
    assert (found["a-good", "", ""][2], found["b-copies", "", ""][2], found["z-good", "", ""][2]) == (5.0, 2.0, 5.0)
    assert found["d-deletes", "p1", "test_square"] == (0.0, None, False)
    assert found["c-json", "p1", "test_square"] == (None, None, True)


@pytest.mark.thorough
def test_a_pass_that_stands_on_in_nbgrader_after_a_dead_kernel_does_not_with_us(tmp_path: Path) -> None:
    theirs = make_course(tmp_path / "theirs")
    theirs.submit("anna", SQUARE, "found = 3", timestamp=_DUE)
    ours = SmallCourse(shutil.copytree(theirs.root, tmp_path / "ours"))
    assert grade_theirs(theirs, "ps1").returncode == 0
    grade_ours(ours, "ps1")
    for course in (theirs, ours):
        course.submit("anna", "import os\nos._exit(1)", timestamp="2026-11-20 12:00:00.500000 UTC")
    assert grade_theirs(theirs, "ps1").returncode != 0
    grade_ours(ours, "ps1")
    assert rows(theirs, "ps1")["anna", "p1", "test_square"] == (2.0, None, False), "the stale pass"
    assert rows(ours, "ps1")["anna", "p1", "test_square"] == (None, None, True)
