"""What runs in the kernel: values that are equal are described alike, others are not; a changed function is told apart only by its outcomes."""

from __future__ import annotations

import copy
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.mutation import inside

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=12,
)


@given(VALUES)
def test_a_copy_is_described_alike(value: object) -> None:
    assert inside.describe(value) == inside.describe(copy.deepcopy(value))


@given(VALUES, VALUES)
def test_values_of_one_description_are_equal_but_for_the_last_digits(one: object, other: object) -> None:
    if inside.describe(one) == inside.describe(other) and "float" not in inside.describe(one):
        assert one == other
        assert type(one) is type(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True), (1, 1.0), ([1], (1,)), ("1", 1), (np.int64(1), 1), (np.array([1, 2]), np.array([2, 1])), (np.array([1]), np.array([1.0])),
        (pd.Series([1, 2]), pd.Series([1, 2], index=[1, 2])), (pd.Series([1], name="a"), pd.Series([1], name="b")),
        (pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"b": [2], "a": [1]})), (pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02")),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}), (lambda x: x + 1, lambda x: x + 2),
    ],
)  # fmt: skip
def test_values_that_differ_are_described_otherwise(one: object, other: object) -> None:
    assert inside.describe(one) != inside.describe(other)


def test_numbers_that_differ_in_the_last_digits_count_as_equal() -> None:
    assert inside.describe([0.1 + 0.2, -0.0]) == inside.describe([0.3, 0.0])
    assert inside.describe({1, 2, 3}) == inside.describe({3, 2, 1})


def test_a_plot_is_described_by_its_pixels() -> None:
    def drawn(title: str) -> str:
        from matplotlib.figure import Figure

        axes = Figure().subplots()
        axes.set_title(title)
        return inside.describe(axes)

    assert drawn("a") == drawn("a") != drawn("b")


class Opaque:
    """Nothing can be said of it."""

    __slots__ = ()


def test_what_cannot_be_described_is_no_guess() -> None:
    with pytest.raises(inside.IndescribableError, match="Opaque"):
        inside.describe(Opaque())


def told_apart(own: str, other: str, *calls: tuple[object, ...]) -> tuple[int, bool]:
    recorded: list[inside.Call] = [(call, {}) for call in calls]
    return inside.told_apart({}, "f", {"": own, "m": other}, recorded, count=60, seconds=3.0, seed=1)["m"]


def test_a_boundary_is_found_by_the_numbers_that_occur() -> None:
    rows = pd.DataFrame({"n": [1.0, 5.0, 9.0]})
    own = "def f(t, low):\n    return t[t['n'] < low]"
    assert told_apart(own, own.replace("<", "<="), (rows, 4.0))[1]


def test_a_function_that_changes_its_argument_is_told_apart() -> None:
    own = "def f(x):\n    return sorted(x)"
    assert told_apart(own, "def f(x):\n    x.sort()\n    return x[:]", ([3, 1, 2],))[1]


def test_a_function_that_prints_something_else_is_told_apart() -> None:
    own = "def f(x):\n    print(x)"
    assert told_apart(own, "def f(x):\n    print(x, x)", (1,))[1]


def test_a_function_that_does_not_end_is_told_apart() -> None:
    own = "def f(x):\n    return x"
    assert told_apart(own, "def f(x):\n    while True:\n        pass", (1,)) == (1, True)


def test_a_call_that_has_to_wait_is_not_taken_for_one_that_does_not_end_and_one_that_waits_for_ever_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def waiting(seconds: float) -> str:
        def after_a_while(x: int) -> int:
            time.sleep(seconds)
            return x

        return inside.outcome(after_a_while, ((5,), {}), 0.1)

    assert waiting(0.4) == inside.outcome(lambda x: x, ((5,), {}), 0.1)
    monkeypatch.setattr(inside, "_STANDSTILL_S", 0.2)
    assert waiting(60) == "too long"


def test_equal_functions_are_not_told_apart_by_any_input() -> None:
    own = "def f(x, y):\n    return sum(x) * y"
    count, differs = told_apart(own, "def f(x, y):\n    return y * sum(x)", ([1, 2, 3], 2))
    assert (count, differs) == (61, False)


def test_a_function_that_draws_its_own_numbers_gives_no_input_to_compare() -> None:
    own = "def f(x):\n    import os\n    return os.urandom(4)"
    assert told_apart(own, own, (1,))[0] <= 58


def test_calls_are_recorded_as_they_were_made_and_the_function_does_the_same() -> None:
    namespace: dict[str, object] = {}
    exec("def f(x):\n    x.append(1)\n    return len(x)", namespace)
    calls: list[inside.Call] = []
    inside.record(namespace, "f", calls)
    assert namespace["f"]([5]) == 2  # type: ignore[operator]
    assert calls == [(([5],), {})]


@given(st.lists(st.integers() | st.text() | st.lists(st.integers())), st.integers())
def test_varied_calls_are_the_same_every_time_and_leave_the_recorded_ones(arguments: list[object], seed: int) -> None:
    calls: list[inside.Call] = [(tuple(arguments), {})]
    first = [copy.deepcopy(each) for each in inside.varied(calls, 5, seed)]
    assert first == list(inside.varied(calls, 5, seed))
    assert calls == [(tuple(arguments), {})]
    assert all(len(each[0]) == len(arguments) for each in first)
