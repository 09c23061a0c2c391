"""Whose text it is that a test runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.sealed import heard_text
from autograder.sealed.heard_text import HeardText, LearnersCode, text_of
from autograder.sealed.text_guard import own_texts

WORDS = st.text("abcxyz_", min_size=2, max_size=8)


def heard(*said: object, test: str = "") -> HeardText:
    """Return what is remembered after a test began and the learner's side said something."""
    found = HeardText()
    found.begin(test)
    for tree in said:
        found.note(tree)
    return found


def test_text_that_a_test_writes_out_is_its_own() -> None:
    assert not heard(test="exec('y = 1')").is_learners("y = 1")


def test_the_very_same_text_from_the_learners_side_is_theirs() -> None:
    assert heard("y = 1", test="exec('y = 1')").is_learners("y = 1")


def test_text_with_a_word_that_no_test_writes_is_theirs() -> None:
    assert heard(test="template = 'x + '").is_learners("x + stolen")


def test_text_put_together_from_the_tests_own_words_is_its_own() -> None:
    assert not heard("something else", test="parts = ['x', 'y']\nexec(' + '.join(parts))").is_learners("x + y")


@pytest.mark.parametrize("text", ["before; print(secret)", "secret", "# print(secret)\npass"])
def test_text_that_holds_what_they_said_or_is_a_part_of_it_is_theirs(text: str) -> None:
    words = "'before secret print pass'"
    assert heard("print(secret)", test=words).is_learners(text)


def test_a_long_line_of_theirs_inside_other_text_is_theirs() -> None:
    whole = "import os\nos.remove(path)\nreturn None"
    assert heard(whole, test="'os remove path other'").is_learners("other\nos.remove(path)")


def test_text_is_found_in_lists_and_bytes_and_behind_the_tags_of_values() -> None:
    said = ["object", ["first part", b"second part"], 5, None, [1, 2.5, True]]
    found = heard(said, test="'first second part object'")
    assert found.is_learners("first part")
    assert found.is_learners("second part")
    assert not found.is_learners("object")


def test_a_single_character_gives_nothing_away() -> None:
    assert not heard("x", test="'x y'").is_learners("x y")


@given(WORDS, WORDS)
def test_whatever_was_heard_is_theirs_with_anything_round_it(before: str, said: str) -> None:
    found = heard(said, test=f"'{before}', '{said}'")
    assert found.is_learners(f"{before} {said}")
    assert found.is_learners(said)


def test_where_too_much_was_said_to_be_remembered_everything_not_written_out_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heard_text, "_MOST_CHARACTERS", 10)
    found = heard("a long text of theirs", test="'mine all mine'")
    assert found.is_learners("mine mine")
    assert not found.is_learners("mine all mine")


@pytest.mark.parametrize(
    ("source", "text"), [("x", "x"), (b"x", "x"), (bytearray(b"x"), "x"), (LearnersCode("y", "exec"), "y"), (5, None), (compile("1", "", "eval"), None)]
)  # fmt: skip
def test_what_would_be_run_is_read_from_whatever_holds_text(source: object, text: str | None) -> None:
    assert text_of(source) == text


def test_what_cell_magics_run_of_a_test_is_the_tests_own() -> None:
    assert own_texts("%%capture out\n%%time\nassert f() == 1\n") == (
        "%%capture out\n%%time\nassert f() == 1",
        "%%time\nassert f() == 1",
        "assert f() == 1",
    )
    assert own_texts("assert f()") == ("assert f()",)
