"""pandas by value: Series, frames, indexes and scalars with their exact dtypes. Registered by `arrays` once pandas is loaded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from autograder.sealed.arrays import array_node, array_of
from autograder.sealed.codec import BASES, DECODERS, ENCODERS, FAMILIES, TYPE_NAMES, TYPES, Decode, Decoder, Encode, Encoder, expect
from autograder.sealed.library_values import zone_of, zone_tree
from autograder.sealed.wire import Tree, WireError

_LONGEST_SPARSE = 1 << 26
_UNITS = ("s", "ms", "us", "ns")
_MASKED = {"boolean", *(f"{sign}Int{bits}".replace("uI", "UI") for sign in ("", "u") for bits in (8, 16, 32, 64)), "Float32", "Float64"}


def column_node(encoder: Encoder, array: Any) -> list[Tree]:
    """Return the tree of a pandas array.

    Raises:
        TypeError: its dtype does not cross.
    """
    dtype = array.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return ["category", array_node(encoder, np.asarray(array.codes)), index_node(encoder, dtype.categories), bool(dtype.ordered)]
    if isinstance(dtype, pd.DatetimeTZDtype):
        return ["zoned", array_node(encoder, array.asi8), zone_tree(dtype.tz), dtype.unit]
    if isinstance(dtype, pd.PeriodDtype):
        return ["period", array_node(encoder, array.asi8), dtype.name[7:-1]]  # "period[M]"
    if isinstance(dtype, pd.IntervalDtype):
        return [
            "interval",
            column_node(encoder, pd.Index(array.left).array),
            column_node(encoder, pd.Index(array.right).array),
            str(array.closed),
        ]
    if isinstance(dtype, pd.SparseDtype):
        fill = encoder.encode(dtype.fill_value)
        return ["sparse", array_node(encoder, array.sp_values), array_node(encoder, array.sp_index.indices), len(array), fill]
    if isinstance(dtype, pd.StringDtype):
        texts = [None if pd.isna(each) else encoder.encode(each) for each in array.tolist()]
        return ["string", dtype.na_value is pd.NA, texts, dtype.storage]
    if str(dtype) in _MASKED:
        return ["nullable", str(dtype), array_node(encoder, array._data), array_node(encoder, array._mask)]
    if isinstance(dtype, np.dtype) or type(dtype).__name__ == "NumpyEADtype":
        return ["plain", array_node(encoder, array.to_numpy())]
    raise TypeError("this dtype does not cross")


def column_of(decoder: Decoder, node: Tree) -> Any:
    """Return the array of such a tree."""
    build = _COLUMNS.get(expect(expect(node, list)[0], str))
    if build is None:
        raise WireError("no kind of column that is known")
    return build(decoder, node)


def _category(decoder: Decoder, node: list[Tree]) -> Any:
    dtype = pd.CategoricalDtype(index_of(decoder, node[2]), expect(node[3], bool))
    return pd.Categorical.from_codes(array_of(decoder, node[1]), dtype=dtype)


def _zoned(decoder: Decoder, node: list[Tree]) -> Any:
    moments = pd.DatetimeIndex(_stamps(decoder, node[1], node[3]))
    return moments.tz_localize("UTC").tz_convert(zone_of(node[2])).array


def _period(decoder: Decoder, node: list[Tree]) -> Any:
    made: Any = pd.PeriodIndex
    return made.from_ordinals(array_of(decoder, node[1]), freq=expect(node[2], str)).array


def _interval(decoder: Decoder, node: list[Tree]) -> Any:
    return pd.arrays.IntervalArray.from_arrays(column_of(decoder, node[1]), column_of(decoder, node[2]), node[3])


def _sparse(decoder: Decoder, node: list[Tree]) -> Any:
    values, places, length = array_of(decoder, node[1]), array_of(decoder, node[2]), expect(node[3], int)
    if places.dtype != np.int32 or places.ndim != 1 or places.shape != values.shape or not 0 <= length <= _LONGEST_SPARSE:
        raise WireError("a sparse column is malformed")
    if len(places) and (places[0] < 0 or places[-1] >= length or not (np.diff(places) > 0).all()):
        raise WireError("a sparse column is malformed")
    index: Any = pd._libs.sparse.IntIndex
    made: Any = pd.arrays.SparseArray
    fill = decoder.decode(node[4])
    return made._simple_new(values, index(length, places), pd.SparseDtype(values.dtype, fill))


def _string(decoder: Decoder, node: list[Tree]) -> Any:
    missing = pd.NA if node[1] else np.nan
    if node[1] and None in node[2]:
        decoder.peer.notice("missing")
    texts = [missing if each is None else expect(each, str) for each in decoder.all(expect(node[2], list))]
    if node[3] not in _STORAGES:
        raise WireError("no kind of text column that is known")
    try:
        return pd.array(texts, dtype=pd.StringDtype(node[3], na_value=missing))
    except (ImportError, ValueError) as refusal:  # no pyarrow here, or half of a character in it
        raise WireError("a column of texts is malformed") from refusal


def _stamps(decoder: Decoder, node: Tree, unit: Tree) -> Any:
    if unit not in _UNITS:
        raise WireError("no unit of time that is known")
    numbers = array_of(decoder, node)
    if numbers.dtype != np.int64:
        raise WireError("a column of moments is malformed")
    return numbers.view(f"M8[{unit}]")


def _nullable(decoder: Decoder, node: list[Tree]) -> Any:
    name, data, mask = expect(node[1], str), array_of(decoder, node[2]), array_of(decoder, node[3])
    if name not in _MASKED or mask.dtype != bool or mask.shape != data.shape or data.ndim != 1:
        raise WireError("a column with missing values is malformed")
    if str(data.dtype) != {"boolean": "bool"}.get(name, name.lower()):
        raise WireError("a column with missing values is malformed")
    if mask.any():
        decoder.peer.notice("missing")
    made: dict[str, Any] = {"b": pd.arrays.BooleanArray, "F": pd.arrays.FloatingArray}
    return made.get(name[0], pd.arrays.IntegerArray)(data, mask)


_STORAGES = ("python", "pyarrow")
"""How pandas keeps a column of texts: it takes pyarrow where that is installed."""

_COLUMNS: dict[str, Decode] = {
    "plain": lambda decoder, node: array_of(decoder, node[1]),
    "category": _category,
    "zoned": _zoned,
    "period": _period,
    "interval": _interval,
    "sparse": _sparse,
    "string": _string,
    "nullable": _nullable,
}


def index_node(encoder: Encoder, index: Any) -> list[Tree]:
    """Return the tree of an index."""
    if type(index) is pd.RangeIndex:
        return ["range", index.start, index.stop, index.step, encoder.encode(index.name)]
    if isinstance(index, pd.MultiIndex):
        levels = [index_node(encoder, level) for level in index.levels]
        return ["multi", levels, [array_node(encoder, np.asarray(each)) for each in index.codes], encoder.all(index.names)]
    frequency = index.freqstr if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) else None
    return ["index", column_node(encoder, index.array), encoder.encode(index.name), frequency]


def index_of(decoder: Decoder, node: Tree) -> Any:
    """Return the index of such a tree."""
    kind = expect(expect(node, list)[0], str)
    if kind == "range":
        start, stop, step = (expect(each, int) for each in node[1:4])
        return pd.RangeIndex(start, stop, step, name=decoder.decode(node[4]))
    if kind == "multi":
        levels, codes = [index_of(decoder, each) for each in node[1]], [array_of(decoder, each) for each in node[2]]
        return pd.MultiIndex(levels=levels, codes=codes, names=decoder.all(node[3]))
    column = column_of(decoder, node[1])
    index = pd.Index(column, name=decoder.decode(node[2]), dtype=object if _holds_objects(column) else None)
    if node[3] is not None:
        index.freq = expect(node[3], str)
    return index


def _holds_objects(column: Any) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind == "O"


def _series(column: Any, index: Any, name: Any = None) -> Any:
    if len(column) != len(index):
        raise WireError("a column and its index have different lengths")
    return pd.Series(column, index=index, name=name, dtype=object if _holds_objects(column) else None, copy=False)


def _numbered(build: Encode) -> Encode:
    """Encode with `build`, number the object when it is complete; what does not cross stays a reference."""

    def encode(encoder: Encoder, thing: Any) -> Tree:
        try:
            tree = build(encoder, thing)
        except (TypeError, NotImplementedError):
            return encoder.peer.refer(encoder, thing)
        encoder.number(thing)
        return tree

    return encode


def _series_node(encoder: Encoder, series: Any) -> Tree:
    return [
        "series",
        index_node(encoder, series.index),
        column_node(encoder, series.array),
        encoder.encode(series.name),
        *_extras(encoder, series),
    ]


def _frame_node(encoder: Encoder, frame: Any) -> Tree:
    columns = [column_node(encoder, frame.iloc[:, place].array) for place in range(frame.shape[1])]
    return ["frame", index_node(encoder, frame.columns), index_node(encoder, frame.index), columns, *_extras(encoder, frame)]


def _extras(encoder: Encoder, thing: Any) -> list[Tree]:
    return [encoder.encode(thing.attrs) if thing.attrs else None, thing.flags.allows_duplicate_labels]


def _with_extras(decoder: Decoder, thing: Any, nodes: list[Tree]) -> Any:
    if nodes[0] is not None:
        thing.attrs = expect(decoder.decode(nodes[0]), dict)
    if not expect(nodes[1], bool):
        thing.flags.allows_duplicate_labels = False
    return decoder.number(thing)


def _decode_series(decoder: Decoder, node: list[Tree]) -> Any:
    index = index_of(decoder, node[1])
    column = column_of(decoder, node[2])
    return _with_extras(decoder, _series(column, index, decoder.decode(node[3])), node[4:6])


def _decode_frame(decoder: Decoder, node: list[Tree]) -> Any:
    columns = [column_of(decoder, each) for each in expect(node[3], list)]
    names, index = index_of(decoder, node[1]), index_of(decoder, node[2])
    frame = pd.DataFrame({place: _series(column, index) for place, column in enumerate(columns)}, index=index)
    frame.columns = names
    return _with_extras(decoder, frame, node[4:6])


def _encode_stamp(encoder: Encoder, stamp: Any) -> Tree:
    try:
        return ["timestamp", int(stamp.asm8.view("i8")), stamp.unit, zone_tree(stamp.tz), stamp.fold]
    except TypeError:
        return encoder.peer.refer(encoder, stamp)


def _decode_stamp(_: Decoder, node: list[Tree]) -> Any:
    if node[2] not in _UNITS:
        raise WireError("no unit of time that is known")
    stamp = pd.Timestamp(np.datetime64(expect(node[1], int), node[2]))
    zone = zone_of(node[3])
    return stamp if zone is None else stamp.tz_localize("UTC").tz_convert(zone)


def _encode_span(_: Encoder, span: Any) -> Tree:
    return ["span", int(span.asm8.view("i8")), span.unit]


def _decode_span(_: Decoder, node: list[Tree]) -> Any:
    if node[2] not in _UNITS:
        raise WireError("no unit of time that is known")
    return pd.Timedelta(np.timedelta64(expect(node[1], int), node[2]))


def _encode_offset(encoder: Encoder, offset: Any) -> Tree:
    if type(offset) is pd.DateOffset:
        if all(type(value) is int for value in offset.kwds.values()):
            return ["offset", None, offset.n, bool(getattr(offset, "normalize", False)), [list(pair) for pair in offset.kwds.items()]]
    elif _offset_of(offset.freqstr) == offset:
        return ["offset", offset.freqstr]
    return encoder.peer.refer(encoder, offset)


def _offset_of(name: Tree) -> Any:
    try:
        return pd.tseries.frequencies.to_offset(expect(name, str))
    except (TypeError, ValueError):
        return None


def _decode_offset(_: Decoder, node: list[Tree]) -> Any:
    if node[1] is not None:
        found = _offset_of(node[1])
        if found is None:
            raise WireError("no offset that is known")
        return found
    parts: Any = {expect(name, str): expect(value, int) for name, value in node[4]}
    made: Any = pd.DateOffset
    return made(expect(node[2], int), expect(node[3], bool), **parts)


def _family(thing: Any) -> Encode | None:
    if issubclass(type(thing), pd.api.extensions.ExtensionDtype):
        return _encode_dtype
    return _encode_offset if issubclass(type(thing), pd.tseries.offsets.BaseOffset) else None


def _encode_dtype(encoder: Encoder, dtype: Any) -> Tree:
    try:
        return ["pddtype", column_node(encoder, pd.array([], dtype=dtype))]
    except (TypeError, ValueError, NotImplementedError):
        return encoder.peer.refer(encoder, dtype)


def _constant_node(name: str) -> Encode:
    return lambda _encoder, _thing: ["pandas", name]


def _decode_constant(decoder: Decoder, node: list[Tree]) -> Any:
    if node[1] == "NA":
        decoder.peer.notice("missing")
    return _CONSTANTS[expect(node[1], str)]


_CONSTANTS = {"NaT": pd.NaT, "NA": pd.NA}
_INDEXES = (
    pd.Index, pd.RangeIndex, pd.DatetimeIndex, pd.TimedeltaIndex, pd.CategoricalIndex, pd.MultiIndex, pd.PeriodIndex, pd.IntervalIndex,
)  # fmt: skip


def register() -> None:
    """Add the encoders and decoders of pandas."""
    ENCODERS[pd.Series] = _numbered(_series_node)
    ENCODERS[pd.DataFrame] = _numbered(_frame_node)
    for kind in _INDEXES:
        ENCODERS[kind] = _numbered(lambda encoder, index: ["pdindex", index_node(encoder, index)])
    for kind in (pd.Categorical, *(getattr(pd.arrays, name) for name in pd.arrays.__all__ if "Arrow" not in name)):
        ENCODERS[kind] = _numbered(lambda encoder, array: ["pdarray", column_node(encoder, array)])
    ENCODERS[pd.Timestamp], ENCODERS[pd.Timedelta] = _encode_stamp, _encode_span
    ENCODERS[pd.Period] = lambda _, each: ["pdperiod", each.ordinal, each.freqstr]
    ENCODERS[pd.Interval] = lambda encoder, each: ["pdinterval", encoder.encode(each.left), encoder.encode(each.right), each.closed]
    ENCODERS[type(pd.NaT)], ENCODERS[type(pd.NA)] = _constant_node("NaT"), _constant_node("NA")
    DECODERS["series"], DECODERS["frame"] = _decode_series, _decode_frame
    DECODERS["pdindex"] = lambda decoder, node: decoder.number(index_of(decoder, node[1]))
    DECODERS["pdarray"] = lambda decoder, node: decoder.number(pd.array(column_of(decoder, node[1])))
    DECODERS["timestamp"], DECODERS["span"] = _decode_stamp, _decode_span
    DECODERS["pdperiod"] = lambda _, node: pd.Period(ordinal=expect(node[1], int), freq=expect(node[2], str))
    DECODERS["pdinterval"] = lambda decoder, node: pd.Interval(decoder.decode(node[1]), decoder.decode(node[2]), closed=node[3])
    DECODERS["pddtype"] = lambda decoder, node: column_of(decoder, node[1]).dtype
    FAMILIES.insert(0, _family)
    DECODERS["offset"] = _decode_offset
    DECODERS["pandas"] = _decode_constant
    bases: list[Any] = [(pd.DataFrame, lambda frame: pd.DataFrame(frame)), (pd.Series, lambda series: pd.Series(series))]
    BASES[:0] = bases
    for name in ("DataFrame", "Series", "Index", "RangeIndex", "MultiIndex", "DatetimeIndex", "Timestamp", "Timedelta", "CategoricalDtype"):
        TYPES[f"pd.{name}"] = getattr(pd, name)
        TYPE_NAMES[getattr(pd, name)] = f"pd.{name}"
