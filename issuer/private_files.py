"""Files that only the issuer's user may read or write: keys, the list of keys, passphrases.

Rules: such a file is written once or replaced whole, mode 0600, and appears complete or not at all; a file that someone else could have read,
written or slipped in (another owner, group or world bits, a symbolic link) is refused. Every check is made on the opened file, not on its name.
"""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from issuer.errors import KeyFileError

_LARGEST_BYTES = 256 * 1024
_HOW_TO_REPAIR = "Make it yours alone: `chmod 600 FILE`, and replace the key if anybody else could have read it."


@dataclass(frozen=True, slots=True)
class Secret:
    """Bytes that never show: not in a `repr`, and not in a traceback that prints local values."""

    _value: bytes = field(repr=False)

    def reveal(self) -> bytes:
        """Return the bytes. Use them in the same expression; do not give them a name."""
        return self._value


def write_private(path: Path, content: Secret, *, replace: bool = False) -> None:
    """Write a file of mode 0600 at `path`; the folder is made with mode 0700 if it is missing.

    Args:
        replace: whether a file that is there gives way; otherwise it stays and that is an error.

    Raises:
        KeyFileError: there is a file already, or it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write_new(draft, content)
            if replace:
                draft.replace(path)
            else:
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


def read_private(path: Path, *, largest_bytes: int = _LARGEST_BYTES, what: str = "key") -> Secret:
    """Return what is in a file that is ours alone.

    Args:
        what: what messages call it.

    Raises:
        KeyFileError: it is absent, too large, no regular file, or not ours alone.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as missing:
        raise KeyFileError(f"there is no such {what}", where=str(path), remedy="`patunay init` makes the first key.") from missing
    except OSError as refused:
        problem = f"the {what} is a symbolic link" if path.is_symlink() else f"the {what} cannot be read: {refused.strerror}"
        raise KeyFileError(problem, where=str(path), remedy=f"Put the {what} file itself there, readable by you alone.") from refused
    try:
        _check_private(os.fstat(descriptor), path, largest_bytes, what)
        return Secret(os.read(descriptor, largest_bytes))
    finally:
        os.close(descriptor)


def _write_new(path: Path, content: Secret) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content.reveal())
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_private(status: os.stat_result, path: Path, largest_bytes: int, what: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError("this is no regular file", where=str(path), remedy=f"Put the {what} file itself there, readable by you alone.")
    if status.st_uid != os.geteuid():
        raise KeyFileError(f"the {what} belongs to another user", where=str(path), remedy="Run as the key's owner, or `chown` the file.")
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise KeyFileError(f"others can get at the {what}: its mode is {mode:04o}", where=str(path), remedy=_HOW_TO_REPAIR)
    if status.st_size > largest_bytes:
        raise KeyFileError(f"the file has {status.st_size:,} bytes, far more than a {what}", where=str(path))
