"""Sentences matched back to their templates: what stands in the places may be anything, and neither breaks nor misleads nor takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from portal.web.language import core_templates
from portal.web.sentence_templates import SentenceTemplates

_PLACE = re.compile(r"\{(\w+)\}")
TEXTS = core_templates("fil")
FILIPINO = SentenceTemplates(TEXTS)
SMALL = SentenceTemplates(
    {
        "the notebooks import {name}, which is not installed here": "ini-import ng mga notebook ang {name}, na wala rito",
        "the course is retired": "itinigil na ang kurso",
        "graded cell {name} gives evidence of no outcome": "walang pinatutunayan ang cell na {name}",
        "course {course} is {state}": "{state} na ang kursong {course}",
        "retired": "itinigil",
        "“{title}” is not decided": "hindi pa napagpapasyahan ang “{title}”",
        "Not handed in: {titles}.": "Hindi naipasa: {titles}.",
        "earns {score} of {points}{more}": "{score} sa {points}{more}",
        "; and {more} more": "; at {more} pa",
        "{message} (found {shown})": "{message} (ang nakasulat: {shown})",
        "must be a number": "dapat ay bilang",
    }
)
CLOSED = [text for text in TEXTS if not text.startswith("{") and "}{" not in text and "{fate}" not in text and _PLACE.search(text)]
ANYTHING = st.text(min_size=1) | st.sampled_from(
    ["{name}", "{0}", "{", "}}", "%s", "%(name)s", "\n", "a\n\n  - b", "x" * 3000, "<b>", "'; DROP", "\\1", "{cell", "\u202e"]
)


def filled(template: str, values: dict[str, str]) -> str:
    """Return the template with a value in each place."""
    return _PLACE.sub(lambda place: values[place[1]], template)


def test_every_translation_has_the_places_of_its_template_and_no_others() -> None:
    wrong = {
        text: told
        for text, told in TEXTS.items()
        if {each for each in _PLACE.findall(text) if "plural" not in each} - set(_PLACE.findall(told))
        or set(_PLACE.findall(told)) - set(_PLACE.findall(text))
    }
    assert wrong == {}


@given(st.sampled_from(CLOSED), st.lists(ANYTHING, min_size=8, max_size=8))
@example("the notebooks import {name}, which is not installed here", ["{name}"] * 8)
@example("outcome {outcome} is not assessed", ["{outcome} {{}}"] * 8)
def test_whatever_stands_in_a_place_stands_there_in_the_translation(template: str, values: list[str]) -> None:
    places = list(dict.fromkeys(_PLACE.findall(template)))
    inside = {place: f"§{value}§" for place, value in zip(places, values, strict=False)}
    assume(len(places) <= len(values))
    sentence = filled(template, inside)
    told = FILIPINO.told(sentence)
    if len(sentence) > 4000:
        assert told is None
    else:
        assert told == filled(TEXTS[template], inside)


@given(st.lists(st.sampled_from([*TEXTS, "; ", ": ", ". ", "\n", " (", "§", "a", ", "]), max_size=12), st.sampled_from(list(TEXTS)))
def test_sentences_made_of_pieces_of_others_break_nothing(pieces: list[str], template: str) -> None:
    hostile = "".join(pieces) or "a"
    told = FILIPINO.told(_PLACE.sub(lambda _place: hostile, template)[:4100])
    assert told is None or told.strip() or not hostile.strip()


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("graded cell retired gives evidence of no outcome", "walang pinatutunayan ang cell na retired"),  # somebody's name for a cell
        ("course retired is retired", "itinigil na ang kursong retired"),  # a name, and a word of ours
        ("“the course is retired” is not decided", "hindi pa napagpapasyahan ang “the course is retired”"),
        (
            "the notebooks import x, which is not installed here, which is not installed here",
            "ini-import ng mga notebook ang x, which is not installed here, na wala rito",
        ),
        ("earns 2 of 5; and 3 more", "2 sa 5; at 3 pa"),
        ("earns 2 of 5", "2 sa 5"),
        ("earns 2 of 5; and that is all", "2 sa 5; and that is all"),
        ("must be a number (found 'a')", "dapat ay bilang (ang nakasulat: 'a')"),
        ("he was lost (found dead)", None),  # few words of its own, and what it begins with is none of ours
        ("the course is retired.", "itinigil na ang kurso."),
        ("The course is retired", "Itinigil na ang kurso"),
    ],
)
def test_names_stay_names_and_what_only_looks_like_a_sentence_is_none(sentence: str, told: str | None) -> None:
    assert SMALL.told(sentence) == told


def test_titles_that_are_known_are_told_in_the_other_language_one_by_one() -> None:
    names = {"The basics": "Ang saligan", "Loops": "Mga loop"}
    assert SMALL.told("“Loops” is not decided", names) == "hindi pa napagpapasyahan ang “Mga loop”"
    assert SMALL.told("Not handed in: The basics, Loops.", names) == "Hindi naipasa: Ang saligan, Mga loop."
    assert SMALL.told("Not handed in: The basics, Other.", names) == "Hindi naipasa: The basics, Other."
    assert SMALL.told("“Other” is not decided", names) == "hindi pa napagpapasyahan ang “Other”"


@pytest.mark.slow
def test_no_sentence_of_the_longest_length_takes_long() -> None:
    """Repeated pieces of each template, on which a matcher that goes back and forth takes the square or cube of the length. What counts is this thread's own time: the machine may stand still."""
    slowest = 0.0
    for text in TEXTS:
        pieces = [each or "a" for each in _PLACE.split(text)[::2]]
        sentence = (pieces[0] + "a".join(pieces) * 4000)[:3999]
        began = time.thread_time()
        FILIPINO.told(sentence + "\0")
        slowest = max(slowest, time.thread_time() - began)
    assert slowest < 1.0
    for sentence in (
        "a: " * 1300,
        "; " * 2000,
        "\n" * 4000,
        ". A" * 1300,
        "the " * 1000,
        "(" * 4000,
        "Input should be " * 250,
        ", , " * 1000,
    ):
        began = time.thread_time()
        FILIPINO.told(sentence)
        assert time.thread_time() - began < 1.0
