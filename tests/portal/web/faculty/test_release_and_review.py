"""Release and review: what the gate says, who may take which step, and that the actor is who is signed in."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from courses.catalogue import load_course
from courses.release import find_release
from courses.review_record import load_reviews
from portal.background_work import find_work, start_work
from portal.web.faculty.gate_page import CHECK
from portal.web.faculty.gate_words import gate_words
from tests.portal.gate.gate_values import BAD
from tests.portal.web.faculty.people import PEOPLE
from tests.portal.web.running import RunningPortal, running_portal, submit
from tests.small_site import COURSE, released_site

PAGE = f"teach/{COURSE}/release"
OUTCOME = '"Compute squares and sums"'


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    folder = tmp_path_factory.mktemp("site")
    with running_portal(released_site(folder / "s", folder), people=PEOPLE) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("step", ["check", "publish", "submit", "comment", "approve", "return"])
@pytest.mark.parametrize("who", ["stranger", "ana", "registrar"])
def test_whoever_neither_teaches_nor_reviews_takes_no_step(portal: RunningPortal, who: str, step: str) -> None:
    assert submit(portal.visitor(who), "sign-in", {"note": "x"}, to=f"{PAGE}/{step}").status_code == 403
    assert portal.visitor(who).get(PAGE).status_code == 403


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "step"), [("faculty", "approve"), ("faculty", "return"), ("both", "approve"), ("quality", "submit"), ("quality", "publish")]
)
def test_teachers_do_not_approve_their_course_and_reviewers_do_not_release_it(portal: RunningPortal, who: str, step: str) -> None:
    assert submit(portal.visitor(who), PAGE, {"note": "x"}, to=f"{PAGE}/{step}").status_code == 403


@pytest.mark.slow
def test_a_course_is_submitted_commented_returned_and_approved_by_who_is_signed_in(portal: RunningPortal) -> None:
    teacher, reviewer = portal.visitor("faculty"), portal.visitor("quality")
    assert "submitted for review" in submit(teacher, PAGE, {"note": "<b>please</b>"}, to=f"{PAGE}/submit").text
    assert "Your comment is written down" in submit(reviewer, PAGE, {"note": "task 2 is long"}, to=f"{PAGE}/comment").text
    assert submit(reviewer, PAGE, {"role": "Quality office"}, to=f"{PAGE}/return").status_code == 400  # without a reason
    page = submit(reviewer, PAGE, {"role": "Dean", "note": "", "person": "somebody else"}, to=f"{PAGE}/approve").text
    assert "Your approval is written down" in page and "&lt;b&gt;please" in page
    steps = load_reviews(load_course(portal.portal.site.courses, COURSE).folder)
    assert [(each.action, each.person, each.role) for each in steps] == [
        ("submitted", "faculty", "Teacher"),
        ("commented", "quality", "Quality office"),
        ("approved", "quality", "Dean"),
    ]


@pytest.mark.slow
def test_what_stops_a_release_is_said_and_the_button_is_not_there(portal: RunningPortal) -> None:
    assert "Release version 1.0.0" in portal.visitor("faculty").get(PAGE).text
    path = portal.portal.site.courses / COURSE / "course.toml"
    before = path.read_text()
    path.write_text(before.replace('outcomes = ["LO2"]', 'outcomes = ["LO1"]'))
    page = portal.visitor("faculty").get(PAGE).text
    assert "It cannot be released now" in page and "Release version 1.0.0" not in page
    filipino = portal.visitor("faculty", language="fil").get(PAGE).text
    assert "LO2.</p>" in filipino and "mula noon nagbago ang pagtatasa (course.toml, assessments[project].items:" in filipino
    assert '<span lang="en">' not in filipino
    path.write_text("title = <script>")
    page = portal.visitor("faculty").get(PAGE).text
    assert "<script>" not in page.replace("<script src", "") and 'class="told bad"' in page
    path.write_text(before.replace("overall = 0.7", "overal = 0.7"))
    assert (
        "pass_rule.overal: hindi kilalang key; &#39;overall&#39; ba ang ibig mong sabihin?"
        in portal.visitor("faculty", language="fil").get(PAGE).text
    )
    path.write_text(before)


@pytest.mark.slow
def test_the_whole_check_is_shown_in_the_readers_language_and_no_page_that_was_stored_is(portal: RunningPortal) -> None:
    root, path = portal.portal.site.course_root(COURSE), portal.portal.site.courses / COURSE / "course.toml"
    teacher, filipino = portal.visitor("faculty"), portal.visitor("quality", language="fil")
    assert teacher.get(f"{PAGE}/gate/check").status_code == 404
    before = path.read_text()
    path.write_text(before.replace(OUTCOME, f'{OUTCOME}, fil = "Kuwentahin ang mga parisukat"'))
    told = {**BAD.as_json(), "outcomes": [{"id": "LO1", "text": "Compute squares and sums"}]}
    start_work(root, CHECK, ["-c", f"print({json.dumps(told)!r})"], by="faculty", now=datetime.now(UTC))
    while find_work(root, CHECK).is_running:
        time.sleep(0.05)
    english = teacher.get(f"{PAGE}/gate/check").text
    assert "Compute squares and sums" in english and "Points in each run" in english
    for page in (filipino.get(f"{PAGE}/gate/check").text, filipino.get(PAGE).text):
        assert "Kuwentahin ang mga parisukat" in page and "Compute squares and sums" not in page
    assert "Puntos sa bawat takbo" in filipino.get(f"{PAGE}/gate/check").text
    path.write_text(before)
    stored = root / ".patunay" / "background" / "check.out"
    (root / ".patunay" / "background" / "check.html").write_text("<script>alert(1)</script>")
    stored.write_text(stored.read_text().replace("ps1", "<script>alert(1)</script>"))
    answer = teacher.get(f"{PAGE}/gate/check")
    assert "&lt;script&gt;alert(1)" in answer.text and "<script>" not in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    elsewhere = root / "elsewhere.json"
    stored.rename(elsewhere)
    stored.symlink_to(elsewhere)
    assert teacher.get(f"{PAGE}/gate/check").status_code == 404


@pytest.mark.slow
def test_what_the_gate_said_of_the_release_is_drawn_from_its_report_and_not_from_its_page(portal: RunningPortal) -> None:
    root, teacher = portal.portal.site.course_root(COURSE), portal.visitor("faculty")
    release = find_release(root)
    assert release is not None
    gate = root / "releases" / release.content_hash / "gate"
    gate.mkdir()
    (gate / "report.html").write_text("a stored page")
    assert teacher.get(f"{PAGE}/gate/released").status_code == 404
    assert "gate/released" not in teacher.get(PAGE).text
    (gate / "report.json").write_text(json.dumps(BAD.as_json()))
    page = teacher.get(f"{PAGE}/gate/released").text
    assert "What the gate said of the release that runs" in page and "Mend it." in page and "a stored page" not in page
    assert "gate/released" in teacher.get(PAGE).text


@pytest.mark.parametrize("told", [None, [], {}, {"findings": 3}, {"findings": [{"code": 1}]}, "x", 7])
def test_what_is_no_report_is_never_shown_as_one(told: object) -> None:
    assert gate_words(told) is None
