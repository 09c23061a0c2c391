"""A notebook that somebody else wrote, as plain pieces that a page can show: nothing in it is run, no markup of its own comes through. Pure.

Markdown is rendered with its HTML switched off and without pictures; code is text; of outputs only text and small PNG or JPEG pictures are shown, as what they are by
their first bytes. Invisible characters and terminal colours become visible or go.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from markdown_it import MarkdownIt
from markupsafe import Markup

from courses.visible_text import visible

MOST_CELLS = 500
_LONGEST_TEXT = 20_000
_LARGEST_PICTURE = 400_000
_ALL_PICTURES = 4_000_000
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PICTURES: Mapping[str, bytes] = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_HEADING = re.compile(r"<(/?)h([1-6])>")


@dataclass(frozen=True, slots=True)
class ShownOutput:
    """One output of a cell."""

    kind: Literal["text", "error", "picture", "hidden"]
    text: str
    """What stands there; of a picture its address (`data:`), of what is not shown the media type."""


@dataclass(frozen=True, slots=True)
class ShownCell:
    """One cell."""

    kind: Literal["markdown", "code", "raw"]
    name: str
    """nbgrader's id; empty for others."""
    text: str
    """Its source."""
    markup: Markup
    """Of a Markdown cell; empty for others."""
    outputs: tuple[ShownOutput, ...]


@dataclass(frozen=True, slots=True)
class NotebookView:
    """A notebook to be read."""

    cells: tuple[ShownCell, ...]
    left_out: int
    """Cells that are not shown because there are too many."""
    is_readable: bool
    """Whether it was a notebook at all."""


def read_view(content: bytes) -> NotebookView:
    """Return what is shown of a notebook's file, whatever it holds."""
    try:
        document = json.loads(content.decode("utf-8"))
        cells = [each for each in document["cells"] if isinstance(each, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return NotebookView((), 0, is_readable=False)
    budget = [_ALL_PICTURES]
    return NotebookView(tuple(_cell(each, budget) for each in cells[:MOST_CELLS]), max(0, len(cells) - MOST_CELLS), is_readable=True)


def render_markdown(text: str) -> Markup:
    """Return Markdown as HTML that is safe whoever wrote it: its own HTML stands there as text, pictures are left out, headings begin at the third level."""
    html = _renderer().render(visible(text[:_LONGEST_TEXT]))
    # The renderer escapes everything that came from the text, so what the pattern finds is its own.
    return Markup(_HEADING.sub(lambda found: f"<{found[1]}h{min(6, int(found[2]) + 2)}>", html))  # noqa: S704


@cache
def _renderer() -> MarkdownIt:
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_block", "html_inline"])
    renderer.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0" role="region" aria-label="table"><table>')
    renderer.add_render_rule("table_close", lambda *_: "</table></div>")
    return renderer


def _cell(cell: Mapping[str, Any], budget: list[int]) -> ShownCell:
    kind = cell.get("cell_type")
    text = _text(cell.get("source"))
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id", "") if isinstance(nbgrader, dict) else ""
    told = cell.get("outputs")
    outputs = (
        tuple(_output(each, budget) for each in told[:100] if isinstance(each, dict)) if isinstance(told, list) and kind == "code" else ()
    )
    shown: Literal["markdown", "code", "raw"] = "markdown" if kind == "markdown" else "code" if kind == "code" else "raw"
    return ShownCell(shown, str(name)[:200], text, render_markdown(text) if shown == "markdown" else Markup(), outputs)


def _output(output: Mapping[str, Any], budget: list[int]) -> ShownOutput:
    if output.get("output_type") == "stream":
        return ShownOutput("text", _text(output.get("text")))
    if output.get("output_type") == "error":
        return ShownOutput("error", f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}")
    data = output.get("data")
    if not isinstance(data, dict):
        return ShownOutput("hidden", "?")
    for media_type in _PICTURES:
        address = _picture(media_type, data.get(media_type), budget)
        if address:
            return ShownOutput("picture", address)
    if "text/plain" in data:
        return ShownOutput("text", _text(data["text/plain"]))
    return ShownOutput("hidden", ", ".join(visible(str(each))[:60] for each in list(data)[:3]))


def _picture(media_type: str, told: object, budget: list[int]) -> str:
    """Return a picture's address, empty if it is none of its type or too large."""
    encoded = "".join(told) if isinstance(told, list) and all(isinstance(each, str) for each in told) else told
    if not isinstance(encoded, str) or len(encoded) > min(_LARGEST_PICTURE * 4 // 3, budget[0]):
        return ""
    try:
        picture = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    if not picture.startswith(_PICTURES[media_type]):
        return ""
    budget[0] -= len(encoded)
    return f"data:{media_type};base64,{base64.b64encode(picture).decode('ascii')}"


def _text(told: object) -> str:
    if isinstance(told, list):
        told = "".join(each for each in told if isinstance(each, str))
    text = _COLOURS.sub("", told) if isinstance(told, str) else ""
    shown = visible(text[:_LONGEST_TEXT].replace("\r\n", "\n"))
    return shown + (f"\n[… {len(text) - _LONGEST_TEXT:,} more characters]" if len(text) > _LONGEST_TEXT else "")
