"""What a person decides: found with answer, both results and test; shown on a page that runs nothing; gone when points are given."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.feedback import FOR_GRADERS, HideTests
from autograder.gradebook import read_gradebook
from autograder.jobs import Review
from autograder.review import ReviewItem, load_reviews
from autograder.review_page import review_page
from tests.autograder.grading_calls import grade, state
from tests.portal.commands import patunay
from tests.small_course import SQUARE, SmallCourse

CHEAT = "class Any:\n    def __eq__(self, other):\n        return True\n    __hash__ = None\ndef square(n):\n    return Any()"


def mark(course: SmallCourse, learner: str, cell: str, score: float) -> None:
    """Give points as formgrader does."""
    with Gradebook(course.open().database_url) as gradebook:
        found = gradebook.find_grade(cell, "p1", "ps1", learner)
        found.manual_score, found.needs_manual_grade = score, False
        gradebook.db.commit()


@pytest.mark.slow
@pytest.mark.xdist_group("fork-server")
def test_a_test_that_a_person_decides_is_listed_until_points_are_given(small_course: SmallCourse) -> None:
    small_course.submit("ana", SQUARE, "found = 3", essay="My answer.")
    small_course.submit("eve", CHEAT, "found = 3", essay="My answer.")
    grade(small_course, assurance="sealed")
    (item,) = load_reviews(small_course.open(), ["ps1"])
    assert (item.learner, item.cell, item.manual_score) == ("eve", "test_square", None)
    assert item.answers == (("square", CHEAT),)
    assert "square(-3) == 9" in item.test
    assert (item.review.sealed_score, item.review.compat_score) == (0, 2)
    cells = read_gradebook(small_course.open()).cells.set_index(["learner", "cell"])["assurance"]
    assert [cells["ana", "test_square"], cells["eve", "test_square"], cells["ana", "essay"]] == ["sealed", "person", "person"]
    shown = nbformat.read(small_course.root / "autograded" / "eve" / "ps1" / "p1.ipynb", as_version=4)
    tests = [cell for cell in shown.cells if cell.cell_type == "code"]
    (noted,) = [cell for cell in tests if any(output.get("metadata", {}).get(FOR_GRADERS) for output in cell.outputs)]
    assert noted.metadata.nbgrader.grade_id == "test_square"
    cleaned, _ = HideTests().preprocess_cell(noted, {}, 0)
    assert "for graders" not in json.dumps(cleaned)
    listed = patunay("review", "ps1", "--root", str(small_course.root), "--json", cwd=small_course.root).json()
    assert [(each["learner"], each["sealed_score"], each["compat_score"]) for each in listed] == [("eve", 0, 2)]
    mark(small_course, "eve", "test_square", 1.0)
    mark(small_course, "eve", "essay", 2.0)
    (decided,) = load_reviews(small_course.open(), ["ps1"])
    assert decided.manual_score == 1.0
    assert (state(small_course, "eve")["state"], state(small_course, "eve")["score"]) == ("graded", 6.0)
    page = small_course.root / "review.html"
    ran = patunay("review", "ps1", "--root", str(small_course.root), "--all", "--html", str(page), cwd=small_course.root)
    assert ran.out.strip() == str(page)
    assert page.stat().st_mode & 0o777 == 0o600
    assert "decided: 1 of 2" in page.read_text(encoding="utf-8")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_nothing_of_a_learner_is_more_than_text_on_the_page() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e\x1b[31m</code></pre>"
    review = Review(reasons=(evil,), sealed_score=0, sealed_message=evil, was_compared=True, compat_score=None, compat_message=evil)
    item = ReviewItem(evil, evil, evil, evil, 2.0, review, ((evil, evil),), evil, None)
    page = review_page(evil, [item], made_at="2026-11-23T08:00+00:00")
    parser = Tags()
    parser.feed(page)
    assert not {"script", "img", "iframe", "link", "object", "form"} & set(parser.tags)
    assert not [name for name, _ in parser.attributes if name.startswith("on") or name == "src"]
    assert {value for name, value in parser.attributes if name == "href"} == {"#item-0"}
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    assert parser.tags.count("h1") == parser.tags.count("main") == 1
    assert ("lang", "en") in parser.attributes
    assert parser.tags.count("table") == parser.tags.count("caption")
