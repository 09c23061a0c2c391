"""How values become trees of plain parts and trees become values again; which types there are is registered by `values`, `arrays` and `frames`.

Rules:
1. Encoder and decoder number containers in the same order, so that one object which occurs twice in a message is one object afterwards ("@", number).
2. A decoded value is always of exactly the type that its tag names: a learner's subclass of `list` or `float` arrives as the plain base, without its methods.
3. What a node claims is checked by the type's own constructor; whatever it refuses is a `WireError`. Nothing is imported or called by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from autograder.sealed.wire import Tree, UnsendableError, WireError

MAXIMUM_DEPTH = 120
_SMALL = 1 << 63
PLAIN = frozenset({type(None), bool, float})
_NOTHING: Mapping[int, Tree] = {}

Encode = Callable[["Encoder", Any], Tree]
Decode = Callable[["Decoder", list[Tree]], Any]


class Remote:
    """What stands for an object of the other side: it has no value here."""

    __slots__ = ()


class Peer(Protocol):
    """Who encodes and decodes what has no value."""

    def refer(self, encoder: Encoder, thing: object) -> Tree:
        """Return the tree that stands for an object that is not sent by value."""

    def resolve(self, decoder: Decoder, node: list[Tree]) -> object:
        """Return the object that such a tree stands for.

        Raises:
            WireError: it stands for nothing.
        """

    def notice(self, oddity: str) -> None:
        """Note a value that some comparisons take for equal to everything: `masked`, `empty` or `missing`."""


class Encoder:
    """Encodes the values of one message.

    Args:
        known: objects that the other side knows by their numbers already.
        shared: trees of objects that the other side has a twin of, by the object's identity.
    """

    def __init__(self, peer: Peer, known: Sequence[object] = (), shared: Mapping[int, Tree] = _NOTHING) -> None:
        self.peer = peer
        self._shared = shared
        self.objects: list[object] = list(known)
        self._numbers = {id(thing): number for number, thing in enumerate(known)}
        self._depth, self._unnumbered = 0, 0

    def encode(self, thing: Any) -> Tree:
        """Return the tree of a value.

        Raises:
            UnsendableError: it is nested too deeply.
        """
        kind = type(thing)
        if kind in PLAIN:
            return thing
        if kind is int:
            return thing if -_SMALL < thing < _SMALL else ["int", f"{thing:x}"]
        if kind is str:
            return thing if thing.isascii() else _text(thing)
        number = self._numbers.get(id(thing))
        if number is not None:
            return ["@", number]
        if kind is bytes:
            return thing
        if issubclass(kind, Remote):
            return self.peer.refer(self, thing)
        if id(thing) in self._shared:
            return self._shared[id(thing)]
        return self._deeper(ENCODERS.get(kind), thing)

    def contents(self, thing: Any) -> Tree:
        """Return the tree of what a numbered object holds now; inside it, the object itself keeps its number."""
        self._unnumbered = self._depth + 1
        try:
            return self._deeper(ENCODERS.get(type(thing)), thing)
        finally:
            self._unnumbered = 0

    def all(self, things: Iterable[Any]) -> list[Tree]:
        """Return the trees of several values."""
        encode = self.encode
        return [encode(thing) for thing in things]

    def number(self, thing: object) -> None:
        """Remember an object: where it occurs again, its number is sent."""
        if self._depth == self._unnumbered:
            return
        self._numbers[id(thing)] = len(self.objects)
        self.objects.append(thing)

    def _deeper(self, encode: Encode | None, thing: Any) -> Tree:
        self._depth += 1
        try:
            if self._depth > MAXIMUM_DEPTH:
                raise UnsendableError(f"a value is nested more than {MAXIMUM_DEPTH} deep")
            if encode is not None:
                return encode(self, thing)
            found = _encode_of(thing)
            return self.peer.refer(self, thing) if found is None else found(self, thing)
        finally:
            self._depth -= 1


class Decoder:
    """Decodes the values of one message; see `Encoder`."""

    def __init__(self, peer: Peer, known: Sequence[object] = ()) -> None:
        self.peer = peer
        self.objects: list[object] = list(known)
        self._depth, self._unnumbered = 0, 0

    def contents(self, node: Tree) -> Any:
        """Return a new object that holds what `Encoder.contents` wrote."""
        self._unnumbered = self._depth + 1
        try:
            return self.decode(node)
        finally:
            self._unnumbered = 0

    def decode(self, node: Tree) -> Any:
        """Return the value of a tree.

        Raises:
            WireError: it is the tree of no value.
        """
        if type(node) is not list:
            return node
        self._depth += 1
        try:
            if self._depth > MAXIMUM_DEPTH + 2 or not node or type(node[0]) is not str:
                raise WireError("a value is malformed")
            decode = DECODERS.get(node[0])
            if decode is None and node[0] in LATE_TAGS and LATE[LATE_TAGS[node[0]]]():
                decode = DECODERS.get(node[0])
            return self.peer.resolve(self, node) if decode is None else decode(self, node)
        except WireError:
            raise
        except (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError, OSError) as refusal:
            raise WireError(f"a value is malformed: {type(refusal).__name__}") from refusal
        finally:
            self._depth -= 1

    def all(self, nodes: Iterable[Tree]) -> list[Any]:
        """Return the values of several trees."""
        decode = self.decode
        return [node if type(node) is not list else decode(node) for node in nodes]

    def number(self, thing: Any) -> Any:
        """Remember an object, and return it."""
        if self._depth != self._unnumbered:
            self.objects.append(thing)
        return thing


def _encode_of(thing: Any) -> Encode | None:
    """Return how a value is encoded whose exact type tells it not, or not yet."""
    for family in FAMILIES:
        encode = family(thing)
        if encode is not None:
            return encode
    if LATE:
        for kind in type.mro(type(thing)) if not isinstance(thing, type) else type.mro(type(thing)) + list(thing.__mro__):
            load = LATE.get(str(kind.__module__).partition(".")[0])
            if load is not None and load():
                return ENCODERS.get(type(thing)) or _encode_of(thing)
    return None


def _text(text: str) -> Tree:
    try:
        text.encode()
    except UnicodeEncodeError:  # half characters: JSON would join two halves that stand side by side
        return ["str", text.encode("utf-8", "surrogatepass")]
    return text


def expect(value: object, *kinds: type) -> Any:
    """Return `value` if it is of exactly one of the types.

    Raises:
        WireError: it is not.
    """
    if type(value) not in kinds:
        raise WireError("a value has a part of the wrong type")
    return value


ENCODERS: dict[type, Encode] = {}
"""By exact type."""
DECODERS: dict[str, Decode] = {}
"""By tag."""
FAMILIES: list[Callable[[Any], Encode | None]] = []
"""Asked in order for values whose exact type has no encoder."""

LATE: dict[str, Callable[[], bool]] = {}
"""What registers the values of libraries that are not registered yet, by the library's name; it returns whether it could."""
LATE_TAGS: dict[str, str] = {}
"""The names of these libraries by the tags of their values."""

BASES: list[tuple[type, Callable[[Any], Any]]] = []
"""What a subclass's instance is sent as, most special first."""


TYPES: dict[str, type] = {}
"""The types that may cross as values of their own: plain data types, whose constructors make nothing but themselves."""
TYPE_NAMES: dict[type, str] = {}


def plain_base(thing: object) -> Any:
    """Return the plain value inside an instance of a data type's subclass, None if there is none."""
    if isinstance(thing, type):
        return None
    for base, strip in BASES:
        if issubclass(type(thing), base):
            return strip(thing)
    return None
