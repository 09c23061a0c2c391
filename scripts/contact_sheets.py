"""Puts many pictures of pages beside each other, cut into columns, so that a person can go through them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageDraw

HIGH, LABEL, GAP = 1600, 14, 8
"""Pixels: a sheet, the line with a picture's name, the space between columns."""


def pieces_of(pictures: Iterable[tuple[str, Path]], scale: float) -> Iterable[tuple[Image.Image, bool]]:
    """Yield the pictures as pieces that fit into a column; True: the piece is a name, which stands above the piece after it."""
    for name, path in pictures:
        whole = Image.open(path).convert("RGB")
        small = whole.resize((round(whole.width * scale), max(1, round(whole.height * scale))), Image.Resampling.LANCZOS)
        label = Image.new("RGB", (small.width, LABEL), "yellow")
        ImageDraw.Draw(label).text((2, 1), name, fill="black")
        yield label, True
        for top in range(0, small.height, HIGH - LABEL):
            yield small.crop((0, top, small.width, min(top + HIGH - LABEL, small.height))), False


def write_sheets(pictures: Iterable[tuple[str, Path]], out: str, *, scale: float, columns: int) -> None:
    """Write `OUT-000.png` and so on.

    Args:
        pictures: names and files, of one width.
        out: the path of the sheets without their number.
    """
    pieces, filled = list(pieces_of(pictures, scale)), list[list[Image.Image]]([[]])
    for place, (piece, is_name) in enumerate(pieces):
        below = pieces[place + 1][0].height if is_name else 0
        if sum(each.height for each in filled[-1]) + piece.height + below > HIGH:
            filled.append([])
        filled[-1].append(piece)
    wide = max((piece.width for piece, _ in pieces), default=0) + GAP
    for first in range(0, len(filled), columns):
        sheet = Image.new("RGB", (wide * columns, HIGH), "gray")
        for column, held in enumerate(filled[first : first + columns]):
            top = 0
            for piece in held:
                sheet.paste(piece, (column * wide, top))
                top += piece.height
        sheet.save(f"{out}-{first // columns:03}.png")
