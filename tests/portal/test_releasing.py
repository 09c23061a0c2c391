"""Releasing with the rehearsal: plans frozen with the release, the author's choices, and the demand for sealed verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from autograder.errors import AssuranceError
from autograder.nbgrader_database import load_source
from autograder.planning import read_plan, released_plan
from courses.catalogue import Course, load_course
from courses.checks import check_course
from courses.errors import ReleaseRefusedError
from courses.nbgrader_course import open_course
from courses.release import find_release
from courses.settings import Site
from portal.course_work import GradeRequest, grade_course
from portal.releasing import release_rehearsed
from portal.site_making import make_site
from tests.small_site import COURSE, WANTED, write_course

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = make_site(tmp_path / "site", WANTED)
    write_course(made.courses)
    yield made


def course(site: Site, *changes: tuple[str, str]) -> Course:
    """Return the course with its manifest's text changed."""
    path = site.courses / COURSE / "course.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return load_course(site.courses, COURSE)


def now() -> datetime:
    return datetime.now(UTC)


def no_progress(_done: int, _all: int) -> None:
    return


ITEMS = 'type = "performance"\nitems'


def test_the_plans_are_frozen_with_the_release_and_hold_for_its_sources(site: Site) -> None:
    release, rehearsed = release_rehearsed(site, course(site), (), now=now())
    root = site.course_root(COURSE)
    for assignment in ("basics", "project"):
        plan = read_plan(released_plan(root, release, assignment))
        assert plan == rehearsed.plans[assignment]
        assert plan is not None
        assert plan.source_digest == load_source(open_course(root), assignment).digest
        assert {each.label for each in plan.cells} == {"sealed"}
    assert rehearsed.findings == ()
    again, known = release_rehearsed(site, course(site), (), now=now())
    assert (again, known.plans) == (release, rehearsed.plans)


def test_a_course_that_demands_sealed_verdicts_is_not_released_with_less(site: Site) -> None:
    demanding = course(
        site, (ITEMS, 'type = "performance"\ncells = { test_sum = "compat" }\nitems'), ("[qa]", 'assurance = "sealed"\n[qa]')
    )
    with pytest.raises(ReleaseRefusedError, match=r"S01 basics/basics\.ipynb, test_sum.*decided in one process, as course.toml says"):
        release_rehearsed(site, demanding, (), now=now())
    assert find_release(site.course_root(COURSE)) is None
    by_hand = course(site, ('test_sum = "compat"', 'test_sum = "manual"'))
    release_rehearsed(site, by_hand, (), now=now())
    with pytest.raises(AssuranceError, match="demands sealed verdicts"):
        grade_course(site, COURSE, (), GradeRequest(assurance="compat"), now=now, progress=no_progress)


def test_a_choice_for_a_cell_that_is_no_test_is_refused_with_the_nearest_name(site: Site) -> None:
    found = check_course(course(site, (ITEMS, 'type = "performance"\ncells = { test_squere = "compat" }\nitems')), today=now().date())
    (finding,) = [each for each in found if each.code == "N11"]
    assert (finding.is_blocking, finding.remedy) == (True, "Did you mean 'test_square'?")


def test_what_an_author_should_mend_is_found(site: Site) -> None:
    path = site.courses / COURSE / "basics" / "basics.ipynb"
    node = nbformat.read(path, as_version=4)
    node.cells[1].source = "assert square(2) == 5"
    node.cells[2].source = "assert True"
    path.write_text(nbformat.writes(node), encoding="utf-8")
    _, rehearsed = release_rehearsed(site, replace(course(site)), ("basics",), now=now())
    assert [(each.code, "test_square" in each.problem, "test_sum" in each.problem) for each in rehearsed.findings] == [
        ("S03", True, False),
        ("S04", False, True),
    ]
