"""Values cross with their exact type, and no tree does any harm."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import fractions
import json
import zoneinfo
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from autograder.sealed import codec, values
from autograder.sealed.codec import Decoder, Encoder
from autograder.sealed.wire import Tree, UnsendableError, WireError, pack, unpack

values.load_types()


class Plain:
    """A side that has references only for what has no value."""

    def refer(self, encoder: Encoder, thing: object) -> Tree:
        return ["reference", type(thing).__name__]

    def resolve(self, decoder: Decoder, node: list[Tree]) -> object:
        if node[0] != "reference":
            raise WireError("unknown")
        return ("a reference to", node[1])

    def notice(self, oddity: str) -> None:
        pass


def crossed(value: Any) -> Any:
    """Return what arrives of a value on the other side, through real frames."""
    frame = pack(Encoder(Plain()).encode(value))
    _, text, count, _ = __import__("struct").unpack_from("<4sIII", frame)
    lengths = [int.from_bytes(frame[16 + 8 * place : 24 + 8 * place], "little") for place in range(count)]
    body = 16 + 8 * count
    buffers, start = [], body + text
    for length in lengths:
        buffers.append(frame[start : start + length])
        start += length
    return Decoder(Plain()).decode(unpack(frame[body : body + text], buffers))


def alike(one: Any, other: Any) -> bool:
    """Whether two values are of one exact type, and equal, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return len(one) == len(other) and all(
            alike(key, kept) and alike(one[key], other[kept]) for key, kept in zip(one, other, strict=True)
        )
    if isinstance(one, list | tuple | collections.deque):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, complex):
        return repr(one) == repr(other)
    return bool(one == other)


ZONES = st.sampled_from([None, dt.UTC, dt.timezone(dt.timedelta(hours=8)), dt.timezone(dt.timedelta(minutes=-30), "odd")])
ATOMS = (
    st.none() | st.booleans() | st.integers() | st.integers(-(10**60), 10**60) | st.floats() | st.complex_numbers()
    | st.text(st.characters(codec=None, exclude_categories=())) | st.binary() | st.dates() | st.datetimes(timezones=ZONES) | st.times(timezones=ZONES)
    | st.timedeltas() | st.fractions() | st.decimals(allow_nan=False)
)  # fmt: skip
HASHABLE = st.integers() | st.text() | st.binary() | st.dates() | st.fractions() | st.tuples(st.integers(), st.text())
VALUES: st.SearchStrategy[Any] = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(HASHABLE, inner, max_size=4)
    | st.builds(collections.OrderedDict, st.dictionaries(HASHABLE, inner, max_size=3)) | st.builds(collections.deque, st.lists(inner, max_size=3), st.just(5)),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.slow
@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_a_value_arrives_with_its_exact_type(value: Any) -> None:
    assert alike(crossed(value), value)


@given(st.frozensets(HASHABLE) | st.sets(HASHABLE))
@settings(deadline=None)
def test_sets_arrive(value: Any) -> None:
    arrived = crossed(value)
    assert type(arrived) is type(value)
    assert arrived == value


@given(
    hnp.arrays(
        dtype=hnp.scalar_dtypes() | hnp.unicode_string_dtypes() | hnp.byte_string_dtypes(), shape=hnp.array_shapes(min_dims=0, min_side=0)
    )
)
@settings(max_examples=150, deadline=None)
def test_arrays_arrive_with_dtype_shape_and_contents(array: Any) -> None:
    arrived = crossed(array)
    assert type(arrived) is np.ndarray
    assert arrived.dtype == array.dtype
    assert arrived.shape == array.shape
    assert arrived.tobytes() == array.tobytes()
    assert arrived.flags.writeable


@given(hnp.from_dtype(np.dtype("i2")) | hnp.from_dtype(np.dtype("f4")) | hnp.from_dtype(np.dtype("M8[s]")) | hnp.from_dtype(np.dtype("?")))
@settings(deadline=None)
def test_numpy_numbers_arrive(scalar: Any) -> None:
    arrived = crossed(scalar)
    assert type(arrived) is type(scalar)
    assert arrived.tobytes() == scalar.tobytes()


