"""Releasing with the rehearsal: plans frozen with the release, the author's choices, and the demand for sealed verdicts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from autograder.errors import AssuranceError, SandboxMissingError
from autograder.nbgrader_database import load_source
from autograder.planning import read_plan, released_plan
from courses.catalogue import Course, load_course
from courses.checks import check_course
from courses.errors import ReleaseRefusedError
from courses.nbgrader_course import open_course
from courses.release import find_release
from courses.settings import Site
from portal.course_work import GradeRequest, grade_course
from portal.gate.course_gate import check_files, check_running
from portal.gate.kept_trials import find_kept
from portal.gate.report import Depth
from portal.gate.trying import Wanted
from portal.releasing import find_gate_report, release_rehearsed
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
    assert rehearsed.depth == "mutation"
    assert {each.code[0] for each in rehearsed.findings} <= {"A", "Q", "W"}, "what is run finds nothing"
    page = find_gate_report(root, release)
    assert page is not None
    assert "can be released" in page.read_text(encoding="utf-8")
    assert json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["is_releasable"] is True
    assert (page.stat().st_mode & 0o777, page.with_suffix(".json").stat().st_mode & 0o777) == (0o600, 0o600)
    again, known = release_rehearsed(site, course(site), (), now=now())
    assert (again, known.trials, known.findings) == (release, rehearsed.trials, rehearsed.findings)


@pytest.mark.thorough
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


def test_what_an_author_has_to_mend_stops_the_release_at_every_depth(site: Site) -> None:
    path = site.courses / COURSE / "basics" / "basics.ipynb"
    node = nbformat.read(path, as_version=4)
    node.cells[1].source = "assert square(2) == 5"
    node.cells[2].source = "assert 'square' != 'sum'"
    path.write_text(nbformat.writes(node), encoding="utf-8")
    depths: tuple[Depth, ...] = ("plan", "rehearsal")
    for depth in depths:
        with pytest.raises(ReleaseRefusedError) as refused:
            release_rehearsed(site, course(site), ("basics",), now=now(), depth=depth)
        listed = str(refused.value)
        assert "R01 basics/basics.ipynb, test_square: the reference solution earns 0 points of 2" in listed
        assert "R03 basics/basics.ipynb, test_sum: the untouched notebook earns 8 of 8 points" in listed
    assert find_release(site.course_root(COURSE)) is None


@pytest.mark.thorough
def test_what_a_check_found_is_not_run_again_and_what_changed_is(site: Site) -> None:
    files = check_files(site, course(site), now=now())
    first = check_running(site, course(site), ("basics",), files, Wanted("rehearsal"))
    again = check_running(site, course(site), ("basics",), files, Wanted("plan"))
    assert again.trials == first.trials, "the secret of a plan made anew would be another"
    path = site.courses / COURSE / "basics" / "basics.ipynb"
    node = nbformat.read(path, as_version=4)
    node.cells[0].source = node.cells[0].source.replace("n * n", "n ** 2")
    path.write_text(nbformat.writes(node), encoding="utf-8")
    changed = check_running(site, course(site), ("basics",), files, Wanted("plan"))
    assert changed.trials["basics"].key != first.trials["basics"].key, "the solution alone was changed, and it counts"
    kept = site.course_root(COURSE) / ".patunay" / "gate" / "basics.json"
    kept.chmod(0o666)
    assert find_kept(site.course_root(COURSE), "basics") is None, "others could have written it"


@pytest.mark.thorough
def test_without_a_sandbox_the_gate_says_so_and_a_course_that_demands_seals_is_not_released(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise SandboxMissingError("no kernel can be forked here", remedy="Install it.")

    monkeypatch.setattr("autograder.execution.fork_server.ForkServer.probe", refuse)
    with pytest.raises(SandboxMissingError, match="no kernel"):
        release_rehearsed(site, course(site, ("[qa]", 'assurance = "sealed"\n[qa]')), (), now=now())
    _, report = release_rehearsed(site, course(site, ('assurance = "sealed"\n[qa]', "[qa]")), (), now=now())
    assert "no kernel" in report.obstacle
    assert [(each.code, each.is_blocking) for each in report.findings if each.code == "R09"] == [("R09", False)]
    assert "it was not rehearsed" in report.verdict
