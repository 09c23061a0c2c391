"""A small site with one released course and fabricated results: what a semester would have left in the databases, without running a notebook."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import nbformat
from sqlalchemy.exc import SAWarning

from autograder.evidence import end_run
from autograder.jobs import GradedCell
from autograder.nbgrader_database import open_gradebook
from autograder.records import Attempt, GradingRun, Result, open_records, utc_text
from courses.catalogue import load_course
from courses.nbgrader_course import open_course
from courses.release import release_course
from courses.settings import Site, load_site
from portal.site_making import NewSite, make_site
from tests.small_course import nbgrader_cell

COURSE = "tiny-course"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TODAY = datetime.now(UTC).date()
"""The commands ask the clock, so the course's review dates lie around the day of the test."""

CELLS = (("basics", "test_square", 2.0), ("basics", "test_sum", 8.0), ("project", "test_plan", 6.0), ("project", "essay", 4.0))
"""The graded cells with their points. `essay` is marked by a person."""

WANTED = NewSite(
    name="Sample badges",
    url="https://badges.uni.example",
    issuer="Example State University",
    issuer_url="https://uni.example",
    email="registrar@uni.example",
)


@dataclass(frozen=True)
class Someone:
    """A learner of the small course."""

    id: str
    name: str
    scores: tuple[float | None, float | None, float | None, float | None] = (2.0, 8.0, 6.0, 4.0)
    """Points, in the order of `CELLS`; None: not marked yet."""

    @property
    def email(self) -> str:
        """Their address."""
        return f"{self.id}@Learners.Example"


def people(count: int) -> tuple[Someone, ...]:
    """Return `count` learners who all passed."""
    return tuple(Someone(f"learner{number:03}", f"Ligaya Numero{number:03}") for number in range(count))


def manifest_text(*, today: date = TODAY) -> str:
    """Return the course.toml of the small course."""
    reviewed = today - timedelta(days=30)
    return f"""
id = "{COURSE}"
version = "1.0.0"
code = "TC 1"
type = "non-credit"
languages = ["en"]
licence = "CC BY 4.0"
awarding_body = {{ name = "Example State University", country = "PH", url = "https://uni.example" }}
authors = [{{ name = "M. Reyes", role = "author" }}]
not_levelled = "A sample."
evidence_of_need = "Asked for."
title = {{ en = "A tiny course" }}
summary = {{ en = "Squares, sums and a plan." }}
prerequisites = {{ en = "None." }}
notional_hours = {{ total = 10, modules = {{ all = 10 }} }}
participation = {{ mode = "online", pacing = "self-paced" }}
technology = {{ device = "any computer", bandwidth = "none" }}
pass_rule = {{ overall = 0.7, per_outcome = 0.5, mandatory = ["basics"] }}
supervision = "none"
identity_assurance = "account"
integrity = {{ ai = "allowed", collaboration = "allowed" }}
change_log = [{{ version = "1.0.0", date = {reviewed}, kind = "outcome", text = "First version." }}]
validity = "P2Y"
renewal = "Submit the current version again."
contact = {{ email = "help@uni.example", appeals_days = 14 }}
evidence_policy = "Kept for five years."
privacy_notice = "https://uni.example/privacy"
stackability = {{ standalone = true }}

[qa]
scheme = "Internal review"
body = "Office of Academic Affairs"
statement_url = "https://uni.example/qa"
reviewed_by = "A. Cruz"
reviewed_on = {reviewed}
review_by = {today + timedelta(days=330)}

[[outcomes]]
id = "LO1"
text = {{ en = "Compute squares and sums" }}
bloom = "apply"

[[outcomes]]
id = "LO2"
text = {{ en = "Plan a project" }}
bloom = "create"

[[assessments]]
id = "basics"
title = {{ en = "The basics" }}
weight = 40
type = "performance"
items = [{{ cell = "test_square", outcomes = ["LO1"] }}, {{ cell = "test_sum", outcomes = ["LO1"] }}]

[[assessments]]
id = "project"
title = {{ en = "The project" }}
weight = 60
type = "artifact"
items = [{{ cell = "test_plan", outcomes = ["LO2"] }}, {{ cell = "essay", outcomes = ["LO2"] }}]
"""


