"""What a verdict rests on when the learner's objects are asked themselves, and which lies are seen."""

from __future__ import annotations

from typing import Any

import pytest

from autograder.sealed.policy import SealingPolicy
from autograder.sealed.semantics import Semantics
from tests.autograder.sealed.two_processes import both_sides

UNKNOWN = SealingPolicy(is_known=False)
POINT = "class V:\n    def __init__(self, x):\n        self.x = x\n"
SOLUTION = f"{POINT}    def __eq__(self, o):\n        return isinstance(o, V) and self.x == o.x\n    def __lt__(self, o):\n        return self.x < o.x\n    def __add__(self, o):\n        return V(self.x + o.x)\n    def __contains__(self, o):\n        return o == self.x\n    def __bool__(self):\n        return self.x > 0\ndef make(x):\n    return V(x)\n"


def told(answer: str, test: str, *, solution: str = SOLUTION) -> tuple[str, dict[str, Any]]:
    """Return what a test raised, and what is to be said of its verdict."""
    with both_sides(solution, answer, test, goes_ahead=False) as (examiner, _channel):
        examiner.begin_cell(test, trusted=False, forget=[])
        raised = ""
        try:
            exec(compile(test, "<test>", "exec"), examiner.names_here)
        except Exception as error:  # noqa: BLE001 - a test may raise anything
            raised = type(error).__name__
        return raised, examiner.end_cell()


@pytest.mark.parametrize(
    ("test", "word"),
    [("assert V(1) == V(1)", "eq"), ("assert V(1) < V(2)", "lt"), ("assert 3 in V(3)", "contains"), ("assert V(1)", "bool")],
)
def test_an_honest_object_that_decides_is_believed_and_noted(test: str, word: str) -> None:
    raised, found = told(SOLUTION, test)
    assert (raised, found["unexpected"]) == ("", [])
    assert found["unsealed"] == [f"`{word}` of the learner's own class V"]


def test_arithmetic_of_an_honest_object_is_noted_apart_and_stays_sealed() -> None:
    raised, found = told(SOLUTION, "assert (V(1) + V(2)).x == 3")
    assert (raised, found["unsealed"], found["unexpected"]) == ("", [], [])
    assert found["operators"] == ["`add` of the learner's own class V"]


def test_plain_values_that_an_object_holds_are_compared_without_asking_it() -> None:
    raised, found = told(SOLUTION, "assert V(4).x == 4\nassert make(2).x == 2")
    assert (raised, found["unsealed"], found["operators"], found["unexpected"]) == ("", [], [], [])


def test_an_object_of_a_class_that_the_solution_lacks_is_not_asked() -> None:
    other = "class W:\n    def __eq__(self, o):\n        return True\n    __hash__ = None\ndef make(x):\n    return W()\n"
    _raised, found = told(other, "assert make(1) == 1")
    assert found["unexpected"] == ["`eq` of an object of class W, which the reference solution does not define"]
    assert found["unsealed"] == []


LIES = {
    "equal to anything": ("    def __eq__(self, o):\n        return True\n", "assert V(1) == V(2)", "anything"),
    "holds anything": ("    def __contains__(self, o):\n        return True\n", "assert 9 in V(3)", "anything"),
    "unlike itself": ("    def __ne__(self, o):\n        return True\n", "assert V(1) != V(1)", "itself"),
    "less than what is less": ("    def __lt__(self, o):\n        return True\n", "assert V(2) < V(1)", "what it cannot be true of"),
    "equal to all of its class": (
        "    def __eq__(self, o):\n        return isinstance(o, V)\n",
        "assert V(1) == V(2)",
        "a changed copy of itself",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_cheap_lie_of_an_expected_class_is_seen(lie: str) -> None:
    method, test, word = LIES[lie]
    _raised, found = told(f"{POINT}{method}", test)
    (said,) = found["unexpected"]
    assert said.endswith(f"of the learner's class V says yes to {word}")


def test_without_a_reference_solution_nothing_is_sealed() -> None:
    semantics = Semantics(UNKNOWN)
    semantics.begin("assert x == 1")
    assert list(semantics.unsealed) == ["there is no reference solution to say what the learner's side may decide"]


def test_an_object_that_answers_otherwise_when_it_is_asked_again_has_lied() -> None:
    lie = f"asked = []\n{POINT}    def __eq__(self, o):\n        asked.append(o)\n        return isinstance(o, V) and (len(asked) == 1 or self.x == o.x)\n"
    _raised, found = told(lie, "assert V(1) == V(2)")
    assert found["unexpected"] == ["`eq` of the learner's class V says yes to what it denies when it is asked again"]


def test_what_one_cell_noted_is_not_said_of_the_next() -> None:
    with both_sides(SOLUTION, SOLUTION, "a", "b", goes_ahead=False) as (examiner, _channel):
        for test, expected in (("assert V(1) == V(1)", 1), ("assert V(1).x == 1", 0)):
            examiner.begin_cell(test, trusted=False, forget=[])
            exec(compile(test, "<test>", "exec"), examiner.names_here)
            assert len(examiner.end_cell()["unsealed"]) == expected
