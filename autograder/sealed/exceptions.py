"""Exceptions across the wire: by class names, plain arguments and public attributes, text, cause, and where in the learner's own code they were raised."""

from __future__ import annotations

import builtins
import functools
import sys
from collections.abc import Callable
from typing import Any, Protocol

from autograder.sealed.codec import Decoder, Encoder, Remote, expect
from autograder.sealed.own_trace import places_of, read_places
from autograder.sealed.references import About, ancestor_numbers
from autograder.sealed.wire import Tree, UnsendableError, WireError

_DEEPEST = 5
_MOST_ITEMS = 1000
_PLAIN = frozenset({str, int, float, bool, type(None), bytes, complex})
_REFUSED = frozenset(
    {"IPython", "ipykernel", "autograder", "courses", "unittest", "traitlets", "nbgrader", "pytest", "asyncio", "concurrent", "bdb"}
)
StandIn = Callable[[list[Tree], list[Tree]], type[Exception]]


class OtherSideError(Exception):
    """Stands for an exception of the other process whose class means nothing here."""


class Exporter(Protocol):
    """Who numbers what does not go by value."""

    def export(self, thing: object) -> int:
        """Return the number of an object."""

    def reference_tree(self, thing: object) -> Tree:
        """Return the tree of a reference to an object."""


def exception_tree(encoder: Encoder, raised: BaseException, exporter: Exporter, *, with_trace: bool = False, depth: int = 0) -> Tree:
    """Return the tree of an exception; one that the other side has raised goes back as itself.

    Args:
        with_trace: tell where in notebook cells it was raised; see `autograder.sealed.own_trace`.
    """
    theirs = vars(raised).get("__sealed_reference__")
    if isinstance(theirs, Remote):
        return encoder.peer.refer(encoder, theirs)
    kind = type(raised)
    family = [f"{each.__module__}:{each.__qualname__}" for each in type.mro(kind)]
    text = text_of(raised)
    arguments = encoder.all(raised.args if all(map(_is_plain, raised.args)) else [text])
    own = {name: value for name, value in vars(raised).items() if type(name) is str and not name.startswith("_") and _is_plain(value)}
    cause, is_own = raised.__cause__, kind.__module__ == "__main__"
    return [
        "exception",
        family,
        arguments,
        encoder.encode(text),
        ancestor_numbers(type.mro(kind), exporter.export) if is_own else [],
        exporter.reference_tree(raised) if is_own else None,
        encoder.encode(own),
        exception_tree(encoder, cause, exporter, depth=depth + 1) if cause is not None and depth < _DEEPEST else None,
        places_of(raised) if with_trace else [],
    ]


def _is_plain(value: Any, depth: int = 0) -> bool:
    kind = type(value)
    if kind in {list, tuple, set, frozenset}:
        return len(value) < _MOST_ITEMS and depth < _DEEPEST and all(_is_plain(each, depth + 1) for each in value)
    if kind is dict:
        return len(value) < _MOST_ITEMS and depth < _DEEPEST and all(_is_plain(each, depth + 1) for pair in value.items() for each in pair)
    return kind in _PLAIN


def exception_of(decoder: Decoder, node: list[Tree], stand_in: StandIn, depth: int = 0) -> Exception:
    """Return the exception of such a tree, of the nearest class that exists here."""
    family, numbers = expect(node[1], list), expect(node[4], list)
    kind = stand_in(numbers, family) if numbers else nearest_exception(family)
    arguments, text = decoder.all(expect(node[2], list)), expect(decoder.decode(node[3]), str)
    reference = decoder.decode(node[5])
    own = expect(decoder.decode(node[6]), dict)
    cause = _cause(decoder, expect(node[7], list), stand_in, depth + 1) if node[7] is not None and depth < _DEEPEST else None
    if "__sealed_class__" in vars(kind):
        made = kind.__new__(kind)
        made.args = tuple(arguments)
        made.__sealed_reference__, made.__sealed_text__ = reference, text  # type: ignore[attr-defined]
    else:
        made = _made(kind, arguments, text)
    for name, value in own.items():
        if type(name) is str and not name.startswith("_"):
            try:
                setattr(made, name, value)
            except Exception:  # noqa: BLE001, S112 - some classes keep their attributes to themselves
                continue
    made.__cause__ = cause
    made.__sealed_trace__ = read_places(node[8])  # type: ignore[attr-defined]
    return made


