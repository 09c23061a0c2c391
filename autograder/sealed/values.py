"""The values of Python itself, by exact type: containers, numbers, texts, dates. Registered in `codec`, with numpy's and pandas' where these are loaded."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import fractions
import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Callable, Iterable
from typing import Any

from autograder.sealed import library_values, result_values, symbolic, type_hints
from autograder.sealed.codec import (
    BASES,
    DECODERS,
    ENCODERS,
    FAMILIES,
    LATE,
    LATE_TAGS,
    PLAIN,
    TYPE_NAMES,
    TYPES,
    Decode,
    Decoder,
    Encode,
    Encoder,
    expect,
)
from autograder.sealed.library_values import zone_of, zone_tree
from autograder.sealed.wire import Tree, WireError


def _encode_list(encoder: Encoder, thing: list[Any]) -> Tree:
    encoder.number(thing)
    return ["l", *thing] if set(map(type, thing)) <= PLAIN else ["l", *encoder.all(thing)]


def _decode_list(decoder: Decoder, node: list[Tree]) -> list[Any]:
    found: list[Any] = decoder.number([])
    found.extend(decoder.all(node[1:]) if list in set(map(type, node)) else node[1:])
    return found


def _encode_pairs(tag: str, extra: Callable[[Any], list[Tree]] = lambda _: []) -> Encode:
    def encode(encoder: Encoder, thing: Any) -> Tree:
        encoder.number(thing)
        return [tag, *extra(thing), encoder.all(part for pair in thing.items() for part in pair)]

    return encode


def _fill(decoder: Decoder, found: Any, nodes: Tree) -> Any:
    parts = decoder.all(expect(nodes, list))
    unlike(parts[::2])
    for key, value in zip(parts[::2], parts[1::2], strict=True):
        found[key] = value
    return found


_FEW_KEYS, _MOST_OF_ONE_HASH = 1000, 100


def unlike(keys: list[Any]) -> list[Any]:
    """Return keys of a dict or a set, whose hashes differ as far as it takes to build one in linear time.

    Raises:
        WireError: they do not, which is no accident.
    """
    if len(keys) > _FEW_KEYS and max(collections.Counter(map(hash, keys)).values()) > _MOST_OF_ONE_HASH:
        raise WireError("the keys of a value have been chosen to collide")
    return keys


_FACTORIES: dict[str, type] = {each.__name__: each for each in (int, float, str, list, dict, set, bool, tuple)}


def _factory(thing: collections.defaultdict[Any, Any]) -> list[Tree]:
    made = thing.default_factory
    return [made.__name__ if isinstance(made, type) and _FACTORIES.get(made.__name__) is made else None]


def _encode_later(tag: str) -> Encode:
    """Encode an immutable container, which is numbered when it is complete."""

    def encode(encoder: Encoder, thing: Iterable[Any]) -> Tree:
        tree = [tag, *encoder.all(thing)]
        encoder.number(thing)
        return tree

    return encode


def _encode_set(encoder: Encoder, thing: set[Any]) -> Tree:
    encoder.number(thing)
    return ["s", *encoder.all(thing)]


def _decode_set(decoder: Decoder, node: list[Tree]) -> set[Any]:
    found: set[Any] = decoder.number(set())
    found.update(unlike(decoder.all(node[1:])))
    return found


def _encode_deque(encoder: Encoder, thing: collections.deque[Any]) -> Tree:
    encoder.number(thing)
    return ["deque", thing.maxlen, *encoder.all(thing)]


def _decode_deque(decoder: Decoder, node: list[Tree]) -> Any:
    found: collections.deque[Any] = decoder.number(collections.deque(maxlen=node[1]))
    found.extend(decoder.all(node[2:]))
    return found


def _encode_bytearray(encoder: Encoder, thing: bytearray) -> Tree:
    encoder.number(thing)
    return ["bytearray", bytes(thing)]


def _decode_bytearray(decoder: Decoder, node: list[Tree]) -> Any:
    return decoder.number(bytearray(expect(node[1], bytes)))


def _encode_moment(encoder: Encoder, thing: dt.datetime | dt.time) -> Tree:
    try:
        zone = zone_tree(thing.tzinfo)
    except TypeError:
        return encoder.peer.refer(encoder, thing)
    return ["datetime" if isinstance(thing, dt.datetime) else "time", thing.replace(tzinfo=None).isoformat(), thing.fold, zone]


def _decode_moment(_: Decoder, node: list[Tree]) -> Any:
    kind = dt.datetime if node[0] == "datetime" else dt.time
    return kind.fromisoformat(node[1]).replace(fold=node[2], tzinfo=zone_of(node[3]))


def _encode_named_tuple(encoder: Encoder, thing: Any) -> Tree:
    kind = type(thing)
    tree = ["named", kind.__name__, list(kind._fields), *encoder.all(tuple.__iter__(thing))]
    encoder.number(thing)
    return tree


_NAMED: dict[tuple[str, ...], Any] = {}


def _decode_named_tuple(decoder: Decoder, node: list[Tree]) -> Any:
    key = (expect(node[1], str), *(expect(name, str) for name in expect(node[2], list)))
    if key not in _NAMED:
        if len(_NAMED) > 500 or len(key) > 200:
            raise WireError("too many kinds of named tuples")
        _NAMED[key] = collections.namedtuple(key[0], key[1:])  # refuses what is no identifier
    return decoder.number(_NAMED[key](*decoder.all(node[3:])))


def is_named_tuple(kind: type) -> bool:
    """Whether `kind` was made by `collections.namedtuple` or `typing.NamedTuple`, without more methods, or is what `scipy.stats` returns."""
    fields = kind.__dict__.get("_fields")
    if kind.__module__.startswith("scipy.") and issubclass(kind, tuple):
        fields = getattr(kind, "_fields", None)
    elif kind.__bases__ != (tuple,):
        return False
    return type(fields) is tuple and all(type(name) is str for name in fields)


def _integer(_: Decoder, node: list[Tree]) -> int:
    text = expect(node[1], str)
    if len(text) > 1_000_000:
        raise WireError("a number is too long")
    return int(text, 16)


def _decode_fraction(decoder: Decoder, node: list[Tree]) -> fractions.Fraction:
    parts = [expect(part, int) for part in decoder.all(node[1:3])]
    if sum(part.bit_length() for part in parts) > _LONGEST_FRACTION_BITS:
        raise WireError("a fraction is too long")
    return fractions.Fraction(*parts)


_LONGEST_FRACTION_BITS = 1 << 18
"""Beyond, finding the common divisor takes seconds."""


def _encode_fraction(encoder: Encoder, each: fractions.Fraction) -> Tree:
    if each.numerator.bit_length() + each.denominator.bit_length() > _LONGEST_FRACTION_BITS:
        return encoder.peer.refer(encoder, each)
    return ["fraction", encoder.encode(each.numerator), encoder.encode(each.denominator)]


def _type_name(_: Encoder, thing: type) -> Tree | None:
    name = TYPE_NAMES.get(thing)
    return None if name is None else ["type", name]


_CONSTANTS = {"...": ..., "NotImplemented": NotImplemented}
_TYPES: dict[str, type] = {
    each.__name__: each
    for each in (
        type(None), bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, slice, dt.date, dt.time,
        dt.datetime, dt.timedelta, decimal.Decimal, fractions.Fraction, collections.Counter, collections.OrderedDict,
        collections.defaultdict, collections.deque,
    )
}  # fmt: skip


def _index(number: object) -> int:
    if type(number) is not int or number < 0:
        raise WireError("a value names an object that was not sent")
    return number


def _plain_family(thing: Any) -> Encode | None:
    kind = type(thing)
    if isinstance(thing, type):
        return _type_name if thing in TYPE_NAMES else None
    return _encode_named_tuple if is_named_tuple(kind) else None


def register() -> None:
    """Add the encoders and decoders of Python's own types."""
    if ENCODERS:
        return
    library_values.register()
    ENCODERS.update(_ENCODERS)
    DECODERS.update(_DECODERS)
    FAMILIES.append(_plain_family)
    type_hints.register()
    result_values.register()
    BASES.extend(_BASES)
    TYPES.update(_TYPES)
    TYPE_NAMES.update({kind: name for name, kind in _TYPES.items()})


