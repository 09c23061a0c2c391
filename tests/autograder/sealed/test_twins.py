"""The objects that both sides hold under the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.sealed import twins, values
from autograder.sealed.codec import Decoder, Encoder
from autograder.sealed.twins import TwinTable
from autograder.sealed.wire import Tree, WireError

values.load_types()


class Side:
    """One side: its table, and the messages that it writes and reads."""

    def __init__(self) -> None:
        self.twins = TwinTable()

    def refer(self, encoder: Encoder, thing: object) -> Tree:
        raise AssertionError(f"{thing!r} has a value")

    def resolve(self, decoder: Decoder, node: list[Tree]) -> object:
        assert node[0] == "kept"
        return self.twins.thing(node[1])

    def notice(self, oddity: str) -> None:
        pass

    def write(self, thing: Any) -> tuple[Tree, Tree, Tree]:
        """Return a message that carries `thing`, what changed, and what was dropped."""
        encoder = Encoder(self, shared=self.twins.trees)
        changes = self.twins.changes(encoder)
        dropped = self.twins.drop_unheld()
        body = encoder.encode(thing)
        self.twins.settle(changes, encoder.objects)
        return [list(each) for each in changes], dropped, body

    def read(self, message: tuple[Tree, Tree, Tree]) -> Any:
        """Return what a message carries."""
        decoder = Decoder(self)
        changes, dropped, body = message
        self.twins.take_changes(decoder, changes)
        self.twins.drop(dropped)
        found = decoder.decode(body)
        self.twins.settle([(each[0], None) for each in changes], decoder.objects)
        return found


@pytest.fixture
def sides() -> tuple[Side, Side]:
    return Side(), Side()


def test_an_object_that_is_sent_twice_is_one_object_over_there(sides: tuple[Side, Side]) -> None:
    here, there = sides
    mine = [1, 2]
    first = there.read(here.write(mine))
    assert there.read(here.write(mine)) is first
    assert first == [1, 2]


def test_what_one_side_changes_the_other_learns_with_the_next_message(sides: tuple[Side, Side]) -> None:
    here, there = sides
    mine: list[Any] = [1, {"a": 2}]
    theirs = there.read(here.write(mine))
    mine[1]["a"] = 3
    mine.append(4)
    there.read(here.write(None))
    assert theirs == [1, {"a": 3}, 4]
    theirs.clear()
    here.read(there.write(None))
    assert mine == []


@given(st.lists(st.lists(st.integers() | st.text(), max_size=4), max_size=6))
def test_after_any_changes_both_sides_hold_the_same(states: list[list[Any]]) -> None:
    here, there = Side(), Side()
    mine: list[Any] = ["at first"]
    theirs = there.read(here.write(mine))
    for number, state in enumerate(states):
        writer, reader, changed = (here, there, mine) if number % 2 else (there, here, theirs)
        changed[:] = state
        reader.read(writer.write(None))
        assert mine == theirs == state


@pytest.mark.parametrize("thing", [np.arange(5), pd.DataFrame({"a": [1, 2]}), {1, 2}, bytearray(b"ab")])
def test_arrays_frames_sets_and_byte_arrays_are_followed(sides: tuple[Side, Side], thing: Any) -> None:
    here, there = sides
    theirs = there.read(here.write(thing))
    if isinstance(thing, np.ndarray):
        thing[0] = 17
    elif isinstance(thing, pd.DataFrame):
        thing["b"] = 5
    elif isinstance(thing, set):
        thing.add(17)
    else:
        thing.extend(b"c")
    there.read(here.write(None))
    assert str(theirs) == str(thing)


def test_what_nothing_else_holds_is_dropped_on_both_sides(sides: tuple[Side, Side]) -> None:
    here, there = sides
    theirs = there.read(here.write([1]))  # nothing here holds it
    there.read(here.write(None))
    assert here.twins.trees == {} == there.twins.trees
    assert theirs == [1]


def test_a_loop_of_calls_keeps_nothing(sides: tuple[Side, Side]) -> None:
    here, there = sides
    for number in range(50):
        there.read(here.write([number]))
    assert len(here.twins.trees) <= 1


def test_beyond_the_limit_the_oldest_are_dropped_and_the_dear_ones_stay(sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = sides
    mine = [[number] for number in range(6)]
    theirs = [there.read(here.write(each)) for each in mine]
    monkeypatch.setattr(twins, "MOST", 4)
    dropped = here.twins.drop_unheld([mine[0]])
    assert 0 not in dropped
    assert dropped[:2] == [1, 2]
    there.twins.drop(dropped)
    assert theirs == mine
    assert here.twins.trees.keys() == {id(each) for number, each in enumerate(mine) if number not in dropped}


@pytest.mark.parametrize("number", [7, -1, True, "0", None, 0.0])
def test_a_number_that_stands_for_nothing_is_refused(sides: tuple[Side, Side], number: Any) -> None:
    here, there = sides
    there.read(here.write([1]))
    with pytest.raises(WireError):
        there.twins.thing(number)
    with pytest.raises(WireError):
        there.twins.drop([number])


def test_an_object_cannot_be_changed_into_another_type(sides: tuple[Side, Side]) -> None:
    here, there = sides
    mine = [1]
    theirs = there.read(here.write(mine))
    with pytest.raises(WireError, match="another type"):
        there.twins.take_changes(Decoder(there), [[0, Encoder(here).contents({"a": 1})]])
    assert theirs == [1]
