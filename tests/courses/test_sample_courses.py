"""The sample courses keep every rule that we ask of others, and their notebooks work: in the engine that grades learners."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.execution.engines import EngineRoom
from autograder.jobs import GradingJob, GradingResult, Limits
from autograder.nbgrader_database import load_source
from autograder.scheduling.worker import grade_job
from courses.catalogue import course_ids, load_course
from courses.checks import check_course
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.notebook import CellKind, load_notebook
from courses.release import release_course
from courses.release_checks import check_release
from courses.samples import samples_folder
from courses.settings import Site, load_site
from tests.courses.tiny_site import SETTINGS

pytestmark = pytest.mark.slow

_NOW = datetime(2026, 11, 23, tzinfo=UTC)
_COURSES = course_ids(samples_folder())
_LIMITS = Limits(cell_timeout_s=300.0, submission_timeout_s=1800.0)
"""What is tested is what the notebooks do, not how busy this machine is."""
_WORK = [(course, each.id) for course in _COURSES for each in load_course(samples_folder(), course).manifest.assessments]


@dataclass(frozen=True)
class Released:
    """A sample course as learners get it."""

    course: NbgraderCourse

    def notebooks(self, folder: Path) -> list[Path]:
        return sorted(folder.glob("*.ipynb"))


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Released]:
    """Every sample course, released in one site that takes its sources from the repository."""
    site = site_of_samples(tmp_path_factory.mktemp("site"))
    found = {}
    for name in _COURSES:
        release_course(site, load_course(site.courses, name), (), now=_NOW)
        found[name] = Released(open_course(site.course_root(name)))
    return found


def site_of_samples(root: Path) -> Site:
    """Return a new site that takes its sources from the repository."""
    (root / "patunay.toml").write_text(f'{SETTINGS}\n[paths]\ncourses = "{samples_folder()}"\n', encoding="utf-8")
    return load_site(root)


@pytest.mark.parametrize("name", _COURSES)
def test_the_gate_finds_nothing_in_a_sample_course(name: str, tmp_path: Path) -> None:
    site = site_of_samples(tmp_path)
    course = load_course(site.courses, name)
    assert check_course(course, today=_NOW.date()) == []
    assert check_release(site, course, today=_NOW.date()) == [], "changed since? `patunay course submit`, then `approve`, and commit both"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "assignment"), _WORK)
def test_the_learner_version_holds_no_solution_and_no_hidden_test(released: dict[str, Released], name: str, assignment: str) -> None:
    course = released[name].course
    for source in released[name].notebooks(course.source(assignment)):
        text = (course.release(assignment) / source.name).read_text(encoding="utf-8")
        learners = nbformat.reads(text, as_version=4)
        assert not re.search(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)", text)
        shown = "\n".join(cell.source for cell in learners.cells)
        assert [line for line in secret_lines(source) if line in shown] == []
        assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in learners.cells)


def secret_lines(source: Path) -> list[str]:
    """Return the lines between the marks that are long enough to say something and stand nowhere else in the notebook."""
    node: Any = nbformat.read(source, as_version=4)
    secret: list[str] = []
    public: list[str] = []
    inside = False
    for cell in node.cells:
        for line in cell.source.splitlines():
            if re.search(r"### BEGIN (SOLUTION|HIDDEN TESTS|MARK SCHEME)|=== BEGIN MARK SCHEME", line):
                inside = True
            elif re.search(r"### END|=== END", line):
                inside = False
            else:
                (secret if inside else public).append(line.strip())
    return [line for line in secret if len(line) > 12 and line not in public]


def grade(engines: EngineRoom, course: NbgraderCourse, assignment: str, folder: Path) -> GradingResult:
    """Grade the folder as a learner's submission."""
    source = load_source(course, assignment)
    ready = engines.prepare(source)
    job = GradingJob(source=source, learner="ana", submission=str(folder), limits=_LIMITS, sandbox=ready.sandbox == "bubblewrap")
    return grade_job(job, ready, worker="")


@pytest.fixture(scope="module")
def engines() -> Any:
    with EngineRoom(assurance="compat") as room:
        yield room


@pytest.mark.slow
@pytest.mark.parametrize(("name", "assignment"), _WORK)
def test_the_reference_solution_gets_full_marks(engines: EngineRoom, released: dict[str, Released], name: str, assignment: str) -> None:
    course = released[name].course
    result = grade(engines, course, assignment, course.source(assignment))
    assert (result.status, result.reason) == ("graded", "")
    tests = {cell.name: (cell.auto_score, cell.points_possible) for cell in result.cells if cell.kind == "test"}
    assert tests
    assert {cell: points for cell, points in tests.items() if points[0] != points[1]} == {}
    assert {cell.auto_score for cell in result.cells if cell.kind != "test"} <= {None}, "what was answered in words waits for a person"
    assert noisy_cells(result) == []


def noisy_cells(result: GradingResult) -> list[str]:
    """Return the cells that printed on stderr, which in a test would cost the points."""
    return [
        cell.metadata.get("nbgrader", {}).get("grade_id", str(index))
        for notebook in result.notebooks
        for index, cell in enumerate(nbformat.reads(notebook.document, as_version=4).cells)
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "assignment"), _WORK)
def test_the_untouched_release_gets_nothing_on_every_cell(
    engines: EngineRoom, released: dict[str, Released], name: str, assignment: str
) -> None:
    course = released[name].course
    result = grade(engines, course, assignment, course.release(assignment))
    assert result.status == "graded"
    assert {cell.name: cell.auto_score for cell in result.cells if cell.auto_score != 0.0} == {}
    expected = [cell.grade_id for path in released[name].notebooks(course.source(assignment)) for cell in load_notebook(path).graded_cells]
    assert sorted(cell.name for cell in result.cells) == sorted(str(each) for each in expected)
    assert CellKind.TEST in {
        cell.kind for path in released[name].notebooks(course.source(assignment)) for cell in load_notebook(path).cells
    }
