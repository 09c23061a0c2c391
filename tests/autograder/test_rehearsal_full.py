"""The full rehearsal in real kernels: a bad assignment for each rule makes exactly that rule fire, and a good one none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.jobs import AssignmentSource, Limits
from autograder.rehearsal import full_rehearsal, rehearse
from autograder.rehearsal.checks import check_rehearsal
from autograder.rehearsal.full_rehearsal import rehearse_fully
from autograder.rehearsal.report import RehearsalReport
from autograder.rehearsal.seeded_servers import seeded_servers
from autograder.sealed.grading import SealedServers
from autograder.sealed.plan import Mode, SealingPlan
from courses.findings import Finding
from tests.autograder.sealed.examination import both_servers
from tests.autograder.test_rehearsal import SQUARE, source

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]

LIMITS = Limits()


@pytest.fixture(scope="module")
def servers() -> Iterator[SealedServers]:
    with both_servers() as running:
        yield running


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers that do not work earn is not to depend on how busy the machine is."""
    monkeypatch.setattr(full_rehearsal, "SHORTEST_LIMIT_S", 30.0)


def rehearsed(
    servers: SealedServers, of: AssignmentSource, *, limits: Limits = LIMITS, choices: dict[str, Mode] | None = None, **more: Any
) -> tuple[RehearsalReport, SealingPlan, list[Finding]]:
    plan = rehearse(of, servers, limits, environment_digest="e", choices=choices)
    report = rehearse_fully(of.model_copy(update={"plan": plan}), servers, limits, **more)
    return report, plan, check_rehearsal(report, plan)


def codes(findings: list[Finding]) -> list[tuple[str, bool]]:
    return [(each.code, each.is_blocking) for each in findings]


def test_a_good_assignment_has_no_finding_and_every_kind_of_answer_was_tried(servers: SealedServers, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    report, _, findings = rehearsed(
        servers, source(tmp_path, SQUARE, "assert square(3) == 9"), progress=lambda done, total: told.append((done, total))
    )
    assert findings == []
    assert len(report.hostile.kinds) == 7
    assert [run.scores[0].score for run in report.runs] == [2, 2, 2]
    assert report.blank[0].score == 0
    assert {each.cell for each in report.uses} == {"answer", "test-0"}
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1] == 6 + 1 + report.hostile.submissions


def test_r01_a_reference_solution_without_full_marks(servers: SealedServers, tmp_path: Path) -> None:
    _, _, findings = rehearsed(servers, source(tmp_path, SQUARE, "assert square(3) == 10, 'ten'"))
    assert codes(findings) == [("R01", True)]
    assert "earns 0 points of 2: ten" in findings[0].problem
    assert findings[0].where == "a/n.ipynb, test-0"


def test_r01_a_reference_solution_that_ends_its_kernel(servers: SealedServers, tmp_path: Path) -> None:
    _, _, findings = rehearsed(servers, source(tmp_path, "import os\nos._exit(1)", "assert square(3) == 9"))
    assert [each.code for each in findings] == ["R01"]
    assert "ended the kernel" in findings[0].problem


def test_r02_a_verdict_that_depends_on_chance_names_the_runs(servers: SealedServers, tmp_path: Path) -> None:
    draw = "import random\ndef draw():\n    return random.random()"
    _, _, findings = rehearsed(servers, source(tmp_path, draw, "assert 0.5 < draw() < 1"))
    assert codes(findings) == [("R02", True)]
    assert "0 points in run 1 (seed 1); 2 points in run 2 (seed 2)" in findings[0].problem


