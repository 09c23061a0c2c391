"""Decentralised identifiers of issuers: did:web (published by a web site) and did:key (the key itself).

Sources: W3C did:web method specification (2.1 identifier, 3.2 resolve); did:key method specification; W3C Controlled Identifiers 1.0 (2.2
verification methods, 2.3.2 `assertionMethod`). The DID document takes the shape that the 1EdTech validator reads too: `assertionMethod` is a
list of strings, each equal to the whole `id` of a method, and the `controller` of each method is the issuer's DID. The fragment of an `id` is the
key as a Multikey, so the same key has the same `id` wherever it is published. Ed25519 keys are of type Multikey, P-256 keys (for JWTs) of type
JsonWebKey (RFC 7517), the form that JOSE libraries read.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from issuer.errors import EncodingError, IdentifierError
from issuer.jose_keys import JoseKey, key_of_method
from issuer.multibase import decode_multikey, decode_p256_multikey, encode_base64url, encode_multikey

_CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
_JWK_CONTEXT = "https://w3id.org/security/jwk/v1"
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_DID_WEB = re.compile(r"did:web:[A-Za-z0-9.-]+(%3[Aa][0-9]{1,5})?(:([A-Za-z0-9._-]|%[0-9A-Fa-f]{2})+)*")
_METHOD_TYPES = ("Multikey", "Ed25519VerificationKey2020")


def did_web(base_url: str) -> str:
    """Return the did:web of the site at `base_url`: https://uni.example:8443/badges -> did:web:uni.example%3A8443:badges.

    Raises:
        IdentifierError: it is not an https address of a named host, or has a query, a fragment or a user in it.
    """
    parts = urlsplit(base_url)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError as wrong_port:
        raise IdentifierError(f"the address has no valid port: {wrong_port}", where=base_url) from wrong_port
    if parts.scheme != "https" or parts.query or parts.fragment or "@" in parts.netloc:
        raise IdentifierError("did:web needs a plain https address, without user, query or fragment", where=base_url)
    if not _HOST.fullmatch(host) or _is_ip_address(host):
        raise IdentifierError(f"{host!r} is not the name of a host; did:web takes no numeric addresses", where=base_url)
    segments = [quote(unquote(segment), safe="") for segment in parts.path.strip("/").split("/") if segment]
    if any(segment in (".", "..") for segment in segments):
        raise IdentifierError("the address has . or .. in its path", where=base_url)
    return ":".join(["did:web", host + (f"%3A{port}" if port not in (None, 443) else ""), *segments])


def did_document_url(did: str) -> str:
    """Return where the DID document of a did:web is published: `/.well-known/did.json`, or `did.json` below its path.

    Raises:
        IdentifierError: `did` is no did:web.
    """
    if not _DID_WEB.fullmatch(did):
        raise IdentifierError(f"{did[:120]!r} is no did:web")
    host, *segments = did.removeprefix("did:web:").split(":")
    if any(unquote(segment) in (".", "..") or "/" in unquote(segment) for segment in segments):
        raise IdentifierError(f"{did[:120]!r} has a path that leads elsewhere")
    return "/".join(["https:/", unquote(host), *(segments or [".well-known"]), "did.json"])


def did_key(public_key: bytes) -> str:
    """Return the did:key of a 32-byte Ed25519 public key."""
    return f"did:key:{encode_multikey(public_key)}"


def did_document(did: str, multikeys: Sequence[str]) -> dict[str, Any]:
    """Return the DID document of `did` with these public keys (Ed25519 or P-256), the ones in use first.

    Keep a key here for as long as credentials that it signed live. A key that leaked is left out: then nothing that it signed verifies.

    Raises:
        IdentifierError: no key, the same key twice, or one that is neither an Ed25519 nor a P-256 Multikey.
    """
    if not multikeys or len(set(multikeys)) != len(multikeys):
        raise IdentifierError("a DID document needs at least one key, and each only once", where=did)
    methods = [_method(did, multikey) for multikey in multikeys]
    has_jwk = any(method["type"] == "JsonWebKey" for method in methods)
    return {
        "@context": [*_CONTEXT, *([_JWK_CONTEXT] if has_jwk else [])],
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def jwk_of_p256(point: bytes) -> dict[str, str]:
    """Return a P-256 public key as a JSON Web Key (RFC 7517, RFC 7518 section 6.2).

    Raises:
        EncodingError: the 33 bytes are no point of the curve.
    """
    try:
        numbers = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point).public_numbers()
    except ValueError as off_curve:
        raise EncodingError("these bytes are no point of the curve P-256") from off_curve
    x, y = (encode_base64url(number.to_bytes(32, "big"))[1:] for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def _method(did: str, multikey: str) -> dict[str, Any]:
    """Return the verification method of one key."""
    entry: dict[str, Any] = {"id": f"{did}#{multikey}", "type": "Multikey", "controller": did}
    try:
        decode_multikey(multikey)
    except EncodingError as no_ed25519:
        try:
            return entry | {"type": "JsonWebKey", "publicKeyJwk": jwk_of_p256(decode_p256_multikey(multikey))}
        except EncodingError:
            raise IdentifierError(no_ed25519.problem, where=did) from no_ed25519
    return entry | {"publicKeyMultibase": multikey}


def did_key_document(did: str) -> dict[str, Any]:
    """Return the DID document that a did:key stands for.

    Raises:
        IdentifierError: it is no did:key of an Ed25519 key.
    """
    if not did.startswith("did:key:"):
        raise IdentifierError(f"{did[:120]!r} is no did:key")
    try:
        decode_multikey(did.removeprefix("did:key:"))
    except EncodingError as not_a_key:
        raise IdentifierError(not_a_key.problem) from not_a_key
    return did_document(did, [did.removeprefix("did:key:")])


def find_assertion_key(document: Mapping[str, Any], method: str) -> bytes | None:
    """Return the 32-byte public key that `document` publishes as `method` for making assertions; None if it publishes no such key.

    A method counts if its `controller` is the document's own `id` and `assertionMethod` names it (or holds it, as some generators do).
    """
    did = document.get("id")
    entries = _objects(document.get("verificationMethod")) + _objects(document.get("assertionMethod"))
    asserting = document.get("assertionMethod")
    allowed = [each if isinstance(each, str) else each.get("id") for each in _list(asserting) if isinstance(each, (str, Mapping))]
    if not isinstance(did, str) or method not in (_absolute(each, did) for each in allowed):
        return None
    for entry in entries:
        if _absolute(entry.get("id"), did) == method and entry.get("controller") == did and entry.get("type") in _METHOD_TYPES:
            try:
                return decode_multikey(str(entry.get("publicKeyMultibase")))
            except EncodingError:
                return None
    return None


def find_jwt_key(document: Mapping[str, Any], method: str) -> JoseKey | None:
    """Return the key that `document` publishes as `method` for making assertions, as JOSE uses it; None if it publishes no such key.

    The method's `controller` must be the document's own `id`, and `assertionMethod` must name it.
    """
    did = document.get("id")
    if not isinstance(did, str) or method not in (_absolute(each, did) for each in _list(document.get("assertionMethod"))):
        return None
    for entry in _objects(document.get("verificationMethod")):
        if _absolute(entry.get("id"), did) == method and entry.get("controller") == did:
            return key_of_method(entry)
    return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in _list(value) if isinstance(each, Mapping)]


def _absolute(reference: Any, did: str) -> str | None:
    if not isinstance(reference, str):
        return None
    return did + reference if reference.startswith("#") else reference


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(re.fullmatch(r"[0-9.]+", host))
    return True
