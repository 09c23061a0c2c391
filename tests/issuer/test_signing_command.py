"""A program that keeps the key, run for real: here it is Python with a key file, where an institution has its token's client."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from issuer.errors import SignerError
from issuer.keys import Algorithm, generate_key, save_key
from issuer.signing_command import CommandSigner

SIGNS = """
import sys
from pathlib import Path
from issuer.keys import load_key
sys.stdout.buffer.write(load_key(Path(sys.argv[1])).sign(sys.stdin.buffer.read()))
"""
SIGNS_IN_DER = """
import sys
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
key = load_pem_private_key(open(sys.argv[1], "rb").read(), None)
sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read(), ECDSA(SHA256())))
"""


def command(code: str, *arguments: Path) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *map(str, arguments))


@pytest.mark.parametrize(("algorithm", "code"), [("Ed25519", SIGNS), ("P-256", SIGNS), ("P-256", SIGNS_IN_DER)])
def test_a_program_signs_for_us(tmp_path: Path, algorithm: Algorithm, code: str) -> None:
    key = generate_key(algorithm)
    save_key(key, tmp_path / "token.pem")
    signer = CommandSigner("did:web:uni.example#key", key.public, command(code, tmp_path / "token.pem"))
    assert key.public.is_signature(signer.sign(b"text"), b"text")
    assert signer.algorithm == algorithm


@pytest.mark.parametrize("algorithm", ["Ed25519", "P-256"])
def test_a_program_with_another_key_signs_nothing(tmp_path: Path, algorithm: Algorithm) -> None:
    save_key(generate_key(algorithm), tmp_path / "token.pem")
    signer = CommandSigner("did:web:uni.example#key", generate_key(algorithm).public, command(SIGNS, tmp_path / "token.pem"))
    with pytest.raises(SignerError, match="no signature of the issuer's key"):
        signer.sign(b"text")


@pytest.mark.parametrize("algorithm", ["Ed25519", "P-256"])
@pytest.mark.parametrize(
    ("code", "why"),
    [("pass", "no signature"), ("print('x' * 10**6)", "no signature"), ("import sys; sys.exit('PIN 1234 wrong')", "ended with status 1")],
)
def test_a_program_that_fails_is_told_of_without_repeating_it(code: str, why: str, algorithm: Algorithm) -> None:
    signer = CommandSigner("did:web:uni.example#key", generate_key(algorithm).public, command(code))
    with pytest.raises(SignerError, match=why) as refused:
        signer.sign(b"text")
    assert "1234" not in str(refused.value)


def test_a_program_that_is_not_there_is_a_diagnosed_problem(tmp_path: Path) -> None:
    with pytest.raises(SignerError, match="cannot be run"):
        CommandSigner("did:web:uni.example#key", generate_key().public, (str(tmp_path / "none"),)).sign(b"text")
