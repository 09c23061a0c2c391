"""Text of others is shown as it is: nothing coloured, reversed or hidden."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from courses.visible_text import is_unseen, visible


@given(st.text())
def test_nothing_unseen_is_left_but_line_ends_and_tabs(text: str) -> None:
    assert not any(is_unseen(each) for each in visible(text) if each not in "\n\t")


@given(st.text(alphabet=st.characters(whitelist_categories=["L", "N", "P", "Zs", "M", "S"])))
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_escapes_and_reversed_reading_are_written_out() -> None:
    assert visible("a\x1b[31mb\u202ec\u200bd\ne") == "a\\x1b[31mb\\u202ec\\u200bd\ne"
