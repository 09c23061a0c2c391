"""Test cells of many kinds, each with an answer that is right and one that is not: sealed they get what they get in one process."""

from __future__ import annotations

import pytest

from tests.autograder.sealed.examination import Desk
from tests.autograder.sealed.stress import classes, library, state, surroundings, text
from tests.autograder.sealed.traps import Trap

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]

TO_A_PERSON = ("global mocked",)
"""What passes in one process and cannot be examined from another yet: it earns nothing automatically, and loses nothing."""
ALL = {name: trap for each in (state, classes, text, library, surroundings) for name, trap in each.TRAPS.items()}
TRAPS = {name: trap for name, trap in ALL.items() if name not in TO_A_PERSON}


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_right_and_wrong_answers_get_sealed_what_they_get_in_one_process(desk: Desk, trap: Trap) -> None:
    assert desk.in_one_process(trap.solution, trap.solution, trap.test, setup=trap.setup).cells[0].auto_score == 2
    right = desk.cell(trap.solution, trap.solution, trap.test, setup=trap.setup)
    assert (right.auto_score, right.is_sealed, right.note) == (2, True, None)
    wrong = desk.cell(trap.solution, trap.wrong, trap.test, setup=trap.setup)  # a zero stands only where one process gives it too
    assert (wrong.auto_score, wrong.is_sealed) == (0, True)


@pytest.mark.parametrize("name", TO_A_PERSON)
def test_what_cannot_be_examined_apart_goes_to_a_person(desk: Desk, name: str) -> None:
    trap = ALL[name]
    cell = desk.cell(trap.solution, trap.solution, trap.test, setup=trap.setup)
    assert (cell.auto_score, cell.is_sealed) == (None, False)
    assert "with everything in one process it earns 2" in (cell.note or "")
