"""Asks the learner's side for the calls of a test's loop ahead, many in one message, where they can be foreseen. The examiner's half.

Rules:
1. Calls are made in the test's order, one after another, by what `call_patterns` foresees; one that tells anything but a plain result ends the message.
2. A result is taken only where the test makes the very call: the same function, arguments that are written alike, and nothing else to tell the learner's
   side. A message of its own would have brought the same.
3. Where the test goes another way while results are left, calls were made that it never made. If they cannot have left a trace (`closed_functions`), the
   results are dropped; otherwise the examination has *diverged* and is held once more from its beginning, without calls ahead.
4. A test that looks at clocks, memory or threads is left alone, and so is one that follows files or the state of modules: there it matters when a call is made.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from autograder.sealed.call_patterns import Call, Pattern, is_same, whole_numbers
from autograder.sealed.loop_syntax import is_clocked
from autograder.sealed.wire import Tree

_SMALLEST_CHUNK, _LARGEST_CHUNK = 8, 512
_FEWEST = 3
_LEAVES = frozenset({int, str, bool, type(None)})
"""Types whose values are the same where they are equal."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What the learner's side says of calls that it made ahead."""

    ticket: str
    results: list[Tree]
    has_more: bool
    """Whether the call after these was made too, and is told of in a message of its own."""
    is_traceless: bool
    """Whether the calls leave no trace, as the learner's side says."""


