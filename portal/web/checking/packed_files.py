"""Files in one row of bytes, for the wire: how long the list is, the list of names and sizes as JSON, then one content after another. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from pydantic import NonNegativeInt, TypeAdapter

_LENGTH = struct.Struct("!I")
_LIST = TypeAdapter(list[tuple[str, NonNegativeInt]])


def pack_files(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return names and contents as one row of bytes. Halves of characters in a name (lone surrogates) become question marks."""
    kept = [(name.encode("utf-8", "replace").decode("utf-8"), content) for name, content in files]
    listed = _LIST.dump_json([(name, len(content)) for name, content in kept])
    return b"".join((_LENGTH.pack(len(listed)), listed, *(content for _, content in kept)))


def unpack_files(packed: bytes) -> list[tuple[str, bytes]]:
    """Return the names and contents again.

    Raises:
        ValueError: it has not the form.
    """
    if len(packed) < _LENGTH.size:
        raise ValueError("these are no packed files")
    begin = _LENGTH.size + _LENGTH.unpack_from(packed)[0]
    found = []
    for name, size in _LIST.validate_json(packed[_LENGTH.size : begin], strict=True):
        found.append((name, packed[begin : begin + size]))
        begin += size
    if begin != len(packed):
        raise ValueError("the sizes of packed files do not come out")
    return found
