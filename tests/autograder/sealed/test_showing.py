"""What a learner is told of a returned value: plain values as Python writes them, short, and nothing asked of an object."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.sealed.showing import shown

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


class Talkative:
    def __repr__(self) -> str:
        raise AssertionError("it was asked")

    __str__ = __repr__


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"), (-0.5, "-0.5"), (True, "True"), (None, "None"), ("a'b", '"a\'b"'), ([1, "x"], "[1, 'x']"), ((1,), "(1,)"), ((), "()"),
        ({"a": [1]}, "{'a': [1]}"), ({1}, "{1}"), (set(), "set()"), ({}, "{}"), (list(range(20)), "[0, 1, 2, 3, 4, 5, 6, 7, ...]"),
        (10**1000, "a very large whole number"), (Talkative(), "a value of type Talkative"), ([Talkative()], "[a value of type Talkative]"),
    ],
)  # fmt: skip
def test_a_value_is_shown(value: object, text: str) -> None:
    assert shown(value) == text


@given(PLAIN)
def test_it_is_always_short(value: object) -> None:
    assert 0 < len(shown(value)) <= 120
