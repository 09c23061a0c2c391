"""What teachers see of their courses: to-do, dashboard, who submitted what, what waits for them. And who sees none of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portal.web.faculty.people import PEOPLE, TEACHERS_PAGES, enrol_many, taught_site
from tests.portal.web.running import RunningPortal, running_portal
from tests.small_site import COURSE, released_site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    folder = tmp_path_factory.mktemp("site")
    with running_portal(taught_site(folder / "s", folder), people=PEOPLE) as running:
        yield running


def test_what_is_to_be_done_is_said_in_words_that_lead_there(portal: RunningPortal) -> None:
    page = portal.visitor("faculty").get("teach").text
    assert f'<a href="/teach/{COURSE}/grading">Grade 1 answer by hand.' in page
    assert "2 learners may not make it" in page or "1 learner may not make it" in page
    assert "3 of 3 learners handed something in" in page


def test_who_teaches_nothing_is_told_how_one_becomes_a_teacher(portal: RunningPortal) -> None:
    assert "You teach no course here yet" in portal.visitor("registrar").get("teach").text


def test_a_course_of_a_group_that_the_site_does_not_have_is_named(portal: RunningPortal) -> None:
    assert "another-course" in portal.visitor("stranger").get("teach").text


@pytest.mark.parametrize("page", TEACHERS_PAGES)
@pytest.mark.parametrize("who", ["stranger", "ana", "quality", "registrar"])
def test_whoever_does_not_teach_a_course_sees_none_of_its_results(portal: RunningPortal, who: str, page: str) -> None:
    assert portal.visitor(who).get(f"teach/{COURSE}{page}").status_code == 403


def test_whoever_is_not_signed_in_is_asked_to(portal: RunningPortal) -> None:
    answer = portal.visitor().get(f"teach/{COURSE}")
    assert answer.url.path == "/sign-in"


def test_that_a_course_does_not_exist_is_told_to_nobody_who_does_not_teach_it(portal: RunningPortal) -> None:
    assert portal.visitor("ana").get("teach/no-such-course").status_code == 403
    assert portal.visitor("stranger").get("teach/another-course").status_code == 404


def test_the_dashboard_shows_the_way_to_the_credential_and_why_somebody_may_not_make_it(portal: RunningPortal) -> None:
    page = portal.visitor("faculty").get(f"teach/{COURSE}").text
    assert "handed something in" in page
    assert f'<a href="/teach/{COURSE}/learners/ben">ben</a>' in page
    assert '<svg class="chart" role="img"' in page and "Scores of The basics" in page


def test_who_has_submitted_what_is_sorted_and_filtered_on_the_server(portal: RunningPortal) -> None:
    teacher = portal.visitor("faculty")
    page = teacher.get(f"teach/{COURSE}/learners?sort=-overall").text
    assert page.index(">ana<") < page.index(">ben<")
    page = teacher.get(f"teach/{COURSE}/learners?sort=overall").text
    assert page.index(">ben<") < page.index(">ana<")
    assert ">ana<" not in teacher.get(f"teach/{COURSE}/learners?kind=at+risk").text


def test_a_name_is_text_and_never_markup(portal: RunningPortal) -> None:
    teacher = portal.visitor("faculty")
    for page in ("", "/learners", "/grading"):
        assert "<script>alert" not in teacher.get(f"teach/{COURSE}{page}").text
    assert "&lt;script&gt;" in teacher.get(f"teach/{COURSE}/learners").text


def test_what_waits_for_a_person_is_in_the_queue_with_the_way_to_give_points(portal: RunningPortal) -> None:
    page = portal.visitor("faculty").get(f"teach/{COURSE}/grading").text
    assert "essay" in page and "caz" in page
    assert f"PATUNAY_COURSE={COURSE}" in page


def test_a_test_that_waits_for_nobody_has_no_page(portal: RunningPortal) -> None:
    address = f"teach/{COURSE}/grading/test?learner=ana&assignment=basics&notebook=basics&cell=test_square"
    assert portal.visitor("faculty").get(address).status_code == 404


def test_the_pages_speak_filipino_too(portal: RunningPortal) -> None:
    for page in ("teach", f"teach/{COURSE}", f"teach/{COURSE}/learners", f"teach/{COURSE}/grading", f"teach/{COURSE}/release"):
        answer = portal.visitor("faculty", language="fil").get(page)
        assert answer.status_code == 200 and '<html lang="fil">' in answer.text


def test_a_course_that_does_not_run_says_what_to_do(portal: RunningPortal, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("empty")
    with running_portal(released_site(folder / "s", folder), people=PEOPLE) as running:
        teacher = running.visitor("faculty")
        assert "Nobody is in the gradebook yet" in teacher.get(f"teach/{COURSE}").text
        assert "Nobody is in the gradebook yet" in teacher.get(f"teach/{COURSE}/learners").text
        assert "Nothing waits for a person" in teacher.get(f"teach/{COURSE}/grading").text
        (running.portal.site.course_root(COURSE) / "current-release.json").unlink()
        assert "No version of this course runs" in teacher.get(f"teach/{COURSE}").text
        assert teacher.get(f"teach/{COURSE}/learners").status_code == 404
        assert "The course is not released yet" in teacher.get("teach").text


def test_with_a_thousand_learners_no_page_is_large(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("large")
    site = taught_site(folder / "s", folder)
    enrol_many(site, 1000)
    with running_portal(site, people=PEOPLE) as running:
        teacher = running.visitor("faculty")
        for page in ("", "/learners", "/grading"):
            answer = teacher.get(f"teach/{COURSE}{page}")
            assert answer.status_code == 200 and len(answer.content) < 300_000
        assert "Page 1 of 11" in teacher.get(f"teach/{COURSE}/learners").text
