"""What is shown of somebody else's notebook is text and pictures, whatever it holds."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.notebook_view import MOST_CELLS, NotebookView, read_view, render_markdown

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 20).decode()
_TAG = re.compile(r"</?([a-zA-Z0-9]+)([^>]*)>")
_HARMLESS = {
    "p",
    "em",
    "strong",
    "code",
    "pre",
    "a",
    "ul",
    "ol",
    "li",
    "blockquote",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "br",
    "div",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


def view_of(*cells: Any) -> NotebookView:
    return read_view(json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode())


def output(**data: Any) -> Any:
    return {"cell_type": "code", "source": "", "outputs": [{"output_type": "display_data", "data": data}]}


@given(st.text(alphabet="<>/\"'=[]()!`*#&; \n:abcdefghijklmnopqrstuvwxyz") | st.text())
def test_no_markdown_becomes_an_element_or_an_attribute_of_its_authors(text: str) -> None:
    for name, rest in _TAG.findall(str(render_markdown(text))):
        assert name in _HARMLESS
        assert not re.search(r"\son\w+\s*=|style\s*=\s*\"(?!text-align)", re.sub(r'(href|title|class|src)="[^"]*"', "", rest))
        assert not re.match(r'\s*href="\s*(javascript|vbscript|data):', rest, re.IGNORECASE)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b'{"cells": 3}', b"null", b"[" * 100_000], ids=repr)
def test_what_is_no_notebook_is_told(content: bytes) -> None:
    assert not read_view(content).is_readable


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_nothing_in_a_notebook_makes_reading_it_fail(anything: Any) -> None:
    cells = [
        anything,
        {"cell_type": "code", "source": anything, "outputs": [anything, {"output_type": "stream", "text": anything}], "metadata": anything},
    ]
    view = view_of(*cells, output(**{"image/png": anything}))
    assert view.is_readable


def test_pictures_are_what_their_first_bytes_say_or_are_not_shown() -> None:
    view = view_of(
        output(**{"image/png": PNG}),
        output(**{"image/png": "PHN2Zz4="}),
        output(**{"image/svg+xml": "<svg/>"}),
        output(**{"text/html": "<b>"}),
    )
    assert [cell.outputs[0].kind for cell in view.cells] == ["picture", "hidden", "hidden", "hidden"]
    assert view.cells[0].outputs[0].text == f"data:image/png;base64,{PNG}"


def test_pictures_together_stay_within_what_a_telephone_loads() -> None:
    large = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 390_000).decode()
    view = view_of(*[output(**{"image/png": large})] * 12)
    assert sum(len(each.text) for cell in view.cells for each in cell.outputs if each.kind == "picture") < 4_100_000


def test_cells_beyond_many_are_counted_and_not_shown() -> None:
    view = view_of(*[{"cell_type": "raw", "source": "x"}] * (MOST_CELLS + 3))
    assert (len(view.cells), view.left_out) == (MOST_CELLS, 3)


def test_a_table_is_scrolled_sideways_and_does_not_widen_the_page() -> None:
    shown = render_markdown("|a|b|\n|-|-|\n|1|2|\n")
    assert shown.startswith('<div class="wide" tabindex="0"')
    assert shown.rstrip().endswith("</table></div>")
