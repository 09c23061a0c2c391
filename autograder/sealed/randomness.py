"""The state of Python's and numpy's global generators of random numbers: told where it changed, and followed.

Both sides ask at every message, and reading a state out costs more than the message does. So a change is looked for in the generator's memory first. Where
the state lies in it is found out by looking for the known state of a generator of our own; where that does not succeed, the state is read out every time.
"""

from __future__ import annotations

import ctypes
import random
import struct
import sys
from collections.abc import Callable
from typing import Any

from autograder.sealed.wire import Tree, WireError

_MOST_BLOCKS = 4000
"""How many times 624 numbers the learner's code may have drawn for its state to be followed."""
_WORDS = 624
_GAUSS = 0.7310585786300049
_MOST = 1 << 14


class RandomStates:
    """What the other side was last told of the two generators."""

    def __init__(self) -> None:
        self._told: list[Any] = [None, None]
        self._looks: list[Callable[[], object] | None] = [None, None]
        self._seen: list[object] = [None, None]
        self._went_elsewhere = [False, False]
        """Whether the other side's generator was found where drawing does not lead: it has been seeded, and is not looked for again."""

    def mark(self) -> None:
        """Take what the generators hold now as known: only what is drawn or seeded from here on is told."""
        self.told()
        self._went_elsewhere = [False, False]

    def told(self) -> Tree:
        """Return the states that changed since they were last told or taken, None if none did."""
        numpy = sys.modules.get("numpy")
        mine = self._read(0, _python_state, _look_at_python)
        theirs = None if numpy is None or "random" not in vars(numpy) else self._read(1, _numpy_state, _look_at_numpy)
        return None if mine is None and theirs is None else [mine, theirs]

    def is_news(self) -> bool:
        """Whether `told` may have anything to tell; nothing is noted."""
        for place in (0, 1) if "numpy.random" in sys.modules else (0,):
            look = self._looks[place]
            if look is None or (seen := look()) is None or seen != self._seen[place]:
                return True
        return False

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
                self._take_python(state[0], only_drawn=only_drawn)
            if state[1] is not None and "numpy" in sys.modules:
                self._take_numpy(list(state[1]), only_drawn=only_drawn)
        except (TypeError, ValueError, LookupError, OverflowError, AttributeError) as refusal:
            raise WireError("a state of random numbers is malformed") from refusal

    def _take_python(self, state: Tree, *, only_drawn: bool) -> None:
        words = tuple(state[1])
        if only_drawn and not self._leads_to(0, random.getstate()[1][:_WORDS], words[:_WORDS]):
            return
        random.setstate((state[0], words, state[2]))
        self._remember(0, list(state))

    def _take_numpy(self, state: list[Any], *, only_drawn: bool) -> None:
        numpy = sys.modules["numpy"]
        keys = numpy.frombuffer(state[0], dtype=numpy.uint32)
        mine = numpy.random.get_state()
        if only_drawn and not (mine[0] == "MT19937" and self._leads_to(1, tuple(mine[1].tolist()), tuple(keys.tolist()))):
            return
        numpy.random.set_state(("MT19937", keys, *state[1:]))
        self._remember(1, state)

    def _leads_to(self, place: int, mine: tuple[int, ...], other: tuple[int, ...]) -> bool:
        if mine != other and not self._went_elsewhere[place]:
            self._went_elsewhere[place] = not _is_drawn(mine, other)
        return mine == other or not self._went_elsewhere[place]

    def _read(self, place: int, read: Callable[[], Tree], find: Callable[[], Callable[[], object]]) -> Tree:
        """Return the state if it is news."""
        look = self._looks[place]
        if look is None:
            look = self._looks[place] = find()
        seen = look()
        if seen is not None and seen == self._seen[place]:
            return None
        self._seen[place] = seen
        state = read()
        if state == self._told[place]:
            return None
        self._told[place] = state
        self._went_elsewhere[place] = False
        return state

    def _remember(self, place: int, state: Tree) -> None:
        self._told[place] = state
        look = self._looks[place]
        self._seen[place] = None if look is None else look()


def _python_state() -> Tree:
    version, words, gauss = random.getstate()
    return [version, list(words), gauss]


def _numpy_state() -> Tree:
    numpy: Any = sys.modules["numpy"]
    name, keys, position, has_gauss, gauss = numpy.random.get_state()
    return [keys.tobytes(), int(position), int(has_gauss), float(gauss)] if name == "MT19937" else None


def _look_at_python() -> Callable[[], object]:
    """Return what tells a changed state of `random` apart, cheaply; it returns None where that is not possible."""
    mine = random.Random(1)  # noqa: S311 - nothing secret is drawn
    words = mine.getstate()[1]
    start = _place_of(mine, struct.pack(f"={len(words) - 1}I", *words[:-1]))
    position = _place_of(mine, struct.pack("=i", words[-1]), before=start)
    generator = getattr(random.getstate, "__self__", None)
    if start is None or position is None or type(generator) is not random.Random:
        return _nothing
    window = _window(generator, position, start + 4 * (len(words) - 1))
    return lambda: (window.raw, generator.gauss_next)  # type: ignore[attr-defined]


def _look_at_numpy() -> Callable[[], object]:
    """Return the same for numpy's global generator."""
    numpy: Any = sys.modules["numpy"]
    mine = numpy.random.RandomState(1)
    keys = mine.get_state()[1].tobytes()
    mine.set_state(("MT19937", mine.get_state()[1], 5, 1, _GAUSS))
    start = _place_of(mine._bit_generator, keys)
    gauss = _place_of(mine, struct.pack("=d", _GAUSS))
    generator: Any = getattr(numpy.random.get_state, "__self__", None)
    if start is None or gauss is None or type(generator) is not numpy.random.RandomState:
        return _nothing
    bits = generator._bit_generator
    if type(bits) is not type(mine._bit_generator):
        return _nothing
    words, normal = _window(bits, start, start + len(keys) + 4), _window(generator, gauss - 8, gauss + 8)
    return lambda: (words.raw, normal.raw) if generator._bit_generator is bits else None


def _nothing() -> None:
    return None


def _place_of(thing: object, pattern: bytes, *, before: int | None = _MOST) -> int | None:
    """Return where in an object's own memory the bytes are, None if nowhere or in several places."""
    if before is None:
        return None
    memory = ctypes.string_at(id(thing), min(type(thing).__basicsize__, _MOST))
    place = memory.find(pattern, object.__basicsize__, before)
    return None if place < 0 or memory.find(pattern, place + 1, before) >= 0 else place


def _window(thing: object, start: int, end: int) -> Any:
    """Return the memory of an object between two places, which is read at `raw`; the object must live as long."""
    return (ctypes.c_char * (end - start)).from_address(id(thing) + start)


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
