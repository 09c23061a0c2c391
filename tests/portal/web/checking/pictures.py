"""Pictures of QR codes as people make them, and pictures that are meant to harm."""

from __future__ import annotations

import io
import struct
import zlib

import segno
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def qr_picture(text: str, *, scale: int = 6) -> Image.Image:
    """Return a picture of a QR code in grey, as certificates have it."""
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(out, kind="png", scale=scale, border=4)
    return Image.open(out).convert("L")


def as_bytes(image: Image.Image, form: str = "PNG", **how: int) -> bytes:
    """Return a picture as a file."""
    out = io.BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


def plain_png(width: int, height: int) -> bytes:
    """Return a PNG of so many black pixels in grey; it takes a thousandth of its size."""
    packer = zlib.compressobj(9)
    row = bytes(1 + width)
    packed = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    header = struct.pack("!IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def labyrinth_png() -> bytes:
    """Return a picture full of what QR codes have in their corners: 45 kB, which keep a reader busy for most of a minute."""
    corner = Image.new("L", (9, 9), 255)
    for size, shade in ((7, 0), (5, 255), (3, 0)):
        corner.paste(shade, ((9 - size) // 2, (9 - size) // 2, (9 + size) // 2, (9 + size) // 2))
    page = Image.new("L", (3_996, 3_996), 255)
    for x in range(0, page.width, 9):
        page.paste(corner, (x, 0))
    for y in range(9, page.height, 9):
        page.paste(page.crop((0, 0, page.width, 9)), (0, y))
    return as_bytes(page)


def lying_png(width: int, height: int) -> bytes:
    """Return a PNG that says it has so many pixels, and has none."""
    header = struct.pack("!IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
