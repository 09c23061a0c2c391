"""numpy and pandas by value: buffers and plain parts, never pickle. Registered in `values` once numpy or pandas is loaded.

Every plain dtype crosses as its buffer; structured ones do not cross (they stay references). Frames go column by column with their exact dtypes: categories,
time zones, nullable and string types, periods, intervals, and indexes of every kind.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from autograder.sealed.codec import BASES, DECODERS, ENCODERS, FAMILIES, TYPE_NAMES, TYPES, Decoder, Encode, Encoder, expect
from autograder.sealed.wire import Tree, WireError

_PLAIN_KINDS = frozenset("biufcSUmM")
_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
_MOST_EMPTY = 1_000_000
_registered: set[str] = set()


def register() -> None:
    """Add the encoders and decoders of numpy, and of pandas if it is loaded."""
    if "numpy" not in _registered:
        _registered.add("numpy")
        _register_numpy()
    if "pandas" in sys.modules and "pandas" not in _registered:
        _registered.add("pandas")
        from autograder.sealed import frames

        frames.register()


def array_node(encoder: Encoder, array: Any) -> list[Tree]:
    """Return the tree of an array's type, shape and contents.

    Raises:
        TypeError: its dtype does not cross.
    """
    dtype = array.dtype
    if dtype.kind == "O":
        return ["O", list(array.shape), encoder.all(array.ravel(order="C").tolist())]
    if dtype.kind not in _PLAIN_KINDS or dtype.metadata:
        raise TypeError("this dtype does not cross")
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    return [dtype.str, list(array.shape), order, array.tobytes(order)]


def array_of(decoder: Decoder, node: Tree, *, into: Any = None) -> Any:
    """Return the array of such a tree.

    Args:
        into: an empty array of objects that was made for it beforehand.
    """
    kind, shape = expect(expect(node, list)[0], str), tuple(expect(each, int) for each in expect(node[1], list))
    if kind == "O":
        elements = decoder.all(expect(node[2], list))
        if not elements:
            decoder.peer.notice("empty")
        found = empty_objects(node) if into is None else into
        flat = found.reshape(-1)
        for place, element in enumerate(elements):
            flat[place] = element
        return found
    dtype = _dtype(kind)
    if 0 in shape:
        decoder.peer.notice("empty")
    if not dtype.itemsize and math.prod(shape) > _MOST_EMPTY:
        raise WireError("too many empty texts")
    data = np.frombuffer(expect(node[3], bytes), dtype=dtype) if dtype.itemsize else np.zeros(shape, dtype).reshape(-1)
    return data.reshape(shape, order=node[2]).copy(order="K")


def empty_objects(node: Tree) -> Any:
    """Return the array of None that a tree of objects needs; its shape must agree with what was sent."""
    shape = tuple(expect(each, int) for each in expect(node[1], list))
    return np.full(len(expect(node[2], list)), None, dtype=object).reshape(shape)


def _dtype(name: object) -> Any:
    text = expect(name, str)
    if len(text) > 30 or text.lstrip("<>|=")[:1] not in _PLAIN_KINDS:
        raise WireError("no plain dtype")
    dtype = np.dtype(text)
    if dtype.kind not in _PLAIN_KINDS or dtype.names or dtype.subdtype:
        raise WireError("no plain dtype")
    return dtype


def _encode_array(encoder: Encoder, array: Any) -> Tree:
    if array.dtype.kind == "O":
        encoder.number(array)
        return ["array", *array_node(encoder, array)]
    try:
        node = array_node(encoder, array)
    except TypeError:
        return encoder.peer.refer(encoder, array)
    encoder.number(array)
    return ["array", *node]


def _decode_array(decoder: Decoder, node: list[Tree]) -> Any:
    if node[1] == "O":
        return array_of(decoder, node[1:], into=decoder.number(empty_objects(node[1:])))
    return decoder.number(array_of(decoder, node[1:]))


def _encode_masked(encoder: Encoder, array: Any) -> Tree:
    tree = ["masked", array_node(encoder, np.asarray(array.data)), array_node(encoder, np.ma.getmaskarray(array))]
    encoder.number(array)
    return tree


def _decode_masked(decoder: Decoder, node: list[Tree]) -> Any:
    data, mask = array_of(decoder, node[1]), array_of(decoder, node[2]).astype(bool)
    if mask.any():
        decoder.peer.notice("masked")
    return decoder.number(np.ma.MaskedArray(data, mask=mask))


def _encode_matrix(encoder: Encoder, array: Any) -> Tree:
    tree = ["matrix", array_node(encoder, np.asarray(array))]
    encoder.number(array)
    return tree


def _encode_scalar(_: Encoder, scalar: Any) -> Tree:
    return ["scalar", scalar.dtype.str, np.asarray(scalar).tobytes()]


def _decode_scalar(_: Decoder, node: list[Tree]) -> Any:
    dtype, data = _dtype(node[1]), expect(node[2], bytes)
    if len(data) != dtype.itemsize:
        raise WireError("a number has the wrong length")
    return np.frombuffer(data, dtype)[0] if data else np.zeros((), dtype)[()]


def _state(encoder: Encoder, part: Any) -> Tree:
    return encoder.encode({key: _plain(value) for key, value in part.items()})


def _plain(part: Any) -> Any:
    return {key: _plain(value) for key, value in part.items()} if isinstance(part, dict) else part


def _encode_generator(encoder: Encoder, generator: Any) -> Tree:
    kind = type(generator.bit_generator).__name__
    if kind not in _GENERATORS:
        return encoder.peer.refer(encoder, generator)
    encoder.number(generator)
    return ["generator", kind, _state(encoder, generator.bit_generator.state)]


def _decode_generator(decoder: Decoder, node: list[Tree]) -> Any:
    if node[1] not in _GENERATORS:
        raise WireError("no generator that is known")
    bits = getattr(np.random, node[1])(0)
    found = decoder.number(np.random.Generator(bits))
    bits.state = decoder.decode(node[2])
    return found


def _dtype_tree(_: Encoder, dtype: Any) -> Tree:
    return ["dtype", dtype.str if dtype.kind != "O" else "O"]


def _scalar_family(thing: Any) -> Encode | None:
    kind = type(thing)
    if issubclass(kind, np.generic) and kind.__module__ == "numpy" and thing.dtype.kind in _PLAIN_KINDS:
        return _encode_scalar
    if isinstance(thing, np.dtype) and (thing.kind in _PLAIN_KINDS or thing.kind == "O"):
        return _dtype_tree
    return None


def _register_numpy() -> None:
    ENCODERS[np.ndarray] = _encode_array
    ENCODERS[np.ma.MaskedArray] = _encode_masked
    ENCODERS[np.matrix] = _encode_matrix
    ENCODERS[np.random.Generator] = _encode_generator
    DECODERS["array"] = _decode_array
    DECODERS["masked"] = _decode_masked
    DECODERS["matrix"] = lambda decoder, node: decoder.number(array_of(decoder, node[1]).view(np.matrix))
    DECODERS["scalar"] = _decode_scalar
    DECODERS["generator"] = _decode_generator
    DECODERS["dtype"] = lambda _, node: np.dtype(object) if node[1] == "O" else _dtype(node[1])
    FAMILIES.insert(0, _scalar_family)
    BASES.insert(0, (np.ndarray, lambda array: np.array(np.ndarray.view(array, np.ndarray))))
    scalars = [kind for kind in vars(np).values() if isinstance(kind, type) and issubclass(kind, np.generic)]
    for kind in scalars:
        TYPES[f"np.{kind.__name__}"] = kind
        TYPE_NAMES[kind] = f"np.{kind.__name__}"
    TYPES["np.ndarray"] = np.ndarray
    TYPE_NAMES[np.ndarray] = "np.ndarray"
