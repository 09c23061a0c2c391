from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from courses.settings import Site
from portal.course_reports import report_course, review_course
from tests.small_site import COURSE, NOW, Someone, enter_results, released_site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A course of twelve learners: four with everything right, one who waits for a mark."""
    site = released_site(tmp_path_factory.mktemp("reports") / "site", tmp_path_factory.getbasetemp())
    weak = tuple(Someone(f"weak{number}", "Weak Someone", (2.0, 8.0 * (number % 2), 6.0 * (number > 3), 1.0)) for number in range(7))
    waiting = Someone("waits", "Waits Still", (2.0, 8.0, 6.0, None))
    enter_results(site, (*(Someone(f"strong{number}", "Strong Someone") for number in range(4)), *weak, waiting))
    return site


def tables(page: Path) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["tables"]
    return found


def test_the_report_of_a_released_course_has_items_outcomes_and_the_way_to_the_credential(site: Site) -> None:
    page = report_course(site, COURSE, now=NOW)
    found = tables(page)
    assert page == site.root / "reports" / f"{COURSE}.html"
    assert {row["stage"]: row["learners"] for row in found["funnel"]}["hold the credential"] == 0
    assert {(row["cell"], row["n"], row["missing"]) for row in found["items"]} >= {("test_sum", 12, 0), ("essay", 11, 1)}
    assert [row["code"] for row in found["flags"] if row["cell"] == "essay"].count("missing") == 1
    assert [row["outcome"] for row in found["outcomes"]] == ["LO1", "LO2"]
    assert {row["learner"] for row in found["at_risk"]} >= {"weak0", "weak1"}
    assert found["by_variant"] == []


def test_the_review_pack_has_the_year_the_changes_and_the_findings_and_names_nobody(site: Site) -> None:
    page = review_course(site, COURSE, now=NOW)
    found = tables(page)
    (year,) = found["years"]
    passed = sum(row["learners"] for row in found["funnel"] if row["stage"] == "eligible" and isinstance(row["learners"], int))
    assert (year["year"], year["version"], year["learners"], year["decided"], year["passed"]) == (2026, "1.0.0", 12, 11, passed)
    assert [row["text"] for row in found["changes"]] == ["First version."]
    assert {row["year"] for row in found["item_years"]} == {2026}
    told = page.read_text(encoding="utf-8") + page.with_suffix(".json").read_text(encoding="utf-8")
    assert "weak0" not in told and "strong0" not in told and "waits" not in told.replace("waits for", "")
    assert "First version." in told


def test_the_findings_of_the_review_pack_are_those_of_the_course_as_it_is_now(site: Site) -> None:
    source = site.courses / COURSE / "course.toml"
    before = source.read_text(encoding="utf-8")
    try:
        source.write_text(before + "\nnonsense = 1\n", encoding="utf-8")
        assert tables(review_course(site, COURSE, now=datetime(2026, 11, 24, tzinfo=UTC)))["findings"]
    finally:
        source.write_text(before, encoding="utf-8")