@pytest.mark.thorough
def test_r02_a_verdict_that_depends_on_the_order_of_a_set(tmp_path: Path) -> None:
    letters = "def letters():\n    return list(set('abcdefgh'))"
    order = subprocess.run(
        [sys.executable, "-c", "print(list(set('abcdefgh')))"], env={"PYTHONHASHSEED": "1"}, capture_output=True, text=True, check=True
    )
    with seeded_servers([], 2) as (first, second):
        of = source(tmp_path, letters, f"assert letters() == {order.stdout.strip()}")
        _, _, findings = rehearsed(first.servers, of, seeded=(second,), runs=2)
    assert codes(findings) == [("R02", True)]
    assert "2 points in run 1 (seed 1); 0 points in run 2 (seed 2 and hash seed 2)" in findings[0].problem


def test_r03_a_test_that_pays_for_the_untouched_notebook(servers: SealedServers, tmp_path: Path) -> None:
    _, _, findings = rehearsed(servers, source(tmp_path, SQUARE, "assert square(3) == 9", "assert True"))
    assert [(each.code, each.is_blocking, each.where) for each in findings] == [("R03", True, "a/n.ipynb, test-1")]


def test_r05_a_test_that_pays_for_an_answer_that_does_not_work_names_cell_and_answer(servers: SealedServers, tmp_path: Path) -> None:
    _, _, findings = rehearsed(servers, source(tmp_path, SQUARE, "assert 'square' in globals() or square"), choices={"test-0": "compat"})
    assert codes(findings) == [("R05", True)]
    assert "an answer whose names all stand for an object that agrees with everything" in findings[0].problem
    assert findings[0].where == "a/n.ipynb, test-0"


def test_r05_a_test_in_the_learners_process_is_paid_for_taking_its_assertions_out_once_its_canaries_are_gone(
    servers: SealedServers, tmp_path: Path
) -> None:
    of = source(tmp_path, SQUARE, "nine = 9\nassert square(3) == nine and type(square(3)) is int")
    _, plan, guarded = rehearsed(servers, of, choices={"test-0": "compat"}, runs=1)
    assert guarded == []
    bare = plan.model_copy(update={"cells": tuple(each.model_copy(update={"canaries": ()}) for each in plan.cells)})
    report = rehearse_fully(of.model_copy(update={"plan": bare}), servers, LIMITS, runs=1)
    findings = check_rehearsal(report, bare)
    assert codes(findings) == [("R05", True)]
    assert {(each.kind, each.answer) for each in report.hostile.paid} == {("assert-stripper", ""), ("assert-stripper", "answer")}


def test_what_a_person_decides_is_not_held_against_the_author(servers: SealedServers, tmp_path: Path) -> None:
    _, _, findings = rehearsed(
        servers, source(tmp_path, SQUARE, "assert True", "assert square(3) == 10"), choices={"test-0": "manual", "test-1": "manual"}
    )
    assert findings == []


def test_r06_a_cell_near_its_time_limit_is_a_warning_and_one_over_it_blocks(
    servers: SealedServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full_rehearsal, "ENDLESS_TIMES", 0.0)  # endless answers are not what this is about
    slow = "import time\ndef square(n):\n    time.sleep(5.2)\n    return n * n"
    _, _, findings = rehearsed(servers, source(tmp_path, slow, "assert square(3) == 9"), limits=Limits(cell_timeout_s=10), runs=1)
    assert codes(findings) == [("R06", False)]
    assert "of the 10 s that it may" in findings[0].problem


def test_r08_a_test_that_warns_costs_the_right_answer_its_marks(servers: SealedServers, tmp_path: Path) -> None:
    noisy = "import sys\nassert square(3) == 9\nprint('careful', file=sys.stderr)"
    _, _, findings = rehearsed(servers, source(tmp_path, SQUARE, noisy))
    assert codes(findings) == [("R08", True)]
    assert findings[0].problem.endswith("careful")


def test_r09_another_kernel_than_pythons_is_said_and_does_not_block(servers: SealedServers, tmp_path: Path) -> None:
    foreign = source(tmp_path, "x", "stopifnot(TRUE)", kernelspec={"name": "ir", "language": "R", "display_name": "R"})
    report, _, findings = rehearsed(servers, foreign)
    assert codes(findings) == [("R09", False)]
    assert report.runs == ()
