"""What becomes of a test where the learner's notebook has bound a name of Python's own, or of the set-up, to something else."""

from __future__ import annotations

import pytest

from tests.autograder.sealed.examination import Desk

pytestmark = pytest.mark.slow

FIRST = "def first(items):\n    return items[0]"


@pytest.mark.parametrize("careless", ["limit = 3", "math = None", "def sum(x):\n    return 0"])
def test_where_one_process_would_fail_a_person_decides(desk: Desk, careless: str) -> None:
    test = "assert first(list((5, 6))) == 5\nassert sum([1, 2]) == 3\nassert math.sqrt(limit) == 3"
    cell = desk.cell(FIRST, f"{FIRST}\n{careless}", test, setup="import math\nlimit = 9")
    assert cell.auto_score is None
    assert careless.removeprefix("def ").split()[0].partition("(")[0] in (cell.note or "")


@pytest.mark.parametrize("careless", ["list = [1, 2]", "sum = 0"])
def test_a_call_of_what_is_hidden_behind_no_function_fails_as_in_one_process(desk: Desk, careless: str) -> None:
    cell = desk.cell(FIRST, f"{FIRST}\n{careless}", "assert first(list((5, 6))) == 5\nassert sum([1, 2]) == 3")
    assert (cell.auto_score, cell.is_sealed) == (0, True)
    assert "another meaning" in (cell.note or "")
    assert "object is not callable" in (cell.note or "")


def test_what_fails_both_ways_for_another_reason_keeps_its_zero(desk: Desk) -> None:
    cell = desk.cell(FIRST, "list = 5\ndef first(items):\n    return 7", "assert first(list((5, 6))) == 5")
    assert cell.auto_score == 0


def test_what_does_no_harm_is_left_alone(desk: Desk) -> None:
    test = "assert first(list((5, 6))) == 5\nassert limit == 9"
    for harmless in ("sum = 0", "limit = 9", "mine = 5", "def check(x):\n    return x"):
        cell = desk.cell(FIRST, f"{FIRST}\n{harmless}", test, setup="limit = 9\ndef check(x):\n    assert x")
        assert (cell.auto_score, cell.is_sealed) == (2, True), (harmless, cell.note)


def test_a_test_may_rebind_what_the_set_up_has_bound(desk: Desk) -> None:
    below = "def below(x):\n    return x < limit"
    test = "limit = 3\nassert not below(5)\nlimit = 10\nassert below(5)"
    cell = desk.cell(below, below, test, setup="limit = 9")
    assert (cell.auto_score, cell.is_sealed) == (2, True), cell.note
