"""Colours of a course: always the same for a course, different between courses, and always legible.

The hue comes from the course's name by SHA-256. Lightness is set in OKLCH (Ottosson 2020, https://bottosson.github.io/posts/oklab/), where
equal numbers look equally light whatever the hue, and then lowered until the contrast with white by WCAG 2.2 reaches what we promise.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

Rgb = tuple[int, int, int]

WHITE: Rgb = (255, 255, 255)
CONTRAST_WITH_WHITE = 7.0
"""WCAG 2.2, success criterion 1.4.6 (AAA), of the dark colours under white text."""
_HUES = 24
"""So many steps round the circle: neighbours are still told apart."""


@dataclass(frozen=True, slots=True)
class CourseColours:
    """A course's colours, from dark to light, each as red, green and blue from 0 to 255."""

    dark: Rgb
    """Carries white text."""
    darker: Rgb
    """Shade of `dark`, carries white text too."""
    shade: Rgb
    """A little darker than `dark`: a pattern under white text."""
    middle: Rgb
    """Decoration on `dark`; never carries text."""
    light: Rgb
    """Small text on `dark`, and decoration."""


def colours_of(course_id: str) -> CourseColours:
    """Return the colours of a course, the same ones for every version."""
    digest = hashlib.sha256(course_id.encode("utf-8")).digest()
    hue = 2 * math.pi * (int.from_bytes(digest[:4], "big") % _HUES) / _HUES
    dark, darker = _legible(0.42, 0.115, hue), _legible(0.30, 0.085, hue)
    return CourseColours(
        dark=dark,
        darker=darker,
        shade=_mixed(dark, darker, 0.4),
        middle=_rgb(0.56, 0.115, hue),
        light=_rgb(0.91, 0.06, hue + math.pi / 9),
    )


def contrast(one: Rgb, other: Rgb) -> float:
    """Return the contrast ratio of two colours by WCAG 2.2, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def hexadecimal(colour: Rgb) -> str:
    """Return the colour as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _legible(lightness: float, chroma: float, hue: float) -> Rgb:
    """Return the colour, darkened until white text on it has the contrast that we promise."""
    while contrast(colour := _rgb(lightness, chroma, hue), WHITE) < CONTRAST_WITH_WHITE:
        lightness -= 0.01
    return colour


def _mixed(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round((1 - share) * a + share * b) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _luminance(colour: Rgb) -> float:
    channels = [each / 255 for each in colour]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(lightness: float, chroma: float, hue: float) -> Rgb:
    """Return an OKLCH colour in sRGB, with less chroma where the screen cannot show it."""
    while True:
        linear = _linear_srgb(lightness, chroma * math.cos(hue), chroma * math.sin(hue))
        if chroma <= 0 or all(-1e-4 <= each <= 1.0001 for each in linear):
            break
        chroma -= 0.005
    red, green, blue = (round(255 * _gamma(min(max(each, 0.0), 1.0))) for each in linear)
    return red, green, blue


def _gamma(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _linear_srgb(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    """Oklab to linear sRGB; the matrices are those of the source above."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
