"""Pieces of the gate's page: text that is safe to show, and tables. Pure.

Everything that comes from a course or a run is text here: escaped, and characters that hide or turn the direction of reading shown as their numbers.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from courses.visible_text import visible


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML that was made here."""

    html: str


Content = str | Markup


def text(value: object) -> str:
    """Return a value as text of a page."""
    return html.escape("\n".join(visible(line) for line in str(value).split("\n")))


def content(value: Content) -> str:
    """Return what stands in a cell or a paragraph."""
    return value.html if isinstance(value, Markup) else text(value)


def table(
    caption: str, columns: Sequence[Content], rows: Sequence[Sequence[Content]], *, numbers: Sequence[int] = (), anchor: str = ""
) -> str:
    """Return a table whose first column names its rows; it is scrolled by itself where the page is narrow.

    Args:
        numbers: the columns, from 0, that are set to the right.
    """
    head = "".join(f'<th scope="col"{_class(place, numbers)}>{content(each)}</th>' for place, each in enumerate(columns))
    body = "\n".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{content(each)}</th>' if place == 0 else f"<td{_class(place, numbers)}>{content(each)}</td>"
            for place, each in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    named = f' id="{anchor}"' if anchor else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(caption)}"{named}>\n<table>\n<caption>{text(caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def _class(place: int, numbers: Sequence[int]) -> str:
    return ' class="number"' if place in numbers else ""


def marked(value: str, kind: str) -> Markup:
    """Return a value that is to be looked at; its words say so, the colour only underlines them."""
    return Markup(f'<span class="{kind}">{text(value)}</span>')


def diff(lines: str) -> str:
    """Return a unified diff; removed and added lines begin with - and +."""
    shown = [_line(line) for line in lines.split("\n") if not line.startswith(("---", "+++", "@@"))]
    return f'<pre tabindex="0">{chr(10).join(shown)}</pre>'


def _line(line: str) -> str:
    kind = {"+": "added", "-": "taken"}.get(line[:1])
    return f'<span class="{kind}">{text(line)}</span>' if kind else text(line)
