"""The issuer's signing keys: Ed25519 for proofs inside a credential, P-256 for credentials as JWT; one PEM file (PKCS #8) a key.

Rules: a key is written once and never overwritten; its file is ours alone (`private_files`), and encrypted if a passphrase was given; the
private half and the passphrase never show in a `repr`, an error or a traceback.

Whoever signs asks for a `Signer` only, so that a key in a hardware module can take this one's place (`signing_command`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from issuer.errors import EncodingError, KeyFileError, PassphraseError
from issuer.key_encryption import encrypt_pkcs8, is_encrypted
from issuer.multibase import encode_multikey, encode_p256_multikey
from issuer.passphrases import PassphraseSource
from issuer.private_files import Secret, read_private, write_private

Algorithm = Literal["Ed25519", "P-256"]

_LARGEST_KEY_FILE_BYTES = 4096


class Signer(Protocol):
    """Signs for an issuer with a key that it keeps to itself."""

    @property
    def verification_method(self) -> str:
        """The address (a DID URL) under which the public key is published: the key's id."""
        ...

    @property
    def algorithm(self) -> Algorithm:
        """What kind of signatures it makes: Ed25519 (RFC 8032), or ECDSA on P-256 with SHA-256."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature of `data`; for P-256 that is r and s (RFC 7518, 3.4)."""
        ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The half of a key pair that everyone may have."""

    algorithm: Algorithm
    data: bytes
    """32 bytes for Ed25519; the 33 of the compressed point for P-256."""

    @classmethod
    def on_p256(cls, point: bytes) -> PublicKey:
        """Return the P-256 key of an encoded point, compressed or not.

        Raises:
            EncodingError: the bytes are no point of the curve.
        """
        try:
            found = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
        except ValueError as off_curve:
            raise EncodingError("these bytes are no point of the curve P-256") from off_curve
        return cls("P-256", found.public_bytes(Encoding.X962, PublicFormat.CompressedPoint))

    @property
    def jose_algorithm(self) -> Literal["EdDSA", "ES256"]:
        """What JOSE calls the signatures of such a key."""
        return "EdDSA" if self.algorithm == "Ed25519" else "ES256"

    @property
    def multikey(self) -> str:
        """The key as a Multikey: `z6Mk...` for Ed25519, `zDn...` for P-256."""
        return encode_multikey(self.data) if self.algorithm == "Ed25519" else encode_p256_multikey(self.data)

    def is_signature(self, signature: bytes, data: bytes) -> bool:
        """Tell whether `signature` (64 bytes) is this key's over `data`."""
        if len(signature) != 64:
            return False
        try:
            if self.algorithm == "Ed25519":
                Ed25519PublicKey.from_public_bytes(self.data).verify(signature, data)
            else:
                der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
                EllipticCurvePublicKey.from_encoded_point(SECP256R1(), self.data).verify(der, data, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair of ours."""

    _private: Ed25519PrivateKey | EllipticCurvePrivateKey = field(repr=False)

    @property
    def algorithm(self) -> Algorithm:
        """What kind of key it is."""
        return "Ed25519" if isinstance(self._private, Ed25519PrivateKey) else "P-256"

    @property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey(self.algorithm, self.public_bytes)

    @property
    def public_bytes(self) -> bytes:
        """The 32 bytes of an Ed25519 public key, or the 33 of a compressed P-256 point."""
        if isinstance(self._private, Ed25519PrivateKey):
            return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return self._private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)

    @property
    def multikey(self) -> str:
        """The public key as a Multikey, `z6Mk...` or `zDn...`."""
        return self.public.multikey

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature of `data`."""
        if isinstance(self._private, Ed25519PrivateKey):
            return self._private.sign(data)
        return raw_ecdsa(self._private.sign(data, ECDSA(SHA256())))

    def signer(self, did: str) -> KeySigner:
        """Return a signer for the issuer `did`, whose DID document lists this key under `did#multikey`."""
        return KeySigner(f"{did}#{self.multikey}", self)


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A `Signer` with the key in this process."""

    verification_method: str
    key: SigningKey

    @property
    def algorithm(self) -> Algorithm:
        """What kind of signatures it makes."""
        return self.key.algorithm

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature of `data`."""
        return self.key.sign(data)


def raw_ecdsa(der: bytes) -> bytes:
    """Return an ECDSA signature in DER as the 64 bytes r and s.

    Raises:
        EncodingError: it is none on P-256.
    """
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except (ValueError, OverflowError) as wrong:
        raise EncodingError("this is no ECDSA signature on P-256") from wrong


def generate_key(algorithm: Algorithm = "Ed25519") -> SigningKey:
    """Return a new key, from the operating system's randomness."""
    return SigningKey(Ed25519PrivateKey.generate() if algorithm == "Ed25519" else generate_private_key(SECP256R1()))


def key_from_seed(seed: bytes) -> SigningKey:
    """Return the Ed25519 key that the 32 bytes of `seed` determine. For test vectors; a real key is generated."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(seed))


def save_key(key: SigningKey, path: Path, *, passphrase: Secret | None = None) -> None:
    """Write `key` to a new file at `path`, mode 0600, encrypted if there is a passphrase. The folder is made with mode 0700 if it is missing.

    Raises:
        KeyFileError: there is a file already, or it cannot be written.
    """
    encoding = Encoding.PEM if passphrase is None else Encoding.DER
    content = Secret(key._private.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption()))
    write_private(path, content if passphrase is None else Secret(encrypt_pkcs8(content, passphrase)))


def load_key(path: Path, *, passphrase: PassphraseSource | None = None) -> SigningKey:
    """Return the key in the file at `path`.

    Args:
        passphrase: is asked if the key is encrypted.

    Raises:
        KeyFileError: it is absent, not ours alone, or no Ed25519 or P-256 key in PEM.
        PassphraseError: it is encrypted, and the passphrase is missing or wrong.
    """
    pem = read_private(path, largest_bytes=_LARGEST_KEY_FILE_BYTES)
    secret = _passphrase_of(path, pem, passphrase)
    try:
        private = load_pem_private_key(pem.reveal(), password=None if secret is None else secret.reveal())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None  # the library's message is dropped on purpose: it may quote the file
    if isinstance(private, Ed25519PrivateKey) or (isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1)):
        return SigningKey(private)
    if secret is not None and private is None:
        raise PassphraseError(
            "the passphrase does not open the key", where=str(path), remedy="Type it again, or look at the file it is in."
        )
    raise KeyFileError(
        "this is no Ed25519 private key (nor one on P-256) in PEM (PKCS #8)",
        where=str(path),
        remedy="Restore the file from your backup of the site's keys.",
    )


def is_encrypted_file(path: Path) -> bool:
    """Tell whether the key in a file is encrypted.

    Raises:
        KeyFileError: the file is absent or not ours alone.
    """
    return is_encrypted(read_private(path, largest_bytes=_LARGEST_KEY_FILE_BYTES))


def parse_public_key(pem: bytes, where: str) -> PublicKey:
    """Return the public key in a PEM text, as a hardware module hands it out.

    Raises:
        KeyFileError: it is no Ed25519 or P-256 public key.
    """
    try:
        public = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as wrong:
        raise KeyFileError("this is no public key in PEM", where=where) from wrong
    if isinstance(public, Ed25519PublicKey):
        return PublicKey("Ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw))
    if isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
        return PublicKey("P-256", public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint))
    raise KeyFileError("the public key is neither Ed25519 nor P-256", where=where, remedy="Make a key of one of these kinds in the module.")


def _passphrase_of(path: Path, pem: Secret, source: PassphraseSource | None) -> Secret | None:
    if not is_encrypted(pem):
        return None
    if source is None:
        raise PassphraseError("the key is encrypted, and no passphrase was given", where=str(path))
    return source(path.name)
