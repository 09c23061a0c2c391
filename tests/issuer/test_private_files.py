"""A secret shows nowhere, not even in a traceback that prints local values."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from issuer.errors import KeyFileError, PassphraseError
from issuer.key_encryption import encrypt_pkcs8
from issuer.keys import generate_key, load_key, save_key
from issuer.passphrases import from_file
from issuer.private_files import Secret, read_private, write_private

WORD = b"correct horse battery staple"


def everything_told(error: BaseException) -> str:
    """Return a traceback with the local values of every frame but the test's own, as error reporters make it, with all causes."""
    frames = error.__traceback__.tb_next if error.__traceback__ else None
    assert frames is not None
    told = "".join(traceback.TracebackException(type(error), error, frames, capture_locals=True).format())
    assert "path = " in told, "no local values were told, so this proves nothing"
    return told


def secret_file(path: Path, content: bytes = WORD) -> Path:
    write_private(path, Secret(content))
    return path


def test_a_secret_has_no_readable_form() -> None:
    assert WORD.decode() not in f"{Secret(WORD)!r} {Secret(WORD)!s} {[Secret(WORD)]}"


@pytest.mark.slow
def test_neither_a_passphrase_nor_a_key_stands_in_a_traceback_with_local_values(tmp_path: Path) -> None:
    path, key = tmp_path / "key.pem", generate_key()
    save_key(key, path, passphrase=Secret(WORD))
    body = path.read_text(encoding="ascii").splitlines()[1]
    with pytest.raises(PassphraseError) as refused:
        load_key(path, passphrase=from_file(secret_file(tmp_path / "word", b"wrong " + WORD)))
    assert WORD.decode() not in everything_told(refused.value)
    assert body not in everything_told(refused.value)


def test_a_key_that_cannot_be_written_does_not_stand_in_the_traceback(tmp_path: Path) -> None:
    key = generate_key()
    save_key(key, tmp_path / "first.pem")
    secret = "".join((tmp_path / "first.pem").read_text(encoding="ascii").splitlines()[1:-1])
    with pytest.raises(KeyFileError) as refused:
        save_key(key, tmp_path / "first.pem")
    assert secret[-30:] not in everything_told(refused.value)
    (tmp_path / "file").touch()
    with pytest.raises(KeyFileError) as unwritable:
        save_key(key, tmp_path / "file" / "second.pem")
    assert secret[-30:] not in everything_told(unwritable.value)


def test_a_damaged_key_file_is_not_quoted(tmp_path: Path) -> None:
    secret_file(tmp_path / "key.pem", b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0IG9mIHRoZSBrZXk=\n-----END PRIVATE KEY-----\n")
    with pytest.raises(KeyFileError) as refused:
        load_key(tmp_path / "key.pem")
    assert "c2VjcmV0" not in everything_told(refused.value)


def test_a_file_that_is_replaced_stays_private(tmp_path: Path) -> None:
    path = secret_file(tmp_path / "list")
    write_private(path, Secret(b"new"), replace=True)
    assert read_private(path).reveal() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["list"]


def test_encryption_never_gives_the_same_file_twice() -> None:
    assert encrypt_pkcs8(Secret(b"key"), Secret(WORD), cost=2) != encrypt_pkcs8(Secret(b"key"), Secret(WORD), cost=2)
