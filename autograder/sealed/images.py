"""Pillow's images by value: mode, size, pixels, palette and format. Registered by `values` once Pillow is loaded.

No file format is ever decoded here: pixels cross as they lie in memory, and their number has to fit mode and size.
"""

from __future__ import annotations

from typing import Any

from PIL import Image

from autograder.sealed.codec import DECODERS, ENCODERS, FAMILIES, Decoder, Encode, Encoder, expect
from autograder.sealed.wire import Tree, WireError

_BITS = {
    "1": 1,
    "L": 8,
    "P": 8,
    "LA": 16,
    "I;16": 16,
    "RGB": 24,
    "YCbCr": 24,
    "LAB": 24,
    "HSV": 24,
    "RGBA": 32,
    "CMYK": 32,
    "I": 32,
    "F": 32,
}
"""How much a pixel takes, by mode."""
_WIDEST, _MOST_BYTES = 1 << 16, 1 << 28


def _encode(encoder: Encoder, image: Any) -> Tree:
    if image.mode not in _BITS or not _fits(image.mode, *image.size):
        return encoder.peer.refer(encoder, image)
    palette = image.getpalette("RGB") if image.mode == "P" else None
    tree = ["image", image.mode, list(image.size), image.tobytes(), None if palette is None else bytes(palette), image.format]
    encoder.number(image)
    return tree


def _fits(mode: str, width: int, height: int) -> bool:
    return 0 <= width <= _WIDEST and 0 <= height <= _WIDEST and _length(mode, width, height) <= _MOST_BYTES


def _length(mode: str, width: int, height: int) -> int:
    return (width * _BITS[mode] + 7) // 8 * height


def _decode(decoder: Decoder, node: list[Tree]) -> Any:
    mode, pixels = expect(node[1], str), expect(node[3], bytes)
    width, height = (expect(each, int) for each in expect(node[2], list))
    if mode not in _BITS or not _fits(mode, width, height) or len(pixels) != _length(mode, width, height):
        raise WireError("an image is malformed")
    image: Any = Image.frombytes(mode, (width, height), pixels) if pixels else Image.new(mode, (width, height))
    if node[4] is not None:
        palette = expect(node[4], bytes)
        if mode != "P" or len(palette) > 768 or len(palette) % 3:
            raise WireError("an image is malformed")
        image.putpalette(palette)
    if node[5] is not None:
        image.format = expect(node[5], str)
    return decoder.number(image)


def _family(thing: Any) -> Encode | None:
    """Images that were read from a file are of classes of Pillow's own, one for each format."""
    kind = type(thing)
    return _encode if issubclass(kind, Image.Image) and kind.__module__.startswith("PIL.") else None


def register() -> None:
    """Add the encoder and the decoder."""
    ENCODERS[Image.Image] = _encode
    FAMILIES.insert(0, _family)
    DECODERS["image"] = _decode
