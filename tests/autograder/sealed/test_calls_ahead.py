"""Calls of a test's loop that are asked for ahead: fewer messages, and nothing that a test sees is another for it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sealed import running_ahead
from autograder.sealed.call_patterns import Pattern, whole_numbers
from tests.autograder.sealed.two_processes import Outcome, examine

SOLUTION = "def f(x, y=0):\n    return x * x - y\ncount = 0\nseen = []\n"
STATE = "print(count, seen)"

LEARNERS = {
    "pure": "def f(x, y=0):\n    return x * x - y",
    "pure with a helper": "def g(x):\n    return [x * x]\ndef f(x, y=0):\n    return g(x)[0] - y",
    "counting": "def f(x, y=0):\n    global count\n    count += 1\n    return x * x - y",
    "counting behind the examiner's back": "kept = {'n': 0}\ndef f(x, y=0):\n    kept['n'] += 1\n    return x * x - y + (kept['n'] > 60)",
    "filling a list": "def f(x, y=0):\n    seen.append(x)\n    return x * x - y",
    "printing now and then": "def f(x, y=0):\n    if x % 13 == 3:\n        print('at', x)\n    return x * x - y",
    "printing always": "def f(x, y=0):\n    print(x)\n    return x * x - y",
    "raising late": "def f(x, y=0):\n    if x > 41:\n        raise ValueError(f'no {x}')\n    return x * x - y",
    "raising and counting": "def f(x, y=0):\n    global count\n    count += 1\n    if count % 30 == 0:\n        raise KeyError(count)\n    return x * x - y",
    "wrong late": "def f(x, y=0):\n    return x * x - y + (x > 37)",
    "wrong late and counting": "def f(x, y=0):\n    global count\n    count += 1\n    return x * x - y + (x > 37)",
    "random": "import random\nrandom.seed(4)\ndef f(x, y=0):\n    return x * x - y + (random.random() > 0.97)",
    "listing": "def f(x, y=0):\n    return [x, y]",
    "one list": "def f(x, y=0):\n    seen.append(x)\n    return seen",
    "texts": "def f(x, y=0):\n    return f'{x}é' if x % 9 else '\\ud800'",
    "large": "def f(x, y=0):\n    return 2 ** int(abs(x) % 90)",
    "deep": "def f(x, y=0):\n    def down(n):\n        return 0 if n == 0 else down(n - 1)\n    return down(int(x) * 17)",
    "remembering": "import functools\n@functools.lru_cache\ndef f(x, y=0):\n    return x * x - y",
    "asking back": "def f(x, y=0):\n    return len(input('how? ')) + x if x == 30 else x * x - y",
    "rebinding itself": "def f(x, y=0):\n    global f\n    if x == 25:\n        f = lambda x, y=0: 7\n    return x * x - y",
    "keeping an attribute": "def f(x, y=0):\n    f.calls = getattr(f, 'calls', 0) + 1\n    return x * x - y + (f.calls == 50)",
    "numbers of another kind": "from fractions import Fraction\ndef f(x, y=0):\n    return True if x == 20 else float('nan') if x == 22 else -0.0 if x == 24 else Fraction(x)",
}  # fmt: skip

TESTS = {
    "asserting": "for i in range({start}, {stop}, {step}):\n    assert f({argument}) == ({argument}) ** 2, i",
    "a list": "print([f({argument}) for i in range({start}, {stop}, {step})])",
    "all": "print(all(f({argument}) == ({argument}) ** 2 for i in range({start}, {stop}, {step})))",
    "two arguments": "for i in range({start}, {stop}, {step}):\n    for j in range(3, 17):\n        print(f(i, j), end=' ')",
    "two calls": "for i in range({start}, {stop}, {step}):\n    print(f({argument}), f(i, 3))",
    "looking between": "for i in range({start}, {stop}, {step}):\n    print(f({argument}))\n    if i == {odd}:\n        print(count, seen)",
    "another call between": "for i in range({start}, {stop}, {step}):\n    print(f({argument}))\n    if i == {odd}:\n        print(f(-5), f('a' * 2, 3) if i < 0 else 0)",
    "another argument": "for i in range({start}, {stop}, {step}):\n    print(f({argument} if i != {odd} else True))",
    "going on after errors": "for i in range({start}, {stop}, {step}):\n    try:\n        print(f({argument}))\n    except Exception as error:\n        print(error)",
    "continuing": "for i in range({start}, {stop}, {step}):\n    if i % 7 == 0:\n        continue\n    print(f({argument}))",
    "stopping": "try:\n    for i in range({start}, {stop}, {step}):\n        print(f({argument}))\n        if i >= {odd}:\n            raise RuntimeError\nexcept RuntimeError:\n    print('out', count)",
    "random between": "import random\nfor i in range({start}, {stop}, {step}):\n    print(f({argument}))\n    if i == {odd}:\n        random.seed(i)",
    "changing what is theirs": "for i in range({start}, {stop}, {step}):\n    print(f({argument}))\n    if i == {odd}:\n        seen.append('x')",
    "printing between": "for i in range({start}, {stop}, {step}):\n    print('before', i)\n    print(f({argument}))",
    "a function around": "def each(n):\n    return [f(i) for i in range(n)]\nfor k in range(5, 9):\n    print(sum(map(len, map(str, each(5 * k)))))",
    "text that is run": "for i in range({start}, {stop}, {step}):\n    print(eval(repr(f({argument}))))",
}  # fmt: skip

ARGUMENTS = ["i", "2 * i + 1", "-i", "i / 7", "float(i)", "i * 0.1", "i // 3", "i % 11", "[i]", "i == 3"]


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """How many calls are made ahead is not to depend on how busy the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running_ahead, "_LONGEST_S", 600.0)
        yield


