"""`eddsa-jcs-2022`: the vectors of W3C, and what is no canonical JSON."""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.canonical_json import canonical_json
from issuer.did import did_key_document, find_assertion_key
from issuer.errors import CanonicalisationError, ContextError, ProofError, SignatureMismatchError
from issuer.keys import key_from_seed
from issuer.multibase import decode_multibase, encode_base58btc
from issuer.proof import hash_data, verify_proof

VECTORS = Path(__file__).parent.parent / "vectors" / "vc-di-eddsa"
SIGNED = json.loads((VECTORS / "eddsa-jcs-2022/signedJCS.json").read_text(encoding="utf-8"))

TEXT = st.characters(exclude_categories=["Cs"])


def text_of(name: str) -> str:
    return (VECTORS / "eddsa-jcs-2022" / name).read_text(encoding="utf-8").strip()


def key_of_did_key(method: str) -> bytes:
    key = find_assertion_key(did_key_document(method.partition("#")[0]), method)
    assert key is not None
    return key


def test_canonical_forms_hashes_and_signature_are_those_of_the_w3c_vector() -> None:
    document = canonical_json(json.loads((VECTORS / "unsigned.json").read_text(encoding="utf-8")))
    options = canonical_json(json.loads(text_of("proofConfigJCS.json")))
    assert document == text_of("canonDocJCS.txt")
    assert options == text_of("proofCanonJCS.txt")
    assert hashlib.sha256(document.encode()).hexdigest() == text_of("docHashJCS.txt")
    assert hashlib.sha256(options.encode()).hexdigest() == text_of("proofHashJCS.txt")
    hashed = hash_data(document, options)
    assert hashed.hex() == text_of("combinedHashJCS.txt")
    pair = json.loads((VECTORS / "keyPair.json").read_text(encoding="utf-8"))
    signature = key_from_seed(decode_multibase(pair["privateKeyMultibase"])[2:]).sign(hashed)
    assert signature.hex() == text_of("sigHexJCS.txt")
    assert encode_base58btc(signature) == text_of("sigBTC58JCS.txt") == SIGNED["proof"]["proofValue"]


def test_the_signed_document_of_the_w3c_vector_verifies() -> None:
    assert verify_proof(SIGNED, key_of_did_key).verification_method == SIGNED["proof"]["verificationMethod"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("credentialSubject", "alumniOf"), "Another School"),
        (("unknownTerm",), "x"),
        (("proof", "created"), "2023-02-24T23:36:39Z"),
        (("proof", "cryptosuite"), "eddsa-rdfc-2022"),
        (("proof", "@context"), ["https://www.w3.org/ns/credentials/v2"]),
        (("@context",), ["https://www.w3.org/ns/credentials/v2"]),
        (("proof", "extra"), 1),
    ],
)
def test_no_change_of_the_vector_verifies(path: tuple[str, ...], value: Any) -> None:
    changed = deepcopy(SIGNED)
    holder: Any = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    with pytest.raises((SignatureMismatchError, ProofError, CanonicalisationError, ContextError)):
        verify_proof(changed, key_of_did_key)


@given(
    st.dictionaries(
        st.text(TEXT, max_size=4),
        st.integers(-(2**53) + 1, 2**53 - 1)
        | st.text(TEXT, max_size=6)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.none()
        | st.booleans(),
    )
)
def test_the_order_of_keys_makes_no_difference_and_nothing_is_lost(value: dict[str, Any]) -> None:
    canonical = canonical_json(value)
    assert canonical == canonical_json(dict(reversed(value.items())))
    assert json.loads(canonical, parse_int=float) == value
    keys = list(json.loads(canonical))
    assert keys == sorted(keys, key=lambda key: key.encode("utf-16-be"))


@pytest.mark.parametrize("value", [2**53, float("nan"), float("inf"), "\ud800"])
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(CanonicalisationError, match="no canonical form"):
        canonical_json({"a": value})
