"""What libraries return from a calculation, by value: results that are dictionaries with attributes (`scipy.optimize`), and tuples with named fields (`scipy.stats`)."""

from __future__ import annotations

import importlib
from typing import Any

from autograder.sealed.codec import DECODERS, FAMILIES, Decoder, Encode, Encoder, expect
from autograder.sealed.wire import Tree, WireError

_RESULTS = frozenset(
    {
        ("scipy.optimize._optimize", "OptimizeResult"),
        ("scipy.optimize._zeros_py", "RootResults"),
        ("scipy.integrate._ivp.ivp", "OdeResult"),
        ("sklearn.utils._bunch", "Bunch"),
    }
)
"""Classes that are dictionaries and nothing more."""


def register() -> None:
    """Add results to what crosses by value."""
    FAMILIES.append(_result_family)
    DECODERS["result"] = _decode


def _result_family(thing: Any) -> Encode | None:
    kind = type(thing)
    return _encode if issubclass(kind, dict) and (kind.__module__, kind.__qualname__) in _RESULTS else None


def _encode(encoder: Encoder, thing: Any) -> Tree:
    kind = type(thing)
    encoder.number(thing)
    return ["result", kind.__module__, kind.__qualname__, encoder.all(part for pair in dict.items(thing) for part in pair)]


def _decode(decoder: Decoder, node: list[Tree]) -> Any:
    place = expect(node[1], str), expect(node[2], str)
    if place not in _RESULTS:
        raise WireError("no result that is known")
    try:
        kind: Any = getattr(importlib.import_module(place[0]), place[1])
    except ImportError as missing:
        raise WireError("a result of a library that is not here") from missing
    found = decoder.number(dict.__new__(kind))
    parts = decoder.all(expect(node[3], list))
    dict.update(found, zip((expect(each, str) for each in parts[::2]), parts[1::2], strict=True))
    return found
