from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.errors import NameRefusedError
from courses.names import VERSION, course_id, path_segment

_NASTY = st.text(alphabet=st.sampled_from(list("ab./\\+ \0\n\t~-%:*\u202e\ud800é")), max_size=12)


@pytest.mark.parametrize("name", ["a", "data-cleaning", "r101", "1-2-3"])
def test_a_course_id_is_lower_case_words_joined_by_hyphens(name: str) -> None:
    assert course_id(name) == name


@pytest.mark.parametrize("name", ["", "A", "a--b", "-a", "a-", "a b", "a_b", "a/b", "..", "a\n", "é", "a" * 121, "a.b"])
def test_anything_else_is_no_course_id(name: str) -> None:
    with pytest.raises(NameRefusedError, match="is no course id"):
        course_id(name)


@pytest.mark.parametrize("name", ["ps1", "Problem Set 1", "José Rizal", "o'brien", "a@uni.example", "x.ipynb", "練習", "a-b_c", "a..b"])
def test_names_as_nbgraders_users_write_them_are_taken(name: str) -> None:
    assert path_segment(name, what="a learner") == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden",
        "a/b",
        "a\\b",
        "a+b",
        " a",
        "a ",
        "a\nb",
        "a\0b",
        "\ud800",
        "x" * 241,
        "é" * 121,
        "a*",
        "a?",
        "C:",
        "ann\u202efdp",
        "an\u200bna",
        "\u2066a",
        "a\u2028b",
    ],
)
def test_names_that_leave_hide_or_break_are_refused(name: str) -> None:
    with pytest.raises(NameRefusedError, match="cannot be the name of a learner"):
        path_segment(name, what="a learner")


@given(st.one_of(st.text(), _NASTY))
def test_a_taken_name_is_one_segment_below_its_folder(name: str) -> None:
    try:
        taken = path_segment(name, what="a file")
    except NameRefusedError:
        return
    path = Path("/site/submitted") / taken
    assert Path(os.path.normpath(path)) == path
    assert path.parent == Path("/site/submitted")
    assert path.name == name
    assert "+" not in name
    os.fsencode(name)


@given(st.one_of(st.text(), _NASTY))
def test_a_taken_course_id_is_a_taken_path_segment_and_url_safe(name: str) -> None:
    try:
        taken = course_id(name)
    except NameRefusedError:
        return
    assert path_segment(taken, what="a course") == taken
    assert taken.isascii()


@pytest.mark.parametrize(("text", "fits"), [("1.0.0", True), ("10.20.30", True), ("1.0", False), ("01.0.0", False), ("1.0.0-rc1", False)])
def test_a_version_is_three_plain_numbers(text: str, fits: bool) -> None:
    assert bool(VERSION.fullmatch(text)) is fits
