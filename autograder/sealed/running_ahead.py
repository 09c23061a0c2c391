"""Makes the calls that the examiner asks for ahead. The learner's half of `calls_ahead`; nothing here is believed.

Rules:
1. Each call is made as a question of its own would have it made: as deep in the stack, with the same library functions replaced, interrupted alike.
2. Only plain results of calls that did nothing else to be told are collected. The first call that prints, raises, draws random numbers, changes what both
   sides hold or returns anything else is told of in a message of its own, and no further one is made. So it is with one that asks the examiner back.
3. No further call is made after a hundredth of a second: where calls take long, messages cost little beside them.
"""

from __future__ import annotations

import time
from typing import Any

from autograder.sealed.closed_functions import is_closed, is_immutable
from autograder.sealed.codec import Encoder, expect
from autograder.sealed.party import Party
from autograder.sealed.wire import Tree, UnsendableError

_LONGEST_S = 0.01
_MOST_CHARACTERS = 1 << 16
_NOT_PLAIN = object()
PLAIN_TAGS = frozenset({"int", "str", "scalar", "complex"})
"""Of results that are no leaves and stand for no object."""


class RunningAhead(Party):
    """Runs calls, and collects their results."""

    _kept: list[list[Any]]
    _watched: dict[str, object]
    _names: dict[str, Any]
    _ahead: tuple[Tree, list[Tree], bool] | None = None
    """The ticket, the results so far and whether the calls are traceless, while calls are made ahead."""

    def run_ahead(self, message: list[Tree]) -> None:
        """Make the calls, and tell what came of them."""
        calls = self._open(message, lambda decoder: [decoder.all(expect(each, list)) for each in expect(message[8], list)])
        results: list[Tree] = []
        self._ahead = message[1], results, _are_traceless(calls)
        is_plain, is_ok, value, left = True, True, None, _MOST_CHARACTERS
        ends = time.perf_counter() + _LONGEST_S
        self._depth += 1
        try:
            for call in calls:
                is_ok, value = self._try("call", call, {})
                tree = self._plain_tree(value) if is_ok and self._ahead is not None and self._has_no_news() else _NOT_PLAIN
                is_plain = tree is not _NOT_PLAIN
                if not is_plain:
                    break
                results.append(tree)
                left -= len(tree) if type(tree) is str else 8
                if left < 0 or time.perf_counter() > ends:
                    break
        finally:
            self._depth -= 1
        self.tell_so_far(has_more=not is_plain)
        if not is_plain:
            self.tell_of(message[1], value, is_ok=is_ok)

    def tell_so_far(self, *, has_more: bool) -> None:
        """Tell the results that are collected, if calls are made ahead; no more are collected."""
        if self._ahead is not None:
            ticket, results, is_traceless = self._ahead
            self._ahead = None
            self.send(["ran", ticket, [has_more, is_traceless], None, None, [], [], [], results, []])

    def _has_no_news(self) -> bool:
        return not self._kept and not self._are_watched_new() and self.twins.is_at_rest() and not self.random.is_news()

    def _are_watched_new(self) -> bool:
        names = self._names
        return any(names.get(name, self) is not thing for name, thing in self._watched.items())

    def _plain_tree(self, value: Any) -> Tree:
        if type(value) in {int, float, bool, type(None)} and (type(value) is not int or -(1 << 63) < value < 1 << 63):
            return value
        encoder = Encoder(self)
        try:
            tree = encoder.encode(value) if is_immutable(value) else _NOT_PLAIN
        except UnsendableError:
            return _NOT_PLAIN
        return tree if not encoder.objects and (type(tree) is str or (type(tree) is list and tree[0] in PLAIN_TAGS)) else _NOT_PLAIN


def _are_traceless(calls: list[list[Any]]) -> bool:
    functions = {id(call[0]): call[0] for call in calls}
    return all(map(is_closed, functions.values())) and all(is_immutable(each) for call in calls for each in call[1:])
