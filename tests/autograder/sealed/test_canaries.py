"""Canaries: another expected value or the contrary of an assertion, and nothing else changed."""

from __future__ import annotations

import ast
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.sealed.canaries import canaries_of
from autograder.sealed.guarding import ROUNDS, choose_canaries
from autograder.sealed.plan import Canary
from autograder.sealed.policy import plain_python

pytestmark = pytest.mark.slow


def sources(test: str, *learners: str) -> list[str]:
    return [each.source for each in canaries_of(test, learners or ("f",))]


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        ("assert f(2) == 4", "assert f(2) == 5"),
        ("assert f(2) == 4, 'no'", "assert not (f(2) == 4), 'no'"),
        ("assert 4 == f(2)", "assert 5 == f(2)"),
        ("assert not f(2)", "assert (f(2))"),
        ("assert f('a') == 'é'", "assert f('a') == 'és'"),
        ("assert f() is True", "assert f() is False"),
        ("assert f() == [1, 2]", "assert f() == [2, 2]"),
        ("assert f() == Point(4, 6)", "assert f() == Point(5, 6)"),
        ("np.testing.assert_allclose(f(3), 9)", "np.testing.assert_allclose(f(3), 1036)"),
        ("assert abs(f(2) - 4.0) < 1e-9", "assert abs(f(2) - 1021.25) < 1e-9"),
        ("assert np.isclose(f(2), 4)", "assert np.isclose(f(2), 1021)"),
        ("t.assertEqual(f(2), 4)", "t.assertEqual(f(2), 5)"),
        ("t.assertTrue(f(2))", "t.assertTrue(not (f(2)))"),
        ("for x, y in cases:\n    assert f(x) == y", "for x, y in cases:\n    assert f(x) == ((y) + 1)"),
        ("got = f(1)\nwant = 3\nassert want == got", "got = f(1)\nwant = 3\nassert ((want) + 1) == got"),
        ("%matplotlib inline\nassert f(1) == 1", "%matplotlib inline\nassert f(1) == 2"),
        ("assert f(1) == 1 and f(2) == {'a': 1}", "assert f(1) == 1 and f(2) == {'a': 2}"),
    ],
)
def test_what_a_test_expects_is_made_wrong(test: str, wanted: str) -> None:
    assert wanted in sources(test)


@pytest.mark.parametrize(
    "test", ["", "x = f(1)", "float(f(1))", "%%time\nassert f(1) == 1", "assert (", "try:\n    f(1)\nexcept ValueError:\n    pass"]
)
def test_what_asserts_nothing_has_no_canary(test: str) -> None:
    assert sources(test) == []


def test_arguments_and_what_sets_up_stay() -> None:
    test = "data = [3, 1]\nassert f(data, 7) == 9"
    assert all("data = [3, 1]" in each and "f(data, 7)" in each for each in sources(test))


def test_a_long_test_has_a_canary_for_each_of_its_first_assertions_and_no_more_than_sixteen() -> None:
    found = sources("\n".join(f"assert f({n}) == {n * n}" for n in range(40)))
    assert len(found) == 16
    assert len({next(at for at, line in enumerate(each.split("\n")) if line != f"assert f({at}) == {at * at}") for each in found}) == 16


@given(
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.booleans()
    | st.lists(st.integers())
    | st.dictionaries(st.text(), st.integers())
)
def test_a_value_that_meets_the_test_meets_no_canary(value: object) -> None:
    test = f"assert f() == {value!r}"
    try:
        ast.parse(test)
    except (SyntaxError, ValueError):
        return
    for source in sources(test):
        with pytest.raises(AssertionError):
            exec(compile(plain_python(source), "canary", "exec"), {"f": lambda: value, "inf": float("inf")})


def test_an_assertion_about_anything_else_than_the_learners_work_has_no_canary() -> None:
    test = "assert run('true') == 0\nassert f(2) == 4"
    assert sources(test)
    assert all("assert run('true') == 0" in each for each in sources(test))
    assert sources("assert run('true') == 0")  # better than none


@given(st.integers(0, 12), st.integers(0, 12), st.integers())
def test_at_most_one_round_in_four_is_a_contrary_where_there_are_enough_other_values(values: int, contraries: int, seed: int) -> None:
    canaries = [Canary(source=f"v{n}", change=f"line 1: the value '{n}' made '9'") for n in range(values)]
    canaries += [Canary(source=f"c{n}", change=f"line 1: the assertion 'f({n})' made 'not (f({n}))'") for n in range(contraries)]
    chosen = choose_canaries(canaries, random.Random(seed))
    assert len({each.source for each in chosen}) == len(chosen) == min(ROUNDS, values + contraries)
    assert sum(not each.is_contrary for each in chosen) >= min(values, ROUNDS - 1)