_ENCODERS: dict[type, Encode] = {
    list: _encode_list,
    tuple: _encode_later("t"),
    dict: _encode_pairs("d"),
    set: _encode_set,
    frozenset: _encode_later("f"),
    bytearray: _encode_bytearray,
    complex: lambda _, z: ["complex", z.real, z.imag],
    range: lambda encoder, each: ["range", encoder.encode(each.start), encoder.encode(each.stop), encoder.encode(each.step)],
    slice: lambda encoder, each: ["slice", encoder.encode(each.start), encoder.encode(each.stop), encoder.encode(each.step)],
    type(...): lambda _encoder, _: ["constant", "..."],
    type(NotImplemented): lambda _encoder, _: ["constant", "NotImplemented"],
    decimal.Decimal: lambda _, number: ["decimal", str(number)],
    fractions.Fraction: _encode_fraction,
    dt.date: lambda _, day: ["date", day.isoformat()],
    dt.datetime: _encode_moment,
    dt.time: _encode_moment,
    dt.timedelta: lambda _, span: ["timedelta", span.days, span.seconds, span.microseconds],
    collections.Counter: _encode_pairs("counter"),
    collections.OrderedDict: _encode_pairs("ordered"),
    collections.defaultdict: _encode_pairs("default", _factory),
    collections.deque: _encode_deque,
}

