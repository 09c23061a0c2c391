"""What the set-up's data hold, noted so that what a test changes in place, itself or through a function of the learner's, reaches the learner's later cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograder.sealed.contents import is_unchanged, snapshot

_FEW, _MOST = 50, 20_000


class HeldContents:
    """The contents of global data, down to the innermost container, as the other side was last told them."""

    def __init__(self) -> None:
        self._states: dict[str, list[tuple[object, Any]]] = {}

    def note(self, names: Mapping[str, object]) -> None:
        """Note what these globals hold now, and forget all others."""
        self._states = {name: _states(thing) for name, thing in names.items()}

    def changed(self, names: Mapping[str, object], *, all_of_them: bool) -> set[str]:
        """Return which of the noted globals hold something else now.

        Args:
            all_of_them: whether to look at large ones too, which takes too long to be done at every call.
        """
        return {
            name
            for name, thing in names.items()
            if (states := self._states.get(name))
            and states[0][0] is thing
            and (all_of_them or len(states) <= _FEW)
            and not all(is_unchanged(part, before) for part, before in states)
        }


def _states(thing: object) -> list[tuple[object, Any]]:
    """Return the containers that something is made of, at most 20,000, each with its `snapshot`; none for what is no data."""
    found: list[tuple[object, Any]] = []
    waiting, seen = [thing], set()
    while waiting and len(found) < _MOST:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        state = snapshot(part)
        if state is None and type(part) is not tuple:
            continue
        found.append((part, state))
        if type(part) is tuple:
            waiting += part
        elif type(state) is list and type(part) is not object and not hasattr(part, "dtype"):
            waiting += state
    return found
