"""What a test replaces in a library is in force for the learner's code too, as long as the test's replacement is, and what that code warns of and logs is seen."""

from __future__ import annotations

import pytest

from tests.autograder.sealed.examination import Desk
from tests.autograder.sealed.traps import Trap

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]

PATCH = "from unittest.mock import patch\n"
TRAPS = {
    "a module that set-up imports": Trap(
        "def draw():\n    plt.figure()\n    plt.subplot(2, 1, 1)\n    plt.subplot(2, 1, 2)\n    plt.show()",
        f"{PATCH}with patch.object(plt, 'show') as fake:\n    draw()\nassert fake.called and len(plt.gcf().axes) == 2\nplt.close('all')",
        setup="from matplotlib import pyplot as plt",
        wrong="def draw():\n    plt.figure()\n    plt.subplot(2, 1, 1)\n    plt.subplot(2, 1, 2)",
    ),
    "random by patch": Trap(
        "import random\ndef roll():\n    return random.randint(1, 6)",
        f"{PATCH}with patch('random.randint', side_effect=[3, 5]):\n    assert [roll(), roll()] == [3, 5]\nassert 1 <= roll() <= 6",
        wrong="def roll():\n    return 4",
    ),
    "random by assignment": Trap(
        "import random\ndef flip():\n    return random.random() < 0.5",
        "import random\nold = random.random\nrandom.random = lambda: 0.7\nassert flip() is False\nrandom.random = lambda: 0.2\nassert flip() is True\n"
        "random.random = old\nassert flip() in (True, False)",
        wrong="def flip():\n    return True",
    ),
    "patch as a decorator": Trap(
        "import os\ndef home():\n    return os.getcwd()",
        f"{PATCH}@patch('os.getcwd', return_value='/there')\ndef check(fake):\n    assert home() == '/there'\n    assert fake.call_count == 1\ncheck()",
        wrong="def home():\n    return '/there'",
    ),
    "assertWarns": Trap(
        "import warnings\ndef f(x):\n    if x < 0:\n        warnings.warn('negative', UserWarning)\n    return x",
        "import unittest\nt = unittest.TestCase()\nfor _ in range(2):\n    with t.assertWarns(UserWarning) as c:\n        f(-1)\nassert str(c.warning) == 'negative'\n"
        "import warnings\nwith warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always')\n    f(1)\nassert not w",
        wrong="def f(x):\n    return x",
    ),
    "warnings as errors": Trap(
        "import warnings\ndef f(x):\n    warnings.warn('old')\n    return x",
        "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('error')\n    try:\n        f(1)\n    except UserWarning as w:\n        assert str(w) == 'old'\n"
        "    else:\n        assert False",
        wrong="def f(x):\n    return x",
    ),
    "log of a lower level": Trap(
        "import logging\nlog = logging.getLogger('shop')\ndef sell():\n    log.info('sold %d', 3)\n    log.debug('quiet')",
        "import unittest\nwith unittest.TestCase().assertLogs('shop', 'INFO') as c:\n    sell()\nassert c.output == ['INFO:shop:sold 3']",
        wrong="import logging\ndef sell():\n    logging.getLogger('other').info('sold 3')",
    ),
}


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_right_and_wrong_answers_get_sealed_what_they_get_in_one_process(desk: Desk, trap: Trap) -> None:
    assert desk.in_one_process(trap.solution, trap.solution, trap.test, setup=trap.setup).cells[0].auto_score == 2
    right = desk.cell(trap.solution, trap.solution, trap.test, setup=trap.setup)
    assert (right.auto_score, right.is_sealed, right.note) == (2, True, None)
    wrong = desk.cell(trap.solution, trap.wrong, trap.test, setup=trap.setup)
    assert (wrong.auto_score, wrong.is_sealed) == (0, True)


def test_a_replacement_that_a_test_leaves_behind_stays_as_in_one_process(desk: Desk) -> None:
    answer = "import random\ndef roll():\n    return random.randint(1, 6)"
    result = desk.grade(answer, answer, "import random\nrandom.randint = lambda a, b: 99\nassert roll() == 99", "assert roll() == 99")
    assert [(cell.auto_score, cell.is_sealed) for cell in result.cells] == [(2, True), (2, True)]


@pytest.mark.parametrize(
    "cheat",
    [
        "time.sleep.assert_called_once_with = print",
        "time.sleep.configure_mock(**{'assert_called_once_with.return_value': 1})",
        "time.sleep.assert_called_once_with.side_effect = print",
    ],
)
def test_a_mock_tells_the_learners_code_nothing_and_is_not_changed_by_it(desk: Desk, cheat: str) -> None:
    solution = "import time\ndef nap(n):\n    time.sleep(n)"
    test = f"{PATCH}with patch('time.sleep') as s:\n    try:\n        nap(7)\n    except AttributeError:\n        pass\ns.assert_called_once_with(7)"
    assert desk.cell(solution, solution, test).auto_score == 2
    assert desk.in_one_process(solution, f"import time\ndef nap(n):\n    {cheat}", test).cells[0].auto_score is not None
    cell = desk.cell(solution, f"import time\ndef nap(n):\n    {cheat}", test)
    assert not cell.auto_score