_DECODERS: dict[str, Decode] = {
    "@": lambda decoder, node: decoder.objects[_index(node[1])],
    "int": _integer,
    "str": lambda _, node: expect(node[1], bytes).decode("utf-8", "surrogatepass"),
    "l": _decode_list,
    "t": lambda decoder, node: decoder.number(tuple(decoder.all(node[1:]))),
    "f": lambda decoder, node: decoder.number(frozenset(unlike(decoder.all(node[1:])))),
    "d": lambda decoder, node: _fill(decoder, decoder.number({}), node[1]),
    "s": _decode_set,
    "bytearray": _decode_bytearray,
    "complex": lambda _, node: complex(expect(node[1], float), expect(node[2], float)),
    "range": lambda decoder, node: range(*decoder.all(node[1:4])),
    "slice": lambda decoder, node: slice(*decoder.all(node[1:4])),
    "constant": lambda _, node: _CONSTANTS[expect(node[1], str)],
    "decimal": lambda _, node: decimal.Decimal(expect(node[1], str)),
    "fraction": _decode_fraction,
    "date": lambda _, node: dt.date.fromisoformat(node[1]),
    "datetime": _decode_moment,
    "time": _decode_moment,
    "timedelta": lambda _, node: dt.timedelta(*(expect(part, int) for part in node[1:4])),
    "counter": lambda decoder, node: _fill(decoder, decoder.number(collections.Counter()), node[1]),
    "ordered": lambda decoder, node: _fill(decoder, decoder.number(collections.OrderedDict()), node[1]),
    "default": lambda decoder, node: _fill(
        decoder, decoder.number(collections.defaultdict(None if node[1] is None else _FACTORIES[node[1]])), node[2]
    ),
    "deque": _decode_deque,
    "named": _decode_named_tuple,
    "type": lambda _, node: TYPES[expect(node[1], str)],
}


_BASES: list[tuple[type, Callable[[Any], Any]]] = [
    (bool, lambda thing: thing),
    (int, int.__int__),
    (float, float.__float__),
    (complex, lambda thing: complex(complex.__add__(thing, 0))),
    (str, lambda thing: "".join(str.__iter__(thing))),
    (bytes, lambda thing: bytes(bytes.__iter__(thing))),
    (bytearray, lambda thing: bytearray(bytearray.__iter__(thing))),
    (collections.deque, lambda thing: collections.deque(collections.deque.__iter__(thing), thing.maxlen)),
    (list, lambda thing: list(list.__iter__(thing))),
    (tuple, lambda thing: tuple(tuple.__iter__(thing))),
    (dict, lambda thing: dict(dict.items(thing))),
    (set, lambda thing: set(set.__iter__(thing))),
    (frozenset, lambda thing: frozenset(frozenset.__iter__(thing))),
]


def _register_from(module: str) -> Callable[[], None]:
    """Return what registers the values of a library whose own modules are imported only together with it.

    The module's text is read now: a locked-in process, where a learner's cell may be the first to import the library, cannot read it any more.
    """
    name = f"autograder.sealed.{module}"
    found = importlib.util.find_spec(name)
    assert found is not None and isinstance(found.loader, importlib.abc.InspectLoader)
    spec, code = found, found.loader.get_code(name)

    def register_its() -> None:
        if name not in sys.modules:
            made = importlib.util.module_from_spec(spec)
            sys.modules[name] = made
            try:
                exec(code or "", made.__dict__)  # noqa: S102 - our own module
            except BaseException:
                del sys.modules[name]
                raise
        sys.modules[name].register()

    return register_its


_LIBRARIES: dict[str, tuple[str, Callable[[], None], tuple[str, ...]]] = {
    "numpy": (
        "numpy",
        _register_from("arrays"),
        ("array", "scalar", "dtype", "masked", "matrix", "generator", "polynomial", "record", "records", "no value"),
    ),
    "pandas": (
        "pandas",
        _register_from("frames"),
        ("frame", "series", "pdindex", "pdarray", "timestamp", "span", "pdperiod", "pdinterval", "pddtype", "offset", "pandas"),
    ),
    "PIL": ("PIL.Image", _register_from("images"), ("image",)),
    "sympy": ("sympy", symbolic.register, ("sympy", "sympy class", "sympy function")),
}
"""By a library's first name: the module that has its types, what registers them, and the tags that they cross under."""
_loaded: set[str] = set()


def load_types() -> None:
    """Register every type that can be met here: Python's own, and those of libraries that are loaded. Cheap the second time.

    A library that is loaded later is registered when the first value of it is met; one that is not, when the other side sends such a value.
    """
    register()
    for name, (module, _, tags) in _LIBRARIES.items():
        if name in _loaded:
            continue
        if module in sys.modules:
            _load(name)
        else:
            LATE[name] = lambda name=name: _load(name)  # type: ignore[misc]
            LATE_TAGS.update(dict.fromkeys(tags, name))


def _load(name: str) -> bool:
    """Register a library's types, loading it if need be; return whether that was possible, which it is not for all in a locked-in process."""
    module, register_its, tags = _LIBRARIES[name]
    if name in _loaded:
        return True
    try:
        importlib.import_module(module)
        register_its()
    except ImportError:
        return False
    finally:
        LATE.pop(name, None)
        for tag in tags:
            LATE_TAGS.pop(tag, None)
    _loaded.add(name)
    return True
