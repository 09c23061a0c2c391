"""Regrading after a test was mended, on real kernels: previews write nothing, policies hold, marks of persons stay, a crash leaves the old state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from autograder.dropped_items import dropped_cells, show_points_again
from autograder.errors import RegradeError
from autograder.evidence import verify_run
from autograder.gradebook import read_gradebook
from autograder.grading import GradingOptions
from autograder.jobs import GradedCell, SourceNotebook
from autograder.nbgrader_database import load_source
from autograder.records import GradingRun, open_records
from autograder.regrade_decisions import Decision, decision_in_force, dropped_items, full_marks, not_lower
from autograder.regrade_preview import frames_after
from autograder.regrade_wishes import Wish, require_item
from autograder.regrading import AttemptChange, Regrade, apply_regrade, decisions_about, preview_regrade
from courses.release import nbgrader_environment
from tests.autograder.grading_calls import attempts, grade, now, scores, state
from tests.small_course import SQUARE, SmallCourse, source_notebook

pytestmark = pytest.mark.slow

ABS = "def square(n):\n    return abs(n) * n"
"""Wrong for negative numbers only."""
COMPAT = GradingOptions(assurance="compat")


def mend(course: SmallCourse, test: str) -> None:
    """Put another test of `square` into the source, and release it."""
    node = source_notebook()
    next(cell for cell in node.cells if cell.metadata["nbgrader"]["grade_id"] == "test_square").source = test
    (course.root / "source" / "ps1" / "p1.ipynb").write_text(nbformat.writes(node), encoding="utf-8")
    opened = course.open()
    with nbgrader_environment():
        result = NbGraderAPI(coursedir=opened.directory, config=opened.config).generate_assignment("ps1", force=True)
    assert result["success"], result


def regrade(course: SmallCourse, policy: Any, item: str = "", **more: Any) -> Regrade:
    wish = Wish(policy, item, more.pop("reason", "the test was wrong"), more.pop("by", "M. Reyes"))
    return apply_regrade(course.open(), "ps1", wish, COMPAT, now=now, progress=more.pop("progress", lambda _done, _all: None))


def preview(course: SmallCourse, policy: Any, item: str = "") -> Regrade:
    return preview_regrade(course.open(), "ps1", Wish(policy, item), COMPAT, now=now, progress=lambda _done, _all: None)


def of_square(course: SmallCourse, learner: str) -> float | None:
    return scores(course, learner)["test_square"][0]


def everything(course: SmallCourse) -> dict[str, list[Any]]:
    """Return all rows of both databases that grading writes."""
    found: dict[str, list[Any]] = {}
    with open_records(course.open()) as session:
        for table in ("attempt", "grading_run", "result", "regrade"):
            found[table] = [tuple(row) for row in session.execute(text(f"SELECT * FROM {table}"))]
    with Gradebook(course.open().database_url) as gradebook:
        found["grade"] = [tuple(row) for row in gradebook.db.execute(text("SELECT * FROM grade ORDER BY id"))]
    return found


@pytest.fixture
def graded(small_course: SmallCourse) -> SmallCourse:
    """`good` passes both tests of `square`, `close` only the part without negative numbers, `bad` none."""
    small_course.submit("good", SQUARE, "found = 3", essay="mine")
    small_course.submit("close", ABS, "found = 3", essay="mine")
    small_course.submit("bad", "def square(n):\n    return 0", "found = 3", essay="mine")
    grade(small_course)
    assert [of_square(small_course, learner) for learner in ("good", "close", "bad")] == [2, 0, 0]
    return small_course


def test_a_preview_says_who_goes_up_and_writes_nothing(graded: SmallCourse) -> None:
    mend(graded, "assert square(2) == 4")
    before = everything(graded)
    found = preview(graded, "replace")
    assert {each.learner: each.direction for each in found.changes} == {"good": "same", "close": "up", "bad": "same"}
    assert found.counts == {"up": 1, "down": 0, "same": 2, "new": 0, "error": 0}
    assert everything(graded) == before


def test_a_wrong_test_is_mended_once_and_marks_of_persons_stay(graded: SmallCourse) -> None:
    with Gradebook(graded.open().database_url) as gradebook:
        grade_row = gradebook.find_grade("test_square", "p1", "ps1", "bad")
        grade_row.manual_score, grade_row.extra_credit = 1.5, 0.25
        essay = gradebook.find_grade("essay", "p1", "ps1", "close")
        essay.manual_score, essay.needs_manual_grade = 4, False
        gradebook.db.commit()
    mend(graded, "assert square(2) == 4")
    done = regrade(graded, "replace")
    assert (done.counts["up"], done.is_known) == (1, False)
    assert [of_square(graded, learner) for learner in ("good", "close", "bad")] == [2, 2, 0]
    assert scores(graded, "bad")["test_square"][1] == 1.5
    row = state(graded, "close")
    assert (row["state"], row["score"]) == ("graded", 9.0)
    again = regrade(graded, "replace")
    assert again.is_known
    assert again.decision == done.decision
    assert len(attempts(graded, "close")[0].results) == 2
    with open_records(graded.open()) as session:
        assert done.decision is not None
        assert verify_run(session, session.get_one(GradingRun, done.decision.run))


def test_a_stricter_test_lowers_nobody_where_nobody_is_to_be_lowered(graded: SmallCourse) -> None:
    mend(graded, "assert square(2) == 5")
    assert {each.learner: each.direction for each in preview(graded, "replace").changes}["good"] == "down"
    done = regrade(graded, "never-lower")
    assert done.counts["down"] == 0
    assert of_square(graded, "good") == 2
    (_, result) = attempts(graded, "good")[0].results
    noted = next(cell for cell in result.cell_list() if cell["name"] == "test_square")
    assert "never lower" in noted["note"]
    grade(graded, force=True)  # does not undo what was decided
    assert of_square(graded, "good") == 2
    table = read_gradebook(graded.open()).cells
    assert table[(table["learner"] == "good") & (table["cell"] == "test_square")]["score"].tolist() == [2.0]


def test_full_marks_go_to_everybody_who_was_here_and_not_to_who_comes_after(graded: SmallCourse) -> None:
    done = regrade(graded, "full-marks", "test_square")
    assert done.counts["up"] == 2
    assert [of_square(graded, learner) for learner in ("good", "close", "bad")] == [2, 2, 2]
    graded.submit("late", "def square(n):\n    return 0", "found = 3")
    grade(graded)
    assert of_square(graded, "late") == 0
    assert [each.policy for each in decisions_about(graded.open(), ["ps1"])] == ["full-marks"]


def possible(course: SmallCourse) -> tuple[float, float, float]:
    """Return what is possible in nbgrader's gradebook: in the test of `square`, in the notebook, in everything of `good`."""
    with Gradebook(course.open().database_url) as gradebook:
        cell = gradebook.find_grade_cell("test_square", "p1", "ps1")
        return cell.max_score, gradebook.find_notebook("p1", "ps1").max_score, gradebook.find_submission("ps1", "good").max_score


