from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from issuer.errors import KeyFileError, PassphraseError
from issuer.keys import Algorithm, generate_key, is_encrypted_file, key_from_seed, load_key, parse_public_key, save_key
from issuer.multibase import decode_p256_multikey
from issuer.passphrases import PassphraseSource, from_file
from issuer.private_files import Secret, write_private
from tests.issuer.examples import DID


def test_a_saved_key_is_the_same_key_again(tmp_path: Path) -> None:
    key = generate_key()
    save_key(key, tmp_path / "keys" / "first.pem")
    again = load_key(tmp_path / "keys" / "first.pem")
    assert again.multikey == key.multikey
    Ed25519PublicKey.from_public_bytes(key.public_bytes).verify(again.sign(b"text"), b"text")


def test_a_key_file_is_its_owners_alone_and_no_draft_stays_behind(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        save_key(generate_key(), tmp_path / "keys" / "first.pem")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys" / "first.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert [each.name for each in (tmp_path / "keys").iterdir()] == ["first.pem"]


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    save_key(generate_key(), tmp_path / "first.pem")
    content = (tmp_path / "first.pem").read_bytes()
    with pytest.raises(KeyFileError, match="never overwritten"):
        save_key(generate_key(), tmp_path / "first.pem")
    assert (tmp_path / "first.pem").read_bytes() == content
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601])
def test_a_key_that_others_can_get_at_is_refused(tmp_path: Path, mode: int) -> None:
    save_key(generate_key(), tmp_path / "first.pem")
    (tmp_path / "first.pem").chmod(mode)
    with pytest.raises(KeyFileError, match="others can get at the key"):
        load_key(tmp_path / "first.pem")


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    save_key(generate_key(), tmp_path / "first.pem")
    (tmp_path / "link.pem").symlink_to(tmp_path / "first.pem")
    with pytest.raises(KeyFileError, match="symbolic link"):
        load_key(tmp_path / "link.pem")


def test_a_pipe_a_folder_and_nothing_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pem", 0o600)
    with pytest.raises(KeyFileError, match="no regular file"):
        load_key(tmp_path / "pipe.pem")
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(KeyFileError, match="no regular file"):
        load_key(tmp_path / "folder")
    with pytest.raises(KeyFileError, match="no such key"):
        load_key(tmp_path / "absent.pem")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_key_of_another_user_is_refused(tmp_path: Path) -> None:
    save_key(generate_key(), tmp_path / "first.pem")
    os.chown(tmp_path / "first.pem", 65534, -1)
    with pytest.raises(KeyFileError, match="belongs to another user"):
        load_key(tmp_path / "first.pem")


def test_another_kind_of_key_and_other_text_are_refused_without_quoting_them(tmp_path: Path) -> None:
    pem = generate_private_key(SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for name, content in (("ec.pem", pem), ("text.pem", b"a secret of another program"), ("empty.pem", b"")):
        path = tmp_path / name
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeyFileError, match="no Ed25519 private key") as refused:
            load_key(path)
        assert "secret of" not in str(refused.value)
    (tmp_path / "large.pem").write_bytes(b"x" * 5000)
    (tmp_path / "large.pem").chmod(0o600)
    with pytest.raises(KeyFileError, match="far more than a key"):
        load_key(tmp_path / "large.pem")


def test_the_private_half_shows_nowhere() -> None:
    seed = bytes(range(32))
    key = key_from_seed(seed)
    for shown in (repr(key), str(key), repr(key.signer(DID))):
        assert "rivate" not in shown
        assert seed.hex() not in shown


def test_a_signer_names_the_method_under_which_the_did_document_lists_its_key() -> None:
    key = generate_key()
    assert key.signer(DID).verification_method == f"{DID}#{key.multikey}"


def word(path: Path, content: bytes = b"a word") -> PassphraseSource:
    write_private(path, Secret(content))
    return from_file(path)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["Ed25519", "P-256"])
def test_an_encrypted_key_opens_with_its_passphrase_alone(tmp_path: Path, algorithm: Algorithm) -> None:
    key = generate_key(algorithm)
    save_key(key, tmp_path / "key.pem", passphrase=Secret(b"a word"))
    assert is_encrypted_file(tmp_path / "key.pem")
    again = load_key(tmp_path / "key.pem", passphrase=word(tmp_path / "right"))
    assert again.public == key.public
    assert key.public.is_signature(again.sign(b"text"), b"text")
    with pytest.raises(PassphraseError, match="does not open the key"):
        load_key(tmp_path / "key.pem", passphrase=word(tmp_path / "wrong", b"another word"))
    with pytest.raises(PassphraseError, match="no passphrase was given"):
        load_key(tmp_path / "key.pem")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_reads_an_encrypted_key(tmp_path: Path) -> None:
    key = generate_key()
    save_key(key, tmp_path / "key.pem", passphrase=Secret(b"a word"))
    (tmp_path / "word").write_bytes(b"a word\n")
    told = ["openssl", "pkey", "-in", str(tmp_path / "key.pem"), "-passin", f"file:{tmp_path / 'word'}", "-pubout"]
    pem = subprocess.run(told, capture_output=True, check=True).stdout
    assert parse_public_key(pem, "openssl") == key.public


def test_a_p256_key_signs_as_jose_wants_it() -> None:
    key = generate_key("P-256")
    signature = key.sign(b"text")
    assert len(signature) == 64
    assert key.public.is_signature(signature, b"text")
    assert not key.public.is_signature(signature, b"other text")
    assert not key.public.is_signature(signature[:-1], b"text")
    assert not generate_key("P-256").public.is_signature(signature, b"text")
    assert key.multikey.startswith("zDn")
    assert decode_p256_multikey(key.multikey) == key.public_bytes


def test_a_public_key_of_another_kind_is_refused() -> None:
    pem = generate_private_key(SECP384R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(KeyFileError, match="neither Ed25519 nor P-256"):
        parse_public_key(pem, "token.pem")
    with pytest.raises(KeyFileError, match="no public key in PEM"):
        parse_public_key(b"text", "token.pem")
