"""Test cells that are hard to examine from another process, each with its reference solution as the learner's answer."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.autograder.sealed.examination import SHORT_LIMITS, Desk, both_servers
from tests.autograder.sealed.traps import REFUSED, SEALED, UNSEALED, Trap

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]


@pytest.mark.parametrize("trap", SEALED.values(), ids=SEALED)
def test_a_hard_test_earns_full_marks_sealed(desk: Desk, trap: Trap) -> None:
    cell = desk.cell(trap.solution, trap.solution, trap.test, setup=trap.setup)
    assert (cell.auto_score, cell.is_sealed, cell.note) == (2, True, None)


@pytest.mark.parametrize("trap", UNSEALED.values(), ids=UNSEALED)
def test_a_test_of_the_learners_own_operators_earns_marks_that_are_not_sealed(desk: Desk, trap: Trap) -> None:
    cell = desk.cell(trap.solution, trap.solution, trap.test, setup=trap.setup)
    assert (cell.auto_score, cell.is_sealed) == (2, False)
    assert "own class V" in (cell.note or "")


@pytest.mark.parametrize("trap", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_examined_goes_to_a_person(desk: Desk, trap: Trap) -> None:
    cell = desk.cell(trap.solution, trap.solution, trap.test, setup=trap.setup)
    assert (cell.auto_score, cell.is_sealed) == (None, False)
    assert "decided by a person: sealed, the test earns 0 of 2; with everything in one process it earns 2" in (cell.note or "")


SQUARE = "def square(n):\n    return n * n"


def test_a_wrong_answer_is_a_sealed_zero_with_the_tests_message_and_not_its_text(desk: Desk) -> None:
    result = desk.grade(SQUARE, "def square(n):\n    return n + n", "hidden = 9\nassert square(3) == hidden, 'three times three'")
    (cell,) = result.cells
    assert (cell.auto_score, cell.is_sealed, cell.note) == (0, True, "three times three")
    node = nbformat.reads(result.notebooks[0].document, as_version=4)
    assert [(output.ename, output.traceback) for output in node.cells[-1].outputs] == [("AssertionError", ["three times three"])]


def test_a_blank_answer_is_a_sealed_zero(desk: Desk) -> None:
    cell = desk.cell(SQUARE, "", "assert square(3) == 9")
    assert (cell.auto_score, cell.is_sealed, cell.note) == (0, True, "NameError: name 'square' is not defined")


def test_partial_credit_is_read_from_the_examiners_result(desk: Desk) -> None:
    cell = desk.cell("found = 3", "found = 2", "found / 2")
    assert (cell.auto_score, cell.is_sealed) == (1, True)


def test_a_function_without_end_costs_its_cell_and_the_next_one_is_graded(desk: Desk) -> None:
    answer = "def slow(n):\n    while n:\n        pass\n    return 0"
    result = desk.grade("def slow(n):\n    return 0", answer, "assert slow(1) == 0", "assert slow(0) == 0", limits=SHORT_LIMITS)
    assert [(cell.auto_score, cell.is_sealed) for cell in result.cells] == [(0, True), (2, True)]


def test_a_function_that_cannot_be_interrupted_costs_its_cell_and_the_run_says_so(desk: Desk) -> None:
    answer = "def slow(n):\n    while True:\n        try:\n            while True:\n                pass\n        except BaseException:\n            pass"
    result = desk.grade("def slow(n):\n    return 0", answer, "assert slow(1) == 0", limits=SHORT_LIMITS)
    assert (result.status, [(cell.auto_score, cell.is_sealed) for cell in result.cells]) == ("graded", [(0, False)])
    assert "did not stop when it was interrupted" in result.reason


@pytest.mark.parametrize("loaded", ["from statistics import mean", "from numpy import *"])
def test_a_library_function_is_never_tested_in_place_of_the_learners(desk: Desk, loaded: str) -> None:
    solution = f"{loaded}\ndef mean(xs):\n    return sum(xs) / len(xs)"
    cell = desk.cell(solution, f"{loaded}\ndef mean(xs):\n    return 0", "assert mean([1, 3]) == 2")
    assert (cell.auto_score, cell.is_sealed) == (0, True)
    cell = desk.cell(solution, solution, "assert mean([1, 3]) == 2")
    assert (cell.auto_score, cell.is_sealed) == (2, True)


def test_values_of_a_library_that_only_the_answer_loads_cross_as_values(tmp_path: Path) -> None:
    with both_servers() as servers:  # no fork server has loaded pandas, and a locked-in process reads no file of ours
        desk = Desk(servers, tmp_path)
        solution = "import pandas as pd\nf = pd.DataFrame({'a': ['x', 'y']})"
        cell = desk.cell(solution, solution, "assert f['a'].dtype == 'str' and list(f.columns) == ['a']")
        assert (cell.auto_score, cell.is_sealed, cell.note) == (2, True, None)


def test_a_builtin_that_the_solution_hides_is_said(desk: Desk) -> None:
    answer = "def abs(x):\n    return 0"
    cell = desk.cell("def abs(x):\n    return x if x > 0 else -x", answer, "assert abs(0) == 0")
    assert (cell.auto_score, cell.is_sealed) == (2, False)
    assert "hides Python's own" in (cell.note or "")


def test_a_name_that_the_solution_does_not_bind_does_not_come_from_the_learner(desk: Desk) -> None:
    cell = desk.cell(SQUARE, f"{SQUARE}\nexpected = 9", "assert square(3) == expected")
    assert (cell.auto_score, cell.is_sealed) == (None, False)


def test_an_answer_cell_that_binds_a_set_up_name_anew_is_followed(desk: Desk) -> None:
    cell = desk.cell("limit = limit + 1", "limit = limit + 1", "assert limit == 11", setup="limit = 10")
    assert (cell.auto_score, cell.is_sealed) == (2, True)


def test_a_set_up_name_that_the_learner_changes_stays_the_instructors(desk: Desk) -> None:
    cell = desk.cell(SQUARE, f"{SQUARE}\nlimit = 0", "assert square(2) < limit", setup="limit = 10")
    assert cell.auto_score is None  # apart it passes, in one process it does not
    assert "limit" in (cell.note or "")


@pytest.mark.parametrize(
    "setup",
    [
        "data = [3, 1, 2]\ninner = data",
        "inner = [3, 1, 2]\ndata = {'a': [inner]}",
        "import numpy as np\ndata = inner = np.array([3, 1, 2])",
    ],
    ids=["list", "nested", "array"],
)
def test_data_of_the_set_up_that_a_test_has_changed_are_changed_for_the_learners_code_as_in_one_process(desk: Desk, setup: str) -> None:
    solution = "def tidy(what):\n    return sorted(what)\ndef first():\n    return (data['a'][0] if isinstance(data, dict) else data)[0]"
    careless = solution.replace("return sorted(what)", "what.sort()\n    return list(what)")
    part = "data['a'][0] if isinstance(data, dict) else data"
    tests = (f"assert list(tidy({part})) == [1, 2, 3]", "assert first() == 3")
    assert [cell.auto_score for cell in desk.in_one_process(solution, careless, *tests, setup=setup).cells if cell.kind == "test"] == [2, 0]
    assert [cell.auto_score for cell in desk.grade(solution, solution, *tests, setup=setup).cells if cell.kind == "test"] == [2, 2]
    assert [cell.auto_score for cell in desk.grade(solution, careless, *tests, setup=setup).cells if cell.kind == "test"] == [2, 0]
