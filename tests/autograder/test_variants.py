"""Learner variants, graded by the real engines: everyone by their own values, whatever their notebook says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.errors import PipelineError, SourceError
from autograder.execution.engines import EngineRoom
from autograder.gradebook import read_gradebook
from autograder.grading import GradingOptions, GradingSummary, grade_assignment
from autograder.jobs import AssignmentSource, GradingJob, Limits
from autograder.nbgrader_database import load_source
from autograder.records import attempts_of, open_records
from autograder.scheduling.worker import order_json
from autograder.variants import variant_of, with_variants
from courses.errors import VariantError
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.settings import load_site
from courses.variants import VariantPool
from tests.varied_site import (
    ASSIGNMENT,
    COURSE,
    NOTEBOOK,
    answered,
    cell_of,
    learner_with,
    make_varied_site,
    manifest_text,
    release,
    submit,
)

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a site with a released course whose first two variants have different numbers: its key, and so the draw, is random. Only copied."""
    while True:
        site = make_varied_site(tmp_path_factory.mktemp("varied") / "site")
        first, second, *_ = pool_of(release(site)).rows
        if first["n"] != second["n"]:
            return site.root


@pytest.fixture
def course(template: Path, tmp_path: Path) -> NbgraderCourse:
    return open_course(load_site(shutil.copytree(template, tmp_path / "site")).course_root(COURSE))


def pool_of(course: NbgraderCourse) -> VariantPool:
    pool = load_source(course, ASSIGNMENT).variants
    assert pool is not None
    return pool


@pytest.fixture(scope="module")
def room() -> Iterator[EngineRoom]:
    """Yield an engine that is started once."""
    with EngineRoom(assurance="compat") as engines:
        yield engines


def grade(course: NbgraderCourse, room: EngineRoom | None = None, **options: Any) -> GradingSummary:
    """Grade in compat, where nothing is rehearsed first, unless told otherwise."""
    wanted = GradingOptions(**{"assurance": "compat", **options})
    return grade_assignment(course, ASSIGNMENT, wanted, now=lambda: datetime.now(UTC), room=room)


def scores(summary: GradingSummary) -> dict[str, float | None]:
    return {each.learner: each.score for each in summary.graded}


def graded_notebook(course: NbgraderCourse, learner: str) -> Any:
    return nbformat.read(course.autograded(learner, ASSIGNMENT) / f"{NOTEBOOK}.ipynb", as_version=4)


def without(node: Any, grade_id: str) -> Any:
    node.cells = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != grade_id]
    return node


@pytest.fixture(scope="module", params=["sealed", "compat"])
def cohort(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[NbgraderCourse, GradingSummary, dict[str, str]]]:
    """Yield the course after learners of two variants were graded, what was told, and who is who."""
    site = load_site(shutil.copytree(template, tmp_path_factory.mktemp("cohort") / "site"))
    course = open_course(site.course_root(COURSE))
    pool = pool_of(course)
    who: dict[str, str] = {}
    for role, row in (
        ("anna", 0),
        ("ben", 1),
        ("of ben's", 0),
        ("editor", 0),
        ("deleter", 0),
        ("untagged", 0),
        ("same 0", 0),
        ("same 1", 1),
    ):
        who[role] = learner_with(pool, row, but=tuple(who.values()))
    n = [pool.rows[row]["n"] for row in (0, 1)]
    submit(course, who["anna"], answered(course, f"total = {sum(range(int(str(n[0]))))}"))
    submit(course, who["ben"], answered(course, f"total = {sum(range(int(str(n[1]))))}"))
    submit(course, who["of ben's"], answered(course, f"total = {sum(range(int(str(n[1]))))}", f"def scaled(x):\n    return x * {n[1]}"))
    easy = answered(course, "total = 1", "def scaled(x):\n    return x * 2")
    cell_of(easy, "values").source = "n = 2\nname = 'easy'\ntwice = 4"
    submit(course, who["editor"], easy)
    submit(course, who["deleter"], without(answered(course, "total = sum(numbers)"), "values"))
    untagged = answered(course, "n = 2\nnumbers = [0, 1]\ntotal = sum(numbers)", "def scaled(x):\n    return 2 * x")
    cell_of(untagged, "values").metadata.pop("tags")
    cell_of(untagged, "values").metadata.pop("nbgrader")
    submit(course, who["untagged"], untagged)
    for role in ("same 0", "same 1"):
        submit(course, who[role], answered(course, f"total = {sum(range(int(str(n[0]))))}"))
    yield course, grade(course, assurance=request.param), who


def test_each_learner_is_graded_by_their_own_values(cohort: tuple[NbgraderCourse, GradingSummary, dict[str, str]]) -> None:
    _, summary, who = cohort
    found = scores(summary)
    assert (found[who["anna"]], found[who["ben"]]) == (5, 5)
    assert found[who["of ben's"]] == 0, "right for another's variant"


def test_what_stands_in_the_submitted_parameters_cell_decides_nothing(
    cohort: tuple[NbgraderCourse, GradingSummary, dict[str, str]],
) -> None:
    _, summary, who = cohort
    found = scores(summary)
    assert found[who["editor"]] == 0
    assert found[who["deleter"]] == 5


