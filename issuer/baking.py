"""Puts a signed credential into a PNG picture, and takes it out again.

Open Badges 3.0 (section 5.3, "Baked Badges"): one uncompressed iTXt chunk with the keyword `openbadgecredential`, whose text is the
credential as it was signed. The picture is not decoded: chunks are copied byte by byte, so that baking costs microseconds and cannot be
attacked through an image decoder. Pictures come from strangers, so:

- every length, type and CRC is checked before it is used, and size and number of chunks are capped;
- a picture with more than one credential is refused: two readers would read two different credentials;
- the keyword in a chunk of another kind (tEXt, zTXt) or in compressed text is refused too, because some readers take it and some do not.

The chunk layout is that of PNG, third edition (W3C, 2025), sections 5.3 and 11.3.3.4.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from issuer.documents import MAX_BYTES
from issuer.errors import BakingError

KEYWORD = "openbadgecredential"
MAX_PNG_BYTES = 8 * 2**20
MAX_CHUNKS = 20_000

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXT_TYPES = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_ITXT_HEAD = KEYWORD.encode("ascii") + b"\0" + b"\0\0" + b"\0" + b"\0"
"""Keyword, end of keyword, no compression, method 0, no language, no translated keyword (section 11.3.3.4)."""
_SEND_THE_ORIGINAL = "Use the file as it was downloaded: messengers, photo apps and editors rewrite pictures. The .json file works as well."


@dataclass(frozen=True, slots=True)
class _Chunk:
    type: bytes
    data: bytes
    start: int
    end: int
    """The whole chunk, with length, type and CRC, is `png[start:end]`."""

    @property
    def is_credential(self) -> bool:
        return self.type in _TEXT_TYPES and self.data.partition(b"\0")[0] == KEYWORD.encode("ascii")


def bake(png: bytes, credential_text: str) -> bytes:
    """Return the picture with the credential inside, right after its header; a credential that was there before is gone.

    Args:
        png: the picture to bake into.
        credential_text: the signed credential, character by character as it is published.

    Raises:
        BakingError: the picture is no sound PNG, or the text is empty, too long, or has a character that the format forbids.
    """
    payload = _encoded(credential_text)
    chunks = list(_chunks(png))
    header = chunks[0]
    parts = [png[: header.end], _chunk_bytes(b"iTXt", _ITXT_HEAD + payload)]
    parts += [png[chunk.start : chunk.end] for chunk in chunks[1:] if not chunk.is_credential]
    baked = b"".join(parts)
    if len(baked) > MAX_PNG_BYTES:
        raise BakingError(
            f"the picture would be larger than {MAX_PNG_BYTES} bytes", remedy="Take a smaller picture for the badge: 600 x 600 is plenty."
        )
    return baked


def unbake(png: bytes) -> str:
    """Return the text of the credential in the picture, as it was baked.

    Raises:
        BakingError: the picture is no sound PNG, or there is not exactly one uncompressed credential in it.
    """
    found = [chunk for chunk in _chunks(png) if chunk.is_credential]
    if not found:
        raise BakingError("there is no credential in this picture", remedy=_SEND_THE_ORIGINAL)
    if len(found) > 1:
        raise BakingError(
            f"there are {len(found)} credentials in this picture, so it is not clear which one it shows",
            remedy="Ask the holder for the signed .json file instead.",
        )
    return _text_of(found[0])


def _encoded(credential_text: str) -> bytes:
    if not credential_text.strip():
        raise BakingError("the credential to bake is empty", remedy="Give the text of the signed credential.")
    if "\0" in credential_text:
        raise BakingError(
            "the credential has a NUL character", remedy="Write it as \\u0000 inside the JSON; the PNG format forbids the bare one."
        )
    try:
        payload = credential_text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BakingError(
            "the credential has a lone surrogate, which is no character", remedy="Correct the text and sign it anew."
        ) from error
    if len(payload) > MAX_BYTES:
        raise BakingError(
            f"the credential has {len(payload)} bytes, more than the {MAX_BYTES} that verifiers take",
            remedy="Link to evidence and pictures instead of embedding them.",
        )
    return payload


def _text_of(chunk: _Chunk) -> str:
    if chunk.type != b"iTXt":
        raise BakingError(f"the credential is in a {chunk.type.decode('ascii')} chunk, not in an iTXt chunk", remedy=_SEND_THE_ORIGINAL)
    _, _, rest = chunk.data.partition(b"\0")
    if rest[:2] != b"\0\0":
        raise BakingError("the credential in this picture is compressed, which Open Badges forbids", remedy=_SEND_THE_ORIGINAL)
    language, first_end, rest = rest[2:].partition(b"\0")
    _, second_end, payload = rest.partition(b"\0")
    if not first_end or not second_end or len(language) > 64 or b"\0" in payload:
        raise BakingError("the credential's chunk is malformed", remedy=_SEND_THE_ORIGINAL)
    if len(payload) > MAX_BYTES:
        raise BakingError(f"the credential in this picture is larger than {MAX_BYTES} bytes", remedy=_SEND_THE_ORIGINAL)
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BakingError("the credential in this picture is not UTF-8 text", remedy=_SEND_THE_ORIGINAL) from error
    if not text.strip():
        raise BakingError("the credential in this picture is empty", remedy=_SEND_THE_ORIGINAL)
    return text


def _chunks(png: bytes) -> Iterator[_Chunk]:
    """Yield the chunks of a picture from IHDR to IEND, each one checked; raise on anything else."""
    if len(png) > MAX_PNG_BYTES:
        raise BakingError(f"the picture is larger than {MAX_PNG_BYTES} bytes", remedy="Use a smaller picture, or the .json file.")
    if not png.startswith(_SIGNATURE):
        raise BakingError("this is not a PNG picture", remedy="Give a .png file; for other kinds of picture use the .json file.")
    place, count, has_pixels = len(_SIGNATURE), 0, False
    while True:
        chunk = _chunk_at(png, place)
        count += 1
        if (count == 1) != (chunk.type == b"IHDR") or (count == 1 and len(chunk.data) != 13):
            raise BakingError("the picture does not begin with its one header", remedy=_SEND_THE_ORIGINAL)
        if count > MAX_CHUNKS:
            raise BakingError(f"the picture has more than {MAX_CHUNKS} chunks", remedy=_SEND_THE_ORIGINAL)
        has_pixels = has_pixels or chunk.type == b"IDAT"
        yield chunk
        place = chunk.end
        if chunk.type == b"IEND":
            break
    if chunk.data or place != len(png) or not has_pixels:
        raise BakingError("the picture has no pixels, or something stands after its end", remedy=_SEND_THE_ORIGINAL)


def _chunk_at(png: bytes, start: int) -> _Chunk:
    head = png[start : start + 8]
    if len(head) < 8:
        raise BakingError("the picture breaks off", remedy=_SEND_THE_ORIGINAL)
    length, type_ = struct.unpack(">I4s", head)
    end = start + 12 + length
    if not type_.isalpha() or end > len(png):
        raise BakingError(f"the chunk at byte {start} of the picture is malformed or breaks off", remedy=_SEND_THE_ORIGINAL)
    data = png[start + 8 : end - 4]
    (crc,) = struct.unpack(">I", png[end - 4 : end])
    if crc != zlib.crc32(data, zlib.crc32(type_)):
        raise BakingError(f"the chunk at byte {start} of the picture is damaged (its checksum is wrong)", remedy=_SEND_THE_ORIGINAL)
    return _Chunk(type_, data, start, end)


def _chunk_bytes(type_: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + type_ + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(type_)))
