"""A credential as a JWT: the second form, for software that reads JOSE and no JSON-LD. We sign with ES256; others with EdDSA or RS256 too.

Sources: Open Badges 3.0, 8.2 (JSON Web Token proof format: the credential's members at the top level, with `iss`, `jti`, `nbf`, `sub` and `exp`
beside them; header `alg`, `typ` JWT, `kid`); RFC 7515 (JWS compact serialisation); RFC 7518, 3.4 (ES256). W3C's VC-JOSE-COSE says `vc+jwt` for
`typ`; Open Badges allows only `JWT`, and its validators are the ones that read this.

Reading is strict: exactly three parts, no padding, no key or address in the header that could lead elsewhere, and the algorithm that the published key is for.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from issuer.documents import MAX_BYTES, parse_document
from issuer.errors import CredentialRefusedError, ProofError, SignatureMismatchError
from issuer.jose_keys import JoseKey
from issuer.keys import Signer
from issuer.proof import parse_timestamp, unsecured

ALGORITHM = "ES256"
"""What we sign with."""
_ALGORITHMS = {"ES256": "ES256", "EdDSA": "EdDSA", "Ed25519": "EdDSA", "RS256": "RS256"}
"""What is checked, and the name that our keys have for it (RFC 9864 calls EdDSA with this curve Ed25519)."""
_MAX_SIGNATURE_BYTES = 1024
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_HEADER_NAMES = {"alg", "typ", "kid"}
_CLAIMS = {"iss", "jti", "nbf", "sub", "exp"}

JwtKeyResolver = Callable[[str], JoseKey]
"""Gives the key published as a verification method, or raises a DiagnosedError."""


@dataclass(frozen=True, slots=True)
class ReadJwt:
    """A JWT taken apart; nothing of it is verified."""

    verification_method: str
    algorithm: str
    """ES256, EdDSA or RS256."""
    document: dict[str, Any]
    """The credential, without the JWT's own claims."""
    claims: Mapping[str, Any]
    """`iss`, `jti`, `nbf`, `sub`, `exp`, as far as they are there."""
    signed: bytes
    signature: bytes


def sign_jwt(document: Mapping[str, Any], signer: Signer) -> str:
    """Return the credential as a JWT. A Data Integrity proof that it has is left out: a JWT has its own.

    Raises:
        CredentialRefusedError: the signer's key is not on P-256, or the credential lacks what the JWT form needs (`where` names it).
    """
    if signer.algorithm != "P-256":
        raise CredentialRefusedError("a JWT is signed with a key on P-256 (ES256)", where=signer.verification_method)
    payload = unsecured(document)
    header = {"alg": ALGORITHM, "typ": "JWT", "kid": signer.verification_method}
    signed = f"{_encoded(header)}.{_encoded({**payload, **_claims_of(payload)})}"
    return f"{signed}.{_base64url(signer.sign(signed.encode('ascii')))}"


def read_jwt(text: str) -> ReadJwt:
    """Return a JWT's parts.

    Raises:
        ProofError: it is no compact JWS, signed in a way that is not checked here, or has other members in its header.
        DocumentUnreadableError: header or payload is not one strict JSON object.
    """
    if len(text) > 2 * MAX_BYTES:
        raise ProofError(f"the JWT has {len(text):,} characters, too many for a credential")
    parts = text.strip(" \t\r\n").split(".")
    if len(parts) != 3 or not all(_BASE64URL.fullmatch(part) for part in parts):
        raise ProofError("this is no JWT: that has three parts in base64url, with dots between")
    header, payload = (parse_document(_decoded(part)) for part in parts[:2])
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        raise ProofError("the JWT's algorithm is none of those that are checked here: ES256, EdDSA, RS256")
    if set(header) - _HEADER_NAMES or header.get("typ", "JWT") != "JWT":
        raise ProofError("the JWT's header has other members than alg, typ (JWT) and kid")
    if not isinstance(header.get("kid"), str):
        raise ProofError("the JWT does not say which key signed it (kid)")
    signature = _decoded(parts[2])
    if len(signature) != 64 and (algorithm != "RS256" or len(signature) > _MAX_SIGNATURE_BYTES):
        raise ProofError("the JWT's signature has another length than its algorithm gives")
    document = {key: value for key, value in payload.items() if key not in _CLAIMS}
    claims = {key: value for key, value in payload.items() if key in _CLAIMS}
    return ReadJwt(header["kid"], _ALGORITHMS[algorithm], document, claims, f"{parts[0]}.{parts[1]}".encode("ascii"), signature)


def verify_jwt(text: str, resolve_key: JwtKeyResolver) -> ReadJwt:
    """Return a JWT's parts after its signature was found to fit and its claims to say the same as the credential.

    Raises:
        ProofError: it is no JWT of the kind that we check, or carries a second proof.
        SignatureMismatchError: it was changed, another key signed it, or its claims contradict the credential.
    """
    read = read_jwt(text)
    key = resolve_key(read.verification_method)
    if key.jose_algorithm != read.algorithm:
        raise SignatureMismatchError(f"the signature does not fit: the key is one for {key.jose_algorithm}, the JWT says {read.algorithm}")
    if not key.is_signature(read.signature, read.signed):
        raise SignatureMismatchError("the signature does not fit: the JWT was changed after it was signed")
    if "proof" in read.document:
        raise ProofError("the JWT carries a second proof inside")
    try:
        expected = _claims_of(read.document)
    except CredentialRefusedError as lacking:
        raise ProofError(f"the JWT holds no credential: {lacking.problem}") from lacking
    if dict(read.claims) != expected:
        raise SignatureMismatchError("the JWT's own claims say something else than the credential in it")
    return read


def _claims_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims that repeat what a credential says (OB 3.0, 8.2.3)."""
    issuer, subject = document.get("issuer"), document.get("credentialSubject")
    claims = {
        "iss": issuer.get("id") if isinstance(issuer, Mapping) else issuer,
        "jti": document.get("id"),
        "sub": subject.get("id") if isinstance(subject, Mapping) else None,
    }
    places = {"iss": "issuer.id", "jti": "id", "sub": "credentialSubject.id"}
    for name, value in claims.items():
        if not isinstance(value, str) or not value:
            raise CredentialRefusedError("a credential as JWT needs this", where=places[name])
    claims["nbf"] = _seconds(document, "validFrom")
    return claims | ({"exp": _seconds(document, "validUntil")} if "validUntil" in document else {})


def _seconds(document: Mapping[str, Any], name: str) -> int:
    try:
        moment: datetime = parse_timestamp(str(document.get(name)))
    except ProofError as no_time:
        raise CredentialRefusedError(no_time.problem, where=name) from no_time
    return int(moment.timestamp())


def _encoded(value: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(part: str) -> bytes:
    """Return the bytes of a base64url part; one text has one meaning, so stray bits at its end are refused."""
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as broken:
        raise ProofError("a part of the JWT is no base64url") from broken
    if _base64url(data) != part:
        raise ProofError("a part of the JWT has stray bits at its end")
    return data
