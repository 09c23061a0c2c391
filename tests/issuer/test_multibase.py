from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.errors import EncodingError
from issuer.multibase import (
    decode_base58,
    decode_digest,
    decode_multibase,
    decode_multikey,
    digest_multibase,
    encode_base58,
    encode_base58btc,
    encode_base64url,
    encode_multikey,
)


@given(st.binary(max_size=80))
def test_base58_comes_back_as_it_went_in(data: bytes) -> None:
    assert decode_base58(encode_base58(data)) == data


@given(st.binary(max_size=200))
def test_both_multibases_come_back_as_they_went_in(data: bytes) -> None:
    assert decode_multibase(encode_base64url(data)) == data
    assert decode_multibase(encode_base58btc(data)) == data


@pytest.mark.parametrize(
    ("data", "text"),
    [  # draft-msporny-base58-03, section 5
        (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
        (b"The quick brown fox jumps over the lazy dog.", "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"),
        (bytes.fromhex("0000287fb4cd"), "11233QC4"),
    ],
)
def test_base58_is_that_of_the_draft_standard(data: bytes, text: str) -> None:
    assert encode_base58(data) == text
    assert decode_base58(text) == data


@given(st.binary(min_size=32, max_size=32))
def test_a_multikey_begins_with_z6mk_and_comes_back(key: bytes) -> None:
    assert encode_multikey(key).startswith("z6Mk")
    assert decode_multikey(encode_multikey(key)) == key


@given(st.binary(max_size=100))
def test_a_digest_is_a_sha256_multihash_in_base64url(data: bytes) -> None:
    text = digest_multibase(data)
    assert text.startswith("uEi")
    assert decode_digest(text) == hashlib.sha256(data).digest()


@pytest.mark.parametrize("text", ["", "m123", "z0", "zO", "uA", "u+/+/", "uAB==", "uAAB\n", "z" + "1" * 2000])
def test_text_of_another_base_is_refused(text: str) -> None:
    with pytest.raises(EncodingError):
        decode_multibase(text)


def test_base64url_with_stray_bits_is_refused_because_two_texts_would_mean_one_thing() -> None:
    with pytest.raises(EncodingError, match="stray bits"):
        decode_multibase("uAB")


def test_a_key_of_another_kind_is_no_multikey() -> None:
    with pytest.raises(EncodingError, match="z6Mk"):
        decode_multikey(encode_base58btc(b"\xec\x01" + bytes(32)))
    with pytest.raises(EncodingError, match="32 bytes"):
        encode_multikey(bytes(31))


def test_a_digest_of_another_kind_is_refused() -> None:
    with pytest.raises(EncodingError, match="SHA-256"):
        decode_digest(encode_base64url(b"\x13\x40" + bytes(64)))
