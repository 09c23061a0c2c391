"""The badge of a course: legible, the same every time, and what it says fits."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from issuer.badge_colours import CONTRAST_WITH_WHITE, WHITE, colours_of, contrast
from issuer.badge_image import SIZE_PX, BadgeFace, draw_badge
from issuer.baking import bake, unbake
from issuer.errors import BakingError

pytestmark = pytest.mark.slow

FACE = BadgeFace("data-wrangling", "Pagbabago ng Datos sa Los Baños", "Bayanihan Open University", 2026)


@given(st.text(min_size=1))
def test_text_on_every_course_colour_has_the_contrast_that_we_promise(course_id: str) -> None:
    colours = colours_of(course_id)
    for ground in (colours.dark, colours.darker, colours.shade):
        assert contrast(ground, WHITE) >= CONTRAST_WITH_WHITE
        assert contrast(ground, colours.light) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), WHITE) == pytest.approx(21)
    assert contrast((0x76, 0x76, 0x76), WHITE) == pytest.approx(4.54, abs=0.005)
    assert contrast(WHITE, WHITE) == 1


def test_courses_have_different_colours() -> None:
    assert len({colours_of(f"course-{number}").dark for number in range(200)}) >= 20


def test_the_same_words_give_the_same_bytes() -> None:
    assert draw_badge(FACE) == draw_badge(FACE)


def test_a_badge_is_a_square_png_that_is_transparent_at_its_corners() -> None:
    with Image.open(io.BytesIO(draw_badge(FACE))) as badge:
        assert (badge.format, badge.size, badge.mode) == ("PNG", (SIZE_PX, SIZE_PX), "RGBA")
        assert badge.getchannel("A").getpixel((0, 0)) == 0
        assert badge.getpixel((SIZE_PX // 2, SIZE_PX - 60)) == (*colours_of(FACE.course_id).dark, 255)


def test_another_word_gives_another_picture() -> None:
    pictures = {
        draw_badge(face)
        for face in (
            FACE,
            BadgeFace("data-wrangling", "Pagbabago ng Datos sa Los Banos", "Bayanihan Open University", 2026),
            BadgeFace("data-wrangling", FACE.title, "Bayanihan University", 2026),
            BadgeFace("data-wrangling", FACE.title, FACE.institution, 2027),
            BadgeFace("data-cleaning", FACE.title, FACE.institution, 2026),
        )
    }
    assert len(pictures) == 5


@settings(max_examples=15, deadline=None)
@given(
    st.one_of(st.text(min_size=1, max_size=300), st.just("W" * 200), st.just("Interdisciplinary " * 20)).filter(
        lambda text: bool(text.strip())
    )
)
def test_words_of_any_length_stay_inside_the_medallion(words: str) -> None:
    with Image.open(io.BytesIO(draw_badge(BadgeFace("stats", words, words, 2026)))) as badge:
        light_or_white = [
            (x, y)
            for x in range(SIZE_PX)
            for y in (120, 318)
            if abs(x - SIZE_PX / 2) > (152 if y == 120 else 232) and abs(x - SIZE_PX / 2) < (154 if y == 120 else 240)
            if min(badge.getpixel((x, y))[:3]) > 200  # type: ignore[index] # an RGBA picture has tuples for pixels
        ]
    assert light_or_white == []


def test_a_badge_can_be_baked() -> None:
    assert unbake(bake(draw_badge(FACE), "{}")) == "{}"


@pytest.mark.parametrize("face", [BadgeFace("x", " ", "University", 2026), BadgeFace("x", "Title", "", 2026)])
def test_a_badge_without_title_or_institution_is_refused(face: BadgeFace) -> None:
    with pytest.raises(BakingError, match="needs a title and an institution"):
        draw_badge(face)
