"""Whose word a verdict rests on: what a learner's object says when it is compared, added or asked for truth, and whether it is believed.

Rules:
1. Only objects of classes that the reference solution defines are asked at all, and that they were is noted. Where they compare, tell their truth or are
   converted, they give the very answer that the test branches on: the verdict is not sealed. Arithmetic gives values, which the test compares itself, as
   it does what a method returns: such a verdict is sealed where the reference solution's rests on the same operators.
2. A class that calls an unrelated object equal, contained or a changed copy of itself its equal, or two objects each less than the other, or that
   answers the same question otherwise when it is asked again, has lied: what it says is refused. This catches the cheap liars; a dearer one is why rule 1 notes even the honest.
"""

from __future__ import annotations

import secrets
from typing import Any, Protocol

from autograder.sealed.handing import ODDITIES, oddities_of
from autograder.sealed.policy import SealingPolicy
from autograder.sealed.references import DECIDING, About, Reference, is_reference

_PROBED = frozenset({"__eq__", "__ne__", "__lt__", "__gt__", "__contains__"})
_STEADY = frozenset({"__eq__", "__lt__", "__gt__"})
"""What is the same however often it is asked; to look for something may use an object up."""
_MIRRORED = {"__lt__": "__lt__", "__gt__": "__gt__"}
_MOST_FIELDS = 8


class Asks(Protocol):
    """Who asks the learner's side."""

    def exchange(self, operation: str, *arguments: Any, **named: Any) -> tuple[bool, Any]:
        """Ask, and return whether it went well, and the answer or the exception."""


class _Unrelated:
    """Equal to nothing."""


_Unrelated.__module__ = "unrelated"  # what is of the examination itself is not handed over


class Semantics:
    """What one test cell's verdict rests on besides plain values."""

    def __init__(self, policy: SealingPolicy) -> None:
        self._policy = policy
        self.unsealed: dict[str, None] = {}
        self.operators: dict[str, None] = {}
        self.unexpected: dict[str, None] = {}
        self._oddities: set[str] = set()
        self._tried: dict[tuple[int, str], int] = {}

    def begin(self, source: str) -> None:
        """Get ready for a cell."""
        for kept in (self.unsealed, self.operators, self.unexpected, self._tried):
            kept.clear()
        self._oddities = oddities_of(source)
        if not self._policy.is_known:
            self.unsealed["there is no reference solution to say what the learner's side may decide"] = None

    def is_expected(self, told: About) -> bool:
        """Whether the reference solution defines the object's class."""
        return told.module == "__main__" and told.name in self._policy.classes

    def may_ask(self, reference: Reference, operation: str) -> bool:
        """Note that a verdict rests on an object's own operators; whether they are asked."""
        told = reference._sealed_about
        if operation == "__hash__":
            return False
        word = operation.strip("_")
        if self.is_expected(told):
            noted = self.unsealed if operation in DECIDING else self.operators
            noted[f"`{word}` of the learner's own class {told.name}"] = None
            return True
        self.unexpected[f"`{word}` of an object of class {told.name}, which the reference solution does not define"] = None
        return False

    def doubt(self, asker: Asks, reference: Reference, operation: str, arguments: tuple[Any, ...]) -> None:
        """Look for a lie behind an operator that has just said yes, the first few times for each class; note it if there is one."""
        told = reference._sealed_about
        key = (told.class_number, operation)
        if operation not in _PROBED or not self.is_expected(told) or self._tried.get(key, 0) >= 3:
            return
        self._tried[key] = self._tried.get(key, 0) + 1

        def says(*operands: Any) -> bool:
            is_ok, found = asker.exchange("operation", reference, operation, *operands)
            return is_ok and found is not NotImplemented and (is_reference(found) or bool(found))

        lie = ""
        if operation in {"__eq__", "__contains__"} and all(
            map(says, (_Unrelated(), secrets.token_hex(8), 0.5 + secrets.randbelow(1 << 30)))
        ):
            lie = "anything"
        elif operation == "__ne__" and says(reference):
            lie = "itself"
        elif operation in _MIRRORED and (says(reference) or _is_mirrored(asker, reference, operation, arguments)):
            lie = "what it cannot be true of"
        elif operation == "__eq__" and _is_blind(asker, reference, says):
            lie = "a changed copy of itself"
        elif operation in _STEADY and not says(*arguments):
            lie = "what it denies when it is asked again"
        if lie:
            self.unexpected[f"`{operation.strip('_')}` of the learner's class {told.name} says yes to {lie}"] = None

    def notice(self, oddity: str) -> None:
        """Note a value that a comparison of this cell would take for equal to everything."""
        if oddity in self._oddities:
            self.unexpected[f"a comparison with values of which {ODDITIES[oddity]}"] = None

    def display(self, result: object) -> None:
        """Note it if what a cell shows as its result, which may be partial credit, is the learner's object with a text of its own."""
        if is_reference(result):
            self.unexpected["the result that is shown is an object of the learner's"] = None


def _is_mirrored(asker: Asks, reference: Reference, operation: str, arguments: tuple[Any, ...]) -> bool:
    other = arguments[0]
    if not is_reference(other) or type(other) is not type(reference):
        return False
    is_ok, found = asker.exchange("operation", other, operation, reference)
    return is_ok and (is_reference(found) or (found is not NotImplemented and bool(found)))


def _is_blind(asker: Asks, reference: Reference, says: Any) -> bool:
    """Whether an object calls a copy of itself equal whichever plain field of the copy is changed."""
    is_ok, fields = asker.exchange("plain fields", reference)
    if not is_ok or type(fields) is not dict or not fields:
        return False
    asked = 0
    for name, value in list(fields.items())[:_MOST_FIELDS]:
        is_ok, changed = asker.exchange("changed copy", reference, name, _other_value(value))
        if not is_ok or not is_reference(changed):
            continue
        asked += 1
        if not says(changed):
            return False
    return asked > 0


def _other_value(value: Any) -> Any:
    if type(value) is bool:
        return not value
    if type(value) in {int, float}:
        return value + 17
    if type(value) is str:
        return value + "~"
    if type(value) in {list, tuple}:
        return [*value, 17] if type(value) is list else (*value, 17)
    return {**value, "~": 17} if type(value) is dict else 17
