"""What crosses in an examination, seen from the tests' side: what they hand over, and what stands for the learner's objects.

From the learner's side it reads plain values; it never imports, builds or calls anything that the other side names, except what `values` and
`handing.harmless_library_object` list.
"""

from __future__ import annotations

import builtins
import dataclasses
import types
from typing import Any

from autograder.sealed import codec
from autograder.sealed.call_patterns import Call
from autograder.sealed.calls_ahead import Ran
from autograder.sealed.codec import Decoder, Encoder, expect
from autograder.sealed.handing import (
    ask_of_tests,
    claimed_class,
    harmless_library_object,
    library_place,
    local_class,
    local_place,
    member_of,
    twin_tree,
)
from autograder.sealed.party import Party
from autograder.sealed.policy import SealingPolicy
from autograder.sealed.references import Reference, is_reference
from autograder.sealed.remembered_calls import is_lasting
from autograder.sealed.running_ahead import PLAIN_TAGS
from autograder.sealed.semantics import Semantics
from autograder.sealed.wire import Channel, Tree, UnsendableError, WireError


class ExaminerValues(Party):
    """The examiner's half of encoding and decoding."""

    names_here: dict[str, Any]
    cell: str
    _served: frozenset[str]

    def __init__(self, channel: Channel, policy: SealingPolicy) -> None:
        super().__init__(channel)
        self.policy = policy
        self.semantics = Semantics(policy)
        self._handed_library: dict[str, object] = {}

    # --- what the tests hand over

    def refer(self, encoder: Encoder, thing: Any) -> Tree:
        """Return the tree of something that the tests hand over."""
        if is_reference(thing):
            return super().refer(encoder, thing)
        if thing is self.names_here or type(thing).__module__.startswith("autograder."):
            raise UnsendableError("it belongs to the examination itself")
        if isinstance(thing, type) and (tree := self._class_tree(thing)) is not None:
            return tree
        if isinstance(thing, types.ModuleType):
            self._handed_library[f"{thing.__name__}:"] = thing
            return ["module", thing.__name__]
        place = library_place(thing)
        if place is not None:
            self._handed_library[":".join(place)] = thing
            return ["library", *place]
        return self._instance_tree(encoder, thing)

    def _class_tree(self, kind: type) -> Tree | None:
        """Return the tree of a class that stands for the learner's, or is the instructor's; None if it is neither."""
        number = self.stand_ins.number_of(kind)
        if issubclass(kind, Reference):
            number = vars(kind).get("_sealed_class_number")
        if number is not None:
            return ["R", number]
        place = self._place_of(kind)
        return None if place is None else ["trusted", place]

    def _place_of(self, kind: type) -> str | None:
        """Return the name of one of the instructor's classes, with its module if it is of one beside the notebook; None for any other class."""
        if kind.__name__ in self.policy.trusted_classes and dict.get(self.names_here, kind.__name__) is kind:
            return str(kind.__name__)
        return local_place(kind, self.policy.local_modules)

    def _instance_tree(self, encoder: Encoder, thing: Any) -> Tree:
        kind = type(thing)
        twin = twin_tree(encoder, thing, self._place_of(kind))
        if twin is not None:
            return twin
        base = codec.plain_base(thing)
        return super().refer(encoder, thing) if base is None or type(base) is kind else encoder.encode(base)

    def perform(self, operation: str, arguments: list[Any], named: dict[str, Any]) -> Any:
        """Do what the learner's code does with something that a test handed to it: call it, use its public attributes and its operators."""
        if operation == "input":
            return builtins.input(*arguments)
        thing: Any = arguments[0] if arguments else None
        if operation == "construct":
            return _exception_class(self.exported(thing))(*arguments[1:], **named)
        if id(thing) not in self._numbers:
            raise WireError("a question about nothing that was handed over")
        if operation == "call":
            return thing(*arguments[1:], **named)
        if operation == "is lasting":
            return is_lasting(thing, self.cell, self._served, dict.keys(self.names_here))
        return ask_of_tests(operation, arguments)

    # --- calls ahead: the Side of CallsAhead

    def ask(self, operation: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[bool, Any]:
        """Ask with a message of its own."""
        return Party.exchange(self, operation, *arguments, **named)

    def ask_ahead(self, calls: list[Call]) -> Ran:
        """Have calls made.

        Raises:
            WireError: what is told of them is not plain, or not of these calls.
        """
        with self._one_at_a_time:
            ticket = self.ticket()
            self._post(["ask", ticket, "ahead"], lambda _: [calls, []])
            told = self.await_answer("ran", ticket)
        has_more, is_traceless = (expect(each, bool) for each in expect(told[2], list))
        results = expect(told[8], list)
        if not 0 < len(results) + has_more <= len(calls) or any(told[3:8]) or not all(map(_is_plain, results)):
            raise WireError("no results of calls")
        return Ran(ticket, results, has_more=has_more, is_traceless=is_traceless)

    def take_result(self, tree: Tree) -> Any:
        """Return a plain result that is a call's answer now."""
        return Decoder(self).decode(tree) if type(tree) is list else tree

    def known_trees(self, things: tuple[Any, ...]) -> Call | None:
        """Return the trees of what both sides hold already or what is a plain value; None if there is anything else."""
        if not is_reference(things[0]):
            return None
        encoder = Encoder(self, shared=self.twins.trees)
        try:
            trees = encoder.all(things)
        except UnsendableError:
            return None
        return None if encoder.objects else trees

    def is_quiet(self) -> bool:
        """Whether the next message would carry nothing but its question."""
        return not self.random.is_news() and self.twins.is_at_rest() and not self.has_names_to_tell()

    def has_names_to_tell(self) -> bool:
        """Whether the tests set anything in place of what the learner's side uses."""
        return bool(self.names_told(Encoder(self))[0])

    # --- what comes from the learner's side

    def resolve(self, decoder: Decoder, node: list[Tree]) -> object:
        """Return what a tree that is no value stands for."""
        if node[0] == "trusted":
            return self._trusted_class(node[1])
        if node[0] == "own":
            return self._own(decoder, node)
        if node[0] == "derived":
            told = decoder.decode(node[1])
            base = decoder.decode(node[2])
            return told if is_reference(told) and self.semantics.is_expected(told._sealed_about) else base
        if node[0] == "twin":
            return self._twin(decoder, node)
        if node[0] == "choice":
            return member_of(self._trusted_class(node[1]), node[2])
        return super().resolve(decoder, node)

    def _twin(self, decoder: Decoder, node: list[Tree]) -> object:
        kind = self._trusted_class(node[1])
        made = decoder.number(object.__new__(kind))
        attributes = expect(decoder.decode(node[2]), dict)
        if any(type(name) is not str for name in attributes):
            raise WireError("an object's attributes are malformed")
        object.__setattr__(made, "__dict__", attributes)
        return made

    def _trusted_class(self, name: Tree) -> type:
        if ":" in expect(name, str):
            return local_class(name, self.policy.local_modules)
        kind = dict.get(self.names_here, name)
        if name not in self.policy.trusted_classes or not isinstance(kind, type):
            raise WireError("no class of the instructor's")
        return kind

    def _own(self, decoder: Decoder, node: list[Tree]) -> object:
        """Return this process's own library object where a test handed it over or it can do nothing; a reference to the learner's otherwise."""
        place = f"{expect(node[1], str)}:{expect(node[2], str)}"
        reference = decoder.decode(node[3])
        if place in self._handed_library:
            return self._handed_library[place]
        found = harmless_library_object(node[1], node[2])
        return reference if found is None else found

    def own_semantics(self, reference: Reference, operation: str) -> bool:
        """Note that a verdict rests on an object's own operators; ask only classes that the reference solution defines."""
        return self.semantics.may_ask(reference, operation)

    def answered(self, reference: Reference, operation: str, arguments: tuple[Any, ...], answer: object) -> None:
        """Doubt an object's own operator where it says yes."""
        if is_reference(answer) or (type(answer) is bool and answer):
            self.semantics.doubt(self, reference, operation, arguments)

    def notice(self, oddity: str) -> None:
        """Note a value that a comparison of this cell would take for equal to everything."""
        self.semantics.notice(oddity)

    def kind_of(self, thing: Any) -> Any:
        """Return what `type(thing)` is for a test: the learner's class for an object of the learner's."""
        if not is_reference(thing):
            return type(thing)
        told = thing._sealed_about
        if told.kind == "class":
            return type
        own = claimed_class(dataclasses.replace(told, ancestors=told.ancestors[:1]), {})
        return own if own is not None else self.request("type", thing)

    def super_of(self, kind: Any, thing: Any) -> Any:
        """Return what `super()` is in a method of a class that a test defines."""
        return self.request("super", kind, thing) if is_reference(kind) else super(kind, thing)

    def class_of(self, reference: Reference) -> type | None:
        """Return the library class, or the instructor's, that an object says it is of."""
        trusted = {name: dict.get(self.names_here, name) for name in self.policy.trusted_classes}
        return claimed_class(reference._sealed_about, trusted)


def _is_plain(tree: Tree) -> bool:
    return type(tree) in _LEAVES or (type(tree) is list and bool(tree) and type(tree[0]) is str and tree[0] in PLAIN_TAGS)


_LEAVES = frozenset({type(None), bool, int, float, str})


def _exception_class(thing: object) -> type[BaseException]:
    if not isinstance(thing, type) or not issubclass(thing, BaseException):
        raise WireError("a question about nothing that was handed over")
    return thing