def test_a_dropped_item_counts_for_nobody_also_not_for_who_comes_after_and_comes_back_with_the_new_results(graded: SmallCourse) -> None:
    before, frames, source = everything(graded), read_gradebook(graded.open()), load_source(graded.open(), "ps1")
    foreseen = preview(graded, "drop-item", "test_square")
    assert (everything(graded), possible(graded)) == (before, (2, 9, 9))
    done = regrade(graded, "drop-item", "test_square")
    assert {each.learner: each.direction for each in done.changes} == {"good": "same", "close": "up", "bad": "up"}
    told = {
        each.learner: (cell.before, cell.possible_before, cell.after, cell.points_possible) for each in done.changes for cell in each.cells
    }
    assert told == {"good": (2, 2, 0, 0), "close": (0, 2, 0, 0), "bad": (0, 2, 0, 0)}, "also of who had nothing there"
    assert [of_square(graded, learner) for learner in ("good", "close", "bad")] == [0, 0, 0]
    assert possible(graded) == (0, 7, 7)
    assert load_source(graded.open(), "ps1") == source, "the decision is about the tests, whose points stand in the source"
    with Gradebook(graded.open().database_url) as gradebook:
        for grade_row in gradebook.find_submission("ps1", "good").notebooks[0].grades:
            if grade_row.needs_manual_grade:
                grade_row.manual_score, grade_row.needs_manual_grade = 4, False
        gradebook.db.commit()
    row = state(graded, "good")
    assert (row["state"], row["score"], row["points_possible"]) == ("graded", 7, 7)
    (_, result) = attempts(graded, "good")[0].results
    noted = next(cell for cell in result.cell_list() if cell["name"] == "test_square")
    assert (noted["points_possible"], noted["auto_score"]) == (0, 0)
    assert "M. Reyes" in noted["note"] and "2 of 2" in noted["note"]
    graded.submit("late", SQUARE, "found = 3")
    grade(graded)
    assert of_square(graded, "late") == 0, "who comes after has it as little as others"
    grade(graded, force=True)
    assert (of_square(graded, "good"), possible(graded)) == (0, (0, 7, 7))
    table = frames_after(frames, foreseen).cells
    assert table[table["cell"] == "test_square"]["points_possible"].tolist() == [0, 0, 0]

    mend(graded, source_notebook().cells[2].source)  # the same again: nbgrader puts the points back
    assert possible(graded)[0] == 2
    show_points_again(graded.open(), ["ps1"])
    assert (of_square(graded, "good"), possible(graded)) == (0, (0, 7, 7))
    assert dropped_cells(graded.open(), ["ps1"]) == {("ps1", "test_square")}
    regrade(graded, "replace")
    assert ([of_square(graded, learner) for learner in ("good", "close", "late")], possible(graded)) == ([2, 0, 2], (2, 9, 9))
    assert dropped_cells(graded.open(), ["ps1"]) == frozenset()
    assert not regrade(graded, "drop-item", "test_square").is_known, "what was taken back is decided anew"
    assert possible(graded) == (0, 7, 7)
    with open_records(graded.open()) as session:
        for run in session.scalars(select(GradingRun)).all():
            assert verify_run(session, run)


