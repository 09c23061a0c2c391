from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from courses.settings import Site
from portal.cli.app import main
from tests.courses.tiny_site import MANIFEST, make_tiny_site

COURSE = "tiny-course"
TODAY = datetime.now(UTC).date()
DUE = TODAY + timedelta(days=20)
"""The commands ask the clock, which may strike midnight while these tests run."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with one course whose next review is due in 20 days."""
    text = MANIFEST.replace("2027-10-05", str(DUE)).replace("2026-10-05", str(TODAY - timedelta(days=30)))
    return make_tiny_site(tmp_path, manifest=text)


def days_left(site: Site) -> int:
    """Return in how many days the review is due, where the institution is."""
    return (DUE - site.day_of(datetime.now(UTC))).days


def run(site: Site, *arguments: str) -> int:
    return main([*arguments, "--site", str(site.root)])


def step(site: Site, action: str, by: str, *more: str) -> int:
    return run(site, "course", action, COURSE, "--by", by, "--role", "Reviewer", *more)


def test_a_course_is_submitted_and_approved_and_the_table_shows_it(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    before = days_left(site)
    assert step(site, "submit", "M. Reyes") == 0
    assert step(site, "approve", "Ana Santos") == 0
    shown = capsys.readouterr()
    assert f"{COURSE} 1.0.0" in shown.out and ": approved." in shown.out
    assert "Put it under version control" in shown.err
    assert run(site, "courses", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["state"], row["released"], row["missing"]) == ("approved", "not released", [])
    assert [each["person"] for each in row["approvals"]] == ["Ana Santos"]
    assert row["review"] == "due soon"
    assert row["review_in_days"] in {before, days_left(site)}
    assert run(site, "courses") == 0
    table = capsys.readouterr().out
    assert "approved" in table and "Ana Santos" in table and any(f"in {days} days" in table for days in (before, days_left(site)))


def test_the_status_of_a_course_tells_each_step(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    step(site, "submit", "M. Reyes")
    step(site, "return", "Ana Santos", "--note", "Question 3 has two answers.")
    capsys.readouterr()
    assert run(site, "course", "status", COURSE, "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert status["state"] == "draft"
    assert [(each["action"], each["note"]) for each in status["history"]] == [
        ("submitted", None),
        ("returned", "Question 3 has two answers."),
    ]
    assert run(site, "course", "status", COURSE) == 0
    assert "Still asked for: an approval by another person." in capsys.readouterr().out


def test_what_is_not_allowed_is_said_in_words(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    step(site, "submit", "Ben Cruz")
    assert step(site, "approve", "Reyes, M.") == 1
    assert "nobody reviews their own course" in capsys.readouterr().err
    assert step(site, "retire", "Ben Cruz") == 2
    assert run(site, "course", "recheck", COURSE, "1.0.0") == 1
    assert "is not released" in capsys.readouterr().err


def test_check_warns_that_nobody_approved_and_a_retired_course_is_blocked(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert step(site, "retire", "Ana Santos", "--note", "Old.") == 0
    assert run(site, "release", COURSE) == 1
    assert "W05" in capsys.readouterr().err
    assert step(site, "reopen", "Ana Santos", "--note", "Asked for again.") == 0
