"""In-place changes: noticing that an object was changed while the other side had it, and making its twin hold the same.

Looking has to be cheap, for it is done at every call: containers are compared by the identity of what they hold, arrays byte by byte with a copy, and frames
by the identity of their columns, which pandas replaces when it writes (as long as a shallow copy holds on to them).
"""

from __future__ import annotations

import array
import collections
import operator
import sys
from typing import Any

from autograder.sealed.library_values import HOLDERS

_SEQUENCES = (list, collections.deque)
_MAPPINGS = (dict, collections.Counter, collections.OrderedDict, collections.defaultdict)
_FIXED = frozenset({type(None), bool, int, float, complex, str, bytes})
"""Types that neither change nor hold anything."""


def _is_array(kind: type) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(kind, numpy.ndarray)


def _is_frame(kind: type) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and issubclass(kind, (pandas.DataFrame, pandas.Series))


def _is_image(kind: type) -> bool:
    images = sys.modules.get("PIL.Image")
    return images is not None and issubclass(kind, images.Image)


def snapshot(thing: Any) -> Any:
    """Return what tells later whether `thing` was changed in place; None if it cannot be. Children are compared by identity: they have their own."""
    kind = type(thing)
    if kind in _FIXED:
        return None
    parts = _parts(thing, kind)
    if parts is not None:
        return parts
    if kind is set:
        return set(thing)
    if kind is bytearray or kind is array.array:
        return bytes(thing)
    if _is_array(kind):
        return [_array_parts(each, copy=True) for each in _plain_arrays(thing)]
    if _is_frame(kind):
        return (thing.copy(deep=False), *_frame_parts(thing))
    if _is_image(kind):
        return thing.mode, thing.size, thing.tobytes()
    numpy = sys.modules.get("numpy")
    if numpy is not None and "random" in vars(numpy) and issubclass(kind, numpy.random.Generator):
        return repr(thing.bit_generator.state)
    return None


def _parts(thing: Any, kind: type) -> list[Any] | None:
    """Return what a container holds, in its order; None if it is none with an order."""
    if kind in _SEQUENCES:
        return list(thing)
    held = thing if kind in _MAPPINGS else vars(thing) if kind in HOLDERS else None
    return None if held is None else [part for pair in held.items() for part in pair]


def is_unchanged(thing: Any, before: Any) -> bool:
    """Whether `thing` still holds what it held at its `snapshot`."""
    if before is None:
        return True
    kind = type(thing)
    parts = _parts(thing, kind)
    if parts is not None:
        return _are_same(parts, before)
    if kind is set:
        return len(thing) == len(before) and set(map(id, thing)) == set(map(id, before))
    if _is_array(kind):
        return all(_are_alike(_array_parts(now, copy=False), then) for now, then in zip(_plain_arrays(thing), before, strict=True))
    if _is_frame(kind):
        _, parts, axes, name = before
        now, now_axes, now_name = _frame_parts(thing)
        return _are_same(now, parts) and _are_same(now_axes, axes) and (now_name is name or bool(now_name == name))
    return bool(snapshot(thing) == before)


def _frame_parts(frame: Any) -> tuple[list[Any], list[Any], Any]:
    return [block.values for block in frame._mgr.blocks], list(frame.axes), vars(frame).get("_name")


def _are_same(some: list[Any], others: list[Any]) -> bool:
    return len(some) == len(others) and all(map(operator.is_, some, others))


def _plain_arrays(array: Any) -> list[Any]:
    numpy = sys.modules["numpy"]
    masks = [numpy.ma.getmaskarray(array)] if issubclass(type(array), numpy.ma.MaskedArray) else []
    return [numpy.ndarray.view(array, numpy.ndarray), *masks]


def _array_parts(array: Any, *, copy: bool) -> tuple[Any, tuple[int, ...], Any]:
    """Return an array's dtype, shape and contents: a list of objects, or the bytes as numbers that can be compared quickly."""
    numpy = sys.modules["numpy"]
    if array.dtype.hasobject or array.dtype.kind == "T":
        return array.dtype, array.shape, array.ravel().tolist()
    flat = array.ravel(order="K") if array.flags.forc else array.ravel()
    flat = flat.view(numpy.uint8) if flat.nbytes else numpy.empty(0, numpy.uint8)
    flat = flat if flat.nbytes % 8 else flat.view(numpy.uint64)
    return array.dtype, array.shape, flat.copy() if copy else flat


def _are_alike(some: tuple[Any, tuple[int, ...], Any], others: tuple[Any, tuple[int, ...], Any]) -> bool:
    if some[0] != others[0] or some[1] != others[1]:
        return False
    if some[0].kind == "O":
        return _are_same(some[2], others[2])
    same = some[2] == others[2]
    return bool(same if isinstance(same, bool) else same.all())


def replace_contents(thing: Any, fresh: Any) -> None:
    """Make `thing` hold what `fresh`, a new object of its type, holds."""
    kind = type(thing)
    if kind is list or kind is bytearray or kind is array.array:
        thing[:] = fresh
    elif kind in HOLDERS:
        vars(thing).clear()
        vars(thing).update(vars(fresh))
    elif kind is collections.deque:
        thing.clear()
        thing.extend(fresh)
    elif kind in _MAPPINGS or kind is set:
        thing.clear()
        thing.update(fresh)
    else:
        _replace_librarys(thing, fresh)


def _replace_librarys(thing: Any, fresh: Any) -> None:
    """Likewise, of an object of a library."""
    if _is_image(type(thing)):
        thing.im, thing._mode, thing._size, thing.palette = fresh.im, fresh.mode, fresh.size, fresh.palette
    elif hasattr(thing, "_mgr"):
        thing._mgr = fresh._mgr
        if "_name" in vars(fresh):
            thing._name = fresh._name
        getattr(thing, "_reset_cache", lambda: None)()
    elif hasattr(thing, "bit_generator"):
        thing.bit_generator.state = fresh.bit_generator.state
    elif hasattr(thing, "resize"):
        _refill(thing, fresh)


def _refill(array: Any, fresh: Any) -> None:
    if array.shape != fresh.shape:
        array.resize(fresh.shape, refcheck=False)
    is_writeable, array.flags.writeable = array.flags.writeable, True
    array[...] = fresh
    array.flags.writeable = is_writeable
