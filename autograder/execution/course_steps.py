"""Grades one submission through the steps that a course puts in the place of nbgrader's: nbgrader's own Autograde converter, in a course directory made for it.

Run as a process of its own, `python -m autograder.execution.course_steps DIRECTORY`, once for each submission: the steps are the instructor's programs, run
over what a learner wrote, and may hang or crash. What they see is a gradebook with this assignment and this learner alone; what they write there is read
back, and nothing else is. Kernels run under bubblewrap where it is to be had. Links that learners' code leaves behind are taken away before anything is
written or read.
"""

from __future__ import annotations

import copy
import json
import logging
import math
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.api import Gradebook
from nbgrader.converters.autograde import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from autograder.errors import PipelineError
from autograder.jobs import (
    AssignmentSource,
    CommentedCell,
    GradedCell,
    GradedNotebook,
    GradingJob,
    GradingResult,
    SourceCell,
    SourceNotebook,
)
from autograder.sandbox import syscalls
from autograder.wire_value import WireValue
from courses.content_hash import regular_files
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.release import nbgrader_environment

REPLACEABLE = ("sanitize_preprocessors", "autograde_preprocessors")
"""The settings of nbgrader's Autograde by which a course replaces steps."""


class Errand(WireValue):
    """What the process is to do."""

    course: str
    """The course directory, whose configuration holds."""
    job: GradingJob


def replaced_steps(course: NbgraderCourse, *, sealed_required: bool = False) -> tuple[str, ...]:
    """Return which of nbgrader's lists of grading steps the course sets itself.

    Raises:
        PipelineError: it sets one, and sealed verdicts are required.
    """
    steps = tuple(name for name in REPLACEABLE if course.option("Autograde", name) is not None)
    if steps and sealed_required:
        raise PipelineError(
            f"the course sets Autograde.{steps[0]}, and demands sealed verdicts: its own grading steps cannot give them",
            where=str(course.root / "nbgrader_config.py"),
            remedy='Take that setting out, or release a version whose course.toml does not say assurance = "sealed".',
        )
    return steps


def run_errand(place: Path) -> None:
    """Grade as `errand.json` in `place` says, and write `result.json` there."""
    errand = Errand.model_validate_json((place / "errand.json").read_text(encoding="utf-8"))
    (place / "result.json").write_text(_grade(errand, place).model_dump_json(), encoding="utf-8")


def _grade(errand: Errand, place: Path) -> GradingResult:
    course = open_course(Path(errand.course), keep_path=True)
    sys.path.append(errand.course)
    job = errand.job
    config = _configuration(course, place, job)
    directory = CourseDirectory(config=config)
    _lay_out(job, directory)
    messages = _Messages()
    with nbgrader_environment():
        _fill_gradebook(job, directory)
        directory.assignment_id, directory.student_id = job.source.assignment, job.learner
        converter = _Converter(coursedir=directory, config=config, force=True)
        converter.log = messages.logger
        try:
            for step in (*converter.sanitize_preprocessors, *converter.autograde_preprocessors):
                if isinstance(step, str):
                    import_item(step)
        except ImportError as missing:
            return GradingResult(status="broken", reason=f"a grading step of the course cannot be loaded: {missing}")
        try:
            converter.start()
        except NbGraderException:
            return GradingResult(status="failed", reason=f"the course's own grading steps failed: {messages.last}")
        return _read_back(job, directory)


class _Messages(logging.Handler):
    """Keeps the last error that nbgrader reports: it says what went wrong only there."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.last = "nbgrader gives no reason"
        self.logger = logging.Logger("steps")
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the last line of a traceback, and of nothing that only says that there is one."""
        line = record.getMessage().strip().rpartition("\n")[2][:500]
        if line and not line.startswith(("There was an error processing", "Please see the")):
            self.last = line


class _Converter(Autograde):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's converter, that follows no link of a learner's."""

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Convert one notebook; no link stands where it is written."""
        self._unlink()
        super().convert_single_notebook(notebook_filename)

    def write_single_notebook(self, output: str, resources: Any) -> None:
        """Write what a step made, after the learner's code has run."""
        self._unlink()
        super().write_single_notebook(output, resources)

    def _unlink(self) -> None:
        for path in Path(self.coursedir.root, "autograded").rglob("*"):
            if path.is_symlink():
                path.unlink()


def _configuration(course: NbgraderCourse, place: Path, job: GradingJob) -> Config:
    """Return the course's configuration for the directory at `place`: its steps and their settings, but neither its folders, its gradebook nor its hooks."""
    config: Config = copy.deepcopy(course.config)
    for name in ("pre_convert_hook", "post_convert_hook", "exporter_class", "create_student", "permissions"):
        config.get("Autograde", {}).pop(name, None)
    config.pop("CourseDirectory", None)
    config.CourseDirectory.root = str(place / "course")
    config.CourseDirectory.course_id = course.course_id
    config.CourseDirectory.ignore = list(course.ignored)
    config.CourseDirectory.db_url = f"sqlite:///{place / 'gradebook.db'}"
    config.Autograde.exporter_class = NotebookExporter
    config.Autograde.permissions = 644
    config.Execute.timeout = max(1, math.ceil(job.limits.cell_timeout_s))  # in which the course's own setting is
    return config


