"""Charts made on the server: columns and bars with their places worked out, for a template to draw as SVG. Every chart has a table beside it that says the same. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 320, 150
_TOP, _FOOT = 18, 22


@dataclass(frozen=True, slots=True)
class Bar:
    """One column."""

    x: float
    y: float
    width: float
    height: float
    middle: float
    label: str
    """Below it."""
    told: str
    """Above it; empty for nothing."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in a frame of `WIDTH` by `HEIGHT`."""

    bars: tuple[Bar, ...]
    base: float
    width: int = WIDTH
    height: int = HEIGHT


def columns(labels: Sequence[str], counts: Sequence[int]) -> Chart:
    """Return columns as high as the counts, from left to right; labels are thinned out where they would stand on each other."""
    most, base = max([1, *counts]), HEIGHT - _FOOT
    step = WIDTH / max(1, len(counts))
    every = max(1, -(-sum(max(3, len(label) + 1) * 6 for label in labels) // WIDTH))
    bars = []
    for place, (label, count) in enumerate(zip(labels, counts, strict=True)):
        height = round((base - _TOP) * count / most, 1)
        bars.append(
            Bar(
                x=round(place * step + step * 0.1, 1),
                y=round(base - height, 1),
                width=round(step * 0.8, 1),
                height=height,
                middle=round(place * step + step / 2, 1),
                label=label if place % every == 0 else "",
                told=str(count) if count else "",
            )
        )
    return Chart(tuple(bars), base)