def test_an_answer_that_sets_a_parameter_itself_deceives_only_one_process(
    cohort: tuple[NbgraderCourse, GradingSummary, dict[str, str]], request: pytest.FixtureRequest
) -> None:
    _, summary, who = cohort
    in_one_process = "compat" in request.node.name
    assert scores(summary)[who["untagged"]] == (2 if in_one_process else 0)


def test_one_file_of_two_learners_with_two_variants_has_two_results(cohort: tuple[NbgraderCourse, GradingSummary, dict[str, str]]) -> None:
    course, summary, who = cohort
    found = scores(summary)
    with open_records(course) as session:
        attempts = attempts_of(session, ASSIGNMENT)
        assert attempts[who["same 0"]][0].digest == attempts[who["same 1"]][0].digest
    assert (found[who["same 0"]], found[who["same 1"]]) == (5, 3)


def test_the_graded_notebook_and_the_record_tell_the_values(cohort: tuple[NbgraderCourse, GradingSummary, dict[str, str]]) -> None:
    course, _, who = cohort
    pool = pool_of(course)
    for role, row in (("anna", 0), ("ben", 1), ("editor", 0)):
        text = cell_of(graded_notebook(course, who[role]), "values").source
        assert f"n = {pool.rows[row]['n']}  # how many" in text
        assert f"name: str = {pool.rows[row]['name']!r}" in text
        assert "my_variant" not in text
        got = variant_of(course, ASSIGNMENT, who[role])
        assert got is not None
        assert (got.number, got.of, got.values) == (row + 1, 6, pool.rows[row])
    with open_records(course) as session:
        run = attempts_of(session, ASSIGNMENT)[who["anna"]][0].results[0].run
        assert json.loads(run.environment)["variants_sha256"] == pool.digest
        assert run.source_digest == load_source(course, ASSIGNMENT).digest


def test_frames_of_the_gradebook_can_name_each_learners_variant(cohort: tuple[NbgraderCourse, GradingSummary, dict[str, str]]) -> None:
    course, _, who = cohort
    frame = with_variants(read_gradebook(course).cells, course)
    assert set(frame[frame["learner"] == who["ben"]]["variant"]) == {2}
    assert str(frame["variant"].dtype) == "Int64"


def test_grading_again_gives_the_same_results(course: NbgraderCourse, room: EngineRoom) -> None:
    learner = learner_with(pool_of(course), 3)
    submit(course, learner, answered(course, "total = sum(numbers)"))
    first, second = grade(course, room), grade(course, room, force=True)
    assert scores(first) == scores(second) == {learner: 5}


def test_nothing_is_graded_without_the_variants_that_the_manifest_gives(course: NbgraderCourse) -> None:
    (course.root / "variants" / f"{ASSIGNMENT}.json").unlink()
    with pytest.raises(SourceError, match="they are not in the course directory"):
        grade(course, variants_required=True)


def test_damaged_variants_stop_grading(course: NbgraderCourse) -> None:
    (course.root / "variants" / f"{ASSIGNMENT}.json").write_text("{}", encoding="utf-8")
    with pytest.raises(VariantError, match="cannot be read"):
        grade(course)


def test_variants_that_do_not_fit_the_source_stop_grading(course: NbgraderCourse) -> None:
    path = course.root / "variants" / f"{ASSIGNMENT}.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"values"', '"total"'), encoding="utf-8")
    with pytest.raises(SourceError, match="do not fit its cell 'total'"):
        grade(course)


def test_a_courses_own_grading_steps_do_not_grade_variants(course: NbgraderCourse) -> None:
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text(encoding="utf-8") + "c.Autograde.autograde_preprocessors = []\n", encoding="utf-8")
    with pytest.raises(PipelineError, match="own grading steps do not know"):
        grade(open_course(course.root))


def test_another_table_grades_everybody_again(template: Path, tmp_path: Path, room: EngineRoom) -> None:
    site = load_site(shutil.copytree(template, tmp_path / "site"))
    course = open_course(site.course_root(COURSE))
    submit(course, "anna", answered(course, "total = sum(numbers)"))
    grade(course, room)
    (site.courses / COURSE / "course.toml").write_text(
        manifest_text("{ fixed = [{ n = 11, name = 'x' }, { n = 12, name = 'y' }] }", is_changed=True), encoding="utf-8"
    )
    course = release(site)
    assert scores(grade(course, room)) == {"anna": 5}
    assert "n = 1" in cell_of(graded_notebook(course, "anna"), "values").source


def test_a_job_that_was_sent_to_a_worker_has_the_same_learners_values(course: NbgraderCourse) -> None:
    source = load_source(course, ASSIGNMENT)
    job = GradingJob(source=source, learner="anna", submission="-", limits=Limits(), sandbox=False)
    sent = json.loads(order_json(0, job))["job"]
    there = GradingJob.model_validate({**sent, "source": AssignmentSource.model_validate_json(source.model_dump_json())})
    assert there.notebooks == job.notebooks != source.notebooks
    (values,) = (cell.source for cell in there.notebooks[0].cells if cell.name == "values")
    assert f"n = {pool_of(course).values_of('anna')['n']}" in values