def both(answer: str, *tests: str) -> tuple[Outcome, Outcome]:
    """Return what becomes of the tests with calls ahead, and without."""
    answer = "count = 0\nseen = []\n" + answer
    return examine(SOLUTION, answer, *tests, goes_ahead=True), examine(SOLUTION, answer, *tests, goes_ahead=False)


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 2, deadline=None)
@given(
    answer=st.sampled_from(sorted(LEARNERS)),
    test=st.sampled_from(sorted(TESTS)),
    argument=st.sampled_from(ARGUMENTS),
    start=st.integers(-9, 9),
    turns=st.integers(1, 90),
    step=st.integers(1, 3),
    odd=st.integers(5, 80),
)
def test_whatever_the_learner_writes_a_test_sees_the_same_or_is_held_again(
    answer: str, test: str, argument: str, start: int, turns: int, step: int, odd: int
) -> None:
    text = TESTS[test].format(argument=argument, start=start, stop=start + turns * step, step=step, odd=odd)
    ahead, alone = both(LEARNERS[answer], text, "print(count, seen, [f(k) for k in range(3)])")
    assert not alone.has_diverged
    assert ahead.has_diverged or ahead.seen == alone.seen


@pytest.mark.slow
@pytest.mark.parametrize("answer", sorted(LEARNERS))
@pytest.mark.parametrize("test", ["two arguments", "stopping"])
def test_every_kind_of_function_gives_the_same_in_a_long_loop(answer: str, test: str) -> None:
    text = TESTS[test].format(argument="i", start=0, stop=90, step=1, odd=64)
    ahead, alone = both(LEARNERS[answer], text, STATE)
    assert ahead.has_diverged or ahead.seen == alone.seen


@pytest.mark.slow
def test_a_loop_of_many_calls_takes_few_messages() -> None:
    ahead, alone = both(LEARNERS["pure"], "assert [f(i) for i in range(3000)] == [i * i for i in range(3000)]", STATE)
    assert ahead.seen == alone.seen
    assert not ahead.has_diverged
    assert (alone.messages > 3000, ahead.messages < 60) == (True, True)


@pytest.mark.parametrize("argument", ["2 * i + 1", "-i", "i / 7", "float(i)", "i * 0.1", "i, 4"])
def test_arguments_that_follow_from_the_item_are_foreseen(argument: str) -> None:
    ahead, alone = both(LEARNERS["pure"], f"print([f({argument}) for i in range(400)])")
    assert ahead.seen == alone.seen
    assert ahead.messages < alone.messages / 5


def test_functions_that_count_are_asked_ahead_too_where_the_test_makes_all_calls() -> None:
    ahead, alone = both(LEARNERS["counting behind the examiner's back"], "print([f(i) for i in range(400)])", "print(kept)")
    assert ahead.seen == alone.seen
    assert not ahead.has_diverged
    assert ahead.messages < alone.messages / 5


def test_a_loop_that_ends_early_is_held_again_where_calls_may_have_left_a_trace_and_only_there() -> None:
    text = TESTS["stopping"].format(argument="i", start=0, stop=90, step=1, odd=50)
    assert both(LEARNERS["counting behind the examiner's back"], text)[0].has_diverged
    ahead, alone = both(LEARNERS["pure with a helper"], text)
    assert (ahead.has_diverged, ahead.seen) == (False, alone.seen)


@pytest.mark.parametrize("items", ["list(range(3, 700, 2))", "tuple(range(400, 0, -1))"])
def test_whole_numbers_at_equal_distances_are_foreseen_in_lists_and_in_what_map_takes(items: str) -> None:
    for text in (f"xs = {items}\nprint(all(f(x) == x * x for x in xs))", f"print(sum(map(f, {items})))"):
        ahead, alone = both(LEARNERS["pure"], text)
        assert ahead.seen == alone.seen
        assert ahead.messages < alone.messages / 5


@given(
    st.lists(st.integers(-3, 3), max_size=40)
    | st.builds(lambda a, n, s: list(range(a, a + n * s, s)), st.integers(), st.integers(16, 40), st.integers(1, 9))
)
def test_only_numbers_at_equal_distances_are_read_as_a_range(items: list[int]) -> None:
    found = whole_numbers(items)
    assert found is None or list(found) == items
    assert (found is not None) == (len(items) >= 16 and len({b - a for a, b in pairwise(items)}) == 1 and items[0] != items[1])


def test_a_test_that_looks_at_a_clock_is_left_alone() -> None:
    ahead, alone = both(LEARNERS["pure"], "import time\nprint([f(i) for i in range(100)])")
    assert ahead.messages == alone.messages


def test_what_follows_from_nothing_is_not_foreseen() -> None:
    pattern = Pattern()
    for item in range(30):
        pattern.learn(item, [[["R", 1], hash(str(item)) % 1000]])
    assert pattern.is_hopeless


@given(slope=st.integers(-9, 9).filter(bool), start=st.integers(-99, 99), stop=st.integers(12, 60), constant=st.text(max_size=3))
def test_foreseen_calls_are_those_that_the_loop_makes_and_end_where_it_ends(slope: int, start: int, stop: int, constant: str) -> None:
    pattern = Pattern()
    calls = [[["R", 1], constant, slope * item + start, 0.5] for item in range(stop)]
    for item in range(11):
        pattern.learn(item, [calls[item]])
    assert pattern.foresee(calls[11], range(11, stop)) == calls[11:19]
