from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuer.credential import build_credential
from issuer.did import did_document, find_assertion_key, find_jwt_key
from issuer.errors import CredentialRefusedError, DocumentUnreadableError, ProofError, SignatureMismatchError
from issuer.keys import PublicKey, SigningKey, generate_key
from issuer.proof import add_proof
from issuer.vc_jwt import read_jwt, sign_jwt, verify_jwt
from tests.issuer.examples import BASE_URL, DID, NOW, PROFILE, example_award, example_key, example_manifest

KEY = generate_key("P-256")
DOCUMENT = add_proof(build_credential(example_manifest(), PROFILE, example_award(), BASE_URL), example_key().signer(DID), NOW)
JWT = sign_jwt(DOCUMENT, KEY.signer(DID))


def resolve(_method: str) -> PublicKey:
    return KEY.public


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=="))


def signed(header: Any, payload: Any, key: SigningKey = KEY) -> str:
    """Return a JWT with any header and payload and a signature that fits."""
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{base64.urlsafe_b64encode(key.sign(text.encode())).rstrip(b'=').decode()}"


def test_a_jwt_holds_the_credential_at_its_top_level_with_the_claims_of_open_badges() -> None:
    header, payload, _ = JWT.split(".")
    assert decoded(header) == {"alg": "ES256", "typ": "JWT", "kid": f"{DID}#{KEY.multikey}"}
    claims = decoded(payload)
    assert {name: claims[name] for name in ("iss", "jti", "sub", "nbf", "exp")} == {
        "iss": DID,
        "jti": DOCUMENT["id"],
        "sub": DOCUMENT["credentialSubject"]["id"],
        "nbf": 1_795_161_600,
        "exp": 1_889_856_000,
    }
    assert "proof" not in claims
    assert claims["credentialSubject"] == DOCUMENT["credentialSubject"]


def test_what_was_signed_verifies_and_gives_the_credential_back() -> None:
    read = verify_jwt(JWT, resolve)
    assert read.document == {name: value for name, value in DOCUMENT.items() if name != "proof"}
    assert read.verification_method == f"{DID}#{KEY.multikey}"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_changed_letter_verifies(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(JWT) - 1))
    letter = data.draw(st.sampled_from("ABCZabcz0189-_.=").filter(lambda each: each != JWT[place]))
    with pytest.raises((ProofError, DocumentUnreadableError)):
        verify_jwt(JWT[:place] + letter + JWT[place + 1 :], resolve)


def test_another_key_does_not_verify() -> None:
    with pytest.raises(SignatureMismatchError, match="does not fit"):
        verify_jwt(JWT, lambda _method: generate_key("P-256").public)


PAYLOAD = decoded(JWT.split(".")[1])
HEADER = decoded(JWT.split(".")[0])


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (HEADER | {"alg": "none"}, "none of those that are checked here"),
        (HEADER | {"alg": "HS256"}, "none of those that are checked here"),
        (HEADER | {"jwk": {"kty": "EC"}}, "other members"),
        (HEADER | {"jku": "https://evil.example/keys"}, "other members"),
        (HEADER | {"crit": ["b64"], "b64": False}, "other members"),
        (HEADER | {"typ": "at+jwt"}, "other members"),
        ({"alg": "ES256"}, "which key signed it"),
    ],
)
def test_a_header_that_could_lead_elsewhere_is_refused(header: dict[str, Any], why: str) -> None:
    with pytest.raises(ProofError, match=why):
        verify_jwt(signed(header, PAYLOAD), resolve)


@pytest.mark.parametrize(
    "change", [{"iss": "did:web:evil.example"}, {"sub": "urn:uuid:x"}, {"jti": "urn:x"}, {"nbf": 0}, {"exp": 9_999_999_999}]
)
def test_claims_that_contradict_the_credential_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SignatureMismatchError, match="something else than the credential"):
        verify_jwt(signed(HEADER, PAYLOAD | change), resolve)


def test_a_second_proof_inside_is_refused() -> None:
    with pytest.raises(ProofError, match="second proof"):
        verify_jwt(signed(HEADER, PAYLOAD | {"proof": []}), resolve)


@pytest.mark.parametrize(
    "text", ["", "eyJ", "a.b", "a.b.c.d", "..", "é.é.é", "e30.e30.", "e31.e30.AAAA", JWT + "=", JWT + "A", "x" * 600_000]
)
def test_what_is_no_jwt_is_refused_in_words(text: str) -> None:
    with pytest.raises((ProofError, DocumentUnreadableError)):
        read_jwt(text)


def test_a_key_that_is_said_twice_is_refused() -> None:
    twice = base64.urlsafe_b64encode(b'{"id":"a","id":"b"}').rstrip(b"=").decode()
    with pytest.raises(DocumentUnreadableError, match="stands twice"):
        read_jwt(f"{encoded(HEADER)}.{twice}.AAAA")


def test_a_credential_without_a_subject_id_has_no_jwt_form() -> None:
    subject = {name: value for name, value in DOCUMENT["credentialSubject"].items() if name != "id"}
    with pytest.raises(CredentialRefusedError, match="needs this") as refused:
        sign_jwt({**DOCUMENT, "credentialSubject": subject}, KEY.signer(DID))
    assert refused.value.where == "credentialSubject.id"


def test_an_ed25519_key_makes_no_jwt() -> None:
    with pytest.raises(CredentialRefusedError, match="P-256"):
        sign_jwt(DOCUMENT, example_key().signer(DID))


def test_the_did_document_gives_the_key_of_a_jwt_for_jwts_and_for_nothing_else() -> None:
    document = did_document(DID, [example_key().multikey, KEY.multikey])
    method = f"{DID}#{KEY.multikey}"
    assert find_jwt_key(document, method) == KEY.public
    assert find_assertion_key(document, method) is None
    assert find_jwt_key(document, f"{DID}#{example_key().multikey}") == example_key().public
    entry = document["verificationMethod"][1]
    for change in (
        {"controller": "did:web:evil.example"},
        {"type": "Multikey"},
        {"publicKeyJwk": entry["publicKeyJwk"] | {"d": "x"}},
        {"publicKeyJwk": entry["publicKeyJwk"] | {"crv": "P-384"}},
        {"publicKeyJwk": entry["publicKeyJwk"] | {"y": entry["publicKeyJwk"]["x"]}},
    ):
        assert find_jwt_key({**document, "verificationMethod": [entry | change]}, method) is None
    assert find_jwt_key({**document, "assertionMethod": []}, method) is None
