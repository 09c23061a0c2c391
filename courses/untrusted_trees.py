"""Measures and removes what untrusted code wrote: folders thousands deep, without any right, or with names of any kind, and never anything a link leads to."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from itertools import count


def remove_tree(folder: str) -> None:
    """Remove `folder` with all that lies in it; nothing if it is not there. Nobody may write there meanwhile.

    Every folder is moved up to the top before it is emptied, so that depth costs neither recursion nor long paths.

    Raises:
        OSError: something cannot be removed.
    """
    try:
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        numbers = count()
        while inner := _remove_files(top):
            for name in inner:
                _empty(top, name, numbers)
    finally:
        os.close(top)
    os.rmdir(folder)


def _empty(top: int, name: str, numbers: count[int]) -> None:
    """Remove the folder `name` of `top`; the folders in it become folders of `top`."""
    os.chmod(name, 0o700, dir_fd=top)
    handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
    try:
        for inner in _remove_files(handle):
            os.chmod(inner, 0o700, dir_fd=handle)  # its entry ".." is written when it is moved
            _move(handle, inner, top, numbers)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=top)


def is_larger(folder: str, most_bytes: int, most_files: int) -> bool:
    """Whether `folder` holds more than that many bytes or files and folders; what vanishes meanwhile is left out.

    Bytes are those on the disk, a file with two names twice. A folder deeper than paths are long counts as too large.
    """
    size, number, waiting = 0, 0, [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    number += 1
                    if number > most_files:
                        return True
                    with contextlib.suppress(FileNotFoundError):
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        except OSError as failure:
            if failure.errno != errno.ENAMETOOLONG:
                raise
            return True
    return size > most_bytes


def _remove_files(handle: int) -> list[str]:
    """Remove what is no folder, and return the names of the folders."""
    with os.scandir(handle) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if not is_folder:
            os.unlink(name, dir_fd=handle)
    return [name for name, is_folder in found if is_folder]


def _move(source: int, name: str, top: int, numbers: count[int]) -> None:
    for number in numbers:
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISDIR(os.stat(f"{number}", dir_fd=top, follow_symlinks=False).st_mode):
                continue  # the name is taken
        os.rename(name, f"{number}", src_dir_fd=source, dst_dir_fd=top)
        return
