"""What a report's notebook is made of: headings, sentences, tables, bars; each escapes what it is given and returns HTML that everybody can read.

Bars are SVG without a fixed width: they are drawn in percent, so they fit a telephone and a sheet of paper, take their colours from the page, dark or light, and
say in words what they show. Each stands over a table with the same numbers.
"""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

_ROW_PX, _BAR_PX, _TEXT_PX = 46, 14, 18
_LINE_LETTERS = 40
"""What fits beside each other on a telephone: a bar's label and its value."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a chart: parts side by side."""

    label: str
    parts: tuple[tuple[float, str], ...]
    """Each part's share of the whole width, 0 to 1, and its look: a class of `report.css` such as `good`."""
    told: str
    """The value in words, at the end of the label's line."""


def heading(level: int, text: str) -> str:
    """Return a heading."""
    return f"<h{level}>{html.escape(text)}</h{level}>"


def paragraph(text: str, look: str = "") -> str:
    """Return a paragraph; `look` may be `note` or `warning`."""
    return f'<p class="{html.escape(look)}">{html.escape(text)}</p>' if look else f"<p>{html.escape(text)}</p>"


def sentences(texts: Iterable[str]) -> str:
    """Return a list of sentences."""
    return "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in texts) + "</ul>"


def facts(pairs: Iterable[tuple[object, str]]) -> str:
    """Return numbers with a word each."""
    items = "".join(f"<li><b>{html.escape(str(number))}</b> {html.escape(word)}</li>" for number, word in pairs)
    return f'<ul class="facts">{items}</ul>'


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: Collection[str] = ()) -> str:
    """Return a table with a caption and headings; `numbers` are the columns that stand to the right. None and NaN are empty."""
    kinds = [' class="number"' if name in numbers else "" for name in columns]
    head = "".join(f'<th scope="col"{kind}>{html.escape(name)}</th>' for name, kind in zip(columns, kinds, strict=True))
    body = "".join(f"<tr>{_cells(row, kinds)}</tr>" for row in rows)
    name = html.escape(caption)
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{name}"><table><caption>{name}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(row: Sequence[object], kinds: Sequence[str]) -> str:
    first, *rest = (html.escape(_shown(value)) for value in row)
    return f'<th scope="row">{first}</th>' + "".join(f"<td{kind}>{value}</td>" for value, kind in zip(rest, kinds[1:], strict=True))


def _shown(value: object) -> str:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def bars(description: str, rows: Sequence[Bar], *, mark: float | None = None) -> str:
    """Return a chart of bars.

    Args:
        description: what it shows, in words, for who does not see it.
        mark: where a line is drawn down all bars, 0 to 1, such as the pass mark.
    """
    drawn = "".join(_bar(number * _ROW_PX, row) for number, row in enumerate(rows))
    height = len(rows) * _ROW_PX
    line = "" if mark is None else f'<line class="mark" x1="{100 * mark:.2f}%" x2="{100 * mark:.2f}%" y1="0" y2="{height}"/>'
    name = html.escape(description)
    return f'<figure><svg role="img" aria-label="{name}" width="100%" height="{height}">{drawn}{line}</svg></figure>'


def _bar(top: int, row: Bar) -> str:
    left, parts = 0.0, []
    for share, look in row.parts:
        width = max(0.0, min(1.0 - left, share))
        parts.append(f'<rect class="{look}" x="{100 * left:.2f}%" y="{top + _TEXT_PX + 6}" width="{100 * width:.2f}%" height="{_BAR_PX}"/>')
        left += width
    ground = f'<rect class="ground" x="0" y="{top + _TEXT_PX + 6}" width="100%" height="{_BAR_PX}"/>'
    return (
        f'<text x="0" y="{top + _TEXT_PX}">{html.escape(shortened(row.label, _LINE_LETTERS - len(row.told)))}</text>'
        f'<text x="100%" y="{top + _TEXT_PX}" text-anchor="end">{html.escape(row.told)}</text>{ground}{"".join(parts)}'
    )


def shortened(text: str, longest: int) -> str:
    """Return a label that fits a telephone; the table below has it whole."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def percent(share: float | None) -> str:
    """Return a share in percent, cut and not rounded up; nothing for None and NaN."""
    return "" if share is None or math.isnan(share) else f"{int(share * 1000 + 1e-9) / 10:g} %"


def number(value: float | None, places: int = 2) -> str:
    """Return a number with so many decimals; nothing for None and NaN."""
    return "" if value is None or math.isnan(value) else f"{value:.{places}f}"
