"""The gate's page in the portal: drawn from the values of a stored report in the reader's language; what teachers may have written into it is refused or text."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.gate.report import GateReport
from portal.web.faculty.gate_page import GatePage
from portal.web.faculty.gate_runs import MOST_SURVIVORS, gate_runs
from portal.web.faculty.gate_words import MOST_FINDINGS, gate_words
from portal.web.rendering import FormToken, Frame, render
from portal.web.visitor import visitor_of
from tests.portal.gate.gate_values import BAD, EVIL, GOOD, MUTANT, MUTATION, TRIAL

TOLD = json.loads(json.dumps(BAD.as_json()))
IDS = re.compile(r'\bid="([^"]+)"')


def page_of(told: Any, language: str = "en", outcomes: dict[str, str] | None = None) -> str:
    """Return the page of a report's JSON values."""
    words = gate_words(told, outcomes or {})
    assert words is not None
    page = GatePage("Tiny", "tiny-course", is_of_release=False, words=words, runs=gate_runs(told))
    frame = Frame(
        institution="Here", site_name="Here", prefix="/", language=language, visitor=visitor_of("faculty", ["formgrade-tiny-course"], is_admin=False),
        path="/", sign_in="", sign_out="", jupyter="", xsrf_token=FormToken(lambda: b"t"), stylesheets=(), scripts=(),
    )  # fmt: skip
    return render("faculty/gate_page.html", page, frame, timezone="Asia/Manila").replace("\xa0", " ")


def values_of(report: GateReport) -> Any:
    """Return a report as its JSON is read again."""
    return json.loads(json.dumps(report.as_json()))


def test_it_says_all_that_the_page_of_patunay_check_says() -> None:
    page = page_of(TOLD)
    for told in (
        "The course tiny-course cannot be released: 1 finding blocks it, and 1 warning is for your judgement.",
        "Points for nothing done are points for everyone.",
        "Mend it.",
        "No item that is worth points gives evidence of: plans.",
        "it starts a program",
        "1, should be 2",
        "2, should be 0",
        "pays for an answer that does not work",
        "6.00 s (60 %)",
        "1024 MiB (100 %)",
        "<del>-    return n * n</del>",
        "<ins>+    return n * 2</ins>",
        "Slipped past t.",
        "square, line 2: arithmetic",
    ):
        assert told in page, told
    assert "the secret" not in page
    ids = IDS.findall(page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert "told good" in page_of(values_of(GOOD))


def test_a_reader_of_filipino_reads_filipino() -> None:
    page = page_of(TOLD, "fil", {"Compute squares": "Kwentahin ang mga parisukat"})
    for told in (
        "Hindi mai-release ang kursong tiny-course",
        "<strong>squares</strong>: Kwentahin ang mga parisukat",
        "<strong>plans</strong>: Plan",
        "1, dapat ay 2",
        "nagbibigay ng puntos sa sagot na hindi gumagana",
        "sagot na walang laman",
        "Nalusutan ang t.",
    ):
        assert told in page, told
    english = set(re.findall(r">([^<>]{4,})<", page_of(TOLD))) & set(re.findall(r">([^<>]{4,})<", page))
    own = [each.strip() for each in english if re.search(r"\b(the|of|was|is|not|and)\b", each) and '<span lang="en">' + each not in page]
    assert [each for each in own if EVIL[:8] not in each and "&lt;script" not in each] == []


def test_the_line_where_a_finding_bites_is_told_in_the_readers_language() -> None:
    places = ("ps1/p1.ipynb, cell 3, line 4", "course.toml:3, outcomes.LO1", "a, line x")
    told = values_of(replace(BAD, findings=tuple(replace(BAD.findings[0], where=where) for where in places)))
    for place in places:
        assert place in page_of(told)
    filipino = page_of(told, "fil")
    assert "ps1/p1.ipynb, cell 3, linya 4<" in filipino
    assert "course.toml:3, outcomes.LO1<" in filipino
    assert "a, line x<" in filipino


def test_what_a_course_says_is_text_and_what_is_hidden_is_seen() -> None:
    page = page_of(TOLD)
    assert "<script>" not in page.replace("<script src", "")
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page
    assert "\\u202e" in page


def test_long_reports_are_cut_and_say_so() -> None:
    many = replace(
        BAD,
        findings=tuple(replace(BAD.findings[0], where=f"cell {number}") for number in range(MOST_FINDINGS + 7)),
        trials={
            "ps1": TRIAL.model_copy(update={"mutation": MUTATION.model_copy(update={"mutants": (MUTANT,) * (MOST_SURVIVORS + 3)})}),
        },
    )
    page = page_of(values_of(many))
    assert page.count("<article") + page.count('<p class="mono">cell ') == MOST_FINDINGS
    assert "7 more findings are not shown" in page
    assert page.count("Slipped past t.") == MOST_SURVIVORS
    assert "3 more are not shown here" in page


def test_an_assignment_of_another_form_is_said_to_be_unreadable_and_the_rest_is_shown() -> None:
    told = copy.deepcopy(TOLD)
    told["assignments"]["ps1"]["rehearsal"]["runs"] = [{"number": 1}]
    assert [run.is_readable for run in gate_runs(told)] == [False]
    page = page_of(told)
    assert "written down in another form" in page
    assert "Mend it." in page


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("checked_at",), "0001-01-01T00:00:00+14:00"),
        (("checked_at",), "yesterday"),
        (("matrix", 0, "points"), 10**400),
        (("matrix", 0, "points"), float("nan")),
        (("matrix", 0, "points"), True),
        (("verdict",), {"a": "b"}),
        (("findings", 0, "rule"), None),
        (("assignments",), [1]),
        (("assignments", "ps1", "mutation", "score"), float("inf")),
    ],
)
def test_what_is_no_value_of_a_report_makes_it_none(path: tuple[Any, ...], value: object) -> None:
    assert gate_words(changed(TOLD, path, value)) is None


def changed(told: Any, path: tuple[Any, ...], value: object) -> Any:
    """Return the values with another one at a place."""
    copied = copy.deepcopy(told)
    inner = copied
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return copied


def places(told: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of each value."""
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    return [path] * bool(path) + [place for key, value in inner for place in places(value, (*path, key))]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.sampled_from([EVIL, "\ud800", "1" * 9_000, 10**400, -1, 0]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(places(TOLD)), ANYTHING), min_size=1, max_size=3), st.sampled_from(["en", "fil"]))
def test_whatever_stands_in_a_stored_report_it_is_refused_or_shown_as_text(
    edits: list[tuple[tuple[Any, ...], object]], language: str
) -> None:
    told = TOLD
    for path, value in edits:
        try:
            told = changed(told, path, value)
        except (KeyError, IndexError, TypeError):  # another edit took the place away
            continue
    if gate_words(told) is None:
        return
    page = page_of(told, language)
    page.encode("utf-8")
    assert "<script>" not in page.replace("<script src", "")
    assert "\u202e" not in page
