"""numpy and pandas by value: buffers and plain parts, never pickle. Registered in `values` once numpy or pandas is loaded.

Every plain dtype and every record of plain fields crosses as its buffer; what holds objects of any other kind stays a reference. Frames go column by column with their exact dtypes: categories,
time zones, nullable and string types, periods, intervals, and indexes of every kind.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from autograder.sealed.codec import BASES, DECODERS, ENCODERS, FAMILIES, TYPE_NAMES, TYPES, Decoder, Encode, Encoder, expect
from autograder.sealed.dtypes import PLAIN_KINDS, dtype_of, dtype_tree, plain_dtype
from autograder.sealed.wire import Tree, WireError

_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
_MOST_EMPTY = 1_000_000


def array_node(encoder: Encoder, array: Any) -> list[Tree]:
    """Return the tree of an array's type, shape and contents.

    Raises:
        TypeError: its dtype does not cross.
    """
    dtype = array.dtype
    if dtype.kind == "O":
        return ["O", list(array.shape), encoder.all(array.ravel(order="C").tolist())]
    kind = dtype_tree(dtype)
    if dtype.kind == "T":
        return [kind, list(array.shape), [encoder.encode(each) if type(each) is str else None for each in array.ravel().tolist()]]
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    return [kind, list(array.shape), order, array.tobytes(order)]


def array_of(decoder: Decoder, node: Tree, *, into: Any = None) -> Any:
    """Return the array of such a tree.

    Args:
        into: an empty array of objects that was made for it beforehand.
    """
    kind, shape = expect(node, list)[0], tuple(expect(each, int) for each in expect(node[1], list))
    if kind == "O":
        elements = decoder.all(expect(node[2], list))
        if not elements:
            decoder.peer.notice("empty")
        found = empty_objects(node) if into is None else into
        flat = found.reshape(-1)
        for place, element in enumerate(elements):
            flat[place] = element
        return found
    dtype = dtype_of(kind)
    if 0 in shape:
        decoder.peer.notice("empty")
    if dtype.kind == "T":
        return _texts(decoder, dtype, expect(node[2], list)).reshape(shape)
    if not dtype.itemsize and math.prod(shape) > _MOST_EMPTY:
        raise WireError("too many empty texts")
    data = np.frombuffer(expect(node[3], bytes), dtype=dtype) if dtype.itemsize else np.zeros(shape, dtype).reshape(-1)
    if dtype.kind == "U" and data.size and data.view(np.dtype(np.uint32).newbyteorder(dtype.byteorder)).max() > sys.maxunicode:
        raise WireError("an array of texts has characters that do not exist")
    return data.reshape(shape, order=node[2]).copy(order="K")


def empty_objects(node: Tree) -> Any:
    """Return the array of None that a tree of objects needs; its shape must agree with what was sent."""
    shape = tuple(expect(each, int) for each in expect(node[1], list))
    return np.full(len(expect(node[2], list)), None, dtype=object).reshape(shape)


def _texts(decoder: Decoder, dtype: Any, nodes: list[Tree]) -> Any:
    missing = getattr(dtype, "na_object", "")
    texts = [missing if each is None else expect(decoder.decode(each), str) for each in nodes]
    return np.array(texts, dtype=dtype)


def _encode_array(encoder: Encoder, array: Any) -> Tree:
    if array.dtype.kind == "O":
        encoder.number(array)
        return ["array", *array_node(encoder, array)]
    try:
        node = array_node(encoder, array)
    except TypeError:
        return encoder.peer.refer(encoder, array)
    encoder.number(array)
    return ["array", *node] if array.flags.writeable or array.dtype.kind == "T" else ["array", *node, False]


def _decode_array(decoder: Decoder, node: list[Tree]) -> Any:
    if node[1] == "O":
        return array_of(decoder, node[1:], into=decoder.number(empty_objects(node[1:])))
    found = array_of(decoder, node[1:])
    if len(node) > 5:
        found.flags.writeable = False
    return decoder.number(found)


def _encode_masked(encoder: Encoder, array: Any) -> Tree:
    try:
        data = array_node(encoder, np.asarray(array.data))
        if array.dtype.kind not in "biufcSUmM":
            raise TypeError("this dtype does not cross")
    except TypeError:
        return encoder.peer.refer(encoder, array)
    mask = None if array.mask is np.ma.nomask else array_node(encoder, array.mask)
    fill = None if array._fill_value is None else array_node(encoder, np.asarray(array._fill_value))
    encoder.number(array)
    return ["masked", data, mask, fill, bool(array.hardmask)]


def _decode_masked(decoder: Decoder, node: list[Tree]) -> Any:
    data = array_of(decoder, node[1])
    mask: Any = np.ma.nomask if node[2] is None else array_of(decoder, node[2])
    if mask is not np.ma.nomask and (mask.dtype != bool or mask.shape != data.shape):
        raise WireError("a mask is malformed")
    if np.any(mask):
        decoder.peer.notice("masked")
    fill = None if node[3] is None else array_of(decoder, node[3])[()]
    return decoder.number(np.ma.MaskedArray(data, mask=mask, fill_value=fill, hard_mask=expect(node[4], bool)))


def _decode_no_value(decoder: Decoder, _: list[Tree]) -> Any:
    decoder.peer.notice("masked")
    return np.ma.masked


def _encode_matrix(encoder: Encoder, array: Any) -> Tree:
    tree = ["matrix", array_node(encoder, np.asarray(array))]
    encoder.number(array)
    return tree


def _encode_scalar(encoder: Encoder, scalar: Any) -> Tree:
    if scalar.dtype.kind in "SU":
        return ["scalar", scalar.dtype.kind, encoder.encode(bytes(scalar) if scalar.dtype.kind == "S" else "".join(scalar))]
    return ["scalar", scalar.dtype.str, np.asarray(scalar).tobytes()]


def _decode_scalar(decoder: Decoder, node: list[Tree]) -> Any:
    if node[1] in {"S", "U"}:
        text = expect(decoder.decode(node[2]), bytes if node[1] == "S" else str)
        return np.bytes_(text) if node[1] == "S" else np.str_(text)
    dtype, data = plain_dtype(node[1]), expect(node[2], bytes)
    if not data or len(data) != dtype.itemsize:
        raise WireError("a number has the wrong length")
    return np.frombuffer(data, dtype)[0]


def _encode_record(encoder: Encoder, record: Any) -> Tree:
    try:
        return ["record", dtype_tree(record.dtype), record.tobytes()]
    except TypeError:
        return encoder.peer.refer(encoder, record)


def _decode_record(_: Decoder, node: list[Tree]) -> Any:
    dtype, data = dtype_of(node[1]), expect(node[2], bytes)
    if dtype.kind != "V" or len(data) != dtype.itemsize or not data:
        raise WireError("a record has the wrong length")
    return np.frombuffer(bytearray(data), dtype)[0]


def _encode_records(encoder: Encoder, array: Any) -> Tree:
    try:
        tree = ["records", array_node(encoder, np.asarray(array))]
    except TypeError:
        return encoder.peer.refer(encoder, array)
    encoder.number(array)
    return tree


def _encode_polynomial(encoder: Encoder, polynomial: Any) -> Tree:
    if type(polynomial) is np.poly1d:
        return ["polynomial", "poly1d", array_node(encoder, polynomial.coeffs), encoder.encode(polynomial.variable)]
    parts = [array_node(encoder, each) for each in (polynomial.coef, polynomial.domain, polynomial.window)]
    return ["polynomial", type(polynomial).__name__, *parts, encoder.encode(polynomial.symbol)]


def _decode_polynomial(decoder: Decoder, node: list[Tree]) -> Any:
    if node[1] == "poly1d":
        return np.poly1d(array_of(decoder, node[2]), variable=expect(decoder.decode(node[3]), str))
    if node[1] not in _POLYNOMIALS:
        raise WireError("no polynomial that is known")
    parts = [array_of(decoder, each) for each in node[2:5]]
    made: Any = getattr(np.polynomial, node[1])
    return made(*parts, symbol=expect(decoder.decode(node[5]), str))


_POLYNOMIALS = ("Polynomial", "Chebyshev", "Legendre", "Laguerre", "Hermite", "HermiteE")


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


def _encode_dtype(encoder: Encoder, dtype: Any) -> Tree:
    try:
        return ["dtype", "O" if dtype.kind == "O" else dtype_tree(dtype)]
    except TypeError:
        return encoder.peer.refer(encoder, dtype)


def _family(thing: Any) -> Encode | None:
    kind = type(thing)
    if issubclass(kind, np.generic) and kind.__module__ == "numpy":
        return _encode_scalar if thing.dtype.kind in PLAIN_KINDS else _encode_record
    return _encode_dtype if issubclass(kind, np.dtype) else None


def register() -> None:
    """Add the encoders and decoders of numpy."""
    ENCODERS[np.ndarray] = _encode_array
    ENCODERS[np.ma.MaskedArray] = _encode_masked
    ENCODERS[np.matrix] = _encode_matrix
    ENCODERS[np.random.Generator] = _encode_generator
    DECODERS["array"] = _decode_array
    DECODERS["masked"] = _decode_masked
    DECODERS["matrix"] = lambda decoder, node: decoder.number(array_of(decoder, node[1]).view(np.matrix))
    ENCODERS[np.recarray] = _encode_records
    ENCODERS[type(np.ma.masked)] = lambda _encoder, _: ["no value"]
    for kind in (np.poly1d, *(getattr(np.polynomial, name) for name in _POLYNOMIALS)):
        ENCODERS[kind] = _encode_polynomial
    DECODERS["polynomial"], DECODERS["record"], DECODERS["no value"] = _decode_polynomial, _decode_record, _decode_no_value
    DECODERS["records"] = lambda decoder, node: decoder.number(array_of(decoder, node[1]).view(np.recarray))
    DECODERS["scalar"] = _decode_scalar
    DECODERS["generator"] = _decode_generator
    DECODERS["dtype"] = lambda _, node: np.dtype(object) if node[1] == "O" else dtype_of(node[1])
    FAMILIES.insert(0, _family)
    BASES.insert(0, (np.ndarray, lambda array: np.array(np.ndarray.view(array, np.ndarray))))
    scalars = [kind for kind in vars(np).values() if isinstance(kind, type) and issubclass(kind, np.generic)]
    for kind in scalars:
        TYPES[f"np.{kind.__name__}"] = kind
        TYPE_NAMES[kind] = f"np.{kind.__name__}"
    TYPES["np.ndarray"] = np.ndarray
    TYPE_NAMES[np.ndarray] = "np.ndarray"
