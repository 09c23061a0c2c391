"""Foresees the arguments of calls in a loop over whole numbers from those of the turns before. Pure: trees of arguments in, trees out.

What is foreseen is worked out from what was asked already and from how far the loop goes, and from nothing else: who sees it learns nothing of the test that
the calls before have not told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from autograder.sealed.wire import Tree

_WARM = 8
"""So many turns have to be foreseen rightly before one is asked for ahead."""
_MOST_MISSES = 4
_MOST_CALLS = 8
_FEW = 16
_LARGEST = 1 << 63

Call = list[Tree]
"""The trees of a function and its arguments."""
Rule = Callable[[int], Tree]


@dataclass(slots=True)
class Pattern:
    """What the calls of one loop in the test look like, as far as it is known."""

    rules: list[list[Rule | None]] | None = None
    """By call of a turn and by argument: how it follows from the loop's item; None if it stays the same throughout the loop."""
    streak: int = 0
    misses: int = 0
    last: tuple[int, list[Call]] | None = None
    """The turn before, of this run of the loop."""
    chunk: int = field(default=8)
    """How many calls are asked for next."""

    @property
    def is_hopeless(self) -> bool:
        """Whether it has been wrong too often."""
        return self.misses > _MOST_MISSES

    @property
    def is_trusted(self) -> bool:
        """Whether it has been right often enough."""
        return self.streak >= _WARM and not self.is_hopeless

    def learn(self, item: int, calls: list[Call]) -> None:
        """Take note of the calls of a whole turn."""
        if self.rules is not None and self._fits(item, calls):
            self.streak += 1
        else:
            self.misses += self.rules is not None or len(calls) > _MOST_CALLS
            self.streak, self.rules = 0, None
            if self.last is not None:
                self.rules = _infer(*self.last, item, calls)
                self.misses += self.rules is None
        self.last = item, calls

    def _fits(self, item: int, calls: list[Call]) -> bool:
        before = calls if self.last is None else self.last[1]
        rules = self.rules or []
        if not len(rules) == len(calls) == len(before):
            return False
        return all(is_same(_apply(each, then, item), now) for each, then, now in zip(rules, before, calls, strict=True))

    def note_poor(self) -> None:
        """Note that few of the calls asked for gave plain results: where that happens again and again, no more are asked for."""
        self.misses += 2

    def foresee(self, call: Call, items: range) -> list[Call]:
        """Return the calls to come, with the one that is made now as the first; fewer than two if none is foreseen.

        Args:
            call: the first of a turn.
            items: the loop's items from this turn on.
        """
        rules = self.rules
        if not self.is_trusted or not rules or (len(rules) > 1 and self.last is None):
            return []
        before = [call] if len(rules) == 1 or self.last is None else self.last[1]
        if not is_same(_apply(rules[0], before[0], items[0]), call):
            return []
        found = list(islice(_calls(rules, before, items), self.chunk))
        return found[: len(found) - len(found) % len(rules)]


def _calls(rules: list[list[Rule | None]], before: list[Call], items: range) -> Iterator[Call]:
    for item in items:
        turn = [_apply(each, then, item) for each, then in zip(rules, before, strict=True)]
        if any(type(tree) is int and not -_LARGEST < tree < _LARGEST for call in turn for tree in call):
            return
        yield from turn


def _apply(rules: list[Rule | None], before: Call, item: int) -> Call:
    return [tree if rule is None else rule(item) for rule, tree in zip(rules, before, strict=True)]


def _infer(item: int, calls: list[Call], next_item: int, next_calls: list[Call]) -> list[list[Rule | None]] | None:
    """Return the rules that lead from one turn's item to its calls, and from the next one's; None if there are none."""
    if len(calls) != len(next_calls) or not 0 < len(calls) <= _MOST_CALLS:
        return None
    found: list[list[Rule | None]] = []
    for call, next_call in zip(calls, next_calls, strict=True):
        if len(call) != len(next_call):
            return None
        rules: list[Rule | None] = []
        for tree, next_tree in zip(call, next_call, strict=True):
            if is_same(tree, next_tree):
                rules.append(None)
                continue
            rule = _rule(item, tree, next_item, next_tree)
            if rule is None:
                return None
            rules.append(rule)
        found.append(rules)
    return found if any(rule is not None for rules in found for rule in rules) else None


def _rule(item: int, tree: Tree, next_item: int, next_tree: Tree) -> Rule | None:
    if type(tree) is int and type(next_tree) is int:
        slope, rest = divmod(next_tree - tree, next_item - item)
        return None if rest else _line(slope, tree - slope * item)
    if type(tree) is not float or type(next_tree) is not float:
        return None
    return next(
        (rule for rule in _float_rules(next_item, next_tree) if is_same(rule(item), tree) and is_same(rule(next_item), next_tree)), None
    )


def _line(slope: int, start: int) -> Rule:
    return lambda item: slope * item + start


def _float_rules(item: int, value: float) -> Iterator[Rule]:
    yield float
    if not item or not value or value != value or abs(value) == float("inf"):
        return
    for factor in (value / item, float(f"{value / item:.12g}")):
        yield lambda item, factor=factor: item * factor  # type: ignore[misc]
    divisor = round(item / value) if abs(item / value) < _LARGEST else 0
    if divisor:
        yield lambda item: item / divisor


def whole_numbers(items: object) -> range | None:
    """Return the whole numbers that a range, list or tuple holds at equal distances, one after another; None if it holds anything else."""
    if type(items) is range:
        return items
    if type(items) not in {list, tuple} or not isinstance(items, list | tuple) or len(items) < _FEW or set(map(type, items)) != {int}:
        return None
    step = items[1] - items[0]
    found = range(items[0], items[0] + step * len(items), step) if step else range(0)
    return found if len(found) == len(items) and all(map(int.__eq__, items, found)) else None


def is_same(one: Tree, other: Tree) -> bool:
    """Whether two trees are written alike: `1`, `1.0` and `True` are not, nor are `0.0` and `-0.0`."""
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is list:
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(repr(one) == repr(other) if kind is float else one == other)
