"""A course graded sealed from its gradebook: same scores as compat for honest work, and said in the records what is sealed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.errors import SandboxMissingError
from autograder.grading import GradingOptions, grade_assignment
from autograder.sealed.deciding import SealedVerdict
from tests.autograder.grading_calls import attempts, by_learner, grade, now, scores
from tests.autograder.sealed.examination import SHORT_LIMITS, Desk
from tests.small_course import SQUARE, SmallCourse

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]

CHEAT = "class Any:\n    def __eq__(self, other):\n        return True\n    __hash__ = None\ndef square(n):\n    return Any()"


@pytest.mark.slow
def test_honest_partial_and_blank_work_earns_sealed_what_it_earns_in_one_process(small_course: SmallCourse) -> None:
    small_course.submit("ana", SQUARE, "found = 3")
    small_course.submit("ben", SQUARE, "found = 1")
    small_course.submit("cy")
    compat = {name: each.score for name, each in by_learner(grade(small_course)).items()}
    sealed = {name: each.score for name, each in by_learner(grade(small_course, assurance="sealed", force=True)).items()}
    assert sealed == compat == {"ana": 5.0, "ben": 3.0, "cy": 0.0}
    (attempt,) = attempts(small_course, "ana")
    assert [result.run.engine for result in attempt.results] == ["compat", "sealed"]
    assert all(cell["is_sealed"] for cell in attempt.results[-1].cell_list())


@pytest.mark.slow
def test_a_cheat_waits_for_a_person_and_its_result_is_not_called_sealed(small_course: SmallCourse) -> None:
    small_course.submit("eve", CHEAT, "found = 3")
    (graded,) = grade(small_course, assurance="sealed").graded
    assert graded.score == 3.0
    assert scores(small_course, "eve")["test_square"] == (None, None, True)
    (attempt,) = attempts(small_course, "eve")
    cells = {cell["name"]: cell for cell in attempt.results[-1].cell_list()}
    assert (attempt.results[-1].run.engine, attempt.results[-1].assurance) == ("sealed", "compat")
    assert (cells["test_square"]["is_sealed"], cells["test_found"]["is_sealed"]) == (False, True)
    assert "in one process it earns 2" in cells["test_square"]["note"]


@pytest.mark.slow
def test_a_test_that_gives_no_number_within_its_points_is_reported_and_full_marks_only_nbgraders_way(small_course: SmallCourse) -> None:
    small_course.submit("ana", SQUARE, "found = -1")
    small_course.submit("ben", SQUARE, "found = 3")
    sealed = by_learner(grade(small_course, assurance="sealed"))
    ((cell, why),) = sealed["ana"].undecided
    assert cell == "p1.ipynb, test_found"
    assert "the test gave -1 points" in why
    assert sealed["ben"].undecided == ()
    assert scores(small_course, "ana")["test_found"] == (None, None, True)
    (attempt,) = attempts(small_course, "ana")
    assert "the test gave -1 points" in attempt.results[-1].warnings
    compat = by_learner(grade(small_course, assurance="compat", force=True))
    assert (compat["ana"].score, compat["ana"].undecided) == (5.0, ())


def test_sealed_grading_is_refused_where_no_kernel_can_be_forked(small_course: SmallCourse) -> None:
    small_course.submit("ana", SQUARE, "found = 3")
    with pytest.raises(SandboxMissingError, match="sealed grading needs kernels that are forked"):
        grade(small_course, assurance="sealed", engine="kernel")
    assert attempts(small_course, "ana")[0].results == []


@given(
    score=st.none() | st.floats(0, 2),
    compat=st.none() | st.floats(0, 2),
    unsealed=st.booleans(),
    refused=st.booleans(),
    was_compared=st.booleans(),
)
def test_no_marks_are_given_for_what_was_refused_and_no_zero_against_compat(
    score: float | None, compat: float | None, unsealed: bool, refused: bool, was_compared: bool
) -> None:
    verdict = SealedVerdict(
        "t", 2.0, score, ("word",) if unsealed else (), ("odd",) if refused else (), "", compat, was_compared=was_compared
    )
    if refused and score:
        assert verdict.needs_person
    if was_compared and score is not None and score < 2 and (compat is None or compat > score):
        assert verdict.needs_person
    if score == 2 and not refused:
        assert not verdict.needs_person
    failed_both_ways = was_compared and score == 0 and compat == 0  # what was refused has cost nothing then
    if verdict.needs_person or unsealed or (refused and not failed_both_ways):
        assert not verdict.is_sealed
    if verdict.needs_person:
        assert "decided by a person" in (verdict.note or "")


@pytest.mark.slow
def test_sealed_is_what_happens_without_asking(small_course: SmallCourse) -> None:
    small_course.submit("ana", SQUARE, "found = 3")
    grade_assignment(small_course.open(), "ps1", GradingOptions(), now=now)
    (attempt,) = attempts(small_course, "ana")
    assert attempt.results[-1].run.engine == "sealed"


LOOP = "for i in range(400):\n    assert square(i) == i * i, f'wrong at {i}'"
COUNTED = "calls = 0\ndef square(n):\n    global calls\n    calls += 1\n    return n * n + (n == 77)"


@pytest.mark.slow
def test_a_loop_that_fails_midway_is_graded_as_if_no_call_had_been_made_ahead(desk: Desk) -> None:
    solution = "calls = 0\ndef square(n):\n    return n * n"
    result = desk.grade(solution, COUNTED, LOOP, "assert calls == 78, calls", "assert square(3) == 9 and calls == 79")
    assert [(cell.auto_score, cell.is_sealed, cell.note) for cell in result.cells] == [
        (0, True, "wrong at 77"), (2, True, None), (2, True, None)
    ]  # fmt: skip


@pytest.mark.slow
def test_a_call_that_no_test_makes_costs_nothing_though_it_never_ends_or_ends_the_process(desk: Desk) -> None:
    answer = "import os\ndef square(n):\n    while n == {} and {}:\n        pass\n    return n * n + (n == 35)"  # which is asked for together with those up to 65
    for ends in ("True", "os._exit(1)"):
        (cell,) = desk.grade(SQUARE, answer.format(40, ends), LOOP, limits=SHORT_LIMITS).cells
        assert (cell.auto_score, cell.is_sealed, cell.note) == (0, True, "wrong at 35")


@pytest.mark.slow
def test_calls_of_a_long_loop_are_made_ahead_between_kernels(desk: Desk) -> None:
    solution = "together = []\ndef square(n):\n    return n * n"
    answer = (
        "import sys\ntogether = []\ndef square(n):\n    frame, names = sys._getframe(), []\n    while frame:\n        names.append(frame.f_code.co_name)\n"
        "        frame = frame.f_back\n    together.append('run_ahead' in names)\n    return n * n"
    )
    told = "assert len(together) == 400\nassert sum(together) > 300, sum(together)"
    assert [cell.auto_score for cell in desk.grade(solution, answer, LOOP, told).cells] == [2, 2]
    assert [cell.auto_score for cell in desk.grade(solution, answer, "import time\n" + LOOP, told).cells] == [2, 0]
