"""Folders on their way to a worker that shares no file system: regular files as bytes with their SHA-256, limited in size; no link is followed.

Form: four bytes with the length of a JSON list of `[path, size, sha256]`, that list, then the files' bytes in its order. The same files give the same
bytes, so that a worker knows a source that it has had before.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path, PurePosixPath

from autograder.errors import ClusterError
from courses.content_hash import regular_files

_LENGTH = struct.Struct("!I")
MAXIMUM_BYTES = 512 * 2**20


def pack_folder(folder: Path, *, ignored: tuple[str, ...]) -> bytes:
    """Return the folder's regular files as one value.

    Raises:
        StorageError: there is a link or a special file.
        ClusterError: it is too large to be sent.
        OSError: it cannot be read.
    """
    entries, parts, total = [], [], 0
    for name in regular_files(folder, ignored=ignored) if folder.is_dir() else []:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as stream:
            data = stream.read(MAXIMUM_BYTES + 1 - total)
        total += len(data)
        if total > MAXIMUM_BYTES:
            raise ClusterError(
                f"this folder is larger than the {MAXIMUM_BYTES // 2**20} MiB that are sent to a cluster",
                where=str(folder),
                remedy="Grade this assignment without --cluster, or make its data files smaller.",
            )
        entries.append([name, len(data), hashlib.sha256(data).hexdigest()])
        parts.append(data)
    head = json.dumps(entries).encode()
    return b"".join([_LENGTH.pack(len(head)), head, *parts])


def unpack_folder(packed: bytes, folder: Path) -> None:
    """Write the files into `folder`, which is made.

    Raises:
        ValueError: the value is damaged, or a path leads out of the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (length,) = _LENGTH.unpack_from(packed)
    place = _LENGTH.size + length
    for name, size, digest in json.loads(packed[_LENGTH.size : place]):
        path, data = PurePosixPath(name), packed[place : place + size]
        if path.is_absolute() or ".." in path.parts or hashlib.sha256(data).hexdigest() != digest:
            raise ValueError(f"{name!r} did not arrive as it was sent")
        place += size
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
