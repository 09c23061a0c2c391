"""What both sides of an examination do alike: ask, answer, refer to each other's objects, hand back in-place changes, exceptions and the state of `random`.

A message is `[kind, ticket, head, printed, random, changes, dropped, names, body, named]`: a question ("ask") has the operation as its head, an answer ("tell")
whether it went well. Tickets are drawn at random by who asks, so an answer that was written before its question fits nothing. A question may be answered only
after others in the opposite direction.
"""

from __future__ import annotations

import secrets
import threading
import types
from collections.abc import Callable
from typing import Any

from autograder.sealed import values
from autograder.sealed.codec import Decoder, Encoder, expect
from autograder.sealed.exceptions import OtherSideError, StandIns, exception_of, exception_tree, unsent
from autograder.sealed.randomness import RandomStates
from autograder.sealed.references import About, Reference, ReferenceClasses, about, describe, is_reference
from autograder.sealed.twins import TwinTable
from autograder.sealed.wire import Channel, Tree, UnsendableError, WireError

_DEEPEST = 60
_PARTS = 10
_TICKETS = 64
_SECRETIVE = (types.FrameType, types.CodeType, types.TracebackType)


class Party:
    """One side of an examination."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.twins = TwinTable()
        self.random = RandomStates()
        self._exported: dict[int, object] = {}
        self._numbers: dict[int, int] = {}
        self._references: dict[int, Reference] = {}
        self._classes = ReferenceClasses()
        self.stand_ins = StandIns(lambda *arguments, **named: self.request("construct", *arguments, **named))
        self._depth = 0
        self._tickets: list[str] = []
        self._owed: list[Tree] = []
        self._one_at_a_time = threading.RLock()
        values.load_types()

    # --- asking

    def request(self, operation: str, *arguments: Any, **named: Any) -> Any:
        """Have the other side do something, and return what comes of it; its exceptions are raised here."""
        is_ok, found = self.exchange(operation, *arguments, **named)
        if is_ok:
            return found
        raise found if isinstance(found, Exception) else OtherSideError("no exception that is known")

    def exchange(self, operation: str, *arguments: Any, **named: Any) -> tuple[bool, Any]:
        """Ask, and return whether it went well, and the answer or the exception."""
        with self._one_at_a_time:
            ticket = self.ticket()
            self._post(
                ["ask", ticket, operation],
                lambda encoder: [encoder.all(arguments), [[name, encoder.encode(value)] for name, value in named.items()]],
            )
            return self.hear(ticket)

    def ticket(self) -> str:
        """Return a number that nobody can have guessed; many are drawn at once."""
        if not self._tickets:
            drawn = secrets.token_hex(8 * _TICKETS)
            self._tickets = [drawn[place : place + 16] for place in range(0, len(drawn), 16)]
        return self._tickets.pop()

    def hear(self, ticket: str) -> tuple[bool, Any]:
        """Wait for the answer to a question, and return whether it went well, and the answer or the exception."""
        message = self.await_answer("tell", ticket)
        return message[2] is True, self._open(message, lambda decoder: decoder.decode(message[8]))

    def await_answer(self, kind: str, ticket: str) -> list[Tree]:
        """Return the message that answers a question; what the other side asks meanwhile is answered.

        Raises:
            WireError: another message comes.
        """
        while True:
            message = self.receive()
            if message[0] == "ask":
                self.answer(message)
                continue
            if message[0] != kind or message[1] != ticket:
                raise WireError("an answer to nothing that was asked")
            return message

    # --- answering

    def answer(self, message: list[Tree]) -> None:
        """Do what the other side asks, and tell what came of it."""
        ticket, operation = message[1], message[2]
        body, more = message[8], message[9]
        arguments, named = self._open(
            message,
            lambda decoder: (
                decoder.all(expect(body, list)),
                {expect(name, str): decoder.decode(tree) for name, tree in expect(more, list)},
            ),
        )
        if self._depth >= _DEEPEST:
            is_ok, value = False, RecursionError("the two sides call each other too often inside one another")
        else:
            self._depth += 1
            try:
                is_ok, value = self._try(expect(operation, str), arguments, named)
            finally:
                self._depth -= 1
        self.tell_of(ticket, value, is_ok=is_ok)

    def tell_of(self, ticket: Tree, value: Any, *, is_ok: bool) -> None:
        """Tell what came of a question: the answer, or the exception."""
        try:
            self._tell(ticket, is_ok, value)
        except UnsendableError as refusal:
            self._tell(ticket, False, unsent(refusal))

    def _tell(self, ticket: Tree, is_ok: bool, value: Any) -> None:
        self._post(["tell", ticket, is_ok], lambda encoder: [encoder.encode(value) if is_ok else self.exception_tree(encoder, value), []])

    def _try(self, operation: str, arguments: list[Any], named: dict[str, Any]) -> tuple[bool, Any]:
        try:
            return True, self.perform(operation, arguments, named)
        except WireError:
            raise
        except BaseException as raised:  # noqa: BLE001 - whatever the asked code raises is its answer
            self.consider(raised)
            return False, raised

    # --- messages

    def _post(self, head: list[Tree], encode: Callable[[Encoder], list[Tree]]) -> None:
        """Send a message with what changed here since the last one; nothing is noted as sent before it is."""
        encoder = Encoder(self, shared=self.twins.trees)
        changes = self.twins.changes(encoder)
        self._owed += self.twins.drop_unheld(self.cherished()) if self.twins else []  # owed to the other side until a message is through
        names, noted = self.names_told(encoder)
        body = encode(encoder)
        self.send([*head, self.printed(), self.random.told(), [list(each) for each in changes], self._owed, names, *body])
        self._owed = []
        noted()
        self.twins.settle(changes, encoder.objects)

    def _open(self, message: list[Tree], decode: Callable[[Decoder], Any]) -> Any:
        """Take over what a message says has changed, and return what it carries."""
        self.take_printed(message[3])
        self.take_random(message[4])
        decoder = Decoder(self)
        changes = expect(message[5], list)
        if changes:
            self.twins.take_changes(decoder, changes)
        self.twins.drop(expect(message[6], list))
        self.take_names(decoder, expect(message[7], list))
        found = decode(decoder)
        self.twins.settle([(each[0], None) for each in changes], decoder.objects)
        return found

    def send(self, tree: Tree) -> None:
        """Send a message."""
        self.channel.send(tree)

    def receive(self) -> list[Tree]:
        """Return the next message.

        Raises:
            WireError: it is none.
        """
        message = self.channel.receive()
        if type(message) is not list or len(message) != _PARTS:
            raise WireError("no message")
        return message

    # --- what a side has of its own

    def perform(self, operation: str, arguments: list[Any], named: dict[str, Any]) -> Any:
        """Do what is asked."""
        raise NotImplementedError

    def consider(self, raised: BaseException) -> None:
        """Raise it again here if it is not for the other side."""

    def cherished(self) -> list[object]:
        """Return objects whose aliases are kept though there are too many."""
        return []

    def names_told(self, encoder: Encoder) -> tuple[list[Tree], Callable[[], None]]:  # noqa: ARG002 - the sides use it
        """Return what became of global names, and what to do when that was sent."""
        return [], lambda: None

    def take_names(self, decoder: Decoder, names: list[Tree]) -> None:
        """Take what became of the other side's global names."""

    def printed(self) -> Tree:
        """Return what was printed since the last message."""
        return None

    def take_printed(self, printed: Tree) -> None:
        """Print what the other side printed."""

    def take_random(self, state: Tree) -> None:
        """Go on from the other side's state of random numbers."""
        self.random.take(state)

    # --- references

    def refer(self, encoder: Encoder, thing: object) -> Tree:
        """Return the tree of an object that has no value."""
        if is_reference(thing):
            reference: Any = thing
            return ["R", reference._sealed_about.number]
        if isinstance(thing, type) and (number := self.stand_ins.number_of(thing)) is not None:
            return ["R", number]
        if isinstance(thing, _SECRETIVE):
            raise UnsendableError(f"a {type(thing).__name__} is not handed over")
        if isinstance(thing, BaseException):
            return self.exception_tree(encoder, thing)
        return self.reference_tree(thing)

    def reference_tree(self, thing: object) -> Tree:
        """Return the tree of a reference to one of this side's objects."""
        return describe(thing, self.export(thing), self.export)

    def export(self, thing: object) -> int:
        """Return the number under which the other side may ask for an object; the object lives as long as the examination."""
        number = self._numbers.get(id(thing))
        if number is None:
            number = len(self._exported) + 1
            self._exported[number], self._numbers[id(thing)] = thing, number
        return number

    def exported(self, number: object) -> Any:
        """Return an object that was exported.

        Raises:
            WireError: none has that number.
        """
        if type(number) is not int or number not in self._exported:
            raise WireError("a reference to nothing")
        return self._exported[number]

    def resolve(self, decoder: Decoder, node: list[Tree]) -> object:
        """Return what a tree that is no value stands for."""
        if node[0] == "kept":
            return self.twins.thing(node[1])
        if node[0] == "R":
            return self.exported(node[1])
        if node[0] == "r":
            told = about(node)
            if told.number not in self._references:
                self._references[told.number] = self.adopt(told)
            return self._references[told.number]
        if node[0] == "exception":
            return exception_of(decoder, node, self.stand_ins.stand_in)
        raise WireError("no value that is known")

    def adopt(self, told: About) -> Any:
        """Return what stands here for an object of the other side: a reference, or for an exception class one to catch it by."""
        if told.kind == "class" and "builtins:BaseException" in told.ancestors:
            return self.stand_ins.class_of(told)
        return self._classes.reference(told, self)

    def notice(self, oddity: str) -> None:
        """Note a value that some comparisons take for equal to everything."""

    def own_semantics(self, reference: Reference, operation: str) -> bool:  # noqa: ARG002 - the sides use it
        """Return whether the object's own operators are asked."""
        return True

    def answered(self, reference: Reference, operation: str, arguments: tuple[Any, ...], answer: object) -> None:
        """Take note of what an object's own operator said."""

    def code_of(self, reference: Reference) -> Any:  # noqa: ARG002 - the sides use it
        """Return what is told of a function's code."""
        raise AttributeError("__code__")

    def class_of(self, reference: Reference) -> type | None:  # noqa: ARG002 - the sides use it
        """Return the class here that the object says it is of."""
        return None

    def exception_tree(self, encoder: Encoder, raised: BaseException) -> Tree:
        """Return the tree of an exception."""
        return exception_tree(encoder, raised, self)
