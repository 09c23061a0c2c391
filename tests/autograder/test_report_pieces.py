from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.report_pieces import Bar, bars, heading, number, paragraph, percent, sentences, table

_TEXTS = st.text(max_size=40)


@given(_TEXTS)
def test_no_text_becomes_markup(text: str) -> None:
    pieces = (
        heading(2, text)
        + paragraph(text)
        + sentences([text])
        + table(text, [text], [[text]])
        + bars(text, [Bar(text, ((0.5, "good"),), text)])
    )
    known = {"h2", "p", "ul", "li", "div", "table", "caption", "thead", "tbody", "tr", "th", "figure", "svg", "text", "rect"}
    assert set(re.findall(r"<([a-z0-9]+)", pieces)) <= known


@given(st.lists(st.floats(-1, 3), min_size=1, max_size=5))
def test_bars_never_leave_the_chart(shares: list[float]) -> None:
    drawn = bars("x", [Bar("a", tuple((share, "good") for share in shares), "")])
    ends = [float(left) + float(width) for left, width in re.findall(r'class="good" x="([\d.]+)%" y="\d+" width="([\d.]+)%"', drawn)]
    assert len(ends) == len(shares)
    assert max(ends) <= 100.02


@pytest.mark.parametrize(("share", "told"), [(0.6996, "69.9 %"), (0.7, "70 %"), (1.0, "100 %"), (math.nan, ""), (None, "")])
def test_a_share_is_cut_and_not_rounded_up_to_a_mark(share: float | None, told: str) -> None:
    assert percent(share) == told


def test_what_is_not_known_is_empty() -> None:
    assert number(math.nan) == number(None) == ""
    assert "<td></td>" in table("c", ["a", "b"], [["x", math.nan]])
