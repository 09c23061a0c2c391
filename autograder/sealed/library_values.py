"""Values of Python's library by value: paths, patterns, identifiers, zones, arrays of numbers, name spaces, views of dicts, members of its enumerations.

What reads a text here only checks and keeps it: a path is opened by nobody on the way, a pattern is compiled and not matched.
"""

from __future__ import annotations

import array
import calendar
import collections
import datetime as dt
import enum
import http
import inspect
import pathlib
import re
import signal
import types
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

from autograder.sealed.codec import DECODERS, ENCODERS, Decode, Decoder, Encode, Encoder, expect
from autograder.sealed.wire import Tree, WireError

_PATHS = {each.__name__: each for each in (pathlib.PosixPath, pathlib.PurePosixPath, pathlib.PureWindowsPath)}
_ENUMERATIONS: dict[str, Any] = {
    f"{module.__name__}:{kind.__name__}": kind
    for module in (calendar, http, inspect, re, signal, uuid)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, enum.Enum) and kind.__module__ == module.__name__
}
_ENUMERATION_NAMES = {kind: name for name, kind in _ENUMERATIONS.items()}
_HELD: tuple[Any, ...] = (types.SimpleNamespace, collections.ChainMap, collections.UserDict, collections.UserList)
HOLDERS: tuple[type, ...] = _HELD
"""Types whose instances hold their parts as plain attributes."""
_HOLDERS = {each.__name__: each for each in _HELD}
_VIEWS: dict[str, tuple[type, Callable[[Any], list[Any]], Callable[[list[Any]], Any]]] = {
    "keys": (type({}.keys()), list, lambda parts: dict.fromkeys(parts).keys()),
    "values": (type({}.values()), list, lambda parts: dict(enumerate(parts)).values()),
    "items": (
        type({}.items()),
        lambda view: [part for pair in view for part in pair],
        lambda parts: dict(zip(parts[::2], parts[1::2], strict=True)).items(),
    ),
}


def zone_tree(zone: dt.tzinfo | None) -> Tree:
    """Return the tree of a time zone.

    Raises:
        TypeError: it has none.
    """
    if zone is None:
        return None
    if type(zone) is zoneinfo.ZoneInfo and zone.key:
        return zone.key
    if type(zone) is dt.timezone:
        offset = zone.utcoffset(None)
        return [offset.days, offset.seconds, offset.microseconds, None if zone.tzname(None).startswith("UTC") else zone.tzname(None)]
    raise TypeError("this time zone does not cross")


def zone_of(node: Tree) -> dt.tzinfo | None:
    """Return the time zone of a tree."""
    if node is None:
        return None
    if type(node) is str:
        return zoneinfo.ZoneInfo(node)
    offset = dt.timedelta(*(expect(part, int) for part in node[:3]))
    if node[3] is None:
        return dt.timezone(offset) if offset else dt.UTC
    return dt.timezone(offset, node[3])


def _encode_zone(encoder: Encoder, zone: Any) -> Tree:
    try:
        return ["zone", zone_tree(zone)]
    except TypeError:
        return encoder.peer.refer(encoder, zone)


def _encode_pattern(encoder: Encoder, pattern: re.Pattern[Any]) -> Tree:
    return ["pattern", encoder.encode(pattern.pattern), int(pattern.flags)]


def _decode_pattern(decoder: Decoder, node: list[Tree]) -> Any:
    text, flags = expect(decoder.decode(node[1]), str, bytes), expect(node[2], int)
    try:
        return re.compile(text, flags & ~re.DEBUG)
    except re.error as refusal:
        raise WireError("a pattern is malformed") from refusal


def _encode_numbers(encoder: Encoder, numbers: array.array[Any]) -> Tree:
    encoder.number(numbers)
    return ["numbers", numbers.typecode, numbers.tobytes()]


def _decode_numbers(decoder: Decoder, node: list[Tree]) -> Any:
    return decoder.number(array.array(expect(node[1], str), expect(node[2], bytes)))


