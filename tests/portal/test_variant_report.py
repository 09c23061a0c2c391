"""The report of a course whose learners have variants, from what they hand in to the sentence: one variant was harder."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.nbgrader_database import load_source
from autograder.records import open_records
from autograder.submissions import adopt_submitted
from portal.course_reports import report_course
from portal.course_work import GradeRequest, grade_course
from tests.autograder.grading_calls import now
from tests.varied_site import ASSIGNMENT, COURSE, FIXED, answered, learner_with, make_varied_site, manifest_text, release, submit

pytestmark = pytest.mark.slow


@pytest.mark.thorough
def test_the_report_says_which_variant_was_harder(tmp_path: Path) -> None:
    site = make_varied_site(tmp_path / "site", manifest=manifest_text(FIXED))
    course = release(site)
    pool = load_source(course, ASSIGNMENT).variants
    assert pool is not None
    right_for_the_first = answered(course, "total = 6", "def scaled(x):\n    return x * n")
    names: tuple[str, ...] = ()
    for row in (0, 1) * 10:
        names = (*names, learner_with(pool, row, but=names))
        submit(course, names[-1], right_for_the_first)
    with open_records(course) as session:
        adopt_submitted(course, ASSIGNMENT, session, now=now())
    grade_course(site, COURSE, (), GradeRequest(assurance="compat"), now=now, progress=lambda _done, _all: None)
    page = report_course(site, COURSE, now=datetime(2026, 11, 29, tzinfo=UTC))
    found = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["tables"]
    assert [(row["variant"], row["learners"], round(row["mean_share"], 3), row["is_flagged"]) for row in found["variants"]] == [
        (1, 10, 1.0, True),
        (2, 10, 0.6, True),
    ]
    text = page.read_text(encoding="utf-8")
    assert text.count(">Variants<") == 1
    assert "variant 2 was harder. Its 10 learners earned 60 % of the points, the 10 with another variant 100 %" in text
    assert "variant 2 was harder (60 %) than the others (100 %)" in text, "it stands among what to look at first"
    assert "test_total" in text[text.index(">Item by item<") :]
