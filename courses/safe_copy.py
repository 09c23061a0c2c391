"""Copies a folder that somebody else controls: no link is followed, nothing special is opened, nothing grows beyond its limit.

The owner may change the folder while it is copied, so every directory and file is opened relative to the one above it and without following links
(openat(2) with O_NOFOLLOW), and is looked at after it was opened.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from courses.errors import DiagnosedError

_CHUNK = 2**20


@dataclass(slots=True)
class _Budget:
    remaining_bytes: int
    remaining_files: int
    depth: int
    maximum_bytes: int
    owner: int
    """Whose folder it is."""


class CopyRefusedError(DiagnosedError):
    """The folder holds what is never copied."""


def copy_untrusted(
    origin: Path,
    target: Path,
    *,
    ignored: tuple[str, ...],
    maximum_bytes: int = 100 * 2**20,
    maximum_files: int = 2000,
    maximum_depth: int = 12,
) -> None:
    """Copy the regular files under `origin` into the new folder `target`.

    Raises:
        CopyRefusedError: there is a link (also a hard one to a file of another user), a device, a pipe, too much, too many or too deep. `target` may then hold a part.
    """
    target.mkdir(parents=True)
    handle = os.open(origin, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _copy_folder(handle, target, ignored, _Budget(maximum_bytes, maximum_files, maximum_depth, maximum_bytes, os.fstat(handle).st_uid))
    finally:
        os.close(handle)


def copy_untrusted_file(origin: Path, name: str, target: Path, *, maximum_bytes: int = 100 * 2**20) -> None:
    """Copy what stands at the relative path `name` under `origin`, a file or a folder, into the folder `target`, at the same relative path.

    Raises:
        CopyRefusedError: it is not there, is a link or lies behind one, or as `copy_untrusted`.
    """
    parts = name.split("/")
    if not all(parts) or {".", ".."} & set(parts):
        raise CopyRefusedError(f"{name!r} is no path within the folder")
    handle = os.open(origin, os.O_RDONLY | os.O_DIRECTORY)
    budget = _Budget(maximum_bytes, 2000, 12, maximum_bytes, os.fstat(handle).st_uid)
    target.mkdir(parents=True, exist_ok=True)
    try:
        for number, part in enumerate(parts):
            if number == len(parts) - 1:
                _copy_entry(handle, part, target, (), budget)
                return
            try:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            except OSError as refusal:
                raise CopyRefusedError(f"{name!r} is not there, or lies behind a link ({refusal.strerror})") from refusal
            os.close(handle)
            handle, target = inner, target / part
            target.mkdir(exist_ok=True)
    finally:
        os.close(handle)


def _copy_folder(handle: int, target: Path, ignored: tuple[str, ...], budget: _Budget) -> None:
    if budget.depth <= 0:
        raise CopyRefusedError("its folders are nested too deep", where=target.name)
    for name in sorted(os.listdir(handle)):
        if any(fnmatch.fnmatch(name, pattern) for pattern in ignored):
            continue
        _copy_entry(handle, name, target, ignored, budget)


def _copy_entry(handle: int, name: str, target: Path, ignored: tuple[str, ...], budget: _Budget) -> None:
    try:
        entry = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
    except OSError as refusal:
        raise CopyRefusedError(f"{name!r} is a link or cannot be opened ({refusal.strerror})") from refusal
    budget.remaining_files -= 1
    try:
        if budget.remaining_files < 0:
            raise CopyRefusedError("it holds too many files")
        about = os.fstat(entry)
        mode = about.st_mode
        if stat.S_ISDIR(mode):
            (target / name).mkdir()
            budget.depth -= 1
            _copy_folder(entry, target / name, ignored, budget)
            budget.depth += 1
        elif stat.S_ISREG(mode):
            if about.st_nlink > 1 and about.st_uid != budget.owner:
                raise CopyRefusedError(f"{name!r} is another name of somebody else's file")
            _copy_file(entry, target / name, budget)
        else:
            raise CopyRefusedError(f"{name!r} is no regular file")
    finally:
        os.close(entry)


def _copy_file(entry: int, target: Path, budget: _Budget) -> None:
    with target.open("xb") as copy:
        while chunk := os.read(entry, _CHUNK):
            budget.remaining_bytes -= len(chunk)
            if budget.remaining_bytes < 0:
                raise CopyRefusedError(f"it is larger than what is taken, {budget.maximum_bytes / 1e6:g} MB together")
            copy.write(chunk)
