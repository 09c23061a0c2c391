"""Writing files so that a crash at any moment leaves either the old or the new, and so that a full disk is said in words."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from courses.errors import StorageError

_CAUSES = {
    errno.ENOSPC: ("the disk is full", "Free some space and run the same command again: it goes on where it stopped."),
    errno.EDQUOT: ("your disk quota is used up", "Free some space and run the same command again: it goes on where it stopped."),
    errno.EROFS: ("the file system is read-only", "Use a folder that can be written to."),
    errno.EACCES: ("permission denied", "Give yourself write permission there, or use another folder."),
    errno.EPERM: ("permission denied", "Give yourself write permission there, or use another folder."),
    errno.EEXIST: ("a file stands where a folder is needed", "Move it away, or use another folder."),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "Use another folder."),
}


@contextlib.contextmanager
def diagnosed_storage(where: Path) -> Iterator[None]:
    """Turn the operating system's refusals into `StorageError` while files under `where` are handled."""
    try:
        yield
    except OSError as refusal:
        if refusal.errno not in _CAUSES:
            raise
        problem, remedy = _CAUSES[refusal.errno]
        raise StorageError(problem, where=str(refusal.filename or where), remedy=remedy) from refusal


def write_atomically(path: Path, content: bytes | str, *, mode: int = 0o644, sync: bool = True) -> None:
    """Write `content` to `path`: readers see the old file or the new one, never a part.

    Args:
        sync: wait until it is on the disk. Without that a machine that loses its power may leave an empty file: only for what is looked at again.

    Raises:
        StorageError: full, read-only or forbidden.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    with diagnosed_storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not _write_nameless(path, data, mode, sync=sync):
            _write_aside(path, data, mode, sync=sync)


def _write_nameless(path: Path, data: bytes, mode: int, *, sync: bool) -> bool:
    """Write a new file that gets its name when it is whole, so that a kill leaves nothing; return False where there is a file, or no such way."""
    if os.path.lexists(path):
        return False
    try:
        handle = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, mode)
    except OSError as refusal:
        if refusal.errno in {errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL}:
            return False
        raise
    with os.fdopen(handle, "wb") as stream:
        _fill(stream, data, mode, sync=sync)
        try:
            links = os.open("/proc/self/fd", os.O_RDONLY | os.O_DIRECTORY)
            try:  # only with a folder's descriptor does Python follow the link to the file that has no name
                os.link(str(stream.fileno()), path, src_dir_fd=links, follow_symlinks=True)
            finally:
                os.close(links)
        except OSError:  # there is a file of this name by now, or /proc is not to be had
            return False
    return True


def _write_aside(path: Path, data: bytes, mode: int, *, sync: bool) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            _fill(stream, data, mode, sync=sync)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _fill(stream: IO[bytes], data: bytes, mode: int, *, sync: bool) -> None:
    stream.write(data)
    stream.flush()
    os.fchmod(stream.fileno(), mode)
    if sync:
        os.fsync(stream.fileno())


def replace_folder(new: Path, target: Path) -> None:
    """Put the finished folder `new` in the place of `target` (same file system); the old content is removed after the swap."""
    with diagnosed_storage(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            os.replace(new, target)
            return
        retired = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}-old-", dir=target.parent))
        os.replace(target, retired / "content")
        os.replace(new, target)
        remove_folder(retired)


@contextlib.contextmanager
def held_alone(lock: Path, told: str) -> Iterator[None]:
    """Hold the file `lock` for this process alone; the operating system lets go of it when the process ends, however it ends.

    Args:
        told: what is said where another process holds it.

    Raises:
        StorageError: another process holds it.
    """
    with diagnosed_storage(lock), lock.open("a", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise StorageError(told, where=str(lock.parent), remedy="Wait until it is done, then run the same command again.") from held
        yield


def remove_folder(folder: Path) -> None:
    """Remove `folder` with everything in it, read-only folders too."""
    for current, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):
            os.chmod(current, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
