"""Files on the wire arrive as they were, and what is no such row of bytes is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.checking.packed_files import pack_files, unpack_files

_FILES = st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.binary(max_size=50)), max_size=5)


@given(_FILES)
def test_names_and_contents_arrive_as_they_were(files: list[tuple[str, bytes]]) -> None:
    assert unpack_files(pack_files(files)) == files


@given(_FILES, st.data())
def test_a_row_that_was_cut_or_goes_on_is_refused(files: list[tuple[str, bytes]], data: st.DataObject) -> None:
    packed = pack_files(files)
    for wrong in (packed[: data.draw(st.integers(0, len(packed) - 1))], packed + b"x"):
        with pytest.raises(ValueError, match=r".+"):
            unpack_files(wrong)


@given(st.binary(max_size=80))
def test_any_bytes_are_files_or_refused(packed: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert pack_files(unpack_files(packed))


def test_half_a_character_in_a_name_does_not_break_the_wire() -> None:
    assert unpack_files(pack_files([("\ud800.ipynb", b"x")])) == [("?.ipynb", b"x")]
