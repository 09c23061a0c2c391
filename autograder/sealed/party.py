"""What both sides of an examination do alike: ask, answer, refer to each other's objects, hand back in-place changes, exceptions and the state of `random`.

A request is `["ask", ticket, operation, arguments, named, note]`, its answer `["tell", ticket, is_ok, changes, news, value, printed, random]`. Tickets are drawn
at random by who asks, so an answer that was written before its question fits nothing. A request may be answered only after others in the opposite direction.
"""

from __future__ import annotations

import builtins
import random
import secrets
import sys
import types
from typing import Any

from autograder.sealed import values
from autograder.sealed.codec import Decoder, Encoder, expect
from autograder.sealed.contents import is_unchanged, replace_contents, snapshot
from autograder.sealed.references import About, Reference, ReferenceClasses, about, describe, is_reference
from autograder.sealed.wire import Channel, Tree, UnsendableError, WireError

_DEEPEST = 60
_SECRETIVE = (types.FrameType, types.CodeType, types.TracebackType)


class OtherSideError(Exception):
    """Stands for an exception of the other process whose class means nothing here."""


class Party:
    """One side of an examination."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._exported: dict[int, object] = {}
        self._numbers: dict[int, int] = {}
        self._references: dict[int, Reference] = {}
        self._classes = ReferenceClasses()
        self._depth = 0
        self._last_random: list[Any] = [None, None]
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
        note = self.outgoing_note()
        encoder = Encoder(self, shared=self.shared_trees())
        ticket = secrets.token_hex(8)
        body = encoder.all(arguments)
        more = [[name, encoder.encode(value)] for name, value in named.items()]
        self.send(["ask", ticket, operation, body, more, note])
        return self._await_answer(ticket, encoder.objects)

    def _await_answer(self, ticket: str, known: list[object]) -> tuple[bool, Any]:
        while True:
            message = self.receive()
            if message[0] == "ask":
                self.answer(message)
                continue
            if message[0] != "tell" or len(message) != 8 or message[1] != ticket:
                raise WireError("an answer to nothing that was asked")
            _, _, is_ok, changes, news, value, printed, state = message
            self.take_printed(printed)
            self.take_random(state)
            decoder = Decoder(self, known)
            for number, tree in changes:
                if type(number) is not int or not 0 <= number < len(known):
                    raise WireError("a change of nothing that was sent")
                fresh = decoder.contents(tree)
                if type(fresh) is not type(known[number]):
                    raise WireError("a change to another type")
                replace_contents(known[number], fresh)
            self.take_news(decoder, news)
            return is_ok is True, decoder.decode(value)

    # --- answering

    def answer(self, message: list[Tree]) -> None:
        """Do what the other side asks, and tell what came of it."""
        if len(message) != 6:
            raise WireError("no question")
        _, ticket, operation, body, more, note = message
        if self._depth >= _DEEPEST:
            self._tell(ticket, False, RecursionError("the two sides call each other too often inside one another"), [], [])
            return
        self._depth += 1
        arguments: list[Any] = []
        try:
            self.take_note(note)
            decoder = Decoder(self)
            arguments = decoder.all(expect(body, list))
            named = {expect(name, str): decoder.decode(tree) for name, tree in more}
            known = list(decoder.objects)
            before = [snapshot(thing) for thing in known]
            is_ok, value = self._try(expect(operation, str), arguments, named)
        finally:
            self._depth -= 1
        try:
            self._tell(ticket, is_ok, value, known, before)
        except UnsendableError as refusal:
            self._tell(ticket, False, ValueError(f"this cannot be handed over: {refusal}"), [], [])

    def _try(self, operation: str, arguments: list[Any], named: dict[str, Any]) -> tuple[bool, Any]:
        try:
            return True, self.perform(operation, arguments, named)
        except WireError:
            raise
        except BaseException as raised:  # noqa: BLE001 - whatever the asked code raises is its answer
            self.consider(raised)
            return False, raised

    def _tell(self, ticket: Tree, is_ok: bool, value: Any, known: list[object], before: list[Any]) -> None:
        encoder = Encoder(self, known, self.shared_trees())
        changes = [[number, encoder.contents(thing)] for number, thing in enumerate(known) if not is_unchanged(thing, before[number])]
        news = self.news(encoder)
        encoder = self._renewed(encoder)
        tree = encoder.encode(value) if is_ok else self.exception_tree(value)
        self.send(["tell", ticket, is_ok, changes, news, tree, self.printed(), self.random_state()])

    def _renewed(self, encoder: Encoder) -> Encoder:
        """Return the encoder with the twins that the news made."""
        encoder._shared = self.shared_trees()
        return encoder

    # --- what a side has of its own

    def perform(self, operation: str, arguments: list[Any], named: dict[str, Any]) -> Any:
        """Do what is asked."""
        raise NotImplementedError

    def consider(self, raised: BaseException) -> None:
        """Raise it again here if it is not for the other side."""

    def outgoing_note(self) -> Tree:
        """Return what goes along with a question."""
        return [None, self.random_state()]

    def take_note(self, note: Tree) -> None:
        """Take what came along with a question."""
        self.take_random(note[1])

    def shared_trees(self) -> dict[int, Tree]:
        """Return the trees of objects that both sides have, by identity."""
        return {}

    def news(self, encoder: Encoder) -> Tree:  # noqa: ARG002 - the sides use it
        """Return what changed besides."""
        return []

    def take_news(self, decoder: Decoder, news: Tree) -> None:
        """Take what changed besides."""

    def printed(self) -> Tree:
        """Return what was printed since the last message."""
        return None

    def take_printed(self, printed: Tree) -> None:
        """Print what the other side printed."""

    def send(self, tree: Tree) -> None:
        """Send a message."""
        self.channel.send(tree)

    def receive(self) -> list[Tree]:
        """Return the next message."""
        message = self.channel.receive()
        if type(message) is not list or len(message) < 2:
            raise WireError("no message")
        return message

    # --- references

    def refer(self, encoder: Encoder, thing: object) -> Tree:  # noqa: ARG002 - the sides use it
        """Return the tree of an object that has no value."""
        if is_reference(thing):
            reference: Any = thing
            return ["R", reference._sealed_about.number]
        if isinstance(thing, _SECRETIVE):
            raise UnsendableError(f"a {type(thing).__name__} is not handed over")
        number = self.export(thing)
        kind = type(thing)
        return describe(thing, number, self.export(kind) if kind.__module__ == "__main__" else 0)

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
        if node[0] == "R":
            return self.exported(node[1])
        if node[0] == "r":
            told = about(node)
            if told.number not in self._references:
                self._references[told.number] = self.adopt(told)
            return self._references[told.number]
        if node[0] == "exception":
            return self.exception_of(decoder, node)
        raise WireError("no value that is known")

    def adopt(self, told: About) -> Any:
        """Return what stands here for an object of the other side."""
        return self._classes.reference(told, self)

    def notice(self, oddity: str) -> None:
        """Note a value that some comparisons take for equal to everything."""

    def own_semantics(self, reference: Reference, operation: str) -> bool:  # noqa: ARG002 - the sides use it
        """Return whether the object's own operators are asked."""
        return True

    def class_of(self, reference: Reference) -> type | None:  # noqa: ARG002 - the sides use it
        """Return the class here that the object says it is of."""
        return None

    # --- exceptions

    def exception_tree(self, raised: BaseException) -> Tree:
        """Return the tree of an exception: its classes by name, plain arguments, and its text."""
        family = [f"{each.__module__}:{each.__qualname__}" for each in type.mro(type(raised))]
        arguments = [each if type(each) in {str, int, float, bool, type(None)} else None for each in raised.args]
        text = _text_of(raised)
        kind = type(raised)
        number = self.export(kind) if kind.__module__ == "__main__" else 0
        plain = Encoder(self)
        whole = arguments if arguments == list(raised.args) else [text]
        return ["exception", family, plain.all(whole), plain.encode(text), number]

    def exception_of(self, decoder: Decoder, node: list[Tree], stand_in: type[Exception] | None = None) -> Exception:
        """Return the exception of such a tree, of the nearest class that exists here."""
        kind = stand_in or nearest_exception(expect(node[1], list))
        text = expect(decoder.decode(node[3]), str)
        for arguments in (decoder.all(expect(node[2], list)), [text], []):
            try:
                made = kind(*arguments)
            except Exception:  # noqa: BLE001, S112 - some classes want arguments of their own
                continue
            return made
        return OtherSideError(text)

    # --- the state of the generators of random numbers

    def random_state(self) -> Tree:
        """Return the state of `random` and numpy's global generator, where it changed since it was last told."""
        mine = random.getstate()
        found: list[Tree] = [None, None]
        if mine != self._last_random[0]:
            self._last_random[0] = mine
            found[0] = [mine[0], list(mine[1]), mine[2]]
        numpy = sys.modules.get("numpy")
        if numpy is not None and "random" in vars(numpy):
            name, keys, position, has_gauss, gauss = numpy.random.get_state()
            state = [keys.tobytes(), int(position), int(has_gauss), float(gauss)]
            if name == "MT19937" and state != self._last_random[1]:
                self._last_random[1] = state
                found[1] = state
        return found if found != [None, None] else None

    def take_random(self, state: Tree) -> None:
        """Go on from a state that the other side told."""
        if state is None:
            return
        try:
            if state[0] is not None:
                self._last_random[0] = (state[0][0], tuple(state[0][1]), state[0][2])
                random.setstate(self._last_random[0])
            if state[1] is not None and "numpy" in sys.modules:
                numpy = sys.modules["numpy"]
                self._last_random[1] = state[1]
                numpy.random.set_state(("MT19937", numpy.frombuffer(state[1][0], dtype=numpy.uint32), *state[1][1:]))
        except (TypeError, ValueError, LookupError, OverflowError) as refusal:
            raise WireError("a state of random numbers is malformed") from refusal


def _text_of(raised: BaseException) -> str:
    try:
        return str(raised)[:4000] if type(str(raised)) is str else ""
    except Exception:  # noqa: BLE001 - a class of the learner's may fail at this too
        return ""


_REFUSED = frozenset(
    {"IPython", "ipykernel", "autograder", "courses", "unittest", "traitlets", "nbgrader", "pytest", "asyncio", "concurrent", "bdb"}
)


def nearest_exception(family: list[Tree]) -> type[Exception]:
    """Return the first class of the list that is an exception class here: builtin, or of a library that is loaded."""
    for each in family[:100]:
        module, _, name = expect(each, str).partition(":")
        if module != "builtins" and (module.partition(".")[0] in _REFUSED or module == "__main__" or module not in sys.modules):
            continue
        found = vars(builtins if module == "builtins" else sys.modules[module]).get(name)
        if isinstance(found, type) and issubclass(found, Exception) and found is not Exception:
            return found
    return OtherSideError
