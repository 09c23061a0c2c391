"""The state of the random generators: told when it changed, silent when not, and cheap to ask."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograder.sealed import randomness
from autograder.sealed.randomness import RandomStates
from autograder.sealed.wire import WireError

_STATE: Any = np.random.RandomState(3).get_state()
WITH_A_NORMAL = (*_STATE[:3], 1, 0.25)
CHANGES: list[tuple[Callable[[], Any], int]] = [
    (random.random, 0),
    (lambda: random.gauss(0, 1), 0),
    (lambda: random.gauss(0, 1), 0),
    (lambda: random.seed(3), 0),
    (lambda: random.shuffle(list(range(700))), 0),
    (np.random.rand, 1),
    (np.random.randn, 1),
    (np.random.randn, 1),
    (lambda: np.random.seed(3), 1),
    (lambda: np.random.set_state(WITH_A_NORMAL), 1),
    (lambda: np.random.set_state((*WITH_A_NORMAL[:3], 0, 0.0)), 1),
]


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    yield
    random.setstate(python)
    np.random.set_state(numpy)


@pytest.fixture(params=["memory", "read out"])
def states(request: pytest.FixtureRequest) -> RandomStates:
    np.random.seed(1)
    found = RandomStates()
    if request.param == "read out":
        found._looks = [randomness._nothing, randomness._nothing]
    return found


def test_every_kind_of_change_is_told_once(states: RandomStates) -> None:
    assert states.told() is not None
    for change, place in CHANGES:
        assert states.told() is None
        change()
        told = states.told()
        assert told is not None
        assert told[place] is not None
        assert told[1 - place] is None


def test_a_state_that_is_taken_makes_both_sides_draw_alike(states: RandomStates) -> None:
    random.seed(5)
    np.random.seed(5)
    np.random.randn()
    told = states.told()
    drawn = (random.random(), np.random.randn(), np.random.rand())
    states.take(told)
    assert states.told() is None
    assert drawn == (random.random(), np.random.randn(), np.random.rand())
    assert states.told() is not None


def test_the_memory_of_both_generators_is_found_here() -> None:
    assert randomness._look_at_python() is not randomness._nothing
    assert randomness._look_at_numpy() is not randomness._nothing


@pytest.mark.parametrize("state", [[[3, [1], None], None], [3, None], [None, [b"x", 1, 0, 0.0]], [[], []], 5, [None, ["x", 1]]])
def test_what_is_no_state_is_refused(state: Any) -> None:
    with pytest.raises(WireError, match="malformed"):
        RandomStates().take(state)
