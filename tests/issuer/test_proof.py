from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuer.canonical import canonicalise
from issuer.context_documents import load_context
from issuer.credential import build_credential
from issuer.did import did_key, did_key_document, find_assertion_key
from issuer.errors import CanonicalisationError, ContextError, CredentialRefusedError, ProofError, SignatureMismatchError
from issuer.keys import key_from_seed
from issuer.multibase import decode_multibase
from issuer.proof import add_proof, canonical_configuration, hash_data, timestamp, verify_proof
from tests.issuer.examples import BASE_URL, DID, NOW, PROFILE, example_award, example_key, example_manifest

VECTORS = Path(__file__).parent.parent / "vectors" / "vc-di-eddsa"
EXAMPLES_CONTEXT = {"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}
KEY = example_key()


def vector(name: str) -> Any:
    text = (VECTORS / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else text


def load_with_examples(url: str) -> Any:
    return EXAMPLES_CONTEXT if url == "https://www.w3.org/ns/credentials/examples/v2" else load_context(url)


def test_canonical_forms_and_hashes_are_those_of_the_w3c_vector() -> None:
    document, config = vector("unsigned.json"), vector("eddsa-rdfc-2022/proofConfigDataInt.json")
    canonical = canonicalise(document, load=load_with_examples)
    options = canonical_configuration(document, config, load=load_with_examples)
    assert canonical == vector("eddsa-rdfc-2022/canonDocDataInt.txt")
    assert options == vector("eddsa-rdfc-2022/proofCanonDataInt.txt")
    assert hashlib.sha256(canonical.encode()).hexdigest() == vector("eddsa-rdfc-2022/docHashDataInt.txt").strip()
    assert hashlib.sha256(options.encode()).hexdigest() == vector("eddsa-rdfc-2022/proofHashDataInt.txt").strip()
    assert hash_data(canonical, options).hex() == vector("eddsa-rdfc-2022/combinedHashDataInt.txt").strip()


def test_the_signature_is_that_of_the_w3c_vector() -> None:
    pair = vector("keyPair.json")
    key = key_from_seed(decode_multibase(pair["privateKeyMultibase"])[2:])
    assert key.multikey == pair["publicKeyMultibase"]
    created = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
    signed = add_proof(vector("unsigned.json"), key.signer(did_key(key.public_bytes)), created, load=load_with_examples)
    expected = vector("eddsa-rdfc-2022/signedDataInt.json")
    assert signed == expected | {"proof": [expected["proof"]]}
    assert decode_multibase(signed["proof"][0]["proofValue"]).hex() == vector("eddsa-rdfc-2022/sigHexDataInt.txt").strip()


def test_the_signed_document_of_the_w3c_vector_verifies() -> None:
    signed = vector("eddsa-rdfc-2022/signedDataInt.json")
    checked = verify_proof(signed, key_of_did_key, load=load_with_examples)
    assert checked.created == datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
    signed["credentialSubject"]["alumniOf"] = "Another School"
    with pytest.raises(SignatureMismatchError, match="was changed"):
        verify_proof(signed, key_of_did_key, load=load_with_examples)


def key_of_did_key(method: str) -> bytes:
    key = find_assertion_key(did_key_document(method.partition("#")[0]), method)
    assert key is not None
    return key


@cache
def signed_example() -> dict[str, Any]:
    return add_proof(build_credential(example_manifest(), PROFILE, example_award(), BASE_URL), KEY.signer(DID), NOW)


def verify(document: dict[str, Any]) -> None:
    verify_proof(document, lambda _: KEY.public_bytes)


Path_ = tuple[str | int, ...]


def leaves(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    else:
        yield path, value


LEAVES = [path for path, _ in leaves({key: value for key, value in signed_example().items() if key != "@context"})]
PROOF_LEAVES = [path for path in LEAVES if path[0] == "proof"]


def with_leaf(path: Path_, change: Any) -> dict[str, Any]:
    document = deepcopy(signed_example())
    holder: Any = document
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = change(holder[path[-1]])
    return document


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.sampled_from(LEAVES), st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8))
def test_any_single_changed_value_breaks_the_proof(path: Path_, text: str) -> None:
    changed = with_leaf(path, lambda old: (not old) if isinstance(old, bool) else old + 1 if isinstance(old, float) else old + text)
    with pytest.raises((ProofError, CanonicalisationError)):
        verify(changed)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.sampled_from(LEAVES))
def test_any_single_value_left_out_breaks_the_proof(path: Path_) -> None:
    document = deepcopy(signed_example())
    holder: Any = document
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    with pytest.raises((ProofError, CanonicalisationError)):
        verify(document)


def test_a_signed_document_verifies_and_stays_as_it_was() -> None:
    unsigned = build_credential(example_manifest(), PROFILE, example_award(), BASE_URL)
    before = deepcopy(unsigned)
    signed = add_proof(unsigned, KEY.signer(DID), NOW)
    assert unsigned == before
    assert isinstance(signed["proof"], list)
    verify(signed)
    verify(json.loads(json.dumps(signed)))
    assert signed == add_proof(unsigned, KEY.signer(DID), NOW)


def test_another_key_does_not_verify() -> None:
    with pytest.raises(SignatureMismatchError, match="was changed"):
        verify_proof(signed_example(), lambda _: example_key(2).public_bytes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "Ed25519Signature2020"}, "type"),
        ({"cryptosuite": "ecdsa-rdfc-2019"}, "cryptosuite"),
        ({"proofPurpose": "authentication"}, "proofPurpose"),
        ({"created": "2026-11-20"}, "created"),
        ({"created": None}, "created"),
        ({"verificationMethod": None}, "verificationMethod"),
        ({"proofValue": 1}, "proofValue"),
        ({"@context": ["https://www.w3.org/ns/credentials/v2"]}, "other contexts"),
        ({"proofValue": "zabc"}, "damaged"),
        ({"proofValue": "mabc"}, "damaged"),
        ({"proofValue": "z0OIl"}, "damaged"),
    ],
)
def test_a_proof_of_another_kind_is_refused(change: dict[str, Any], words: str) -> None:
    document = signed_example() | {"proof": [signed_example()["proof"][0] | change]}
    with pytest.raises(ProofError, match=words):
        verify(document)


def test_no_proof_two_proofs_and_no_context_are_refused() -> None:
    unsigned = {key: value for key, value in signed_example().items() if key != "proof"}
    with pytest.raises(ProofError, match="not signed"):
        verify(unsigned | {"proof": []})
    with pytest.raises(ProofError, match="not signed"):
        verify(unsigned | {"proof": None})
    with pytest.raises(ProofError, match="exactly one"):
        verify(unsigned | {"proof": signed_example()["proof"] * 2})
    with pytest.raises(ProofError, match="no @context"):
        verify({key: value for key, value in signed_example().items() if key != "@context"})


def test_a_signed_document_is_not_signed_again() -> None:
    with pytest.raises(CredentialRefusedError, match="signed already"):
        add_proof(signed_example(), KEY.signer(DID), NOW)


def test_a_time_without_a_zone_is_refused_and_others_are_written_in_utc() -> None:
    with pytest.raises(CredentialRefusedError, match="no time zone"):
        timestamp(datetime(2026, 1, 1))  # noqa: DTZ001 -- that is the point
    assert timestamp(datetime.fromisoformat("2026-11-20T16:00:00+08:00")) == "2026-11-20T08:00:00Z"


def test_a_document_with_foreign_contexts_is_not_signed() -> None:
    with pytest.raises(ContextError):
        add_proof({"@context": ["https://evil.example/"], "id": "urn:x:1"}, KEY.signer(DID), NOW)
