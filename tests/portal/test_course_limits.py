"""Limits of the manifest from `course.toml` to the verdict: frozen at release, over the site's and nbgrader's, in `patunay grade` and in nbgrader's command."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.apps.api import NbGraderAPI

from autograder.records import attempts_of, open_records
from courses.catalogue import load_course
from courses.nbgrader_course import open_course
from courses.release import nbgrader_environment, release_course
from courses.settings import Site, load_site
from portal.course_work import GradeRequest, grade_course
from portal.site_making import make_site
from tests.small_site import COURSE, WANTED, write_course

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]

ENDLESS = "def square(n):\n    while True:\n        pass"
COURSE_LIMITS = "[limits]\ncell_timeout_s = 200.0\nprocesses = 99\n\n[qa]"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site whose course is released with a limit of 1.5 s for the cells of `basics`."""
    made = make_site(tmp_path / "site", WANTED)
    settings = made.root / "patunay.toml"
    text = settings.read_text(encoding="utf-8")
    assert "\ncell_timeout_s = 30.0" in text
    settings.write_text(text.replace("\ncell_timeout_s = 30.0", "\ncell_timeout_s = 300.0"), encoding="utf-8")
    manifest = write_course(made.courses) / "course.toml"
    text = manifest.read_text(encoding="utf-8").replace("[qa]", COURSE_LIMITS, 1)
    own = 'type = "performance"\nlimits = { cell_timeout_s = 1.5, restart_after_death = true }\nitems'
    manifest.write_text(text.replace('type = "performance"\nitems', own, 1), encoding="utf-8")
    release_course(made, load_course(made.courses, COURSE), (), now=now())
    manifest.write_text(text, encoding="utf-8")  # what stands in the sources now is not what was released
    with (made.course_root(COURSE) / "nbgrader_config.py").open("a", encoding="utf-8") as stream:
        stream.write("\nc = get_config()\nc.Execute.timeout = 250\n")
    return load_site(made.root)


def now() -> datetime:
    return datetime.now(UTC)


def submit(site: Site, assignment: str, *answers: str) -> None:
    root = site.course_root(COURSE)
    folder = root / "submitted" / "ana" / assignment
    folder.mkdir(parents=True)
    node = nbformat.read(root / "release" / assignment / f"{assignment}.ipynb", as_version=4)
    solutions = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("solution") and cell.cell_type == "code"]
    for cell, answer in zip(solutions, answers, strict=True):
        cell.source = answer
    (folder / f"{assignment}.ipynb").write_text(nbformat.writes(node), encoding="utf-8")


def run_of(site: Site, assignment: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the limits of the one run, and its cells."""
    with open_records(site.course_root(COURSE)) as session:
        ((attempt,),) = attempts_of(session, assignment).values()
        (result,) = attempt.results
        return json.loads(result.run.limits), json.loads(result.cells)


def grade(site: Site, *assignments: str) -> None:
    request = GradeRequest(assurance="compat", jobs=1)
    grade_course(site, COURSE, assignments, request, now=now, progress=lambda _done, _all: None)


def test_the_released_limits_reach_the_verdict_and_the_record(site: Site) -> None:
    submit(site, "basics", ENDLESS)
    submit(site, "project", "plan = 1")
    grade(site)
    limits, cells = run_of(site, "basics")
    assert (limits["cell_timeout_s"], limits["processes"], limits["restart_after_death"]) == (1.5, 99, True)
    assert [cell["auto_score"] for cell in cells] == [0.0, 0.0]
    graded = next((site.course_root(COURSE) / "autograded").rglob("basics.ipynb")).read_text(encoding="utf-8")
    assert "1.5 s" in graded, "what the learner is told names the limit of the manifest"
    limits, cells = run_of(site, "project")
    assert (limits["cell_timeout_s"], limits["restart_after_death"]) == (200.0, False), (
        "the course's, not the site's 300 nor nbgrader's 250"
    )
    assert cells[0]["auto_score"] == 6.0


def test_nbgraders_own_command_keeps_them_too(site: Site) -> None:
    submit(site, "basics", ENDLESS)
    config = site.course_root(COURSE) / "nbgrader_config.py"
    switch = 'c.Autograde.exporter_class = "autograder.nbgrader_switch.GradeWithPatunay"\nc.GradeWithPatunay.assurance = "compat"\n'
    config.write_text(config.read_text(encoding="utf-8") + switch, encoding="utf-8")
    opened = open_course(site.course_root(COURSE))
    with nbgrader_environment():
        told = NbGraderAPI(coursedir=opened.directory, config=opened.config).autograde("basics", "ana")
    assert told["success"], told
    limits, cells = run_of(site, "basics")
    assert (limits["cell_timeout_s"], limits["processes"], limits["restart_after_death"]) == (1.5, 99, True)
    assert [cell["auto_score"] for cell in cells] == [0.0, 0.0]
