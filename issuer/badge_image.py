"""Draws the badge of a course: the picture that wallets and profiles show, and that the credential is baked into.

Drawn from the course's own words and colours, so that no course has to bring a picture, and always legible: white on a dark colour of
the course, the title as large as fits. The same words give the same bytes (with the
same Pillow). The ring of rhombs is a pattern of the banig, the woven mat; its rhythm is the course's own.
"""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from issuer.badge_colours import WHITE, CourseColours, Rgb, colours_of
from issuer.errors import BakingError
from issuer.fonts import font_folder

SIZE_PX = 600
_SCALE = 3
"""Drawn three times as large and scaled down: smooth edges."""
_CENTRE = SIZE_PX / 2
_OUTER_RADIUS = 296.0
_RHOMBS = 48
_LINE_HEIGHT = 1.18
_FEWER_LINES_ARE_WORTH = 0.86
"""A line less is taken if the letters stay at least that large: no single words on a line."""
_BOLD, _REGULAR = "DejaVuSans-Bold.ttf", "DejaVuSans.ttf"


@dataclass(frozen=True, slots=True)
class BadgeFace:
    """What a badge says."""

    course_id: str
    title: str
    institution: str
    year: int
    kind: str = "Micro-credential"
    """The line over the title."""


def draw_badge(face: BadgeFace) -> bytes:
    """Return the badge as a PNG of 600 x 600 pixels, transparent round the medallion.

    Raises:
        BakingError: title or institution is empty.
    """
    if not face.title.strip() or not face.institution.strip():
        raise BakingError("a badge needs a title and an institution", where=face.course_id, remedy="Set both in course.toml.")
    colours = colours_of(face.course_id)
    image = Image.new("RGBA", (SIZE_PX * _SCALE, SIZE_PX * _SCALE), (*WHITE, 0))
    pen = _Pen(ImageDraw.Draw(image))
    _draw_medallion(pen, colours, face.course_id)
    _draw_words(pen, colours, face)
    small = image.resize((SIZE_PX, SIZE_PX), Image.Resampling.BOX)
    out = io.BytesIO()
    small.save(out, format="PNG", optimize=True)
    return out.getvalue()


