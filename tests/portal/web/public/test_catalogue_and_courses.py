"""The catalogue and the courses' pages: what is asked for is what is shown, closed courses stay readable, nothing in a manifest can do anything."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from courses.catalogue import load_course
from courses.content_hash import course_sha256
from courses.release import release_course
from courses.review_record import ReviewStep, add_review
from tests.portal.web.public.conftest import IssuedPortal
from tests.portal.web.running import running_portal
from tests.small_site import COURSE, manifest_text, released_site

pytestmark = pytest.mark.slow
HOSTILE = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("words=SQUARES+plan", True),
        ("words=zebra", False),
        ("hours=10", True),
        ("hours=5", False),
        ("hours=nonsense", True),
        ("language=en", True),
        ("language=fil", False),
        ("pacing=self-paced", True),
        ("pacing=cohort", False),
        ("level=PQF+5", False),
        ("free=1", False),
        ("phone=1", False),
    ],
)
def test_the_catalogue_shows_what_fits(issued: IssuedPortal, query: str, *, found: bool) -> None:
    answer = issued.running.visitor().get(f"courses?{query}")
    assert answer.status_code == 200
    assert (f'href="/courses/{COURSE}"' in answer.text) is found
    assert ("No course is like that" in answer.text) is not found


def test_a_course_says_everything_that_one_wants_to_know_before(issued: IssuedPortal) -> None:
    page = issued.running.visitor().get(f"courses/{COURSE}").text.replace("\u00a0", " ")
    for told in (
        "Compute squares and sums", "at least 50 %", "The basics", "40 %", "as often as you like; the last attempt counts",
        "You need at least 70 % overall.", "Has to be handed in and worth more than nothing: The basics.", "10 hours for a typical learner",
        "any computer", "Nobody watches while you work. Who you are is known by your account alone.", "AI tools", "not stated; ask before you begin",
        "It is valid for 2 years from the day of the award.", "Internal review", "A. Cruz", "First version.", "M. Reyes", "appeals within 14 days",
        "The credential says your results in percent.", "It stands alone.",
    ):  # fmt: skip
        assert told in page, told
    filipino = issued.running.visitor(language="fil").get(f"courses/{COURSE}")
    assert filipino.headers["Content-Language"] == "fil"


def test_the_sample_is_the_learner_version_without_solutions(issued: IssuedPortal) -> None:
    page = issued.running.visitor().get(f"courses/{COURSE}/sample").text
    assert "assert square(2) == 4" in page
    assert "return n * n" not in page


def test_a_site_without_courses_says_so(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    site = released_site(tmp_path / "s", tmp_path_factory.getbasetemp())
    shutil.rmtree(site.root / site.settings.paths.work)
    with running_portal(site) as portal:
        for path in ("", "courses", "trust"):
            answer = portal.visitor().get(path)
            assert answer.status_code == 200
            assert "No course is open yet" in answer.text, path


def test_a_retired_course_stays_readable_and_is_offered_to_nobody(own_portal: IssuedPortal) -> None:
    folder = own_portal.site.courses / COURSE
    step = ReviewStep(
        action="retired", person="A. Cruz", role="dean", date=date(2026, 11, 25), version="1.0.0", content_hash=course_sha256(folder)
    )
    add_review(folder, step)
    client = own_portal.running.visitor()
    catalogue = client.get("courses").text
    assert "No course is open yet" in catalogue
    assert "Closed courses" in catalogue
    assert "This course is closed." in client.get(f"courses/{COURSE}").text
    shutil.rmtree(folder)
    assert "This course is closed." in client.get(f"courses/{COURSE}").text
    assert f'href="/courses/{COURSE}"' not in client.get("").text


def test_nothing_in_a_manifest_can_do_anything(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    site = released_site(tmp_path / "s", tmp_path_factory.getbasetemp())
    text = manifest_text()
    for harmless in (
        "A tiny course",
        "Squares, sums and a plan.",
        "Compute squares and sums",
        "The basics",
        "any computer",
        "Internal review",
    ):
        text = text.replace(f'"{harmless}"', f'"{HOSTILE}{"x" * 300}"')
    text = text.replace('version = "1.0.0"\ncode', 'version = "2.0.0"\ncode').replace(
        "change_log = [", 'change_log = [{ version = "2.0.0", date = 2026-11-25, kind = "outcome", text = "New." }, '
    )
    (site.courses / COURSE / "course.toml").write_text(text)
    release_course(site, load_course(site.courses, COURSE), (), now=datetime.now(UTC))
    with running_portal(site) as portal:
        client = portal.visitor()
        here = f"achievements/{COURSE}/2.0.0"
        for path in ("", "courses", f"courses/{COURSE}", f"courses/{COURSE}/sample", here, f"{here}/outcomes/LO1", "trust"):
            page = client.get(path).text
            assert HOSTILE not in page, path
            assert not re.search(r"<script(?! src=\"/static/)", page), path
        assert HOSTILE not in client.get(f"courses?words={HOSTILE}&level={HOSTILE}").text


def test_search_engines_are_kept_away_from_credentials(issued: IssuedPortal) -> None:
    rules = issued.running.visitor().get("robots.txt").text
    for path in ("/c/", "/verify", "/my", "/services/portal/c/"):
        assert f"Disallow: {path}\n" in rules