def write_course(courses: Path) -> Path:
    """Write the source of the small course into the folder `courses`."""
    folder = courses / COURSE
    basics, project = nbformat.v4.new_notebook(), nbformat.v4.new_notebook()
    basics.cells = [
        nbgrader_cell("code", "### BEGIN SOLUTION\ndef square(n):\n    return n * n\n### END SOLUTION", "square", solution=True),
        nbgrader_cell("code", "assert square(2) == 4", "test_square", grade=True, locked=True, points=2),
        nbgrader_cell("code", "assert sum(map(square, [1, 2])) == 5", "test_sum", grade=True, locked=True, points=8),
    ]
    project.cells = [
        nbgrader_cell("code", "### BEGIN SOLUTION\nplan = 'a plan'\n### END SOLUTION", "plan", solution=True),
        nbgrader_cell("code", "assert plan", "test_plan", grade=True, locked=True, points=6),
        nbgrader_cell("markdown", "Write here.", "essay", grade=True, solution=True, points=4),
    ]
    for name, notebook in (("basics", basics), ("project", project)):
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        (folder / name).mkdir(parents=True)
        (folder / name / f"{name}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")
    (folder / "course.toml").write_text(manifest_text(), encoding="utf-8")
    return folder


@cache
def _template(parent: Path) -> Path:
    """Make the released site once a test run; nbgrader takes its time."""
    site = make_site(parent / "template-site", WANTED)
    write_course(site.courses)
    release_course(site, load_course(site.courses, COURSE), (), now=datetime.now(UTC))
    return site.root


def released_site(folder: Path, parent: Path) -> Site:
    """Return a copy, in `folder`, of a site with the released course and nobody in it.

    Args:
        parent: where the original is kept: pytest's base folder of the run.
    """
    shutil.copytree(_template(parent), folder)
    return load_site(folder)


def enter_results(site: Site, learners: tuple[Someone, ...]) -> None:
    """Write the learners with their graded attempts into nbgrader's gradebook and our records, as a grading run leaves them."""
    root = site.course_root(COURSE)
    course = open_course(root)
    with open_gradebook(course) as gradebook, open_records(root) as session:
        runs = {name: _run(name) for name in ("basics", "project")}
        session.add_all(runs.values())
        for someone in learners:
            first, _, last = someone.name.partition(" ")
            gradebook.update_or_create_student(someone.id, first_name=first, last_name=last, email=someone.email)
            points = {(assignment, cell): score for (assignment, cell, _), score in zip(CELLS, someone.scores, strict=True)}
            for assignment in ("basics", "project"):
                with warnings.catch_warnings(action="ignore", category=SAWarning):  # nbgrader's own
                    submission = gradebook.update_or_create_submission(assignment, someone.id, timestamp=NOW)
                for grade in submission.notebooks[0].grades:
                    value = points[assignment, grade.cell.name]
                    grade.manual_score, grade.needs_manual_grade = (value, value is None) if grade.cell.name == "essay" else (None, False)
                    grade.auto_score = None if grade.cell.name == "essay" else value
                folder = Path("attempts") / assignment / someone.id
                shutil.copytree(course.release(assignment), root / folder)
                session.add(_result(someone, assignment, runs[assignment], folder.as_posix()))
        gradebook.db.commit()
        session.flush()
        for run in runs.values():
            end_run(session, run, "finished", now=NOW)


def change_score(site: Site, learner: str, assignment: str, cell: str, score: float | None) -> None:
    """Give a cell another manual score, as formgrader does."""
    with open_gradebook(open_course(site.course_root(COURSE))) as gradebook:
        grade = gradebook.find_grade(cell, assignment, assignment, learner)
        grade.manual_score, grade.needs_manual_grade = score, score is None
        gradebook.db.commit()


def _run(assignment: str) -> GradingRun:
    return GradingRun(
        id=f"run-of-{assignment}",
        assignment=assignment,
        source_digest=_digest(assignment),
        engine="compat",
        sandbox="none",
        environment="{}",
        started_at=utc_text(NOW),
        finished_at=None,
    )


def _result(someone: Someone, assignment: str, run: GradingRun, folder: str) -> Result:
    attempt = Attempt(
        assignment=assignment,
        learner=someone.id,
        origin=f"{someone.id}+{assignment}",
        digest=_digest(f"{someone.id} {assignment}"),
        submitted_at=utc_text(NOW),
        collected_at=utc_text(NOW),
        folder=folder,
        refusal="",
    )
    cells = [
        GradedCell(
            name=cell, notebook=assignment, kind="manual" if cell == "essay" else "test", points_possible=points,
            auto_score=None if cell == "essay" else score,
        ).model_dump()
        for (name, cell, points), score in zip(CELLS, someone.scores, strict=True) if name == assignment
    ]  # fmt: skip
    notebooks = json.dumps({assignment: _digest(f"graded {someone.id} {assignment}")})
    return Result(
        attempt=attempt,
        run=run,
        run_id=run.id,
        status="graded",
        cells=json.dumps(cells),
        notebooks=notebooks,
        graded_at=utc_text(NOW),
        duration_s=1.0,
        recorded=True,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