class _Pen:
    """Draws in badge pixels on the enlarged picture."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self._draw = draw

    def disc(self, radius: float, fill: Rgb) -> None:
        self._draw.ellipse(self._box(radius), fill=fill)

    def polygon(self, points: list[tuple[float, float]], fill: Rgb) -> None:
        self._draw.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=fill)

    def line(self, x: float, y: float, length: float, colour: Rgb) -> None:
        self._draw.rectangle([(x - length / 2) * _SCALE, (y - 1) * _SCALE, (x + length / 2) * _SCALE, (y + 1) * _SCALE], fill=colour)

    def text(self, middle: float, words: str, size: float, fill: Rgb, *, bold: bool) -> None:
        self._draw.text((_CENTRE * _SCALE, middle * _SCALE), words, font=_font(round(size * _SCALE), bold=bold), fill=fill, anchor="mm")

    @staticmethod
    def _box(radius: float) -> list[float]:
        return [(_CENTRE - radius) * _SCALE, (_CENTRE - radius) * _SCALE, (_CENTRE + radius) * _SCALE, (_CENTRE + radius) * _SCALE]


def _draw_medallion(pen: _Pen, colours: CourseColours, course_id: str) -> None:
    pen.disc(_OUTER_RADIUS, colours.darker)
    pen.disc(_OUTER_RADIUS - 6, colours.light)
    pen.disc(_OUTER_RADIUS - 10, colours.darker)
    rhythm = hashlib.sha256(b"rhythm of " + course_id.encode("utf-8")).digest()[0] % 4 + 2
    for index in range(_RHOMBS):
        accent = index % rhythm == 0 if _RHOMBS % rhythm == 0 else index % 4 == 0
        pen.polygon(_rhomb(index, 16 if accent else 11), colours.light if accent else colours.middle)
    pen.disc(_OUTER_RADIUS - 48, colours.light)
    pen.disc(_OUTER_RADIUS - 51, colours.dark)
    _draw_weave(pen, colours)


def _draw_weave(pen: _Pen, colours: CourseColours) -> None:
    """Draw the quiet pattern under the words: darker than the ground, so that it never costs contrast."""
    reach, step = _OUTER_RADIUS - 62, 26
    for row in range(-12, 13):
        for column in range(-12, 13):
            x, y = (column + row % 2 / 2) * step, row * step * 0.72
            size = 2 + 7 * math.hypot(x, y) / reach
            if math.hypot(x, y) + 1.4 * size < reach:
                corners = [(x, y - 1.4 * size), (x + size, y), (x, y + 1.4 * size), (x - size, y)]
                pen.polygon([(_CENTRE + across, _CENTRE + down) for across, down in corners], colours.shade)


def _rhomb(index: int, half: float) -> list[tuple[float, float]]:
    """Return the corners of one rhomb of the ring, its long axis towards the centre."""
    angle, radius = 2 * math.pi * index / _RHOMBS - math.pi / 2, _OUTER_RADIUS - 29
    out, along = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    x, y = _CENTRE + radius * out[0], _CENTRE + radius * out[1]
    wide = half * 0.8
    return [
        (x + half * out[0], y + half * out[1]),
        (x + wide * along[0], y + wide * along[1]),
        (x - half * out[0], y - half * out[1]),
        (x - wide * along[0], y - wide * along[1]),
    ]


def _draw_words(pen: _Pen, colours: CourseColours, face: BadgeFace) -> None:
    institution = _fitted(face.institution, _Space(width=290, height=56, lines=3, largest=24, smallest=14))
    _draw_block(pen, institution, middle=133, fill=colours.light)
    pen.text(188, face.kind, 17, WHITE, bold=False)
    pen.line(_CENTRE, 209, 56, colours.light)
    title = _fitted(face.title, _Space(width=410, height=196, lines=5, largest=54, smallest=20))
    _draw_block(pen, title, middle=319, fill=WHITE)
    pen.line(_CENTRE, 431, 56, colours.light)
    pen.text(466, str(face.year), 36, colours.light, bold=True)


@dataclass(frozen=True, slots=True)
class _Space:
    """Room for a block of words, in badge pixels."""

    width: float
    height: float
    lines: int
    largest: int
    smallest: int


@dataclass(frozen=True, slots=True)
class _Block:
    lines: tuple[str, ...]
    size: int


def _draw_block(pen: _Pen, block: _Block, *, middle: float, fill: Rgb) -> None:
    step = block.size * _LINE_HEIGHT
    first = middle - step * (len(block.lines) - 1) / 2
    for index, line in enumerate(block.lines):
        pen.text(first + index * step, line, block.size, fill, bold=True)


def _fitted(words: str, space: _Space) -> _Block:
    """Return the words in the largest size that fits; what does not fit in the smallest ends in an ellipsis."""
    best: _Block | None = None
    for size in range(space.largest, space.smallest - 1, -1):
        lines = _wrapped(words.split(), size, space.width)
        if lines is None or len(lines) > space.lines or len(lines) * size * _LINE_HEIGHT > space.height:
            continue
        if best is None or (len(lines) < len(best.lines) and size >= _FEWER_LINES_ARE_WORTH * best.size):
            best = _Block(_balanced(words.split(), size, space.width, lines), size)
    return best or _Block(_cut(words, space), space.smallest)


def _wrapped(words: list[str], size: int, width: float) -> list[str] | None:
    """Return the words in as few lines as they need, None if one of them is too wide for a line."""
    lines: list[str] = []
    for word in words:
        if _width(word, size) > width:
            return None
        if lines and _width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


def _balanced(words: list[str], size: int, width: float, lines: list[str]) -> tuple[str, ...]:
    """Return as many lines as `lines` but of lengths as even as they get."""
    while width > size:
        width -= 8
        narrower = _wrapped(words, size, width)
        if narrower is None or len(narrower) > len(lines):
            break
        lines = narrower
    return tuple(lines)


def _cut(words: str, space: _Space) -> tuple[str, ...]:
    size, rest, lines = space.smallest, " ".join(words.split()), []
    for _ in range(min(space.lines, int(space.height // (size * _LINE_HEIGHT)))):
        fits = next(end for end in range(len(rest), -1, -1) if _width(rest[:end], size) <= space.width)
        cut = fits if fits == len(rest) else max(rest.rfind(" ", 0, fits + 1), 0) or fits
        lines.append(rest[:cut].strip())
        rest = rest[cut:].strip()
        if not rest:
            return tuple(lines)
    lines[-1] = lines[-1][:-2].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return tuple(lines)


def _width(words: str, size: int) -> float:
    return _font(size * _SCALE, bold=True).getlength(words) / _SCALE


@cache
def _font(size: int, *, bold: bool) -> ImageFont.FreeTypeFont:
    """Return the face that matplotlib brings along, so that a badge looks the same on every machine."""
    name = _BOLD if bold else _REGULAR
    return ImageFont.truetype(font_folder() / name, size, layout_engine=ImageFont.Layout.BASIC)