def _cause(decoder: Decoder, node: list[Tree], stand_in: StandIn, depth: int) -> BaseException | None:
    if node[:1] == ["exception"]:
        return exception_of(decoder, node, stand_in, depth)
    found = decoder.decode(node)
    return found if isinstance(found, BaseException) else None


def _made(kind: type[Exception], arguments: list[Any], text: str) -> Exception:
    for each in (arguments, [text], []):
        try:
            return kind(*each)
        except Exception:  # noqa: BLE001, S112 - some classes want arguments of their own
            continue
    return OtherSideError(text)


def unsent(refusal: UnsendableError) -> ValueError:
    """Return what is raised in place of an answer that cannot be handed over."""
    return ValueError(f"this cannot be handed over: {refusal}")


class StandIns:
    """The classes that stand here for the exception classes of the other side.

    Args:
        construct: makes an exception of the other side's class of that number; one may be raised here too.
    """

    def __init__(self, construct: Callable[..., Any]) -> None:
        self._construct = construct
        self._made: dict[int, type[Exception]] = {}

    def number_of(self, kind: type) -> int | None:
        """Return the number of the class that `kind` stands for, None if it is no stand-in."""
        return next((number for number, each in self._made.items() if each is kind), None)

    def class_of(self, told: About) -> type[Exception]:
        """Return what stands here for an exception class: a library's own class where it is known here."""
        if told.ancestor_numbers[:1] not in ((), (0,)):
            return self.stand_in(list(told.ancestor_numbers), list(told.ancestors))
        return nearest_exception(list(told.ancestors))

    def stand_in(self, numbers: list[Tree], family: list[Tree], place: int = 0) -> type[Exception]:
        """Return the class that stands here for the one at `place` of a family as `references.ancestor_numbers` tells it.

        Raises:
            WireError: the family is malformed.
        """
        number, *above = (expect(each, int) for each in expect(numbers[place], list))
        if number not in self._made:
            if len(self._made) >= _MOST_ITEMS:
                raise WireError("too many exception classes")
            found = dict.fromkeys(self._base(numbers, family, each, place) for each in above)
            bases = [each for each in found if each is not None and each is not Exception]
            name = expect(family[place], str).rpartition(":")[2].rpartition(".")[2]
            self._made[number] = stand_in_class(name, tuple(bases) or (Exception,), functools.partial(self._construct, number))
        return self._made[number]

    def _base(self, numbers: list[Tree], family: list[Tree], place: int, below: int) -> type[Exception] | None:
        if not below < place < min(len(numbers), len(family)):
            raise WireError("a family of exceptions is malformed")
        if numbers[place]:
            return self.stand_in(numbers, family, place) if _is_exception(numbers, place) else None
        found = nearest_exception(family[place:])
        return Exception if found is OtherSideError else found


def _is_exception(numbers: list[Tree], place: int) -> bool:
    """Whether a class is derived from more than `object`, which stands last of a family."""
    return any(each < len(numbers) - 1 for each in expect(numbers[place], list)[1:] if type(each) is int)


def stand_in_class(name: str, bases: tuple[type[Exception], ...], construct: Callable[..., Any]) -> type[Exception]:
    """Return a class to catch an exception of the other side's by: it says what that said, and its other attributes are asked for.

    Args:
        construct: makes an exception of that class.
    """

    def begin(self: Any, *arguments: Any, **named: Any) -> None:
        made = construct(*arguments, **named)
        if type(made) is not type(self):
            raise TypeError(f"the class {name} makes something else")
        self.args = made.args
        vars(self).update(vars(made))

    def text(self: Any) -> str:
        told: Any = vars(self).get("__sealed_text__")
        return told if type(told) is str else bases[0].__str__(self)

    def missing(self: Any, attribute: str) -> Any:
        reference = vars(self).get("__sealed_reference__")
        if reference is None or attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(reference, attribute)

    body = {"__module__": "__main__", "__init__": begin, "__str__": text, "__getattr__": missing, "__sealed_class__": True}
    try:
        return type(name, bases, body)
    except TypeError:  # what the other side says of its classes cannot be
        return type(name, bases[:1], body)


def text_of(raised: BaseException) -> str:
    """Return what an exception says, cut to a bearable length."""
    try:
        return str(raised)[:4000] if type(str(raised)) is str else ""
    except Exception:  # noqa: BLE001 - a class of the learner's may fail at this too
        return ""


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