def test_an_item_that_cannot_be_run_any_more_counts_for_nobody_either(graded: SmallCourse) -> None:
    folder = graded.root / attempts(graded, "good")[0].folder
    (folder / "p1.ipynb").chmod(0o644)
    (folder / "p1.ipynb").write_text("no notebook", encoding="utf-8")
    done = regrade(graded, "drop-item", "test_square")
    assert {each.learner: each.direction for each in done.changes}["good"] == "error"
    assert (of_square(graded, "good"), possible(graded)) == (0, (0, 7, 7))


def test_an_item_that_persons_marked_or_that_is_all_there_is_is_not_dropped(graded: SmallCourse) -> None:
    with Gradebook(graded.open().database_url) as gradebook:
        gradebook.find_grade("test_square", "p1", "ps1", "bad").manual_score = 1.5
        gradebook.db.commit()
    for decide in (preview, regrade):
        with pytest.raises(RegradeError, match="to bad: they would count on top"):
            decide(graded, "drop-item", "test_square")
    assert decisions_about(graded.open(), ["ps1"]) == ()
    source = load_source(graded.open(), "ps1")
    bare = source.model_copy(update={"notebooks": tuple(only_tests(each) for each in source.notebooks)})
    gone = (DECISION, replace(DECISION, item="test_found"))
    with pytest.raises(RegradeError, match="no points are possible"):
        require_item(graded.open(), Wish("drop-item", "test_found"), bare, gone[:1])


def only_tests(notebook: SourceNotebook) -> SourceNotebook:
    return notebook.model_copy(update={"cells": tuple(cell for cell in notebook.cells if cell.is_test)})


