"""Multibase, Multikey and multihash: how keys, signatures and digests are written as text.

Sources: W3C Controlled Identifiers 1.0, 2.2.2 (Multikey) and 2.4 (Multibase: `z` base58btc and `u` base64url without padding are the two
that every implementation reads); Verifiable Credential Data Integrity 1.0, 2.6 (`digestMultibase` is a multibase-encoded multihash).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from functools import lru_cache

from issuer.errors import EncodingError

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_ED25519_PUBLIC = b"\xed\x01"
_P256_PUBLIC = b"\x80\x24"
_SHA2_256 = b"\x12\x20"
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_LONGEST_BASE58 = 1024
"""Characters. Decoding base58 is quadratic, and no key or signature that we read is longer than 100."""


def encode_base58(data: bytes) -> str:
    """Return `data` in the Bitcoin alphabet, without a multibase letter."""
    number, pairs = int.from_bytes(data, "big"), []
    while number:  # two letters at a time: long division is what costs
        number, digits = divmod(number, 58 * 58)
        pairs.append(_PAIRS[digits])
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + "".join(reversed(pairs)).lstrip("1")


def decode_base58(text: str) -> bytes:
    """Return what `encode_base58` was given.

    Raises:
        EncodingError: a letter outside the alphabet, or over 1,024 letters.
    """
    if len(text) > _LONGEST_BASE58:
        raise EncodingError(f"this base58 text has {len(text):,} letters; {_LONGEST_BASE58:,} are allowed")
    number = 0
    for letter in text:
        if letter not in _VALUES:
            raise EncodingError(f"{letter!r} is not a letter of base58")
        number = number * 58 + _VALUES[letter]
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def encode_base58btc(data: bytes) -> str:
    """Return `data` as multibase `z`."""
    return "z" + encode_base58(data)


def encode_base64url(data: bytes) -> str:
    """Return `data` as multibase `u`."""
    return "u" + base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_multibase(text: str) -> bytes:
    """Return the bytes of a multibase `z` or `u` text.

    Raises:
        EncodingError: another base, or not that base's letters.
    """
    if text.startswith("z"):
        return decode_base58(text[1:])
    if text.startswith("u"):
        return _decode_base64url(text[1:])
    raise EncodingError(f"{text[:20]!r} is no multibase text of the kinds `z` (base58btc) or `u` (base64url)")


def encode_multikey(public_key: bytes) -> str:
    """Return a 32-byte Ed25519 public key as a Multikey, `z6Mk...`."""
    if len(public_key) != 32:
        raise EncodingError(f"an Ed25519 public key has 32 bytes, this has {len(public_key)}")
    return encode_base58btc(_ED25519_PUBLIC + public_key)


@lru_cache(maxsize=256)
def decode_multikey(text: str) -> bytes:
    """Return the 32 bytes of the Ed25519 public key in a Multikey.

    Raises:
        EncodingError: not a Multikey, or a key of another kind.
    """
    data = decode_multibase(text)
    if not text.startswith("z") or len(data) != 34 or not data.startswith(_ED25519_PUBLIC):
        raise EncodingError(f"{text[:60]!r} is no Ed25519 Multikey (those begin with z6Mk)")
    return data[2:]


def encode_p256_multikey(point: bytes) -> str:
    """Return a P-256 public key (the 33 bytes of its compressed point) as a Multikey, `zDn...`."""
    if len(point) != 33 or point[0] not in (2, 3):
        raise EncodingError("a P-256 public key is a compressed point of 33 bytes")
    return encode_base58btc(_P256_PUBLIC + point)


def decode_p256_multikey(text: str) -> bytes:
    """Return the 33 bytes of the compressed P-256 point in a Multikey.

    Raises:
        EncodingError: not a Multikey, or a key of another kind.
    """
    data = decode_multibase(text)
    if not text.startswith("z") or len(data) != 35 or not data.startswith(_P256_PUBLIC) or data[2] not in (2, 3):
        raise EncodingError(f"{text[:60]!r} is no P-256 Multikey (those begin with zDn)")
    return data[2:]


def digest_multibase(data: bytes) -> str:
    """Return the SHA-256 digest of `data` as a multihash in base64url: the form of `digestMultibase`, `uEi...`."""
    return digest_of_sha256(hashlib.sha256(data).digest())


def digest_of_sha256(digest: bytes) -> str:
    """Return a SHA-256 digest that was computed before as a `digestMultibase`."""
    if len(digest) != 32:
        raise EncodingError(f"a SHA-256 digest has 32 bytes, this has {len(digest)}")
    return encode_base64url(_SHA2_256 + digest)


@lru_cache(maxsize=256)
def decode_digest(text: str) -> bytes:
    """Return the 32 bytes of the SHA-256 digest in a `digestMultibase`.

    Raises:
        EncodingError: not a multibase multihash, or a digest of another kind.
    """
    data = decode_multibase(text)
    if len(data) != 34 or not data.startswith(_SHA2_256):
        raise EncodingError(f"{text[:60]!r} is no SHA-256 digest in multibase (such as uEi...)")
    return data[2:]


def _decode_base64url(text: str) -> bytes:
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise EncodingError("this is no base64url text without padding")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(bytes.maketrans(b"+/", b"-_")) != text.encode("ascii"):
        raise EncodingError("this base64url text has stray bits at its end")
    return data
