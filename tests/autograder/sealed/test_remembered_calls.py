"""A test's small functions that the learner's code calls with the same values again and again: asked for once, where that is the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.autograder.sealed.two_processes import Outcome, examine, run_together

HEAP = """
class Heap:
    def __init__(self, key):
        self.key, self.held = key, []
    def push(self, item):
        self.held.append(item)
        place = len(self.held) - 1
        while place and self.key(self.held[place]) < self.key(self.held[(place - 1) // 2]):
            above = (place - 1) // 2
            self.held[place], self.held[above] = self.held[above], self.held[place]
            place = above
    def all(self):
        return sorted(self.held, key=self.key)
"""


def examine_heap(*tests: str) -> Outcome:
    return examine(HEAP, HEAP, *tests, goes_ahead=False)


PUSH = "\nfor n in range(40):\n    heap.push((n * 7) % 13 - 6)\nprint(heap.all())"


def test_a_key_that_reaches_nothing_is_asked_once_for_each_value() -> None:
    plain = examine_heap("heap = Heap(key=lambda x: abs(x))" + PUSH)
    counted = examine_heap("asked = []\nheap = Heap(key=lambda x: asked.append(x) or abs(x))" + PUSH + "\nprint(len(asked))")
    assert counted.printed.splitlines()[0] == plain.printed.strip()
    assert int(counted.printed.splitlines()[1]) > 100
    assert plain.calls_back < 20 < 100 < counted.calls_back


@pytest.mark.parametrize(
    "test",
    [
        "limit = 0\nheap = Heap(key=lambda x: abs(x) > limit)\nfor n in range(20):\n    limit = n\n    heap.push(n % 3)\nprint(heap.all())",
        "heap = Heap(key=lambda x: abs(x))\nfor n in range(20):\n    heap.push(n % 3)\ndef abs(x):\n    return -x\nfor n in range(20):\n    heap.push(n % 4)\nprint(heap.all())",
        "heap = Heap(key=lambda x: print('key of', x) or x)\nfor n in range(9):\n    heap.push(n % 3)",
        "import itertools\nturn = itertools.count()\nheap = Heap(key=lambda x: next(turn))\nfor n in range(9):\n    heap.push(n % 3)\nprint(heap.held, next(turn))",
        "def key(x, seen=[]):\n    seen.append(x)\n    return len(seen)\nheap = Heap(key)\nfor n in range(9):\n    heap.push(n % 3)\nprint(heap.held, key(0))",
        "heap = Heap(key=lambda x: 1 / x)\nfor n in (4, 3, 2, 1, 0):\n    heap.push(n)",
        "heap = Heap(key=lambda x: [x])\nfor n in range(9):\n    heap.push(n % 3)\nprint(heap.all())",
        "heap = Heap(key=lambda x: str(x))\nfor n in (1, True, 1.0, 0.0, -0.0, (1,), (True,)) * 4:\n    heap.push(n)\nprint(heap.all())",
    ],
)  # fmt: skip
def test_what_a_test_sees_is_what_it_sees_in_one_process(test: str) -> None:
    assert examine_heap(test).seen_alone == run_together(HEAP, test)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-4, 4) | st.booleans() | st.sampled_from([0.0, -0.0, 1.5, "a", "b", (1, 2)]), max_size=40))
def test_values_that_are_equal_but_written_otherwise_keep_answers_of_their_own(items: list[object]) -> None:
    test = f"heap = Heap(key=lambda x: str(x) + str(bool(x)))\nfor n in {items!r}:\n    heap.push(n)\nprint(heap.all())"
    assert examine_heap(test).seen_alone == run_together(HEAP, test)
