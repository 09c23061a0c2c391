"""Test cells of many kinds, each with an answer that is right and one that is not: sealed they get what they get in one process."""

from __future__ import annotations

import pytest

from tests.autograder.sealed.examination import Desk
from tests.autograder.sealed.stress import classes, library, state, text
from tests.autograder.sealed.traps import Trap

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]

WAITING = {
    "source of a function", "signature", "figure of the set-up", "warning seen", "logging seen", "print mocked", "sleep mocked", "global mocked",
    "decorator of the answer", "frames", "subclass of the instructor's",
}  # fmt: skip
TRAPS = {name: trap for each in (state, classes, text, library) for name, trap in each.TRAPS.items() if name not in WAITING}


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_right_and_wrong_answers_get_sealed_what_they_get_in_one_process(desk: Desk, trap: Trap) -> None:
    assert desk.in_one_process(trap.solution, trap.solution, trap.test, setup=trap.setup).cells[0].auto_score == 2
    right = desk.cell(trap.solution, trap.solution, trap.test, setup=trap.setup)
    assert (right.auto_score, right.is_sealed, right.note) == (2, True, None)
    wrong = desk.cell(trap.solution, trap.wrong, trap.test, setup=trap.setup)  # a zero stands only where one process gives it too
    assert (wrong.auto_score, wrong.is_sealed) == (0, True)
