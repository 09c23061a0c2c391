"""The issuer's signing keys: Ed25519, one PEM file (PKCS #8) a key, readable by the issuer's user alone.

Rules: a key is written once and never overwritten; it appears complete or not at all; a file that someone else could have read, written or
slipped in (another owner, group or world bits, a symbolic link) is refused; the private half never shows in a `repr` or an error.

Whoever signs asks for a `Signer` only, so that a key in a hardware module can take this one's place.
"""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from issuer.errors import KeyFileError
from issuer.multibase import encode_multikey

_LARGEST_KEY_FILE_BYTES = 4096
_HOW_TO_REPAIR = "Make it yours alone: `chmod 600 FILE`, and replace the key if anybody else could have read it."


class Signer(Protocol):
    """Signs for an issuer with a key that it keeps to itself."""

    @property
    def verification_method(self) -> str:
        """The address (a DID URL) under which the public key is published."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature of `data`."""
        ...


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key pair of ours."""

    _private: Ed25519PrivateKey = field(repr=False)

    @property
    def public_bytes(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def multikey(self) -> str:
        """The public key as a Multikey, `z6Mk...`."""
        return encode_multikey(self.public_bytes)

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature of `data`."""
        return self._private.sign(data)

    def signer(self, did: str) -> KeySigner:
        """Return a signer for the issuer `did`, whose DID document lists this key under `did#multikey`."""
        return KeySigner(f"{did}#{self.multikey}", self)


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A `Signer` with the key in this process."""

    verification_method: str
    key: SigningKey

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature of `data`."""
        return self.key.sign(data)


def generate_key() -> SigningKey:
    """Return a new key, from the operating system's randomness."""
    return SigningKey(Ed25519PrivateKey.generate())


def key_from_seed(seed: bytes) -> SigningKey:
    """Return the key that the 32 bytes of `seed` determine. For test vectors; a real key is generated."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(seed))


def save_key(key: SigningKey, path: Path) -> None:
    """Write `key` to a new file at `path`, mode 0600. The folder is made with mode 0700 if it is missing.

    Raises:
        KeyFileError: there is a file already, or it cannot be written.
    """
    pem = key._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write_new(draft, pem)
            os.link(draft, path)  # unlike a rename, this fails if `path` exists
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except FileExistsError as exists:
        raise KeyFileError(
            "a key exists already and is never overwritten",
            where=str(path),
            remedy="To use a new key, save it under another name and keep this one: what it signed needs its public half.",
        ) from exists
    except OSError as unwritable:
        raise KeyFileError(f"the key cannot be written: {unwritable.strerror}", where=str(path)) from unwritable


def load_key(path: Path) -> SigningKey:
    """Return the key in the file at `path`.

    Raises:
        KeyFileError: it is absent, not ours alone, or no Ed25519 key in PEM.
    """
    pem = _read_private(path)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None  # the library's message is dropped on purpose: it may quote the file
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(
            "this is no Ed25519 private key in unencrypted PEM (PKCS #8)",
            where=str(path),
            remedy="Restore the file from your backup of the site's keys.",
        )
    return SigningKey(key)


def _write_new(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_private(path: Path) -> bytes:
    """Return the file's bytes, with every check made on the opened file, not on its name."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as missing:
        raise KeyFileError("there is no such key", where=str(path), remedy="`patunay init` makes the first one.") from missing
    except OSError as refused:
        what = "the key is a symbolic link" if path.is_symlink() else f"the key cannot be read: {refused.strerror}"
        raise KeyFileError(what, where=str(path), remedy="Put the key file itself there, readable by you alone.") from refused
    try:
        _check_private(os.fstat(descriptor), path)
        return os.read(descriptor, _LARGEST_KEY_FILE_BYTES)
    finally:
        os.close(descriptor)


def _check_private(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError("this is no regular file", where=str(path), remedy="Put the key file itself there, readable by you alone.")
    if status.st_uid != os.geteuid():
        raise KeyFileError("the key belongs to another user", where=str(path), remedy="Run as the key's owner, or `chown` the file.")
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise KeyFileError(f"others can get at the key: its mode is {mode:04o}", where=str(path), remedy=_HOW_TO_REPAIR)
    if status.st_size > _LARGEST_KEY_FILE_BYTES:
        raise KeyFileError(f"the file has {status.st_size:,} bytes, far more than a key", where=str(path))
