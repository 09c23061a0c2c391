"""The objects that both sides of an examination hold, under the same numbers: what one side changes in place, the other learns with the next message.

Rules:
1. Every object that a message numbers is kept from then on, on both sides in the same order. Where it occurs again, its number is sent.
2. An object that one side holds nowhere else cannot be seen there any more: it is dropped when its last change was told, and the other side drops it too. So
   only real aliases are kept, and a loop of calls keeps nothing.
3. Beyond `MOST` objects the oldest are dropped; what was an alias is a copy then.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from autograder.sealed.codec import Decoder, Encoder, expect
from autograder.sealed.contents import is_unchanged, replace_contents, snapshot
from autograder.sealed.wire import Tree, WireError

MOST = 20_000
_ONLY_HERE = 2
"""References to an object that nothing but the table holds, while one is counting."""


class _Kept:
    __slots__ = ("state", "thing")

    def __init__(self, thing: object) -> None:
        self.thing, self.state = thing, snapshot(thing)


class TwinTable:
    """One side's half of the table."""

    def __init__(self) -> None:
        self.trees: dict[int, Tree] = {}
        """What stands for a kept object in a message, by its identity."""
        self._kept: dict[int, _Kept] = {}
        self._next = 0

    def __bool__(self) -> bool:
        """Return whether anything is kept."""
        return bool(self._kept)

    def clear(self) -> None:
        """Forget everything; the other side does so at the same time."""
        self.trees.clear()
        self._kept.clear()

    def thing(self, number: object) -> Any:
        """Return a kept object.

        Raises:
            WireError: there is none of that number.
        """
        if type(number) is not int or number not in self._kept:
            raise WireError("a twin of nothing")
        return self._kept[number].thing

    def drop_unheld(self, cherished: Iterable[object] = ()) -> list[Tree]:
        """Drop what nothing else holds here, and return the numbers.

        Args:
            cherished: objects that are kept though there are too many.
        """
        dropped = [number for number, kept in self._kept.items() if sys.getrefcount(kept.thing) <= _ONLY_HERE]
        if len(self._kept) - len(dropped) > MOST:
            dear, gone = set(map(id, cherished)), set(dropped)
            old = [number for number, kept in self._kept.items() if number not in gone and id(kept.thing) not in dear]
            dropped += old[: len(self._kept) - len(dropped) - MOST // 2]
        self.drop(dropped)
        return list(dropped)

    def drop(self, numbers: Iterable[Tree]) -> None:
        """Drop objects of these numbers.

        Raises:
            WireError: a number is none.
        """
        for number in numbers:
            kept = self._kept.pop(expect(number, int), None)
            if kept is None:
                raise WireError("a twin of nothing")
            self.trees.pop(id(kept.thing), None)

    def changes(self, encoder: Encoder) -> list[tuple[int, Tree]]:
        """Return what the objects hold that were changed here since both sides held the same; `settle` says that it was sent."""
        return [(number, encoder.contents(kept.thing)) for number, kept in self._kept.items() if not is_unchanged(kept.thing, kept.state)]

    def is_at_rest(self) -> bool:
        """Whether nothing was changed here since both sides held the same."""
        return not self._kept or all(is_unchanged(kept.thing, kept.state) for kept in self._kept.values())

    def settle(self, changed: Iterable[tuple[int, Tree]], objects: Iterable[object]) -> None:
        """Note that the other side has the changes, and keep the objects that the message numbered."""
        for number, _ in changed:
            if (kept := self._kept.get(number)) is not None:
                kept.state = snapshot(kept.thing)
        for thing in objects:
            self._kept[self._next] = _Kept(thing)
            self.trees[id(thing)] = ["kept", self._next]
            self._next += 1

    def take_changes(self, decoder: Decoder, changed: Tree) -> None:
        """Make the objects hold what the other side's hold.

        Raises:
            WireError: a change to another type, or of nothing.
        """
        for number, tree in expect(changed, list):
            thing = self.thing(number)
            fresh = decoder.contents(tree)
            if type(fresh) is not type(thing) or snapshot(thing) is None:
                raise WireError("a change to another type")
            replace_contents(thing, fresh)
