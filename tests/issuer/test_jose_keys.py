"""Keys of strangers' JWTs: each is for one algorithm, and a header changes nothing about that."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from issuer.credential import build_credential
from issuer.did import did_document, jwk_of_p256
from issuer.jose_keys import RsaKey, key_of_jwk, key_of_method
from issuer.keys import PublicKey, generate_key
from issuer.vc_jwt import sign_jwt
from issuer.verification import Verdict, VerificationReport, verify_credential_jwt
from tests.issuer.examples import BASE_URL, DID, NOW, PROFILE, STATUS_URL, example_award, example_key, example_manifest
from tests.issuer.test_verification import Publications, status_list

P256 = generate_key("P-256")
ED25519 = example_key()
METHOD = f"{DID}#key-1"
PAYLOAD = sign_jwt(build_credential(example_manifest(), PROFILE, example_award(), BASE_URL), P256.signer(DID)).split(".")[1]
Jwk = dict[str, Any]


@cache
def rsa() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rsa_jwk() -> Jwk:
    numbers = rsa().public_key().public_numbers()
    return {"kty": "RSA", "n": base64url(numbers.n.to_bytes(256, "big")), "e": "AQAB"}


ED_JWK: Jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url(ED25519.public_bytes)}
EC_JWK: Jwk = dict(jwk_of_p256(P256.public_bytes))


def signed_by_rsa(data: bytes) -> bytes:
    return rsa().sign(data, PKCS1v15(), SHA256())


def jwt(algorithm: str, sign: Any, header: Jwk | None = None) -> str:
    head = base64url(json.dumps({"alg": algorithm, "typ": "JWT", "kid": METHOD} | (header or {})).encode())
    return f"{head}.{PAYLOAD}.{base64url(sign(f'{head}.{PAYLOAD}'.encode()))}"


def verify(text: str, jwk: Jwk) -> VerificationReport:
    document = {
        "id": DID,
        "verificationMethod": [
            {"id": METHOD, "type": "JsonWebKey", "controller": DID, "publicKeyJwk": jwk},
            *did_document(DID, [ED25519.multikey])["verificationMethod"],
        ],
        "assertionMethod": [METHOD, f"{DID}#{ED25519.multikey}"],
    }
    return verify_credential_jwt(text, resolver=Publications({DID: document}, {STATUS_URL: status_list()}), now=NOW)


@pytest.mark.parametrize(
    ("algorithm", "jwk", "sign"),
    [
        ("ES256", EC_JWK, P256.sign),
        ("EdDSA", ED_JWK, ED25519.sign),
        ("Ed25519", ED_JWK, ED25519.sign),
        ("RS256", rsa_jwk(), signed_by_rsa),
        ("RS256", rsa_jwk() | {"alg": "RS256", "use": "sig", "kid": "k", "key_ops": ["verify"]}, signed_by_rsa),
        ("EdDSA", ED_JWK | {"alg": "EdDSA"}, ED25519.sign),
    ],
)
def test_a_strangers_jwt_is_checked_with_the_key_that_it_publishes(algorithm: str, jwk: Jwk, sign: Any) -> None:
    assert verify(jwt(algorithm, sign), jwk).verdict is Verdict.VALID
    assert verify(jwt(algorithm, lambda data: sign(data + b" ")), jwk).verdict is Verdict.ALTERED


def test_a_jwt_signed_with_the_issuers_ed25519_multikey_is_checked() -> None:
    signed = jwt("EdDSA", ED25519.sign, {"kid": f"{DID}#{ED25519.multikey}"})
    assert verify(signed, EC_JWK).verdict is Verdict.VALID


@pytest.mark.parametrize(
    ("algorithm", "jwk", "sign"),
    [
        ("RS256", EC_JWK, signed_by_rsa),
        ("ES256", ED_JWK, P256.sign),
        ("EdDSA", EC_JWK, ED25519.sign),
        ("ES256", rsa_jwk(), P256.sign),
        ("EdDSA", EC_JWK, P256.sign),
        ("ES256", ED_JWK, ED25519.sign),
    ],
)
def test_a_key_of_another_kind_than_the_header_says_proves_nothing(algorithm: str, jwk: Jwk, sign: Any) -> None:
    report = verify(jwt(algorithm, sign), jwk)
    assert report.verdict in (Verdict.ALTERED, Verdict.CANNOT_CHECK)
    assert report.facts is None


def test_an_hmac_with_the_public_key_as_its_secret_is_no_signature() -> None:
    pem = rsa().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(data: bytes) -> bytes:
        return hmac.new(pem, data, hashlib.sha256).digest()

    for algorithm in ("HS256", "RS256", "none", "NONE", "", "es256"):
        report = verify(jwt(algorithm, sign), rsa_jwk())
        assert report.verdict in (Verdict.ALTERED, Verdict.CANNOT_CHECK)
        assert report.facts is None


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "x5t", "crit", "b64", "cty", "zip"])
def test_a_key_or_an_address_in_the_header_is_never_followed(member: str) -> None:
    mallory = generate_key("P-256")
    report = verify(jwt("ES256", mallory.sign, {member: dict(jwk_of_p256(mallory.public_bytes))}), EC_JWK)
    assert (report.verdict, report.facts) == (Verdict.CANNOT_CHECK, None)


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"alg": "PS256"},
        {"alg": 5},
        {"d": "AQAB"},
        {"p": "AQAB"},
        {"e": "AQAA"},
        {"e": "AQ"},
        {"e": "AAAAAAAAAAAB"},
        {"n": "AQAB"},
        {"n": 5},
        {"n": ""},
        {"n": rsa_jwk()["n"] + "="},
        {"kty": "oct", "k": "AQAB"},
    ],
)
def test_a_weak_or_private_rsa_key_or_one_for_something_else_checks_nothing(change: Jwk) -> None:
    assert key_of_jwk(rsa_jwk()) is not None
    assert key_of_jwk(rsa_jwk() | change) is None


@pytest.mark.parametrize("key", [EC_JWK, ED_JWK])
@pytest.mark.parametrize(
    "change", [{"x": "AAAA"}, {"x": 1}, {"x": "é"}, {"crv": "secp256k1"}, {"crv": None}, {"alg": "RS256"}, {"d": "AAAA"}]
)
def test_a_changed_key_on_a_curve_checks_nothing(key: Jwk, change: Jwk) -> None:
    assert key_of_jwk(key) is not None
    assert key_of_jwk(key | change) is None


def test_a_point_that_is_not_on_the_curve_is_no_key() -> None:
    assert key_of_jwk(EC_JWK | {"y": EC_JWK["x"]}) is None
    assert key_of_jwk(None) is None
    assert key_of_jwk([]) is None


def test_multikeys_of_both_curves_check_jwts() -> None:
    assert key_of_method({"type": "Multikey", "publicKeyMultibase": ED25519.multikey}) == ED25519.public
    assert key_of_method({"type": "Multikey", "publicKeyMultibase": P256.public.multikey}) == P256.public
    assert key_of_method({"type": "Multikey", "publicKeyMultibase": "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"}) is None
    assert key_of_method({"type": "X25519KeyAgreementKey2020", "publicKeyMultibase": ED25519.multikey}) is None


def test_the_example_of_rfc_8037_verifies() -> None:
    key = key_of_jwk({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    data = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    assert key is not None
    assert key.is_signature(base64.urlsafe_b64decode(signature + "=="), data)
    assert not key.is_signature(base64.urlsafe_b64decode(signature + "=="), data + b"x")


def test_an_rsa_signature_of_another_length_is_none() -> None:
    numbers = rsa().public_key().public_numbers()
    key = RsaKey(numbers.n, numbers.e)
    assert key.is_signature(signed_by_rsa(b"a"), b"a")
    for wrong in (b"", b"\0", signed_by_rsa(b"a")[:-1], signed_by_rsa(b"a") + b"\0", bytes(1024)):
        assert not key.is_signature(wrong, b"a")


def test_a_public_key_says_what_jose_calls_it() -> None:
    assert PublicKey("Ed25519", ED25519.public_bytes).jose_algorithm == "EdDSA"
    assert P256.public.jose_algorithm == "ES256"
