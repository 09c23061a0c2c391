"""Content hashes: what a folder holds, as one SHA-256, whatever its files' order, times and modes.

The hash is over one line a file: the SHA-256 of its bytes, two spaces, its path with `/`, sorted by path; the same as `sha256sum` prints, so that
anyone can recompute it. Links and special files are refused: a hash must not say something of a file outside the folder.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import stat
from pathlib import Path

from courses.errors import StorageError

IGNORED = (".ipynb_checkpoints", "*.pyc", "__pycache__", ".DS_Store")
APPROVALS = "approvals.toml"
"""The record of a course's reviews, in its folder: it names the hash of what was reviewed, so it is no part of it."""


def regular_files(folder: Path, *, ignored: tuple[str, ...] = IGNORED) -> list[str]:
    """Return the paths of the files under `folder`, relative with `/`, sorted.

    Raises:
        StorageError: there is a link or a special file.
    """
    found: list[str] = []
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            kept = [entry for entry in entries if not any(fnmatch.fnmatch(entry.name, pattern) for pattern in ignored)]
        for entry in kept:
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                pending.append(Path(entry.path))
            elif stat.S_ISREG(mode):
                found.append(Path(entry.path).relative_to(folder).as_posix())
            else:
                raise StorageError(
                    "this is a link or a special file, which is never followed", where=entry.path, remedy="Put the file itself there."
                )
    return sorted(found)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_sha256(folder: Path, *, ignored: tuple[str, ...] = IGNORED) -> str:
    """Return the content hash of `folder` in hexadecimal; see the module."""
    return hash_of_files({name: file_sha256(folder / name) for name in regular_files(folder, ignored=ignored)})


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a course's folder by its path, sorted; without the record of its reviews."""
    return {name: file_sha256(folder / name) for name in regular_files(folder) if name != APPROVALS}


def course_sha256(folder: Path) -> str:
    """Return the hash of a course's sources: what reviewers approve. It is `folder_sha256`, without the record of the reviews."""
    return hash_of_files(file_hashes(folder))


def hash_of_files(hashes: dict[str, str]) -> str:
    """Return the content hash of a folder from the SHA-256 of each of its files."""
    lines = [_line(digest, name) for name, digest in sorted(hashes.items())]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _line(digest: str, name: str) -> str:
    """Return one line as sha256sum prints it: a name with a line break in it is escaped, so that it cannot pass for two files."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == name else chr(92)}{digest}  {escaped}\n"
