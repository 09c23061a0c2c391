"""Learners' functions that would profit from seeing what a test will ask next, and a learner's side that lies about calls it was to make ahead.

What takes the peeping without its defence is an examiner that sends the test's own data ahead, over the same connection to the same learner's side.
"""

from __future__ import annotations

from typing import Any

import pytest

from autograder.sealed import running_ahead
from autograder.sealed.call_patterns import Pattern
from autograder.sealed.calls_ahead import Ran
from autograder.sealed.examiner import Examiner
from autograder.sealed.wire import Channel, Tree
from tests.attacks.arena import Record
from tests.autograder.sealed import two_processes
from tests.autograder.sealed.examination import Desk
from tests.autograder.sealed.two_processes import both_sides, examine

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many calls are made ahead is not to depend on how busy the machine is."""
    monkeypatch.setattr(running_ahead, "_LONGEST_S", 600.0)


HONEST = "def predict(last):\n    return 0"
PEEPING = """
import sys

def numbers_in(part, depth=0):
    if type(part) is int:
        return [part] if part > 9 else []
    if type(part) is not list or depth > 5:
        return []
    return [number for each in part for number in numbers_in(each, depth + 1)]

def predict(last):
    frame = sys._getframe(1)
    while frame is not None:
        for held in list(frame.f_locals.values()):
            seen = numbers_in(held)
            if last in seen[:-1]:
                return seen[seen.index(last) + 1]
        frame = frame.f_back
    return 0
"""
DATA = [(n * 7919 + 104729) ** 2 % 99991 + 10 for n in range(300)]
GAME = f"""
data = {DATA}
hits, guess = 0, None
{{loop}}
    hits += guess == x
    guess = predict(x)
assert hits > 30, hits
"""


def hits_of_data_sent_ahead(answer: str) -> int:
    """Return how often the answer tells the next number if the numbers to come are sent with the first."""
    with both_sides(HONEST, answer, "predict", goes_ahead=True) as (examiner, _):
        examiner.begin_cell("predict", trusted=False, forget=[])
        function = examiner.known_trees((examiner.names_here["predict"],))
        assert function is not None
        hits = 0
        for first in range(0, len(DATA), 10):
            told = examiner.ask_ahead([[*function, number] for number in DATA[first : first + 10]])
            hits += sum(guess == number for guess, number in zip(told.results, DATA[first + 1 :], strict=False))
        return hits


@pytest.mark.parametrize("loop", ["for x in data:", "for n in range(300):\n    x = data[n]"])
def test_a_function_that_looks_for_the_arguments_to_come_finds_none(desk: Desk, record: Record, loop: str) -> None:
    cell = desk.cell(HONEST, PEEPING, GAME.format(loop=loop))
    record(
        "read from the learner's own process what the test will ask next",
        "calls are asked for ahead only with arguments that follow from those before",
        without=hits_of_data_sent_ahead(PEEPING) > 30,
        behind=cell.auto_score not in {0, None},  # in one process it reads the test itself: then a person decides
    )


def test_what_is_foreseen_does_not_depend_on_what_the_test_will_ask() -> None:
    seen = [[["R", 1], 3 * item] for item in range(12)]
    foreseen = []
    for _ in ("a test that goes on so", "a test that does not"):
        pattern = Pattern()
        for item in range(11):
            pattern.learn(item, [seen[item]])
        foreseen.append(pattern.foresee(seen[11], range(11, 40)))
    assert foreseen[0] == foreseen[1] == [[["R", 1], 3 * item] for item in range(11, 19)]


GUESSED = "data = [3 * n for n in range(40)] + [n * n for n in range(40, 80)]\nprint([predict(data[n]) for n in range(80)])"


def test_a_test_whose_arguments_go_on_otherwise_than_foreseen_is_held_again_or_sees_the_same() -> None:
    counting = "calls = []\ndef predict(last):\n    calls.append(last)\n    return len(calls)"
    assert examine(HONEST, counting, GUESSED, goes_ahead=True).has_diverged
    ahead, alone = (examine(HONEST, HONEST, GUESSED, goes_ahead=each) for each in (True, False))
    assert (ahead.has_diverged, ahead.seen) == (False, alone.seen)


LOOP = "for n in range(200):\n    assert square(n) == n * n"
SQUARE = "def square(n):\n    return n * n"


class _Liar(Channel):
    """A learner's side that changes what it tells of calls made ahead."""

    lie: Any = None

    def send(self, tree: Tree) -> None:
        """Send a message, changed."""
        super().send(type(self).lie(tree) if tree[0] == "ran" else tree)


def _with_results(change: Any) -> Any:
    return lambda tree: [*tree[:8], change(tree[8]), tree[9]]


def _ask_ahead_and_believe(examiner: Any, calls: Any) -> Ran:
    """What the examiner does, without looking at what it is told."""
    with examiner._one_at_a_time:
        ticket = examiner.ticket()
        examiner._post(["ask", ticket, "ahead"], lambda _: [calls, []])
        told: Any = examiner.receive()
        return Ran(ticket, told[8], has_more=told[2][0], is_traceless=told[2][1])


LIES = {
    "more results than were asked for": _with_results(lambda results: results * 20),
    "no result": _with_results(lambda _: []),
    "no list": _with_results(lambda _: 5),
    "a reference": _with_results(lambda results: [["r", 1, "X", "__main__", ["__main__:X"], ["__eq__"], "object", 0, []], *results[1:]]),
    "a list": _with_results(lambda results: [["l", 1], *results[1:]]),
    "a module": _with_results(lambda results: [["module", "os"], *results[1:]]),
    "another ticket": lambda tree: ["ran", "0" * 16, *tree[2:]],
    "a change to what both hold": lambda tree: [*tree[:5], [[0, ["l", 1]]], *tree[6:]],
    "no word on what follows": lambda tree: [*tree[:2], [1, 1], *tree[3:]],
}


BELIEVED = ("more results than were asked for", "another ticket", "a change to what both hold", "no word on what follows")
"""Lies that an examiner which does not look believes, with the test passed; the others break its run."""


@pytest.mark.parametrize("lie", sorted(LIES))
def test_a_lie_about_calls_made_ahead_ends_them_and_the_test_is_held_again(
    lie: str, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not examine(SQUARE, SQUARE, LOOP, goes_ahead=True).raised[0]
    monkeypatch.setattr(_Liar, "lie", staticmethod(LIES[lie]))
    monkeypatch.setattr(two_processes, "LEARNERS_CHANNEL", _Liar)
    found = examine(SQUARE, SQUARE, LOOP, goes_ahead=True)
    assert found.has_diverged
    assert found.raised[0].startswith("CandidateGoneError")
    monkeypatch.setattr(Examiner, "ask_ahead", _ask_ahead_and_believe)
    if lie in BELIEVED:
        unchecked = examine(SQUARE, SQUARE, LOOP, goes_ahead=True)
        record(
            f"calls ahead: {lie}",
            "what is told of calls ahead is checked",
            without=unchecked.raised == ("",),
            behind=not found.has_diverged,
        )
