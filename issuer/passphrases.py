"""Where the passphrase of an encrypted key comes from: the terminal, a file that is ours alone, or an open descriptor.

Never the command line and never the environment: other users and child processes can read those.
"""

from __future__ import annotations

import getpass
import os
import stat
from collections.abc import Callable
from pathlib import Path

from issuer.errors import PassphraseError
from issuer.private_files import Secret, read_private

PassphraseSource = Callable[[str], Secret]
"""Gives the passphrase of the key that the argument names, or raises PassphraseError."""

_LONGEST_BYTES = 1024
_WAYS = "Give it with --passphrase-file or --passphrase-fd, name a file as issuer.passphrase_file in patunay.toml, or use a terminal."


def from_terminal(*, confirm: bool = False) -> PassphraseSource:
    """Return a source that asks on the terminal, without showing what is typed; twice with `confirm`."""

    def ask(key: str) -> Secret:
        try:
            os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        except OSError as none:
            raise PassphraseError("the key needs a passphrase, and there is no terminal to ask on", where=key, remedy=_WAYS) from none
        given = _checked(Secret(getpass.getpass(f"Passphrase of {key}: ").encode("utf-8", "surrogateescape")), key)
        if confirm and getpass.getpass("Once more: ").encode("utf-8", "surrogateescape") != given.reveal():
            raise PassphraseError("the two passphrases differ", where=key, remedy="Run the command again.")
        return given

    return ask


def from_file(path: Path) -> PassphraseSource:
    """Return a source that reads the first line of a file that is ours alone; a pipe such as /dev/fd/3 is read as it is."""

    def read(_key: str) -> Secret:
        try:
            is_pipe = stat.S_ISFIFO(path.stat().st_mode)
        except OSError:
            is_pipe = False  # `read_private` says what is wrong
        if not is_pipe:
            return _checked(read_private(path, largest_bytes=_LONGEST_BYTES, what="passphrase"), str(path))
        with path.open("rb") as pipe:
            return _checked(Secret(pipe.read(_LONGEST_BYTES + 1)), str(path))

    return read


def from_descriptor(descriptor: int) -> PassphraseSource:
    """Return a source that reads the first line of an open descriptor, once."""
    kept: list[Secret] = []

    def read(_key: str) -> Secret:
        where = f"descriptor {descriptor}"
        if not kept:
            try:
                with os.fdopen(descriptor, "rb") as file:
                    kept.append(_checked(Secret(file.read(_LONGEST_BYTES + 1)), where))
            except OSError as unreadable:
                raise PassphraseError(f"the passphrase cannot be read: {unreadable.strerror}", where=where, remedy=_WAYS) from unreadable
        return kept[0]

    return read


def _checked(given: Secret, where: str) -> Secret:
    """Return the first line, which must not be empty."""
    if len(given.reveal()) > _LONGEST_BYTES:
        raise PassphraseError(f"the passphrase has more than {_LONGEST_BYTES} bytes", where=where)
    line = Secret(given.reveal().split(b"\n", 1)[0].removesuffix(b"\r"))
    if not line.reveal():
        raise PassphraseError("the passphrase is empty", where=where, remedy=_WAYS)
    return line
