"""In-place changes: every one is noticed, and looking notices none that is not there."""

from __future__ import annotations

import collections
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from autograder.sealed.contents import is_unchanged, snapshot


def _frame() -> Any:
    return pd.DataFrame({"a": [1, 2], "s": ["x", "y"], "o": pd.Series([[1], None], dtype=object)})


CHANGES: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "list": (lambda: [1, 2], lambda it: it.append(3)),
    "list by an equal value of another type": (lambda: [1, 2], lambda it: it.__setitem__(0, True)),
    "dict": (lambda: {"a": 1}, lambda it: it.update(a=2)),
    "order of a dict": (lambda: {"a": 1, "b": 2}, lambda it: it.update(a=it.pop("a"))),
    "set": (lambda: {1, 2}, lambda it: it.add(3)),
    "deque": (lambda: collections.deque([1]), lambda it: it.appendleft(0)),
    "bytearray": (lambda: bytearray(b"ab"), lambda it: it.reverse()),
    "array": (lambda: np.arange(5.0), lambda it: it.__setitem__(2, 9)),
    "array of three bytes": (lambda: np.arange(3, dtype="i1"), lambda it: it.__setitem__(2, 9)),
    "sign of a zero": (lambda: np.zeros(3), lambda it: it.__setitem__(2, -0.0)),
    "every second element": (lambda: np.arange(10)[::2], lambda it: it.__setitem__(1, 9)),
    "shape": (lambda: np.arange(6), lambda it: it.resize((3, 2), refcheck=False)),
    "array in columns": (lambda: np.asfortranarray(np.ones((3, 2))), lambda it: it.__setitem__((1, 1), 9)),
    "object in an array": (lambda: np.array([[1], None], dtype=object), lambda it: it.__setitem__(1, 4)),
    "texts of any length": (lambda: np.array(["a", "bb"], dtype=np.dtypes.StringDType()), lambda it: it.__setitem__(0, "c")),
    "mask": (lambda: np.ma.array([1, 2], mask=[False, True]), lambda it: it.mask.__setitem__(0, True)),
    "masked data": (lambda: np.ma.array([1, 2], mask=[False, True]), lambda it: it.__setitem__(0, 5)),
    "generator": (lambda: np.random.default_rng(1), lambda it: it.random()),
    "frame by loc": (_frame, lambda it: it.loc.__setitem__((0, "a"), 9)),
    "frame by a new column": (_frame, lambda it: it.insert(0, "n", 1)),
    "frame by its index": (_frame, lambda it: setattr(it, "index", ["p", "q"])),
    "series": (lambda: pd.Series([1, 2]), lambda it: it.__setitem__(0, 5)),
    "name of a series": (lambda: pd.Series([1, 2], name="a"), lambda it: setattr(it, "name", "b")),
}


@pytest.mark.parametrize(("make", "change"), CHANGES.values(), ids=CHANGES)
def test_a_change_in_place_is_noticed_and_nothing_else(make: Callable[[], Any], change: Callable[[Any], Any]) -> None:
    thing = make()
    before = snapshot(thing)
    assert is_unchanged(thing, before)
    repr(thing)
    assert is_unchanged(thing, before)
    change(thing)
    assert not is_unchanged(thing, before)
    assert is_unchanged(thing, snapshot(thing))


def test_reading_a_frame_in_every_way_is_no_change() -> None:
    frame = _frame()
    before = snapshot(frame)
    _ = (
        frame["a"].sum(),
        frame.describe(),
        frame.values,
        frame.T,
        frame.iloc[0],
        frame.groupby("s")["a"].mean(),
        frame.copy(),
        frame.loc[0, "a"],
    )
    assert is_unchanged(frame, before)


@pytest.mark.parametrize("make", [make for make, _ in CHANGES.values()], ids=CHANGES)
def test_a_snapshot_does_not_hold_the_object_itself(make: Callable[[], Any]) -> None:
    thing = make()
    held = sys.getrefcount(thing)
    before = snapshot(thing)
    assert before is not None
    assert sys.getrefcount(thing) == held


def test_what_cannot_change_has_no_snapshot() -> None:
    things: tuple[Any, ...] = (([],), 1, "a", None, frozenset({1}), len)
    assert [snapshot(thing) for thing in things] == [None] * len(things)
