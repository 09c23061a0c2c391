from __future__ import annotations

import gzip
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuer.errors import StatusListError
from issuer.multibase import encode_base58btc, encode_base64url
from issuer.status_list import (
    MAX_DECODED_BYTES,
    MIN_ENTRIES,
    StatusBits,
    StatusEntry,
    build_status_list,
    decode_bits,
    encode_bits,
    read_status_entry,
    read_status_list,
    status_entry_object,
)
from tests.issuer.examples import DID, NOW, STATUS_URL

INDEXES = st.sets(st.integers(0, MIN_ENTRIES - 1), max_size=60)
ENTRY = StatusEntry(STATUS_URL, 7)


@pytest.mark.slow
@settings(max_examples=30)
@given(INDEXES)
def test_a_list_comes_back_with_the_same_bits(indexes: set[int]) -> None:
    bits = StatusBits().with_bits(indexes)
    assert decode_bits(encode_bits(bits)) == bits
    assert {index for index in range(MIN_ENTRIES) if bits.is_set(index)} == indexes


@settings(max_examples=30)
@given(INDEXES, st.integers(0, MIN_ENTRIES - 1))
def test_one_change_moves_one_bit(indexes: set[int], index: int) -> None:
    bits = StatusBits().with_bits(indexes)
    changed = bits.with_bit(index, value=not bits.is_set(index))
    assert changed.is_set(index) != bits.is_set(index)
    assert changed.with_bit(index, value=bits.is_set(index)) == bits


def test_entry_zero_is_the_leftmost_bit() -> None:
    assert StatusBits().with_bit(0).data[0] == 0x80
    assert StatusBits().with_bit(9).data[1] == 0x40
    assert len(StatusBits()) == MIN_ENTRIES


def test_the_same_bits_give_the_same_text_and_an_empty_list_is_small() -> None:
    assert encode_bits(StatusBits()) == encode_bits(StatusBits())
    assert len(encode_bits(StatusBits())) < 80


@pytest.mark.parametrize("index", [-1, MIN_ENTRIES, 10**9])
def test_an_entry_outside_of_the_list_is_an_error_and_not_an_answer(index: int) -> None:
    with pytest.raises(StatusListError, match="outside"):
        StatusBits().is_set(index)
    with pytest.raises(StatusListError, match="outside"):
        StatusBits().with_bit(index)


def squeezed(data: bytes) -> str:
    return encode_base64url(gzip.compress(data, mtime=0))


@pytest.mark.parametrize(
    ("encoded", "words"),
    [
        (squeezed(bytes(MAX_DECODED_BYTES + 1)), "swells"),
        (squeezed(bytes(MIN_ENTRIES // 8 - 1)), "asks for"),
        (squeezed(bytes(MIN_ENTRIES // 8))[:-8], "cut off"),
        (encode_base64url(gzip.compress(bytes(MIN_ENTRIES // 8), mtime=0) + b"more"), "follows"),
        (encode_base58btc(b"x"), "does not begin with `u`"),
        (encode_base64url(bytes(MIN_ENTRIES // 8)), "damaged"),
        ("u!", "damaged"),
        ("", "does not begin"),
    ],
)
def test_a_list_that_is_no_list_or_a_bomb_is_refused(encoded: str, words: str) -> None:
    with pytest.raises(StatusListError, match=words):
        decode_bits(encoded)


def test_a_bomb_is_not_unpacked_before_it_is_refused() -> None:
    bomb = squeezed(bytes(100 * 2**20))
    tracemalloc.start()
    try:
        with pytest.raises(StatusListError, match="swells"):
            decode_bits(bomb)
        assert tracemalloc.get_traced_memory()[1] < 8 * MAX_DECODED_BYTES
    finally:
        tracemalloc.stop()


def test_an_entry_comes_back_from_the_credential_and_its_index_is_a_string() -> None:
    entry = status_entry_object(ENTRY, "urn:uuid:1")
    assert entry["statusListIndex"] == "7"
    assert read_status_entry(entry) == ENTRY
    with pytest.raises(StatusListError, match="must not be the address"):
        status_entry_object(ENTRY, STATUS_URL)
    with pytest.raises(StatusListError, match="outside"):
        status_entry_object(StatusEntry(STATUS_URL, MIN_ENTRIES), "urn:uuid:1")


@pytest.mark.parametrize(
    "change",
    [
        {"type": "StatusList2021Entry"},
        {"statusListIndex": 7},
        {"statusListIndex": "-7"},
        {"statusListIndex": "07"},
        {"statusListIndex": "٧"},
        {"statusListIndex": "7e3"},
        {"statusListCredential": None},
        {"statusPurpose": ["revocation"]},
        {"statusSize": 2},
    ],
)
def test_an_entry_that_could_be_read_in_two_ways_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(StatusListError):
        read_status_entry(status_entry_object(ENTRY, "urn:uuid:1") | change)
    with pytest.raises(StatusListError, match="not one entry"):
        read_status_entry([status_entry_object(ENTRY, "urn:uuid:1")])


def test_a_list_credential_says_one_purpose_in_the_terms_of_credentials_v2_alone() -> None:
    document = build_status_list(STATUS_URL, DID, StatusBits().with_bit(7), NOW)
    assert document["@context"] == ["https://www.w3.org/ns/credentials/v2"]
    assert document["credentialSubject"]["statusPurpose"] == "revocation"
    assert read_status_list(document, ENTRY, DID).is_set(7)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "https://badges.uni.example/status/2.json"}, "another list"),
        ({"issuer": "did:web:other.example"}, "another issuer"),
        ({"issuer": {"id": "did:web:other.example"}}, "another issuer"),
        ({"type": ["VerifiableCredential"]}, "no status list"),
        ({"credentialSubject": [{}]}, "no status list"),
        ({"credentialSubject": {"type": "BitstringStatusList", "statusPurpose": "suspension", "encodedList": "u"}}, "not for"),
        ({"credentialSubject": {"type": "BitstringStatusList", "statusPurpose": ["revocation"], "encodedList": "u"}}, "not for"),
        ({"credentialSubject": {"type": "BitstringStatusList", "statusPurpose": "revocation"}}, "no bits"),
    ],
)
def test_another_list_than_the_entry_names_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(StatusListError, match=words):
        read_status_list(build_status_list(STATUS_URL, DID, StatusBits(), NOW) | change, ENTRY, DID)
