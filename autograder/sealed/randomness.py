"""The state of the generators of random numbers, `random` and numpy's global one: told where it changed, and followed."""

from __future__ import annotations

import random
import sys
from typing import Any

from autograder.sealed.wire import Tree, WireError

_MOST_BLOCKS = 4000
"""How many times 624 numbers the learner's code may have drawn for its state to be followed."""
_WORDS = 624


class RandomStates:
    """What the other side knows of this side's generators."""

    def __init__(self) -> None:
        self._python: Any = None
        self._numpy: Any = None

    def mark(self) -> None:
        """Take what the generators hold now as known: only what is drawn or seeded from here on is told."""
        self._python, self._numpy = random.getstate(), _numpy_state()

    def told(self) -> Tree:
        """Return the states that changed since they were last told or taken, None if none did."""
        found: list[Tree] = [None, None]
        mine = random.getstate()
        if mine != self._python:
            self._python = mine
            found[0] = [mine[0], list(mine[1]), mine[2]]
        state = _numpy_state()
        if state is not None and state != self._numpy:
            self._numpy = state
            found[1] = state
        return found if found != [None, None] else None

    def take(self, state: Tree, *, only_drawn: bool = False) -> None:
        """Go on from a state that the other side told.

        Args:
            only_drawn: follow only where this side's own generator comes to it by drawing numbers.

        Raises:
            WireError: it is no state.
        """
        if state is None:
            return
        try:
            if state[0] is not None:
                self._take_python((state[0][0], tuple(state[0][1]), state[0][2]), only_drawn=only_drawn)
            if state[1] is not None and "numpy" in sys.modules:
                self._take_numpy(list(state[1]), only_drawn=only_drawn)
        except (TypeError, ValueError, LookupError, OverflowError) as refusal:
            raise WireError("a state of random numbers is malformed") from refusal

    def _take_python(self, state: Any, *, only_drawn: bool) -> None:
        if only_drawn and not _is_drawn(random.getstate()[1][:_WORDS], tuple(state[1][:_WORDS])):
            return
        random.setstate(state)
        self._python = state

    def _take_numpy(self, state: list[Any], *, only_drawn: bool) -> None:
        numpy = sys.modules["numpy"]
        keys = numpy.frombuffer(state[0], dtype=numpy.uint32)
        mine = numpy.random.get_state()
        if only_drawn and not (mine[0] == "MT19937" and _is_drawn(tuple(mine[1].tolist()), tuple(keys.tolist()))):
            return
        numpy.random.set_state(("MT19937", keys, *state[1:]))
        self._numpy = state


def _numpy_state() -> list[Any] | None:
    numpy = sys.modules.get("numpy")
    if numpy is None or "random" not in vars(numpy):
        return None
    name, keys, position, has_gauss, gauss = numpy.random.get_state()
    return [keys.tobytes(), int(position), int(has_gauss), float(gauss)] if name == "MT19937" else None


def _is_drawn(mine: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether the Mersenne Twister comes from one block of words to the other by drawing."""
    if mine == other:
        return True
    ahead = random.Random()  # noqa: S311 - no secret: it is the generator that is followed
    ahead.setstate((3, (*mine, _WORDS), None))
    for _ in range(_MOST_BLOCKS):
        ahead.getrandbits(32 * _WORDS)
        if ahead.getstate()[1][:_WORDS] == other:
            return True
    return False
