"""`patunay similarity` on a real course directory, as a teacher uses it."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from autograder.records import open_records
from autograder.similarity.marks import new_mark
from autograder.similarity.reporting import Request
from autograder.submissions import adopt_submitted
from courses.errors import UnknownAssignmentError
from portal.similar_work import compare_directory, mark_course_pair
from tests.autograder.grading_calls import now
from tests.portal.commands import patunay
from tests.small_course import SmallCourse, make_small_course

pytestmark = pytest.mark.slow

LONG = "def square({n}):\n    # {n}\n    {t} = 0\n    for {i} in range(abs({n})):\n        {t} = {t} + abs({n})\n    return {t} if {n} != 0 else 0"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    course = make_small_course(tmp_path_factory.mktemp("alike") / "c", config="")
    course.submit("ana", LONG.format(n="n", t="total", i="i"))
    course.submit("ben", LONG.format(n="number", t="s", i="k"), "found = '<script>alert(1)</script>\u202e'")
    for number in range(8):
        course.submit(f"other{number}", "def square(n):\n    return " + " * ".join(["n", "n", *["1"] * number]))
    added = course.released()
    added.cells.append(nbformat.v4.new_code_cell("x = 1"))
    course.submit_node("zed", added)
    (course.root / "submitted" / "bad" / "ps1").mkdir(parents=True)
    (course.root / "submitted" / "bad" / "ps1" / "p1.ipynb").write_text("no notebook", encoding="utf-8")
    with open_records(course.open()) as session:
        adopt_submitted(course.open(), "ps1", session, now=now())
    return course


def test_the_copy_is_found_said_and_nothing_is_changed(course: SmallCourse) -> None:
    before = (course.root / "gradebook.db").read_bytes()
    found = patunay("similarity", "--root", ".", "--json", cwd=course.root).json()
    (assignment,) = found["assignments"]
    assert assignment["pairs"][0]["learners"] == ["ana", "ben"]
    assert assignment["learners"] >= 10
    assert any("bad" in each for each in assignment["unread"])
    assert (course.root / "gradebook.db").read_bytes() == before


def test_the_page_runs_nothing_and_shows_what_matches(course: SmallCourse, tmp_path: Path) -> None:
    page = tmp_path / "alike.html"
    ran = patunay("similarity", "ps1", "--root", ".", "--html", str(page), cwd=course.root)
    assert ran.code == 0, ran.err
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o777 == 0o600
    assert "Similar is not copied" in text
    assert "<script" not in text
    assert "\u202e" not in text
    assert "src=" not in text and "http:" not in text and "https:" not in text
    parser = _Balance()
    parser.feed(text)
    assert not parser.open


def test_a_person_marks_a_pair_and_the_mark_is_shown(course: SmallCourse) -> None:
    ran = patunay("similarity", "ps1", "--root", ".", "--mark", "noted", "--pair", "ben", "ana", "--by", "M. Reyes", cwd=course.root)
    assert ran.code == 0, ran.err
    assert "No score is changed" in ran.out
    (found,) = compare_directory(course.root, ("ps1",), Request())
    assert found.marks["ana", "ben"].by == "M. Reyes"
    with pytest.raises(UnknownAssignmentError, match="ps9"):
        mark_course_pair(course.root, new_mark("ps9", ("ana", "ben"), "noted", by="M. Reyes", note="", now=now()))


class _Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in {"meta"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