class Side(Protocol):
    """The examiner, as far as it is needed."""

    def ask(self, operation: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[bool, Any]:
        """Ask with a message of its own."""

    def ask_ahead(self, calls: list[Call]) -> Ran:
        """Have calls made."""

    def hear(self, ticket: str) -> tuple[bool, Any]:
        """Return what the learner's side tells of the last call that it made ahead."""

    def take_result(self, tree: Tree) -> Any:
        """Return a plain result."""

    def known_trees(self, things: tuple[Any, ...]) -> Call | None:
        """Return the trees of what both sides hold already or what is a plain value; None if there is anything else."""

    def is_quiet(self) -> bool:
        """Whether the next message would carry nothing but its question."""


class DivergedError(Exception):
    """Calls were made ahead that the test does not make. Never leaves the examiner's kernel."""


class CallsAhead:
    """Foresees, asks, and hands out."""

    def __init__(self, side: Side, *, is_wanted: bool) -> None:
        self._side, self._is_wanted = side, is_wanted
        self._is_clocked = self._is_on = self._has_diverged = self._is_waiting = False
        self._thread = threading.get_ident()
        self._patterns: dict[int, Pattern] = {}
        self._loops: list[_Loop] = []
        self._expected: deque[Call] = deque()
        self._ran = Ran("", [], has_more=False, is_traceless=True)
        self._place = 0
        self._function: object = None
        self._function_tree: Tree = None

    def begin(self, source: str, *, is_fit: bool) -> None:
        """A cell begins.

        Args:
            is_fit: whether nothing but calls is followed in it.
        """
        self._is_clocked = self._is_clocked or is_clocked(source)
        self._is_on = self._is_wanted and is_fit and not self._is_clocked
        self._patterns.clear()
        self._loops.clear()

    def end(self) -> bool:
        """The cell is over: return whether it has diverged."""
        if self._expected:
            self._has_diverged = self._has_diverged or self._leaves_traces
        self._expected.clear()
        self._is_on = False
        return self._has_diverged or self._is_waiting

    @property
    def _leaves_traces(self) -> bool:
        return self._ran.has_more or not self._ran.is_traceless

    # --- loops

    def loop(self, number: int, items: Any) -> Any:
        """Return `items`, or an iterator over the same that notes where the test is."""
        if not self._is_on or threading.get_ident() != self._thread:
            return items
        steps = whole_numbers(items)
        if steps is None or len(steps) < _FEWEST:
            return items
        pattern = self._patterns.setdefault(number, Pattern())
        return items if pattern.is_hopeless else self._through(_Loop(steps, pattern), items)

    def _through(self, loop: _Loop, items: Any) -> Iterator[int]:
        loop.pattern.last = None
        self._loops.append(loop)
        try:
            for place, item in enumerate(items):
                loop.place = place
                yield item
                if not loop.is_broken and not loop.pattern.is_hopeless:
                    loop.pattern.learn(item, loop.calls)
                loop.calls, loop.is_broken = [], False
        finally:
            if loop in self._loops:
                self._loops.remove(loop)

    # --- messages

    def exchange(self, operation: str, arguments: tuple[Any, ...], named: dict[str, Any], *, is_nested: bool) -> tuple[bool, Any]:
        """Return the answer to a question, as `Side.ask` does.

        Raises:
            DivergedError: calls were made ahead that the test does not make.
        """
        if self._expected:
            if self._is_expected(operation, arguments, named):
                return self._take()
            self._give_up()
        if not self._loops or is_nested:
            return self._side.ask(operation, arguments, named)
        loop = self._loops[-1]
        if loop.pattern.is_hopeless:
            return self._side.ask(operation, arguments, named)
        calls = self._foresee(loop, operation, arguments, named)
        return self._ask_ahead(loop, arguments[0], calls) if len(calls) >= _FEWEST else self._side.ask(operation, arguments, named)

    def _is_expected(self, operation: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> bool:
        if operation != "call" or named or threading.get_ident() != self._thread:
            return False
        expected = self._expected[0]
        if not self._are_leaves(arguments, expected):
            trees = self._side.known_trees(arguments)
            if trees is None or not is_same(trees, expected):
                return False
        return self._side.is_quiet()

    def _are_leaves(self, arguments: tuple[Any, ...], expected: Call) -> bool:
        """Whether the call is that of the function last asked for, with whole numbers and text as expected: the quick way."""
        if arguments[0] is not self._function or len(arguments) != len(expected) or expected[0] != self._function_tree:
            return False
        for thing, tree in zip(arguments[1:], expected[1:], strict=True):
            if type(thing) is not type(tree) or type(thing) not in _LEAVES or thing != tree:
                return False
        return True

    def _take(self) -> tuple[bool, Any]:
        self._expected.popleft()
        if self._place == len(self._ran.results):
            return self._side.hear(self._ran.ticket)
        self._place += 1
        if self._loops:
            self._loops[-1].is_broken = True
        return True, self._side.take_result(self._ran.results[self._place - 1])

    def _give_up(self) -> None:
        if self._leaves_traces or threading.get_ident() != self._thread:
            self._has_diverged = True
            raise DivergedError("calls were made ahead that the test does not make")
        self._expected.clear()
        for loop in self._loops:
            loop.pattern.misses += 1
            loop.is_broken = True

    def _foresee(self, loop: _Loop, operation: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> list[Call]:
        trees = self._side.known_trees(arguments) if operation == "call" and not named else None
        if trees is None or threading.get_ident() != self._thread or not self._side.is_quiet():
            loop.pattern.misses += 1
            loop.is_broken = True
            return []
        loop.calls.append(trees)
        if len(loop.calls) > 1 or loop.is_broken:
            return []
        return loop.pattern.foresee(trees, loop.items[loop.place :])

    def _ask_ahead(self, loop: _Loop, function: object, calls: list[Call]) -> tuple[bool, Any]:
        self._is_waiting = True
        self._ran, self._place = self._side.ask_ahead(calls), 0
        self._function, self._function_tree = function, calls[0][0]
        self._is_waiting = False
        made = len(self._ran.results) + self._ran.has_more
        self._expected = deque(calls[:made])
        if made == len(calls):
            loop.pattern.chunk = min(2 * loop.pattern.chunk, _LARGEST_CHUNK)
        else:
            loop.pattern.chunk = max(_SMALLEST_CHUNK, made)
            if self._ran.has_more and 4 * made < len(calls):
                loop.pattern.note_poor()
        loop.is_broken = True
        return self._take()


class _Loop:
    """A loop of the test that runs now."""

    __slots__ = ("calls", "is_broken", "items", "pattern", "place")

    def __init__(self, items: range, pattern: Pattern) -> None:
        self.items, self.pattern = items, pattern
        self.place = 0
        self.calls: list[Call] = []
        """Those of this turn that were asked for one by one."""
        self.is_broken = False
        """Whether `calls` are not all of this turn's."""