def _lay_out(job: GradingJob, directory: CourseDirectory) -> None:
    root = Path(directory.root)
    _copy(Path(job.submission), root / "submitted" / job.learner / job.source.assignment, job.source.ignored, lambda _name: True)
    source = root / "source" / job.source.assignment
    source.mkdir(parents=True, exist_ok=True)
    if Path(job.source.folder).is_dir():
        _copy(Path(job.source.folder), source, job.source.ignored, lambda name: name not in job.source.kept_files)


def _copy(origin: Path, target: Path, ignored: tuple[str, ...], is_wanted: Callable[[str], bool]) -> None:
    for name in regular_files(origin, ignored=ignored):
        if is_wanted(name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin / name, target / name)


def _fill_gradebook(job: GradingJob, directory: CourseDirectory) -> None:
    """Make a gradebook that knows the assignment as the course's own does, and the learner."""
    source: AssignmentSource = job.source
    with Gradebook(directory.db_url, directory.course_id) as gradebook:
        gradebook.add_student(job.learner)
        gradebook.add_assignment(source.assignment, course_id=directory.course_id)
        for notebook in source.notebooks:
            kernelspec = {"kernelspec": json.dumps(notebook.kernelspec)} if notebook.kernelspec else {}
            gradebook.add_notebook(notebook.name, source.assignment, **kernelspec)
            for cell in notebook.cells:
                _add_cell(gradebook, cell, notebook.name, source.assignment)


def _add_cell(gradebook: Any, cell: SourceCell, notebook: str, assignment: str) -> None:
    if cell.is_grade:
        gradebook.add_grade_cell(cell.name, notebook, assignment, max_score=cell.points, cell_type=cell.cell_type)
    if cell.is_solution:
        gradebook.add_solution_cell(cell.name, notebook, assignment)
    if cell.is_task:
        gradebook.add_task_cell(cell.name, notebook, assignment, max_score=cell.points, cell_type=cell.cell_type)
    gradebook.add_source_cell(
        cell.name, notebook, assignment, cell_type=cell.cell_type, source=cell.source, checksum=cell.checksum, locked=cell.locked
    )


def _read_back(job: GradingJob, directory: CourseDirectory) -> GradingResult:
    folder = Path(directory.root, "autograded", job.learner, job.source.assignment)
    cells: list[GradedCell] = []
    answers: list[CommentedCell] = []
    notebooks: list[GradedNotebook] = []
    warnings: list[str] = []
    with Gradebook(directory.db_url, directory.course_id) as gradebook:
        submission = gradebook.find_submission(job.source.assignment, job.learner)
        written = {notebook.name: notebook for notebook in submission.notebooks}
        for source in job.source.notebooks:
            document = folder / f"{source.name}.ipynb"
            is_missing = not Path(job.submission, f"{source.name}.ipynb").is_file()
            if is_missing:
                warnings.append(f"{source.name}.ipynb was not submitted: its cells earn nothing")
            elif document.is_symlink() or not document.is_file():
                return GradingResult(status="failed", reason=f"the course's own grading steps left no {source.name}.ipynb")
            text = "" if is_missing else document.read_text(encoding="utf-8")
            notebooks.append(GradedNotebook(name=source.name, is_missing=is_missing, document=text))
            cells += _graded(source, written.get(source.name), is_missing=is_missing)
            answers += _commented(source, written.get(source.name))
    warnings += [f"{cell.notebook}.ipynb, {cell.name}: {cell.note}" for cell in cells if cell.note]
    return GradingResult(status="graded", cells=tuple(cells), answers=tuple(answers), notebooks=tuple(notebooks), warnings=tuple(warnings))


def _graded(source: SourceNotebook, written: Any, *, is_missing: bool) -> list[GradedCell]:
    grades = {grade.cell.name: grade for grade in written.grades} if written else {}
    graded = []
    for cell in source.cells:
        if cell.points is None:
            continue
        score, note = _score_of(grades.get(cell.name), cell)
        kind: Any = "task" if cell.is_task else "manual" if cell.is_solution else "test"
        graded.append(
            GradedCell(
                name=cell.name,
                notebook=source.name,
                kind=kind,
                points_possible=cell.points,
                auto_score=score,
                is_unanswered=is_missing,
                note=note if kind == "test" or score is not None else None,
            )
        )
    return graded


def _score_of(grade: Any, cell: SourceCell) -> tuple[float | None, str | None]:
    """Return the score that the steps wrote, None with the reason where it is none that can stand."""
    if grade is None or grade.auto_score is None:
        return None, "the course's own steps gave no score"
    score = float(grade.auto_score)
    if not 0 <= score <= (cell.points or 0.0):  # nan too
        return None, f"the course's own steps gave {score:g} of {cell.points:g} points: a person has to decide"
    if grade.needs_manual_grade:
        return None, f"the course's own steps gave {score:g} points and ask for a person"
    if grade.manual_score is not None or grade.extra_credit is not None:
        return score, "the course's own steps gave marks by hand or extra credit: these are for a person, and were not taken"
    return score, None


def _commented(source: SourceNotebook, written: Any) -> list[CommentedCell]:
    comments = {comment.cell.name: comment.auto_comment for comment in written.comments} if written else {}
    return [
        CommentedCell(name=cell.name, notebook=source.name, is_unanswered=comments.get(cell.name) == "No response.")
        for cell in source.cells
        if cell.is_solution
    ]


if __name__ == "__main__":
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)  # it ends with the coordinator
    run_errand(Path(sys.argv[1]))
