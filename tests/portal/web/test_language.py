"""Which language a page has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.language import LANGUAGES, choose_language


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "language"),
    [
        ("fil", "en", "en", "fil"),
        ("", "fil", "en", "fil"),
        ("de", "", "", "en"),
        ("", "", "tl-PH,en;q=0.8", "fil"),
        ("", "", "en-US,fil;q=0.9", "en"),
        ("", "", "en;q=0.2, fil;q=0.9", "fil"),
        ("", "", "fil;q=0", "en"),
        ("", "", "de, fr", "en"),
    ],
)
def test_the_language_is_what_is_asked_for_then_what_was_kept_then_what_the_browser_likes(
    asked: str, kept: str, accepted: str, language: str
) -> None:
    assert choose_language(asked, kept, accepted) == language


@given(st.text(), st.text(), st.text())
def test_whatever_a_browser_sends_there_is_a_language(asked: str, kept: str, accepted: str) -> None:
    assert choose_language(asked, kept, accepted) in LANGUAGES
