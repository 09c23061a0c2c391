from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from issuer.errors import KeyFileError
from issuer.keys import generate_key, key_from_seed, load_key, save_key
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
    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
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