FRAME = pd.DataFrame(
    {
        "i": [1, 2, 3], "f": [1.0, np.nan, 3.0], "s": ["a", None, "c"], "o": pd.Series([1, "x", None], dtype=object),
        "c": pd.Categorical(["x", "y", None], ordered=True), "d": pd.to_datetime(pd.Series(["2020-01-01", None, "2020-03-01"])),
        "z": pd.to_datetime(pd.Series(["2020-01-01", None, "2020-03-01"])).dt.tz_localize("Asia/Manila"), "I": pd.array([1, None, 3], dtype="Int64"),
        "B": pd.array([True, None, False], dtype="boolean"), "F": pd.array([1.5, None, 2], dtype="Float32"), "S": pd.array(["a", None, "b"], dtype="string"),
        "p": pd.period_range("2020", periods=3, freq="M"), "v": pd.interval_range(0, 3), "t": pd.to_timedelta([1, 2, None], unit="D"),
        "u": np.array([1, 2, 3], dtype="uint8"),
    }
)  # fmt: skip
MULTI = pd.DataFrame({"v": [1, 2, 3]}, index=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["l", None]))
TWICE = FRAME.iloc[:, :3].set_axis(["x", "x", "y"], axis=1)


@pytest.mark.parametrize("frame", [FRAME, MULTI, TWICE, FRAME.set_index("z"), pd.DataFrame(), FRAME.iloc[:0], MULTI.T, FRAME.describe()])
def test_frames_arrive_column_by_column(frame: Any) -> None:
    arrived = crossed(frame)
    pd.testing.assert_frame_equal(arrived, frame, check_exact=True)
    assert list(arrived.dtypes) == list(frame.dtypes)
    assert type(arrived.index) is type(frame.index)
    for place in range(frame.shape[1]):
        pd.testing.assert_series_equal(crossed(frame.iloc[:, place]), frame.iloc[:, place], check_exact=True)


@given(st.lists(st.floats(allow_infinity=True) | st.none(), max_size=6), st.text(max_size=5))
@settings(max_examples=60, deadline=None)
def test_series_of_numbers_arrive(numbers: list[float | None], name: str) -> None:
    series = pd.Series(numbers, name=name, dtype=float)
    pd.testing.assert_series_equal(crossed(series), series, check_exact=True)


@pytest.mark.parametrize(
    "value",
    [
        pd.Timestamp("2020-01-01 10:00", tz="Asia/Manila"), pd.Timestamp("2020"), pd.Timedelta("1s"), pd.Period("2020-01", "M"), pd.Interval(1, 2),
        dt.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("Asia/Manila")), np.dtype("f4"), int, np.float64, ..., range(2**70), slice(1, None, 2),
        FRAME["S"].dtype, FRAME["c"].dtype, collections.Counter("aab"), decimal.Decimal("1.10"), fractions.Fraction(1, 3),
    ],
)  # fmt: skip
def test_single_values_arrive(value: Any) -> None:
    arrived = crossed(value)
    assert type(arrived) is type(value)
    assert arrived == value
    assert str(arrived) == str(value)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I", "F"])
def test_images_arrive_pixel_by_pixel(mode: str) -> None:
    image: Any = Image.new("RGB", (5, 3), (200, 10, 30)).convert(mode)
    image.putpixel((1, 2), 0 if len(image.getbands()) == 1 else (0,) * len(image.getbands()))
    arrived = crossed(image)
    assert type(arrived) is Image.Image and (arrived.mode, arrived.size) == (mode, (5, 3))
    assert arrived.tobytes() == image.tobytes() and arrived.getpalette() == image.getpalette()


def test_what_is_missing_stays_the_same_object() -> None:
    assert crossed([pd.NA, pd.NaT])[0] is pd.NA
    assert crossed([pd.NA, pd.NaT])[1] is pd.NaT


def test_one_object_that_occurs_twice_is_one_object_afterwards() -> None:
    inner: list[int] = [1]
    one, other, mapped, held = crossed([inner, inner, {"a": inner}, (inner,)])
    assert one is other is mapped["a"] is held[0]
    frame, again = crossed([FRAME, FRAME])
    assert frame is again


