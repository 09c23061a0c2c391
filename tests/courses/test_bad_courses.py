"""The seeded bad courses: each breaks one rule by one small edit, and the gate finds just that, just there."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from courses.catalogue import Course
from courses.checks import check_course
from courses.findings import Finding
from courses.static_checks.notebook_rules import check_notebooks
from tests.courses.bad_courses.edits import BAD_COURSES, Bad
from tests.courses.bad_courses.good_course import Draft

_TODAY = date(2026, 11, 20)
_SOURCES = Path(__file__).resolve().parents[2] / "courses" / "static_checks"
_WITH_OTHERS = {"N01", "N02"}
"""Without a notebook or without points much else is missing too: these have tests of their own."""


def test_the_good_course_has_no_finding(tmp_path: Path) -> None:
    assert check_course(Draft().write(tmp_path), today=_TODAY) == []


@pytest.mark.parametrize("bad", BAD_COURSES, ids=lambda bad: f"{bad.code} {bad.name}")
def test_a_rule_finds_its_bad_course_and_nothing_else_does(bad: Bad, tmp_path: Path) -> None:
    draft = Draft()
    bad.edit(draft)
    course = draft.write(tmp_path)
    found = check_course(course, today=_TODAY)
    assert [(finding.code, finding.severity.value) for finding in found] == [(bad.code, bad.severity)], found
    assert points_at(found[0], course, draft) == bad.at


def points_at(finding: Finding, course: Course, draft: Draft) -> str:
    """Return where the finding leads a program to, in the words of the table, once it is sure that it leads people to the same place."""
    place = finding.place
    assert place is not None
    if place.field is not None:
        assert place.file == "course.toml"
        assert finding.where in {f"course.toml:{place.line}, {place.field}", f"course.toml, {place.field}"}
        assert place.line is None or words_of(place.field) & words_of(line_of(course, place.line))
        return f"course.toml {place.field}"
    assert place.assignment == "ps1"
    if place.cell_index is None:
        assert finding.where == place.file
        return str(place.file)
    cell = draft.notebook.cells[place.cell_index]
    assert (place.file, place.notebook) == ("ps1/p1.ipynb", "p1")
    assert place.cell == cell.metadata.get("nbgrader", {}).get("grade_id")
    assert finding.where == f"ps1/p1.ipynb, {place.cell or f'cell {place.cell_index + 1}'}"
    return f"cell {cell.id}"


def line_of(course: Course, number: int) -> str:
    return (course.folder / "course.toml").read_text(encoding="utf-8").splitlines()[number - 1]


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def test_every_rule_that_needs_no_kernel_has_a_bad_course_for_each_severity() -> None:
    made = r"\b(blocking|warning)\(\s*\"([A-Z]\d\d)\""
    rules = {(code, kind) for file in _SOURCES.glob("*.py") for kind, code in re.findall(made, file.read_text(encoding="utf-8"))}
    assert len(rules) > 40
    assert {(code, kind) for code, kind in rules if code not in _WITH_OTHERS} == {(bad.code, bad.severity) for bad in BAD_COURSES}


def test_an_assignment_without_a_notebook_blocks(tmp_path: Path) -> None:
    draft = Draft(has_notebook=False)
    found = {finding.code: finding for finding in check_notebooks(draft.write(tmp_path))}
    assert (found["N01"].is_blocking, found["N01"].where) == (True, "good-course/ps1")


def test_an_assignment_without_points_blocks(tmp_path: Path) -> None:
    draft = Draft()
    for name in ("test_square", "test_total", "essay"):
        draft.cell(name).metadata["nbgrader"]["points"] = 0
    found = {finding.code: finding for finding in check_notebooks(draft.write(tmp_path))}
    assert (found["N02"].is_blocking, found["N02"].where) == (True, "good-course/ps1")
    assert found["Q05"].is_blocking, "an outcome that is worth no points is not assessed"
