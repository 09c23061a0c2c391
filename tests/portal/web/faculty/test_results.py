"""Items, similarity, regrades, one learner: what teachers see and do, and that nobody else does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from autograder.similarity.marks import load_marks
from portal.background_work import find_work, start_work
from portal.extensions import extensions_of
from portal.web.faculty.similarity import work_kind
from tests.portal.web.faculty.people import PEOPLE, taught_site
from tests.portal.web.running import RunningPortal, running_portal, submit
from tests.small_site import COURSE

pytestmark = pytest.mark.slow
TEACH = f"teach/{COURSE}"
PAGES = ("/items", "/items.csv", "/items/basics/test_sum", "/similarity", "/similarity/basics/1", "/regrade", "/learners/ben")
ALIKE = {
    "assignment": "basics", "learners": 3, "answers": 3, "too_short": 0, "unread": [], "pairs_found": 1, "crowds": [],
    "pairs": [{"learners": ["ana", "ben"], "bits": 40.0, "share": 0.9, "cells": [
        {"place": "basics.ipynb, cell square", "bits": 40.0, "share": 0.9, "is_identical": True,
         "first": [["</pre><script>alert(1)</script>", False], ["same = 1", True]], "second": [["same = 1", True]]}]}],
}  # fmt: skip


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    folder = tmp_path_factory.mktemp("site")
    site = taught_site(folder / "s", folder)
    root, kind = site.course_root(COURSE), work_kind("basics")
    start_work(
        root, kind, ["-c", f"print({json.dumps(ALIKE)!r})"], by="faculty", now=datetime.now(UTC), about={"digest": "", "common": "10"}
    )
    with running_portal(site, people=PEOPLE) as running:
        while find_work(root, kind).is_running:
            time.sleep(0.05)
        yield running


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", ["stranger", "ana", "quality"])
def test_whoever_does_not_teach_the_course_is_refused(portal: RunningPortal, who: str, page: str) -> None:
    assert portal.visitor(who).get(TEACH + page).status_code == 403


@pytest.mark.parametrize("form", ["/similarity", "/similarity/basics/1", "/regrade", "/regrade/decide", "/learners/ben", "/report"])
def test_forms_of_a_course_are_refused_to_who_does_not_teach_it(portal: RunningPortal, form: str) -> None:
    answer = submit(portal.visitor("stranger"), "sign-in", {"assignment": "basics", "reason": "because"}, to=TEACH + form)
    assert answer.status_code == 403


def test_items_have_a_caution_and_no_number_where_few_are_decided(portal: RunningPortal) -> None:
    page = portal.visitor("faculty").get(f"{TEACH}/items?sort=-points").text
    assert "Below 10 learners nothing is shown" in page
    assert page.index(">test_sum<") < page.index(">test_square<")


def test_items_can_be_taken_along(portal: RunningPortal) -> None:
    answer = portal.visitor("faculty").get(f"{TEACH}/items.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert len(answer.text.strip().splitlines()) == 5 and "test_sum" in answer.text


def test_an_item_shows_how_many_earned_how_much_as_a_picture_and_as_a_table(portal: RunningPortal) -> None:
    page = portal.visitor("faculty").get(f"{TEACH}/items/basics/test_sum").text
    assert '<svg class="chart" role="img"' in page
    assert '<tr><th scope="row">8</th><td class="number">2</td></tr>' in page
    assert portal.visitor("faculty").get(f"{TEACH}/items/basics/none").status_code == 404


def test_a_pair_is_shown_side_by_side_as_text_with_what_matches_marked(portal: RunningPortal) -> None:
    page = portal.visitor("faculty").get(f"{TEACH}/similarity/basics/1").text
    assert "<mark>same = 1</mark>" in page and "<script>alert" not in page
    assert "changes no score" in page


def test_what_a_person_says_of_a_pair_is_kept_with_their_name(portal: RunningPortal) -> None:
    fields = {"first": "ana", "second": "ben", "status": "referred", "note": "the same slip"}
    page = submit(portal.visitor("faculty"), f"{TEACH}/similarity/basics/1", fields).text
    assert "No score was changed" in page and "the same slip" in page
    [mark] = load_marks(portal.portal.site.course_root(COURSE))
    assert (mark.by, mark.status, mark.learners) == ("faculty", "referred", ("ana", "ben"))


def test_a_mark_is_never_set_on_a_pair_that_stands_elsewhere_now(portal: RunningPortal) -> None:
    fields = {"first": "ana", "second": "caz", "status": "noted"}
    assert submit(portal.visitor("faculty"), f"{TEACH}/similarity/basics/1", fields).status_code == 400
    assert portal.visitor("faculty").get(f"{TEACH}/similarity/basics/2").status_code == 404


def test_a_pair_is_not_referred_without_a_reason(portal: RunningPortal) -> None:
    answer = submit(portal.visitor("faculty"), f"{TEACH}/similarity/basics/1", {"first": "ana", "second": "ben", "status": "referred"})
    assert answer.status_code == 400 and "without a reason" in answer.text


def test_what_is_compared_already_is_said_to_be_of_other_work_when_something_was_handed_in(portal: RunningPortal) -> None:
    assert "Something was handed in since" in portal.visitor("faculty").get(f"{TEACH}/similarity?assignment=basics").text


def test_one_learner_has_attempts_with_receipts(portal: RunningPortal) -> None:
    page = portal.visitor("faculty").get(f"{TEACH}/learners/ben").text
    assert page.count("counts</strong>") == 2
    assert "Grant an extension" in page


def test_a_learner_of_no_course_of_mine_has_no_page(portal: RunningPortal) -> None:
    for name in ("nobody", "..%2F..", "%3Cscript%3E", "x" * 3000):
        assert portal.visitor("faculty").get(f"{TEACH}/learners/{name}").status_code == 404


def test_an_extension_that_makes_no_sense_is_refused_in_words_and_nothing_is_written(portal: RunningPortal) -> None:
    teacher, page = portal.visitor("faculty"), f"{TEACH}/learners/ben"
    for fields in ({}, {"attempts": "many"}, {"until": "soon"}, {"attempts": "2"}):
        answer = submit(teacher, page, {"assignment": "basics", "reason": "ill", **fields})
        assert answer.status_code == 400
    assert extensions_of(portal.portal.site, COURSE) == ()


def test_a_regrade_is_about_what_was_looked_at_and_nothing_else(portal: RunningPortal) -> None:
    fields = {"assignment": "basics", "policy": "replace", "item": "", "tests": "released", "reason": "a slip"}
    assert submit(portal.visitor("faculty"), f"{TEACH}/regrade", fields, to=f"{TEACH}/regrade/decide").status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"assignment": "nosuch", "policy": "replace", "tests": "released"},
        {"assignment": "basics", "policy": "--by=x", "tests": "released"},
        {"assignment": "basics", "policy": "full-marks", "item": "project/test_plan", "tests": "released"},
        {"assignment": "basics", "policy": "replace", "tests": "other"},
    ],
)
def test_a_preview_of_what_is_not_there_is_never_started(portal: RunningPortal, fields: dict[str, str]) -> None:
    assert submit(portal.visitor("faculty"), f"{TEACH}/regrade", fields).status_code in {400, 404}
    assert not find_work(portal.portal.site.course_root(COURSE), "regrade-preview").is_running


def test_the_pages_speak_filipino_too(portal: RunningPortal) -> None:
    teacher = portal.visitor("faculty", language="fil")
    for page in PAGES:
        assert teacher.get(TEACH + page).status_code == 200