def test_an_object_that_holds_itself_arrives_so() -> None:
    ring: list[Any] = []
    ring.append(ring)
    arrived = crossed(ring)
    assert arrived[0] is arrived


def test_arrays_of_records_with_objects_and_functions_are_left_to_references() -> None:
    assert crossed(np.zeros(2, dtype=[("a", "O")])) == ("a reference to", "ndarray")
    assert crossed([len])[0] == ("a reference to", "builtin_function_or_method")


def test_a_named_tuple_arrives_as_one() -> None:
    point: Any = collections.namedtuple("point", "x y")
    arrived = crossed(point(1, [2]))
    assert (type(arrived).__name__, arrived._fields, tuple(arrived)) == ("point", ("x", "y"), (1, [2]))


def test_instances_of_subclasses_have_a_plain_base() -> None:
    class Liar(float):
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 0

        def __float__(self) -> float:
            return 9.0

    class Level(enum.IntEnum):
        HIGH = 3

    class Frame(pd.DataFrame):
        pass

    assert repr(codec.plain_base(Liar(1.5))) == "1.5"
    assert type(codec.plain_base(Level.HIGH)) is int
    assert type(codec.plain_base(Frame({"a": [1]}))) is pd.DataFrame
    assert codec.plain_base(object()) is None


def test_nesting_without_end_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    with pytest.raises(UnsendableError, match="deep"):
        Encoder(Plain()).encode(deep)
    node: Tree = ["l"]
    for _ in range(500):
        node = ["l", node]
    with pytest.raises(WireError, match="malformed"):
        Decoder(Plain()).decode(node)


TAGS = st.sampled_from([*codec.DECODERS, "unknown"])
PARTS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 2**40)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=16)
    | st.sampled_from(["<i8", "O", "M8[s]", "U3"])
)
NODES = st.recursive(
    PARTS, lambda inner: st.builds(lambda tag, rest: [tag, *rest], TAGS | PARTS, st.lists(inner, max_size=4)), max_leaves=12
)


@pytest.mark.slow
@given(NODES)
@settings(max_examples=600, deadline=None)
def test_no_tree_does_more_than_be_refused(node: Tree) -> None:
    try:
        Decoder(Plain()).decode(node)
    except WireError:
        return


@pytest.mark.parametrize(
    "node",
    [
        ["array", "<i8", [2**40], "C", b"1234"], ["array", "O", [2**40], []], ["array", "V8", [1], "C", b"12345678"], ["array", "|O", [1], "C", b"12345678"],
        ["array", "i4,i4", [1], "C", b"12345678"], ["scalar", "<f8", b"1"], ["@", 0], ["@", -1], ["type", "eval"], ["t", ["@", 0]], ["named", "a b", ["x"]],
        ["named", "P", ["__class__"], 1], ["datetime", "2020-01-01", 0, "../../etc/passwd"], ["datetime", "2020-01-01", 0, "/etc/passwd"],
        ["nullable", "Int64", ["<f8", [1], "C", b"12345678"], ["|b1", [1], "C", b"1"]], ["frame", ["range", 0, 1, 1, None], ["range", 0, 5, 1, None], []],
        ["int", "1" * 2_000_000], ["generator", "__init__", 1], ["default", "eval", []], ["pandas", "x"], [], [["l"]], [3],
        ["image", "RGB", [2, 2], b"123", None, None], ["image", "RGB", [2**40, 2**40], b"", None, None], ["image", "X", [0, 0], b"", None, None],
        ["image", "P", [1, 1], b"1", b"1234", None], ["image", "L", [1, 1], b"1", b"123", None], ["image", "L", [-1, -1], b"1", None, None],
    ],
)  # fmt: skip
def test_trees_that_claim_what_is_not_there_are_refused(node: Tree) -> None:
    with pytest.raises(WireError):
        Decoder(Plain()).decode(node)


def test_encoded_values_are_json_and_bytes() -> None:
    text = json.dumps(Encoder(Plain()).encode([1, "x", {"a": (2.5, None)}]))
    assert text == '["l", 1, "x", ["d", ["a", ["t", 2.5, null]]]]'
