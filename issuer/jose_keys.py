"""Public keys that check JWTs: of ES256, EdDSA and RS256, read from a DID document.

A key says itself which algorithm it is for. A JWT's header is compared with that and decides nothing: an RSA key never checks an HMAC, a point on one curve
never a signature on another.

Sources: RFC 7517 (JSON Web Key), RFC 7518 (3.3 RS256, 3.4 ES256, 6.2 EC, 6.3 RSA), RFC 8037 (Ed25519: EdDSA), Controlled Identifiers 1.0 (2.2.2 Multikey,
2.2.3 JsonWebKey).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from issuer.errors import EncodingError
from issuer.keys import PublicKey
from issuer.multibase import decode_multikey, decode_p256_multikey

JoseAlgorithm = Literal["ES256", "EdDSA", "RS256"]

_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,1400}")
_RSA_BITS = range(2048, 8192 + 1)
_RSA_EXPONENTS = range(3, 2**32, 2)


class JoseKey(Protocol):
    """Checks the signatures of one algorithm."""

    @property
    def jose_algorithm(self) -> JoseAlgorithm:
        """The one algorithm that the key is for."""
        ...

    def is_signature(self, signature: bytes, data: bytes) -> bool:
        """Tell whether `signature` is this key's over `data`."""
        ...


@dataclass(frozen=True, slots=True)
class RsaKey:
    """An RSA key of a stranger; we sign with none."""

    modulus: int
    exponent: int

    @property
    def jose_algorithm(self) -> JoseAlgorithm:
        """RS256: PKCS #1 v1.5 with SHA-256."""
        return "RS256"

    def is_signature(self, signature: bytes, data: bytes) -> bool:
        """Tell whether `signature` is this key's over `data`."""
        try:
            RSAPublicNumbers(self.exponent, self.modulus).public_key().verify(signature, data, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


def key_of_method(entry: Mapping[str, Any]) -> JoseKey | None:
    """Return the key of a verification method (Multikey or JsonWebKey), None if it has none that checks JWTs."""
    if entry.get("type") in ("Multikey", "Ed25519VerificationKey2020"):
        return _key_of_multikey(str(entry.get("publicKeyMultibase")))
    if entry.get("type") in ("JsonWebKey", "JsonWebKey2020"):
        return key_of_jwk(entry.get("publicKeyJwk"))
    return None


def key_of_jwk(jwk: Any) -> JoseKey | None:
    """Return the key that a JSON Web Key holds; None if it is private, for something else than checking signatures, weak, or of another kind."""
    if not isinstance(jwk, Mapping) or _PRIVATE & set(jwk) or not _is_for_checking(jwk):
        return None
    try:
        key = _read(jwk)
    except EncodingError:
        return None
    names = (key.jose_algorithm, "Ed25519") if key is not None and key.jose_algorithm == "EdDSA" else (key and key.jose_algorithm,)
    return key if jwk.get("alg") is None or jwk["alg"] in names else None


def _is_for_checking(jwk: Mapping[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _key_of_multikey(multikey: str) -> JoseKey | None:
    try:
        return PublicKey("Ed25519", decode_multikey(multikey))
    except EncodingError:
        pass
    try:
        return PublicKey.on_p256(decode_p256_multikey(multikey))
    except EncodingError:
        return None


def _read(jwk: Mapping[str, Any]) -> JoseKey | None:
    match jwk.get("kty"), jwk.get("crv"):
        case "OKP", "Ed25519":
            return PublicKey("Ed25519", _bytes(jwk.get("x"), 32))
        case "EC", "P-256":
            return PublicKey.on_p256(b"\x04" + _bytes(jwk.get("x"), 32) + _bytes(jwk.get("y"), 32))
        case "RSA", _:
            modulus, exponent = (int.from_bytes(_bytes(jwk.get(name)), "big") for name in ("n", "e"))
            fits = modulus.bit_length() in _RSA_BITS and modulus % 2 == 1 and exponent in _RSA_EXPONENTS
            return RsaKey(modulus, exponent) if fits else None
    return None


def _bytes(text: Any, length: int | None = None) -> bytes:
    """Return the bytes of a base64url text without padding, as long as they must be; one text stands for one value."""
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text):
        raise EncodingError("a part of the key is no base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as broken:
        raise EncodingError("a part of the key is no base64url") from broken
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii") != text or length not in (None, len(data)):
        raise EncodingError("a part of the key has another length than it must have")
    return data
