"""Private keys encrypted with a passphrase: PKCS #8 with PBES2, scrypt and AES-256-CBC, as `openssl pkcs8 -topk8 -scrypt` writes and reads it.

Written here because the library's own encryption derives its key with 20,000 rounds of PBKDF2, which a graphics card guesses through
quickly; scrypt needs 16 MiB and a third of a second for each guess. N = 2^14 is the most that `openssl` reads with its limit of 32 MiB, so the
work comes from p = 10 (OWASP asks for at least N = 2^14, r = 8, p = 5).

Sources: RFC 5958 (EncryptedPrivateKeyInfo), RFC 8018 section 6.2 and appendix A.4 (PBES2), RFC 7914 section 7 (scrypt parameters).
"""

from __future__ import annotations

import base64
import secrets
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

from issuer.private_files import Secret

COST: Final = 2**14
_BLOCKS, _PARALLEL = 8, 10
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_SCRYPT = bytes.fromhex("06092b06010401da47040b")
_AES_256_CBC = bytes.fromhex("060960864801650304012a")


def encrypt_pkcs8(der: Secret, passphrase: Secret, *, cost: int = COST) -> bytes:
    """Return the PEM text of an encrypted private key.

    Args:
        der: the key as unencrypted PKCS #8.
        cost: scrypt's N, a power of two; lower only in tests.
    """
    salt, start = secrets.token_bytes(16), secrets.token_bytes(16)
    padder = PKCS7(128).padder()
    padded = Secret(padder.update(der.reveal()) + padder.finalize())
    key = Secret(Scrypt(salt=salt, length=32, n=cost, r=_BLOCKS, p=_PARALLEL).derive(passphrase.reveal()))
    encryptor = Cipher(AES(key.reveal()), CBC(start)).encryptor()
    encrypted = encryptor.update(padded.reveal()) + encryptor.finalize()
    derivation = _sequence(_SCRYPT, _sequence(_octets(salt), _integer(cost), _integer(_BLOCKS), _integer(_PARALLEL)))
    scheme = _sequence(_PBES2, _sequence(derivation, _sequence(_AES_256_CBC, _octets(start))))
    lines = base64.encodebytes(_sequence(scheme, _octets(encrypted))).replace(b"\n", b"")
    wrapped = b"\n".join(lines[place : place + 64] for place in range(0, len(lines), 64))
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + wrapped + b"\n-----END ENCRYPTED PRIVATE KEY-----\n"


def is_encrypted(pem: Secret) -> bool:
    """Tell whether a PEM file holds an encrypted key."""
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in pem.reveal()


def _tagged(tag: int, content: bytes) -> bytes:
    """Return an element in DER (X.690, 8.1.3): its length in one byte below 128, otherwise with a byte that counts the length's bytes."""
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    written = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(written)]) + written + content


def _sequence(*parts: bytes) -> bytes:
    return _tagged(0x30, b"".join(parts))


def _octets(data: bytes) -> bytes:
    return _tagged(0x04, data)


def _integer(number: int) -> bytes:
    return _tagged(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))
