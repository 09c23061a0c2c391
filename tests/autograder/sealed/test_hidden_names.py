"""What becomes of a test where the learner's notebook has bound a name of Python's own, or of the set-up, to something else."""

from __future__ import annotations

import pytest

from tests.autograder.sealed.examination import Desk

FIRST = "def first(items):\n    return items[0]"


@pytest.mark.parametrize("careless", ["list = [1, 2]", "sum = 0", "limit = 3", "math = None"])
def test_where_one_process_would_fail_a_person_decides(desk: Desk, careless: str) -> None:
    test = "assert first(list((5, 6))) == 5\nassert sum([1, 2]) == 3\nassert math.sqrt(limit) == 3"
    cell = desk.cell(FIRST, f"{FIRST}\n{careless}", test, setup="import math\nlimit = 9")
    assert cell.auto_score is None
    assert careless.split()[0] in (cell.note or "")


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
