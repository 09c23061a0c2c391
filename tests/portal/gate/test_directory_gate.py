"""Any nbgrader course directory goes through the gate as it is: here the course that nbgrader's own documentation begins with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from nbgrader.apps import QuickStartApp

from courses.nbgrader_course import NbgraderCourse, open_course
from portal.gate.directory_gate import check_directory
from portal.gate.report import GateReport
from portal.gate.trying import Wanted

pytestmark = pytest.mark.slow


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NbgraderCourse:
    """The course of `nbgrader quickstart`, with a header notebook that is named from the course's folder."""
    monkeypatch.chdir(tmp_path)
    application = QuickStartApp()
    application.initialize([str(tmp_path / "quick")])
    application.start()
    return open_course(tmp_path / "quick")


def check(course: NbgraderCourse) -> GateReport:
    return check_directory(course, (), Wanted("plan"), now=datetime.now(UTC))


@pytest.mark.thorough
def test_nbgraders_own_course_is_rehearsed_and_what_is_found_is_what_it_lacks(course: NbgraderCourse) -> None:
    report = check(course)
    assert [(each.code, each.is_blocking, each.where) for each in report.findings] == [
        ("A03", False, "ps1/problem1.ipynb"),
        ("A03", False, "ps1/problem2.ipynb"),
        ("Q17", False, "ps1/problem1.ipynb, jupyter"),
    ]
    assert set(report.trials) == {"ps1"}


@pytest.mark.thorough
def test_what_nbgrader_could_not_do_is_told_with_its_cause(course: NbgraderCourse) -> None:
    (course.root / "source" / "header.ipynb").unlink()
    (stopped,) = [each for each in check(course).findings if each.is_blocking]
    assert (stopped.code, stopped.where) == ("R09", "ps1")
    assert "FileNotFoundError" in stopped.problem
    assert "header.ipynb" in stopped.problem