def _encode_memory(encoder: Encoder, memory: memoryview) -> Tree:
    return (
        ["memory", memory.tobytes()]
        if memory.format == "B" and memory.ndim == 1 and memory.readonly
        else encoder.peer.refer(encoder, memory)
    )


def _encode_holder(encoder: Encoder, holder: Any) -> Tree:
    encoder.number(holder)
    return ["holder", type(holder).__name__, encoder.encode(vars(holder))]


def _decode_holder(decoder: Decoder, node: list[Tree]) -> Any:
    kind = _HOLDERS[expect(node[1], str)]
    made = decoder.number(kind())
    parts = expect(decoder.decode(node[2]), dict)
    shapes: dict[Any, tuple[str, type]] = {
        collections.ChainMap: ("maps", list),
        collections.UserDict: ("data", dict),
        collections.UserList: ("data", list),
    }
    wanted = shapes.get(kind)
    if any(type(name) is not str for name in parts) or (wanted and not (set(parts) == {wanted[0]} and type(parts[wanted[0]]) is wanted[1])):
        raise WireError("an object's parts are malformed")
    vars(made).update(parts)
    return made


def _encode_member(encoder: Encoder, member: enum.Enum) -> Tree:
    return ["member", _ENUMERATION_NAMES[type(member)], encoder.encode(member.value)]


def _decode_member(decoder: Decoder, node: list[Tree]) -> Any:
    return _ENUMERATIONS[expect(node[1], str)](expect(decoder.decode(node[2]), int, str))


def _encode_path(encoder: Encoder, path: Any) -> Tree:
    return ["path", type(path).__name__, encoder.encode(str(path))]


def _encode_view(name: str, parts_of: Callable[[Any], list[Any]]) -> Encode:
    return lambda encoder, view: ["view", name, encoder.all(parts_of(view))]


def _decode_view(decoder: Decoder, node: list[Tree]) -> Any:
    return _VIEWS[expect(node[1], str)][2](decoder.all(expect(node[2], list)))


def register() -> None:
    """Add the encoders and decoders."""
    ENCODERS.update(_ENCODERS)
    DECODERS.update(_DECODERS)
    ENCODERS.update(dict.fromkeys(_HELD, _encode_holder))
    ENCODERS.update(dict.fromkeys(_ENUMERATION_NAMES, _encode_member))
    for name, (kind, parts_of, _) in _VIEWS.items():
        ENCODERS[kind] = _encode_view(name, parts_of)
    ENCODERS.update(dict.fromkeys(_PATHS.values(), _encode_path))


_ENCODERS: dict[type, Encode] = {
    zoneinfo.ZoneInfo: _encode_zone,
    dt.timezone: _encode_zone,
    uuid.UUID: lambda _, each: ["uuid", each.hex],
    re.Pattern: _encode_pattern,
    array.array: _encode_numbers,
    memoryview: _encode_memory,
    types.MappingProxyType: lambda encoder, proxy: ["proxy", encoder.encode(dict(proxy))],
    collections.UserString: lambda encoder, text: ["user string", encoder.encode(text.data)],
}
_DECODERS: dict[str, Decode] = {
    "zone": lambda _, node: zone_of(node[1]),
    "uuid": lambda _, node: uuid.UUID(hex=expect(node[1], str)),
    "path": lambda decoder, node: _PATHS[expect(node[1], str)](expect(decoder.decode(node[2]), str)),
    "pattern": _decode_pattern,
    "numbers": _decode_numbers,
    "memory": lambda _, node: memoryview(expect(node[1], bytes)),
    "proxy": lambda decoder, node: types.MappingProxyType(expect(decoder.decode(node[1]), dict)),
    "user string": lambda decoder, node: collections.UserString(expect(decoder.decode(node[1]), str)),
    "holder": _decode_holder,
    "member": _decode_member,
    "view": _decode_view,
}