def test_a_regrade_that_is_stopped_leaves_everything_as_it_was(graded: SmallCourse) -> None:
    mend(graded, "assert square(2) == 4")
    before = everything(graded)

    def stop(done: int, _all: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        regrade(graded, "replace", progress=stop)
    assert everything(graded) == before
    regrade(graded, "replace")
    assert of_square(graded, "close") == 2


@pytest.mark.parametrize("change", ["UPDATE regrade SET reason = 'x'", "DELETE FROM regrade"])
def test_the_database_refuses_to_change_a_decision(graded: SmallCourse, change: str) -> None:
    regrade(graded, "full-marks", "test_square")
    with open_records(graded.open()) as session, pytest.raises(DatabaseError, match="never"):
        session.execute(text(change))


@pytest.mark.parametrize(
    ("policy", "item", "by", "words"),
    [
        ("full-marks", "", "M. Reyes", "which test cell"),
        ("drop-item", "", "M. Reyes", "which test cell"),
        ("drop-item", "essay", "M. Reyes", "no test cell"),
        ("full-marks", "essay", "M. Reyes", "no test cell"),
        ("replace", "test_square", "M. Reyes", "about all cells"),
        ("replace", "", " ", "a reason and a name"),
        ("double", "", "M. Reyes", "no policy"),
    ],
)
def test_what_cannot_be_decided_is_refused(small_course: SmallCourse, policy: str, item: str, by: str, words: str) -> None:
    with pytest.raises(RegradeError, match=words):
        regrade(small_course, policy, item, by=by)


POINTS = st.floats(0, 5)
DECISION = Decision("ps1", "0" * 64, "drop-item", "test_square", "unclear", "M. Reyes", datetime(2026, 11, 29, tzinfo=UTC).isoformat())


def test_what_the_new_results_replaced_is_not_in_force_any_more() -> None:
    again = replace(DECISION, policy="replace", item="")
    assert dropped_items([DECISION]) == {"test_square": DECISION}
    assert dropped_items([DECISION, again]) == {}
    assert decision_in_force([again, DECISION], "drop-item", "test_square") == DECISION
    assert decision_in_force([DECISION, again], "drop-item", "test_square") is None
    assert decision_in_force([again, DECISION], "replace", "") is None
    assert decision_in_force([DECISION, again], "replace", "") == again


def test_a_share_says_who_goes_up_where_other_points_are_possible() -> None:
    def direction(before: float, possible_before: float, after: float, possible_after: float) -> str:
        return AttemptChange("ana", "0", True, "graded", "", before, after, (), possible_before, possible_after).direction

    assert direction(5, 5, 3, 3) == "same"
    assert direction(3, 5, 3, 3) == "up"
    assert direction(4, 5, 2, 3) == "down"


@given(st.none() | POINTS, st.none() | POINTS)
def test_never_lower_never_lowers_and_never_keeps_a_better_result_back(before: float | None, after: float | None) -> None:
    kept = not_lower(cell(after), cell(before)).auto_score
    assert kept == max((value for value in (before, after) if value is not None), default=None)


@given(POINTS, POINTS, st.floats(0.5, 20))
def test_points_that_changed_are_compared_by_their_share(before: float, after: float, possible: float) -> None:
    kept = not_lower(cell(after * possible / 5, possible), cell(before)).auto_score
    assert kept is not None
    assert 0 <= kept <= possible * (1 + 1e-9)
    assert kept >= before / 5 * possible * (1 - 1e-9)


def test_full_marks_are_a_persons_and_leave_no_review() -> None:
    decision = Decision("ps1", "0" * 64, "full-marks", "t", "unclear", "M. Reyes", datetime(2026, 11, 29, tzinfo=UTC).isoformat())
    given_to = full_marks(cell(None), decision)
    assert (given_to.auto_score, given_to.is_sealed, given_to.review) == (5, True, None)
    assert "M. Reyes" in (given_to.note or "")


def cell(score: float | None, possible: float = 5) -> GradedCell:
    return GradedCell(name="t", notebook="p1", kind="test", points_possible=possible, auto_score=score)
