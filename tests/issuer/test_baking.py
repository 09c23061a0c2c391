"""Baking: a credential comes out as it went in, and hostile pictures are refused."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from issuer import baking
from issuer.baking import KEYWORD, bake, unbake
from issuer.documents import MAX_BYTES
from issuer.errors import BakingError

TEXT = '{"name": "Niña Ñúñez ng Los Baños", "score": "0.81"}'
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def plain_png() -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (8, 6), (10, 90, 60, 128)).save(out, format="PNG")
    return out.getvalue()


PNG = plain_png()


def chunk(type_: bytes, data: bytes, *, crc: int | None = None) -> bytes:
    checksum = zlib.crc32(type_ + data) if crc is None else crc
    return struct.pack(">I", len(data)) + type_ + data + struct.pack(">I", checksum)


def with_chunk(extra: bytes, png: bytes = PNG) -> bytes:
    """Return the picture with `extra` after its header (8 bytes of signature, 25 of IHDR)."""
    return png[:33] + extra + png[33:]


def itxt(text: bytes, *, keyword: bytes = KEYWORD.encode(), flags: bytes = b"\0\0") -> bytes:
    return chunk(b"iTXt", keyword + b"\0" + flags + b"\0\0" + text)


credential_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
    lambda text: bool(text.strip())
)


@given(credential_texts)
@example(TEXT)
def test_what_is_baked_comes_out_again_character_by_character(text: str) -> None:
    assert unbake(bake(PNG, text)) == text


@given(credential_texts, credential_texts)
def test_baking_again_replaces_the_credential_and_nothing_else(first: str, second: str) -> None:
    assert bake(bake(PNG, first), second) == bake(PNG, second)


def test_the_picture_keeps_its_pixels_and_pillow_reads_the_credential() -> None:
    with Image.open(io.BytesIO(bake(PNG, TEXT))) as after, Image.open(io.BytesIO(PNG)) as before:
        assert after.tobytes() == before.tobytes()
        assert after.info[KEYWORD] == TEXT


def test_other_texts_of_the_picture_stay() -> None:
    titled = with_chunk(chunk(b"tEXt", b"Title\0Badge"))
    with Image.open(io.BytesIO(bake(titled, TEXT))) as picture:
        assert picture.info["Title"] == "Badge"


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt"])
def test_a_credential_in_another_kind_of_text_chunk_is_refused_and_baked_over(kind: bytes) -> None:
    forged = with_chunk(chunk(kind, KEYWORD.encode() + b"\0{}"))
    with pytest.raises(BakingError, match="not in an iTXt chunk"):
        unbake(forged)
    with pytest.raises(BakingError, match="2 credentials"):
        unbake(with_chunk(itxt(b"{}"), forged))
    assert bake(forged, TEXT) == bake(PNG, TEXT)


def test_two_credentials_are_refused_because_two_readers_would_read_two_things() -> None:
    with pytest.raises(BakingError, match="2 credentials"):
        unbake(with_chunk(itxt(b'{"score": "1.0"}'), bake(PNG, TEXT)))


def test_a_language_and_a_translated_keyword_are_skipped() -> None:
    foreign = chunk(b"iTXt", KEYWORD.encode() + b"\0\0\0fil\0kredensyal\0" + TEXT.encode())
    assert unbake(with_chunk(foreign)) == TEXT


def test_a_picture_without_a_credential_says_so_and_what_to_do() -> None:
    with pytest.raises(BakingError, match="no credential in this picture") as raised:
        unbake(PNG)
    assert ".json" in raised.value.remedy


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (b"", "not a PNG"),
        (b"\xff\xd8\xff\xe0 a jpeg", "not a PNG"),
        (SIGNATURE, "breaks off"),
        (SIGNATURE + b"\0\0\0", "breaks off"),
        (PNG[:-1], "breaks off"),
        (PNG[:-12], "breaks off"),
        (PNG + b"PK\x03\x04", "after its end"),
        (SIGNATURE + PNG[33:], "begin with its one header"),
        (with_chunk(PNG[8:33]), "begin with its one header"),
        (SIGNATURE + chunk(b"IHDR", b"short") + PNG[33:], "begin with its one header"),
        (PNG[:33] + chunk(b"IEND", b""), "no pixels"),
        (with_chunk(struct.pack(">I4s", 2**31, b"iTXt")), "malformed or breaks off"),
        (with_chunk(struct.pack(">I4s", 2**32 - 1, b"iTXt")), "malformed or breaks off"),
        (with_chunk(chunk(b"iT\0t", b"")), "malformed or breaks off"),
        (with_chunk(chunk(b"iTXt", KEYWORD.encode() + b"\0\0\0\0\0{}", crc=0)), "checksum"),
        (with_chunk(itxt(zlib.compress(b"{}"), flags=b"\1\0")), "compressed"),
        (with_chunk(itxt(b"\xff\xfe")), "not UTF-8"),
        (with_chunk(itxt(b"  ")), "empty"),
        (with_chunk(itxt(b"{}\0{}")), "malformed"),
        (with_chunk(chunk(b"iTXt", KEYWORD.encode())), "compressed|malformed"),
        (with_chunk(chunk(b"iTXt", KEYWORD.encode() + b"\0\0\0no end")), "malformed"),
        (with_chunk(itxt(b"x" * (MAX_BYTES + 1))), "larger than"),
        (with_chunk(chunk(b"tIME", b"") * baking.MAX_CHUNKS), "more than .* chunks"),
        (PNG + b"\0" * baking.MAX_PNG_BYTES, "larger than"),
    ],
    ids=lambda value: value if isinstance(value, str) else "picture",
)
def test_a_hostile_picture_is_refused(picture: bytes, reason: str) -> None:
    with pytest.raises(BakingError, match=reason) as raised:
        unbake(picture)
    assert raised.value.remedy


@given(st.integers(0, len(bake(PNG, TEXT)) - 1), st.integers(1, 255))
def test_one_changed_byte_anywhere_is_noticed(place: int, change: int) -> None:
    picture = bytearray(bake(PNG, TEXT))
    picture[place] ^= change
    with pytest.raises(BakingError, match=r"PNG|picture|credential"):
        unbake(bytes(picture))


@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_a_baking_error(noise: bytes) -> None:
    for hostile in (noise, SIGNATURE + noise, PNG[:33] + noise + PNG[33:]):
        try:
            unbake(hostile)
        except BakingError as refused:
            assert refused.remedy


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "empty"), (" \n", "empty"), ("{\0}", "NUL"), ("\ud800", "surrogate"), ("ñ" * MAX_BYTES, "more than")],
)
def test_a_text_that_no_reader_would_get_back_is_not_baked(text: str, reason: str) -> None:
    with pytest.raises(BakingError, match=reason):
        bake(PNG, text)


def test_a_picture_that_would_become_too_large_is_not_made() -> None:
    padded = with_chunk(chunk(b"prVt", b"\0" * (baking.MAX_PNG_BYTES - len(PNG) - 12)))
    with pytest.raises(BakingError, match="would be larger"):
        bake(padded, TEXT)
