"""Secrets of the hub: files that only their owner reads, made when they are first needed."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from courses.errors import SettingsError
from courses.storage import diagnosed_storage


def new_token() -> str:
    """Return 256 random bits as text."""
    return secrets.token_hex(32)


def new_password() -> str:
    """Return a password that can be typed: four groups of four letters and digits, about 80 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def hub_folder(root: Path) -> Path:
    """Return the site's folder for the hub's own files, made with mode 0700 if it is not there."""
    folder = root / "hub"
    with diagnosed_storage(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def kept_secret(path: Path, make: Callable[[], str] = new_token) -> str:
    """Return the secret in `path`; a new one is written (mode 0600) if there is none.

    Raises:
        SettingsError: others may read the file.
        StorageError: it cannot be written.
    """
    with diagnosed_storage(path):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read(path)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            secret = make()
            stream.write(secret + "\n")
            return secret


def _read(path: Path) -> str:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), encoding="ascii") as stream:
        if stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & 0o077:
            raise SettingsError(
                "others can read this secret",
                where=str(path),
                remedy="Delete it: a new one is made. chmod 600 is not enough, it may be known by now.",
            )
        secret = stream.read().strip()
    if not secret:
        raise SettingsError("this secret is empty", where=str(path), remedy="Delete the file: a new one is made.")
    return secret
