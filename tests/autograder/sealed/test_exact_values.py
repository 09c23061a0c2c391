"""Everything plain crosses and comes back equal, of the same type, dtype, order, names and kind of index."""

from __future__ import annotations

import array
import collections
import datetime as dt
import decimal
import http
import pathlib
import re
import signal
import types
import uuid
import warnings
import zoneinfo
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.extra import pandas as hpd

from autograder.sealed.codec import Decoder, Encoder
from autograder.sealed.wire import WireError
from tests.autograder.sealed.test_values import Plain, crossed

DAYS = pd.date_range("2020", periods=3, freq="D")
RECORDS: Any = np.array([(1, 2.5, "x"), (2, -0.0, "y")], dtype=[("a", "i4"), ("b", "f8"), ("c", "U3")])
TEXTS: Any = np.dtypes.StringDType


def fixed(values: Any) -> Any:
    values.flags.writeable = False
    return values


ARRAYS: dict[str, Any] = {
    "records": RECORDS,
    "records in records": np.zeros(2, dtype=[("a", [("x", "i2"), ("y", "M8[D]")]), ("b", "f4", (2, 3))]),
    "aligned records": np.zeros(3, dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    "moments": np.array(["2020-01-01T05", "NaT"], dtype="M8[h]"),
    "spans": np.array([3], dtype="m8[25s]"),
    "texts": np.array(["a", "", "é" * 50], dtype=TEXTS()),
    "texts with gaps": np.array(["a", np.nan], dtype=TEXTS(na_object=np.nan)),
    "half": np.array([1.5, -0.0, np.inf], dtype="f2"),
    "long": np.array(["1.1"], dtype=np.longdouble),
    "odd nans": np.array([0x7FF8000000000001, 0xFFF8000000000000], dtype="u8").view("f8"),
    "no sides": np.array(3),
    "no sides, an object": np.array(None, dtype=object),
    "steps": np.arange(10)[::3],
    "backwards": np.arange(5)[::-1],
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "turned": np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
    "other end first": np.arange(3, dtype=">i4"),
    "repeated": np.broadcast_to(1.5, (2, 3)),
    "read-only": fixed(np.arange(3)),
    "nothing": np.zeros((0, 3)),
    "no objects": np.empty((0, 3), dtype=object),
    "objects": np.array([[1, "a"], [None, [1]]], dtype=object),
}


@pytest.mark.parametrize("value", ARRAYS.values(), ids=ARRAYS)
def test_an_array_arrives_exactly(value: Any) -> None:
    arrived = crossed(value)
    assert type(arrived) is np.ndarray
    assert (arrived.dtype, arrived.shape, arrived.flags.writeable) == (value.dtype, value.shape, value.flags.writeable)
    assert arrived.dtype.isalignedstruct == value.dtype.isalignedstruct
    if value.dtype.kind in "OT":
        assert repr(arrived) == repr(value)
    elif value.dtype.isalignedstruct or value.dtype == np.longdouble:  # their padding is no part of them
        assert arrived.tolist() == value.tolist()
    else:
        assert arrived.tobytes() == value.tobytes()
    if value.flags.forc:
        assert arrived.flags.f_contiguous == value.flags.f_contiguous


@given(
    hnp.arrays(
        dtype=hnp.array_dtypes(hnp.integer_dtypes() | hnp.floating_dtypes() | hnp.unicode_string_dtypes()),
        shape=hnp.array_shapes(min_side=0),
    )
)
@settings(max_examples=80, deadline=None)
def test_records_of_any_fields_arrive(value: Any) -> None:
    if "((" in repr(value.dtype):  # fields with a second name
        assert crossed(value) == ("a reference to", "ndarray")
        return
    arrived = crossed(value)
    assert (arrived.dtype, arrived.shape, arrived.tobytes()) == (value.dtype, value.shape, value.tobytes())


MASKED: list[Any] = [
    np.ma.array([1, 2], mask=[True, False], fill_value=9), np.ma.array([1, 2]), np.ma.array([1.5, 2], mask=[True, False], hard_mask=True),
    np.ma.array(["a", "b"], mask=[False, False]),
]  # fmt: skip


@pytest.mark.parametrize("value", MASKED)
def test_a_masked_array_arrives_with_its_mask_and_filling(value: Any) -> None:
    arrived: Any = crossed(value)
    assert type(arrived).__name__ == "MaskedArray"
    assert (repr(arrived), arrived.hardmask, arrived.mask is np.ma.nomask) == (repr(value), value.hardmask, value.mask is np.ma.nomask)
    assert (vars(arrived)["_fill_value"] is None) == (value._fill_value is None)
    assert crossed(np.ma.masked) is np.ma.masked


def test_records_as_attributes_and_single_records_arrive() -> None:
    table: Any = np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    arrived = crossed(table)
    assert (type(arrived), arrived.dtype, arrived.a.tolist()) == (np.recarray, table.dtype, [1])
    for one in (RECORDS[1], table[0]):
        again = crossed(one)
        assert (type(again), again.dtype, again.tobytes()) == (type(one), one.dtype, one.tobytes())
        again["a"] = 7
        assert again["a"] == 7


NUMBERS: list[Any] = [
    np.float16(1.5), np.float64(-0.0), np.complex64(1j), np.bool_(True), np.str_("a\0"), np.str_(""), np.bytes_(b"ab\0"), np.uint8(255), np.int64(-1),
    np.datetime64("2020-01-01", "M"), np.timedelta64(5, "D"), np.dtype("M8[ns]"), RECORDS.dtype, TEXTS(), np.dtype(object),
]  # fmt: skip


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_a_number_of_numpys_arrives_exactly(value: Any) -> None:
    arrived = crossed(value)
    assert type(arrived) is type(value)
    assert (arrived, repr(arrived)) == (value, repr(value))


def test_polynomials_arrive() -> None:
    for value in (np.poly1d([1, 2.5]), np.polynomial.Polynomial([1, 2]), np.polynomial.Chebyshev([1, 2], domain=[0, 3], symbol="t")):
        arrived = crossed(value)
        assert type(arrived) is type(value)
        assert arrived == value
        assert str(arrived) == str(value)


LIBRARY: list[Any] = [
    array.array("d", [1.0, -0.0]), array.array("u", "aé"), memoryview(b"abc"), uuid.UUID(int=5), pathlib.Path("a/b"), pathlib.PurePosixPath("/x"),
    pathlib.PureWindowsPath("c:\\x"), re.compile("a+(b)", re.IGNORECASE), re.compile(b"x"), http.HTTPStatus.OK, signal.SIGINT, re.IGNORECASE | re.DOTALL,
    collections.ChainMap({1: 2}, {3: [4]}), collections.UserDict(a=1), collections.UserList([1]), collections.UserString("ab"), types.SimpleNamespace(a=[1]),
    types.MappingProxyType({"a": 1}), {1: 2}.keys(), {1: [2]}.items(), zoneinfo.ZoneInfo("Asia/Manila"), dt.UTC, decimal.Decimal("-0.00E+5"),
    dt.timezone(dt.timedelta(hours=8), "PHT"), range(0, 10**30, 7), 10**5000, -(10**400), "\ud83d", ["\ud83d", "\ude00"], {"\ud83d": 1, (1, 2): {3}},
    frozenset({frozenset({1}), 2}), {http.HTTPStatus.OK: 1}, dt.datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
]  # fmt: skip


@pytest.mark.parametrize("value", LIBRARY, ids=[f"{type(each).__name__} {place}" for place, each in enumerate(LIBRARY)])
def test_a_value_of_pythons_library_arrives_exactly(value: Any) -> None:
    arrived = crossed(value)
    assert type(arrived) is type(value)
    assert arrived == value
    assert isinstance(value, frozenset | memoryview | int) or repr(arrived) == repr(value)


def test_values_of_a_dict_arrive_in_order() -> None:
    arrived = crossed({"a": 1, "b": [2]}.values())
    assert (type(arrived), list(arrived)) == (type({}.values()), [1, [2]])


def marked(thing: Any) -> Any:
    thing.attrs["unit"] = "m"
    return thing


FRAMES: dict[str, Any] = {
    "days": pd.DataFrame({"a": [1, 2, 3]}, index=DAYS),
    "sparse": pd.DataFrame({"a": pd.arrays.SparseArray([0.0, np.nan, 1], fill_value=0.0), "b": pd.arrays.SparseArray([0, 0, 1])}),
    "one name twice": pd.DataFrame([[1, "a"]], columns=["a", "a"]),
    "no rows": pd.DataFrame(columns=["a", "b"]),
    "no columns": pd.DataFrame(index=[1, 2]),
    "mixed objects": pd.DataFrame({"a": [1, "x", None, 1.5], "b": [[1], {2: 3}, None, dt.date(2020, 1, 1)]}),
    "attributes": marked(pd.DataFrame({"a": [1]})),
    "named axes": pd.DataFrame([[1]], columns=pd.Index(["a"], name="cc"), index=pd.Index([5], name="ii")),
    "columns of two levels": pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None])),
    "columns of moments": pd.DataFrame([[1, 2]], columns=pd.date_range("2020", periods=2, freq="MS")),
    "levels of which some are unused": pd.DataFrame({"a": [1, 2, 3]}, index=pd.MultiIndex.from_product([["a", "b", "c"], [1]])).iloc[:2],
    "rows of many kinds": pd.DataFrame({"a": [1, 2, 3]}, index=pd.MultiIndex.from_arrays([DAYS, pd.Categorical(["a", "b", "a"]), [1.5, None, 2]])),
    "no label twice": pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
    "small numbers": pd.DataFrame({"h": np.array([1.5], dtype="f2"), "c": [1j], "b": [b"x"]}),
    "grouped": pd.DataFrame({"g": ["x", "y", "x"], "v": [1, 2, 3]}).groupby("g").agg(["mean", "sum"]),
    "crossed": pd.crosstab(pd.Series(["a", "b"], name="p"), pd.Series(["c", "c"], name="q")),
}  # fmt: skip
SERIES: dict[str, Any] = {
    "ordered categories": pd.Series(pd.Categorical(["a", "b"], categories=["b", "a", "z"], ordered=True)),
    "categories that are numbers": pd.Series(pd.Categorical([1.5, None])),
    "intervals in categories": pd.cut(pd.Series([1, 5, 9]), 3),
    "quarters": pd.Series(pd.period_range("2020", periods=3, freq="Q-MAR")),
    "spans": pd.Series(pd.to_timedelta([1, None], unit="s")),
    "texts": pd.Series(["a", None], dtype="str"),
    "a fixed offset": pd.Series(pd.to_datetime(["2020-01-01 00:00+08:00"])),
    "named by a tuple": marked(pd.Series([1], name=("a", 2))),
}
INDEXES: dict[str, Any] = {
    "months": pd.date_range("2020", periods=3, freq="ME", tz="Asia/Manila"),
    "spans": pd.timedelta_range("1D", periods=3, freq="6h"),
    "categories": pd.CategoricalIndex(["a", "b"], name="n"),
    "intervals": pd.interval_range(0, 3, name="q"),
    "intervals of moments": pd.interval_range(pd.Timestamp("2020"), periods=2),
    "a range": pd.RangeIndex(2, 10, 3, name=("a", 1)),
    "pairs": pd.Index([(1, 2), (3, 4)], tupleize_cols=False),
    "truths": pd.Index([True, False]),
    "numbers with gaps": pd.Index([1, None], dtype="Int64"),
    "levels with gaps": pd.MultiIndex.from_tuples([("a", None), (None, 1)]),
    "zoned levels": pd.MultiIndex.from_arrays([DAYS.tz_localize("Asia/Manila")]),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_a_frame_arrives_exactly(frame: Any) -> None:
    arrived = crossed(frame)
    pd.testing.assert_frame_equal(arrived, frame, check_exact=True, check_freq=True, check_flags=True)
    assert list(map(str, arrived.dtypes)) == list(map(str, frame.dtypes))
    assert arrived.attrs == frame.attrs
    same_index(arrived.index, frame.index)
    same_index(arrived.columns, frame.columns)


@pytest.mark.parametrize("series", SERIES.values(), ids=SERIES)
def test_a_series_arrives_exactly(series: Any) -> None:
    arrived = crossed(series)
    pd.testing.assert_series_equal(arrived, series, check_exact=True, check_freq=True)
    assert (arrived.attrs, arrived.name, arrived.dtype) == (series.attrs, series.name, series.dtype)


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_an_index_arrives_exactly(index: Any) -> None:
    same_index(crossed(index), index)


def same_index(arrived: Any, index: Any) -> None:
    pd.testing.assert_index_equal(arrived, index, exact=True, check_exact=True)
    assert type(arrived) is type(index)
    assert list(map(type, arrived.names)) == list(map(type, index.names))
    assert getattr(arrived, "freq", None) == getattr(index, "freq", None)
    for one, other in zip(getattr(arrived, "levels", ()), getattr(index, "levels", ()), strict=True):
        same_index(one, other)


COLUMNS = [
    hpd.column("a", dtype=int), hpd.column("b", dtype=float), hpd.column("c", dtype=bool), hpd.column("d", elements=st.text(max_size=4), dtype=object),
    hpd.column("e", dtype=np.dtype("M8[s]")),
]  # fmt: skip


@given(hpd.data_frames(columns=COLUMNS, index=hpd.range_indexes(max_size=5) | hpd.indexes(dtype=float, max_size=5)))
@settings(max_examples=60, deadline=None)
def test_frames_of_any_content_arrive(frame: Any) -> None:
    pd.testing.assert_frame_equal(crossed(frame), frame, check_exact=True)


@pytest.mark.parametrize(
    "value",
    [
        pd.offsets.MonthEnd(2), pd.DateOffset(days=3), pd.SparseDtype(float, 0.0), pd.PeriodDtype("M"), pd.Timestamp("2020", tz=dt.timezone(dt.timedelta(hours=8))),
        pd.Timestamp("2020-10-25 01:30", tz="UTC").tz_convert("Europe/Berlin"), pd.Timestamp("1800-01-01").as_unit("s"),
    ],
)  # fmt: skip
def test_a_single_value_of_pandas_arrives_exactly(value: Any) -> None:
    arrived = crossed(value)
    assert type(arrived) is type(value)
    assert (arrived, repr(arrived)) == (value, repr(value))
    assert getattr(arrived, "fold", 0) == getattr(value, "fold", 0)


def test_a_matrix_arrives() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        value = np.matrix([[1, 2]])
        arrived = crossed(value)
    assert type(arrived) is np.matrix
    assert (arrived == value).all()


@pytest.mark.parametrize(
    "node",
    [
        ["array", ["record", [["a", "O", [], 0]], 8, False, False], [1], "C", b"12345678"], ["array", ["record", [["a", "<i8", [], 0]], 4, False, False], [1], "C", b"1234"],
        ["array", ["record", [["a", "<i8", [1 << 40], 0]], 8, False, False], [1], "C", b"12345678"], ["array", ["texts", "object", True], [1], ["a"]],
        ["array", ["record", [["a", "<i8", [], -8]], 8, False, False], [1], "C", b"12345678"], ["record", "<i8", b"12345678"], ["holder", "ChainMap", ["d", ["maps", 3]]],
        ["holder", "UserDict", ["d", ["data", ["d", []], "get", 4]]], ["member", "os:PathLike", 1], ["member", "re:RegexFlag", "x"], ["path", "Path", "x"],
        ["pattern", "(", 0], ["numbers", "q", b"123"], ["polynomial", "__init__", 1, 2, 3, 4], ["series", ["range", 0, 1, 1, None], ["sparse", ["<f8", [1], "C", b"12345678"],
        ["<i4", [1], "C", b"\xff\xff\xff\xff"], 1, 0.0], None, None, True], ["offset", "no such"], ["view", "items", [1]],
    ],
)  # fmt: skip
def test_what_claims_to_be_one_and_is_none_is_refused(node: Any) -> None:
    with pytest.raises(WireError):
        Decoder(Plain()).decode(node)


def test_what_an_array_of_objects_within_records_would_do_is_not_tried() -> None:
    assert Encoder(Plain()).encode(np.zeros(2, dtype=[("a", "O")])) == ["reference", "ndarray"]
