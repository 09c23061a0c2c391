"""Annotations by value: what `typing` and the built-in types make of other types, such as `list[int]`, `Optional[Point]` and `int | None`.

Text inside an annotation (`List["Point"]`) never crosses as such: `typing` would evaluate it. An annotation that holds some is a reference.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any

from autograder.sealed.codec import DECODERS, FAMILIES, Decoder, Encode, Encoder, Remote, expect
from autograder.sealed.wire import Tree, WireError

_MOST = 200
_WORDS = ("Any", "Union", "Optional", "Callable", "ClassVar", "Final", "Literal", "NoReturn", "Never", "Self", "Type")
_COLLECTIONS = (
    *("List", "Dict", "Set", "FrozenSet", "Tuple", "Deque", "DefaultDict", "OrderedDict", "Counter", "Iterable", "Iterator", "Generator"),
    *("Sequence", "MutableSequence", "Mapping", "MutableMapping", "Collection", "Container", "Reversible", "Awaitable", "Coroutine"),
    *("AsyncIterator", "AsyncIterable", "Hashable", "Sized"),
)
_NAMED: dict[str, Any] = {name: getattr(typing, name) for name in (*_WORDS, *_COLLECTIONS)}
_NAMES = {id(thing): name for name, thing in _NAMED.items()}
_GENERIC: dict[str, Any] = {each.__name__: each for each in (list, dict, set, frozenset, tuple, type)}
_MADE_BY_TYPING: type = vars(typing)["_GenericAlias"]


def register() -> None:
    """Add annotations to what crosses by value."""
    FAMILIES.append(_annotation_family)
    DECODERS["annotation"] = _decode


def _annotation_family(thing: Any) -> Encode | None:
    if id(thing) in _NAMES:
        return lambda _, each: ["annotation", _NAMES[id(each)]]
    return _encode if _is_made(thing) else None


def _is_made(thing: Any) -> bool:
    kind = type(thing)
    if kind not in {types.GenericAlias, types.UnionType} and not issubclass(kind, _MADE_BY_TYPING):
        return False
    arguments = typing.get_args(thing)
    may_be_text = typing.get_origin(thing) is typing.Literal
    return 0 < len(arguments) <= _MOST and _name(thing) != "" and all(_may_cross(each, may_be_text=may_be_text) for each in arguments)


def _may_cross(part: Any, *, may_be_text: bool) -> bool:
    if type(part) is list:
        return all(_may_cross(each, may_be_text=False) for each in part)
    if may_be_text:
        return type(part) in {str, int, bool, bytes, type(None)}
    return part is None or part is ... or isinstance(part, (type, Remote)) or id(part) in _NAMES or _is_made(part)


def _name(thing: Any) -> str:
    """Return `|`, the name of a built-in type, or a name of `typing`; nothing for what is neither."""
    origin = typing.get_origin(thing)
    if type(thing) is types.UnionType:
        return "|"
    if type(thing) is types.GenericAlias:
        return origin.__name__ if origin in _GENERIC.values() else ""
    own = [getattr(each, "_name", None) for each in (origin, thing)]  # Optional[int] is a Union
    return next((each for each in own if type(each) is str and each in _NAMED), "")


def _encode(encoder: Encoder, thing: Any) -> Tree:
    return ["annotation", _name(thing), encoder.all(typing.get_args(thing))]


def _decode(decoder: Decoder, node: list[Tree]) -> Any:
    name = expect(node[1], str)
    if len(node) == 2:
        return _NAMED[name]
    arguments = tuple(decoder.all(expect(node[2], list)))
    if not 0 < len(arguments) <= _MOST or not all(_may_cross(each, may_be_text=name == "Literal") for each in arguments):
        raise WireError("an annotation is malformed")
    if name in _GENERIC:
        return types.GenericAlias(_GENERIC[name], arguments)
    chosen = typing.Union if name == "|" else _NAMED[name]  # equal to what `|` makes, which wants real classes
    return chosen[arguments if len(arguments) > 1 else arguments[0]]


def teach_get_type_hints(asked: Callable[[Any], Any], is_theirs: Callable[[Any], bool]) -> None:
    """Make `typing.get_type_hints` ask for what is not of this process: there the names in annotations are known, and their text is evaluated."""
    own = typing.get_type_hints

    def either(thing: Any, *arguments: Any, **named: Any) -> Any:
        return asked(thing) if is_theirs(thing) else own(thing, *arguments, **named)

    setattr(typing, "get_type_hints", either)  # noqa: B010 - mypy knows no functions that are replaced
