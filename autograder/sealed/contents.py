"""In-place changes: noticing that an object was changed while the other side had it, and making its twin hold the same."""

from __future__ import annotations

import collections
import operator
import sys
from typing import Any

_SEQUENCES = (list, collections.deque)
_MAPPINGS = (dict, collections.Counter, collections.OrderedDict, collections.defaultdict)


def snapshot(thing: Any) -> Any:
    """Return what tells later whether `thing` was changed in place; None if it cannot be. Children are compared by identity: they have their own."""
    kind = type(thing)
    if kind in _SEQUENCES:
        return list(thing)
    if kind in _MAPPINGS:
        return [part for pair in thing.items() for part in pair]
    if kind is set:
        return set(thing)
    if kind is bytearray:
        return bytes(thing)
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and isinstance(thing, numpy.ndarray):
        return thing.ravel().tolist() if thing.dtype.kind == "O" else (thing.shape, thing.dtype.str, thing.tobytes())
    if numpy is not None and isinstance(thing, numpy.random.Generator):
        return repr(thing.bit_generator.state)
    if pandas is not None and isinstance(thing, (pandas.DataFrame, pandas.Series)):
        return _frame_parts(thing)
    return None


def _frame_parts(frame: Any) -> tuple[Any, ...]:
    """Return the parts of a frame: pandas copies on write, so as long as a shallow copy holds on to them, a change replaces them."""
    parts = [block.values for block in frame._mgr.blocks]
    return (frame.copy(deep=False), [*map(id, parts), *map(id, frame.axes)], parts, list(frame.axes), vars(frame).get("_name"))


def is_unchanged(thing: Any, before: Any) -> bool:
    """Whether `thing` still holds what it held at its `snapshot`."""
    if before is None:
        return True
    now = snapshot(thing)
    kind = type(thing)
    if type(before) is list:
        return len(now) == len(before) and all(map(operator.is_, now, before))
    if kind is set:
        return len(now) == len(before) and set(map(id, now)) == set(map(id, before))
    if type(before) is tuple and len(before) == 5:
        return bool(now[1] == before[1]) and (now[4] is before[4] or bool(now[4] == before[4]))
    return bool(now == before)


def replace_contents(thing: Any, fresh: Any) -> None:
    """Make `thing` hold what `fresh`, a new object of its type, holds."""
    kind = type(thing)
    if kind is list or kind is bytearray:
        thing[:] = fresh
    elif kind is collections.deque:
        thing.clear()
        thing.extend(fresh)
    elif kind in _MAPPINGS or kind is set:
        thing.clear()
        thing.update(fresh)
    elif hasattr(thing, "_mgr"):
        thing._mgr = fresh._mgr
        if "_name" in vars(fresh):
            thing._name = fresh._name
        getattr(thing, "_reset_cache", lambda: None)()
    elif hasattr(thing, "bit_generator"):
        thing.bit_generator.state = fresh.bit_generator.state
    elif hasattr(thing, "resize"):
        if thing.shape != fresh.shape:
            thing.resize(fresh.shape, refcheck=False)
        thing[...] = fresh
