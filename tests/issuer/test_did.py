from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.did import did_document, did_document_url, did_key, did_key_document, did_web, find_assertion_key
from issuer.errors import IdentifierError
from tests.issuer.examples import DID, example_key

KEY = example_key()
METHOD = f"{DID}#{KEY.multikey}"


@pytest.mark.parametrize(
    ("url", "did", "document"),
    [
        ("https://uni.example", "did:web:uni.example", "https://uni.example/.well-known/did.json"),
        ("https://Uni.Example/", "did:web:uni.example", "https://uni.example/.well-known/did.json"),
        ("https://uni.example:443", "did:web:uni.example", "https://uni.example/.well-known/did.json"),
        ("https://uni.example:8443", "did:web:uni.example%3A8443", "https://uni.example:8443/.well-known/did.json"),
        ("https://uni.example/badges/dc/", "did:web:uni.example:badges:dc", "https://uni.example/badges/dc/did.json"),
        ("https://uni.example/a%20b:c", "did:web:uni.example:a%20b%3Ac", "https://uni.example/a%20b%3Ac/did.json"),
    ],
)
def test_a_site_has_one_did_and_the_did_one_place(url: str, did: str, document: str) -> None:
    assert did_web(url) == did
    assert did_document_url(did) == document


@pytest.mark.parametrize(
    "url",
    [
        "http://uni.example",
        "https://10.0.0.1",
        "https://[::1]",
        "https://2130706433",
        "https://me@uni.example",
        "https://uni.example?x=1",
        "https://uni.example/#a",
        "https://uni.example:99999",
        "https://",
        "https://uni.example/../x",
        "uni.example",
        "https://uni_example",
    ],
)
def test_an_address_that_cannot_be_a_did_is_refused(url: str) -> None:
    with pytest.raises(IdentifierError):
        did_web(url)


@pytest.mark.parametrize(
    "did", ["did:web:", "did:key:z6Mk", "did:web:a/b", "did:web:a:..", "did:web:a:%2e%2e", "did:web:a:%2Fb", "did:web:a b"]
)
def test_a_malformed_did_leads_nowhere(did: str) -> None:
    with pytest.raises(IdentifierError):
        did_document_url(did)


@given(st.binary(min_size=32, max_size=32))
def test_a_did_key_publishes_the_key_that_it_is(key: bytes) -> None:
    did = did_key(key)
    assert find_assertion_key(did_key_document(did), f"{did}#{did.removeprefix('did:key:')}") == key


def test_old_keys_stay_in_the_document_and_still_count() -> None:
    old = example_key(2)
    document = did_document(DID, [KEY.multikey, old.multikey])
    assert find_assertion_key(document, METHOD) == KEY.public_bytes
    assert find_assertion_key(document, f"{DID}#{old.multikey}") == old.public_bytes
    assert document["assertionMethod"] == [METHOD, f"{DID}#{old.multikey}"]


def test_assertion_methods_are_strings_because_a_validator_reads_only_those() -> None:
    document = did_document(DID, [KEY.multikey])
    assert document["assertionMethod"] == [document["verificationMethod"][0]["id"]]
    assert document["verificationMethod"][0] == {"id": METHOD, "type": "Multikey", "controller": DID, "publicKeyMultibase": KEY.multikey}


@pytest.mark.parametrize(
    "change",
    [
        {"assertionMethod": []},
        {"assertionMethod": None},
        {"id": "did:web:other.example"},
        {"id": None},
        {"verificationMethod": []},
        {"verificationMethod": [{"id": METHOD, "type": "Multikey", "controller": "did:web:x.example", "publicKeyMultibase": KEY.multikey}]},
        {"verificationMethod": [{"id": METHOD, "type": "JsonWebKey", "controller": DID, "publicKeyMultibase": KEY.multikey}]},
        {"verificationMethod": [{"id": METHOD, "type": "Multikey", "controller": DID, "publicKeyMultibase": "z6MkNo"}]},
        {"verificationMethod": [{"id": METHOD, "type": "Multikey", "controller": DID}]},
    ],
)
def test_a_key_that_is_not_published_for_assertions_by_its_controller_does_not_count(change: dict[str, Any]) -> None:
    assert find_assertion_key(did_document(DID, [KEY.multikey]) | change, METHOD) is None


def test_relative_and_embedded_methods_of_other_generators_are_read() -> None:
    embedded = {"id": f"#{KEY.multikey}", "type": "Multikey", "controller": DID, "publicKeyMultibase": KEY.multikey}
    assert find_assertion_key({"id": DID, "assertionMethod": [embedded]}, METHOD) == KEY.public_bytes


def test_a_document_without_keys_or_with_one_twice_is_refused() -> None:
    for keys in ([], [KEY.multikey, KEY.multikey], ["z6Mk"]):
        with pytest.raises(IdentifierError):
            did_document(DID, keys)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([DID, METHOD, KEY.multikey, "Multikey", "#x", ""]) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "type", "controller", "publicKeyMultibase"]), inner),
    max_leaves=12,
)


@given(st.fixed_dictionaries({"id": JSON, "verificationMethod": JSON, "assertionMethod": JSON}))
def test_whatever_a_did_document_holds_there_is_a_key_or_none(document: dict[str, Any]) -> None:
    assert find_assertion_key(document, METHOD) in (None, KEY.public_bytes)
