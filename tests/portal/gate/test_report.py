"""The gate's report as JSON, the outcome x item matrix, and R04: nothing at all must not pass."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from courses.catalogue import Course
from courses.findings import warning
from portal.gate.outcome_matrix import check_untouched, matrix_of
from portal.gate.report import Trial, sorted_findings
from tests.courses.tiny_site import load_tiny_course, make_tiny_site
from tests.portal.gate.gate_values import BAD, GOOD, TRIAL


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return load_tiny_course(make_tiny_site(tmp_path))


def test_the_report_says_everything_to_programs_but_no_hidden_test() -> None:
    told = json.loads(json.dumps(BAD.as_json()))
    assert (told["is_releasable"], told["depth"]) == (False, "mutation")
    first = told["findings"][0]
    assert (first["code"], first["severity"], first["where"], first["remedy"]) == ("R03", "blocking", "ps1/n.ipynb, t", "Mend it.")
    assert first["rule"]["why"].startswith("Points for nothing")
    assert told["matrix"][0] == {"assignment": "ps1", "notebook": "n", "cell": "t", "kind": "test", "points": 2.0, "outcomes": ["squares"]}
    ran = told["assignments"]["ps1"]
    assert ran["mutation"]["score"] == 0.0
    assert ran["rehearsal"]["runs"][1]["scores"][0]["score"] == 1.0
    assert ran["sealing"][0]["label"] == "cannot be sealed"
    assert "the secret" not in json.dumps(told)
    assert json.loads(json.dumps(GOOD.as_json()))["is_releasable"] is True


def test_a_trial_comes_back_from_its_json_as_it_was() -> None:
    trial = TRIAL.model_copy(update={"variants": (warning("V07", "some", "course.toml", "Try it."),)})
    assert Trial.model_validate_json(trial.model_dump_json()) == trial
    assert (trial.depth, trial.model_copy(update={"mutation": None}).depth) == ("mutation", "rehearsal")


def test_findings_stand_once_and_blocking_ones_first() -> None:
    twice = [BAD.findings[1], BAD.findings[0], BAD.findings[1]]
    assert sorted_findings(twice) == BAD.findings


def test_the_matrix_has_a_row_for_every_cell_that_is_worth_points(course: Course) -> None:
    rows = matrix_of(course)
    assert [(row.cell, row.kind, row.points, row.outcomes) for row in rows] == [
        ("test_square", "test", 2.0, ("squares",)),
        ("test_found", "test", 3.0, ("squares",)),
        ("essay", "manual", 4.0, ("squares",)),
    ]


def test_r04_untouched_notebooks_that_would_pass_block_and_others_do_not(course: Course) -> None:
    scores = {("ps1", "p1", "test_square"): 2.0, ("ps1", "p1", "test_found"): 3.0}
    assert check_untouched(course, {}) == []
    assert check_untouched(course, scores) == [], "5 of 9 points are less than 75 %"
    lenient = replace(
        course, manifest=course.manifest.model_copy(update={"pass_rule": course.manifest.pass_rule.model_copy(update={"overall": 0.5})})
    )
    (finding,) = check_untouched(lenient, scores)
    assert (finding.code, finding.is_blocking, finding.where) == ("R04", True, "course.toml, pass_rule")
    assert "56 %" in finding.problem
