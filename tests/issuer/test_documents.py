from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.documents import MAX_BYTES, MAX_DEPTH, depth, parse_document
from issuer.errors import DocumentUnreadableError

PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), PLAIN, max_size=5))
def test_an_object_comes_back_as_it_was_written(document: dict[str, Any]) -> None:
    assert parse_document(json.dumps(document).encode()) == document


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_one_error_says_so(data: bytes) -> None:
    with suppress(DocumentUnreadableError):
        assert isinstance(parse_document(data), dict)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'{"x": {"id": "a", "id": "a"}}', "stands twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"1" * 5000 + b"}", "not JSON"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        (b"[1]", "not an object"),
        (b'{"a": 1} x', "not JSON"),
        (b"", "not JSON"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "levels deep"),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "levels deep"),
        (b'{"a": "' + b"x" * MAX_BYTES + b'"}', "are allowed"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(DocumentUnreadableError, match=words):
        parse_document(text)


def test_depth_counts_objects_and_arrays() -> None:
    assert (depth(1), depth({}), depth({"a": []}), depth([{"a": [1]}])) == (0, 1, 2, 3)
    parse_document(b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH)
