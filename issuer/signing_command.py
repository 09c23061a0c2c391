"""A key that another program keeps: a PKCS #11 token, a cloud key service, an agent on another host.

The program gets the bytes to sign on its standard input and writes the signature to its standard output: 64 raw bytes, or for P-256 also DER.
`pkcs11-tool --sign` and a few lines round any vendor's client do that. What it returns is verified with the public key that we publish
before it is used, so a wrong slot or a broken token stops the batch and signs nothing.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from issuer.errors import EncodingError, SignerError
from issuer.keys import Algorithm, PublicKey, raw_ecdsa

TIMEOUT_S = 60.0
_LONGEST_SIGNATURE = 80


@dataclass(frozen=True, slots=True)
class CommandSigner:
    """A `Signer` whose key is behind a program."""

    verification_method: str
    public: PublicKey
    command: tuple[str, ...]
    """Program and arguments; no shell reads them."""

    @property
    def algorithm(self) -> Algorithm:
        """What kind of signatures it makes."""
        return self.public.algorithm

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature of `data`.

        Raises:
            SignerError: the program fails, takes over a minute, or returns what is no signature of this key.
        """
        signature = self._ran(data)
        if self.algorithm == "P-256" and len(signature) != 64:
            try:
                signature = raw_ecdsa(signature)
            except EncodingError:
                signature = b""
        if not self.public.is_signature(signature, data):
            raise SignerError(
                "what the signing program returned is no signature of the issuer's key",
                where=self.command[0],
                remedy="Look at which key and mechanism it uses; nothing was signed.",
            )
        return signature

    def _ran(self, data: bytes) -> bytes:
        try:
            done = subprocess.run(self.command, input=data, capture_output=True, timeout=TIMEOUT_S, check=False)
        except OSError as missing:
            raise SignerError(f"the signing program cannot be run: {missing.strerror}", where=self.command[0]) from missing
        except subprocess.TimeoutExpired as late:
            raise SignerError(f"the signing program did not answer within {TIMEOUT_S:g} s", where=self.command[0]) from late
        if done.returncode:
            raise SignerError(
                f"the signing program ended with status {done.returncode}",
                where=self.command[0],
                remedy="Run it by hand to see what it says; its messages are not repeated here, they may hold secrets.",
            )
        return done.stdout[: _LONGEST_SIGNATURE + 1]
