from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from issuer.errors import KeyFileError, PassphraseError
from issuer.passphrases import from_descriptor, from_file, from_terminal

ASK = "from issuer.passphrases import from_terminal; print('got', from_terminal(confirm=True)('the key').reveal())"


def test_the_first_line_of_a_file_of_ours_is_the_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "word"
    path.write_bytes("lihim na salitá\nsecond line\n".encode())
    path.chmod(0o600)
    assert from_file(path)("key").reveal() == "lihim na salitá".encode()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_passphrase_that_others_could_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "word"
    path.write_bytes(b"word")
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=f"others can get at the passphrase: its mode is {mode:04o}"):
        from_file(path)("key")


def test_an_empty_and_an_endless_passphrase_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "word"
    path.write_bytes(b"\nword")
    path.chmod(0o600)
    with pytest.raises(PassphraseError, match="is empty"):
        from_file(path)("key")
    path.write_bytes(b"x" * 2000)
    with pytest.raises(KeyFileError, match="far more than a passphrase"):
        from_file(path)("key")


def piped(content: bytes) -> int:
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return reading


def test_a_descriptor_is_read_once_and_remembered() -> None:
    source = from_descriptor(piped(b"word\n"))
    assert source("one").reveal() == source("two").reveal() == b"word"


def test_a_pipe_is_read_by_its_name() -> None:
    descriptor = piped(b"word\n")
    assert from_file(Path(f"/dev/fd/{descriptor}"))("key").reveal() == b"word"
    os.close(descriptor)


def test_a_descriptor_that_is_not_open_is_a_diagnosed_problem() -> None:
    with pytest.raises(PassphraseError, match="cannot be read"):
        from_descriptor(987)("key")


def in_new_session(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
        check=False,
    )


def test_without_a_terminal_it_says_what_to_do_and_does_not_wait() -> None:
    done = in_new_session(ASK)
    assert "there is no terminal to ask on" in done.stderr
    assert "--passphrase-file" in done.stderr


def test_on_a_terminal_it_is_asked_for_twice_and_not_shown() -> None:
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover -- another process
        os.execv(sys.executable, [sys.executable, "-c", ASK])
    shown = b""
    while b"Passphrase of the key: " not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, b"a word\n")
    while b"Once more: " not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, b"a word\n")
    with suppress(OSError):  # a terminal whose other end is gone says EIO
        while more := os.read(terminal, 1024):
            shown += more
    os.waitpid(child, 0)
    os.close(terminal)
    assert b"got" in shown
    assert shown.count(b"a word") == 1, "only our own print shows it"


def test_no_source_reads_the_environment_or_the_command_line() -> None:
    assert from_terminal.__module__ == "issuer.passphrases"
    text = Path(sys.modules["issuer.passphrases"].__file__ or "").read_text(encoding="utf-8")
    assert "environ" not in text.split('"""', 2)[2]
    assert "argv" not in text
