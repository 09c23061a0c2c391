"""Writes results into nbgrader's gradebook and the `autograded` step, so that formgrader and every nbgrader command see them.

Rules: what nbgrader's SaveAutoGrades and AssignLatePenalties write is what stands here afterwards; a manual score is never touched; an attempt without a
graded result is written as *no score, needs a person*, whatever an older attempt had earned. Only the coordinator of a run calls this.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import warnings
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Comment, Grade, Gradebook, Student, SubmittedAssignment, SubmittedNotebook
from nbgrader.converters.autograde import Autograde
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import func
from sqlalchemy.exc import SAWarning

from autograder.jobs import AssignmentSource, GradedCell
from autograder.records import Attempt, Result
from courses.content_hash import regular_files
from courses.nbgrader_course import NbgraderCourse
from courses.storage import diagnosed_storage, replace_folder


def record_attempt(gradebook: Gradebook, course: NbgraderCourse, source: AssignmentSource, attempt: Attempt, result: Result | None) -> None:
    """Make the gradebook show `result` as the standing of the attempt's learner; None if nothing of the attempt could be graded."""
    # A submission without a time is never late: nbgrader then leaves the time that it knows.
    moment = {} if attempt.has_no_time else {"timestamp": datetime.fromisoformat(attempt.submitted_at)}
    with warnings.catch_warnings(action="ignore", category=SAWarning):  # nbgrader's own, at each new submission; harmless
        gradebook.update_or_create_student(attempt.learner)
        submission = gradebook.update_or_create_submission(attempt.assignment, attempt.learner, **moment)
    cells = {(cell.notebook, cell.name): cell for cell in _cells(result)}
    unanswered = {(each["notebook"], each["name"]): each["is_unanswered"] for each in json.loads(result.answers)} if result else {}
    for notebook in submission.notebooks:
        _record_grades(gradebook, notebook, cells)
        _record_comments(gradebook, notebook, unanswered)
    gradebook.db.commit()
    if result is not None:
        _show_notebooks(course, source, attempt, result)


def apply_late_penalties(gradebook: Gradebook, course: NbgraderCourse, assignment: str) -> None:
    """Set the penalty of submissions by the course's late submission plugin, as nbgrader does at each autograde: to none, or within [0, score].

    Only those are looked at that are late or that have a penalty, which a later due date or an extension may have taken away.
    """
    assigner = AssignLatePenalties(config=course.config)
    assigner.init_plugin()
    for learner in _late_or_penalised(gradebook, assignment):
        submission = gradebook.find_submission(assignment, learner)
        for notebook in submission.notebooks:
            notebook.late_submission_penalty = None
            if submission.total_seconds_late > 0:
                penalty = assigner.plugin_inst.late_submission_penalty(submission.student.id, notebook.score, submission.total_seconds_late)
                notebook.late_submission_penalty = None if penalty is None else min(max(0.0, penalty), notebook.score)
    gradebook.db.commit()


def _late_or_penalised(gradebook: Gradebook, assignment: str) -> list[str]:
    """Return the learners whose submission is late, or has a penalty; one query for all."""
    due = gradebook.find_assignment(assignment).duedate
    columns = (
        Student.id,
        SubmittedAssignment.timestamp,
        SubmittedAssignment.extension,
        func.max(SubmittedNotebook.late_submission_penalty),
    )
    rows = (
        gradebook.db.query(*columns)
        .select_from(SubmittedAssignment)
        .join(Student, SubmittedAssignment.student_id == Student.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .filter(Assignment.name == assignment)
        .group_by(SubmittedAssignment.id, Student.id, SubmittedAssignment.timestamp, SubmittedAssignment.extension)
    )
    return [
        learner
        for learner, submitted, extension, penalty in rows
        if penalty is not None or (due is not None and submitted is not None and submitted > due + (extension or timedelta()))
    ]


def _cells(result: Result | None) -> list[GradedCell]:
    return [GradedCell.model_validate(each) for each in result.cell_list()] if result else []


def _record_grades(gradebook: Gradebook, notebook: Any, cells: dict[tuple[str, str], GradedCell]) -> None:
    grades = {grade.cell.name: grade for grade in notebook.grades}
    for cell in (*notebook.notebook.grade_cells, *notebook.notebook.task_cells):
        grade = grades.get(cell.name)
        if grade is None:  # the cell came with a later release
            grade = Grade(cell_id=cell.id, notebook=notebook)
            gradebook.db.add(grade)
        graded = cells.get((notebook.name, cell.name))
        grade.auto_score = graded.auto_score if graded else None
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None


def _record_comments(gradebook: Gradebook, notebook: Any, unanswered: dict[tuple[str, str], bool]) -> None:
    comments = {comment.cell.name: comment for comment in notebook.comments}
    for cell in notebook.notebook.solution_cells:
        comment = comments.get(cell.name)
        if comment is None:
            comment = Comment(cell_id=cell.id, notebook=notebook)
            gradebook.db.add(comment)
        comment.auto_comment = "No response." if unanswered.get((notebook.name, cell.name)) else None


def _show_notebooks(course: NbgraderCourse, source: AssignmentSource, attempt: Attempt, result: Result) -> None:
    """Put the graded notebooks, with the learner's and the instructor's files beside them, into the `autograded` step."""
    target = course.autograded(attempt.learner, attempt.assignment)
    with diagnosed_storage(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".grading-", dir=target.parent))
        _copy(course.root / attempt.folder, making, course.ignored)
        if Path(source.folder).is_dir():
            _copy(Path(source.folder), making, course.ignored, kept=source.kept_files)
        for name in json.loads(result.notebooks):
            _replace(graded_notebook(course, attempt, result, name), making / f"{name}.ipynb")
        making.chmod(0o755)
        _set_permissions(course, making)
    replace_folder(making, target)


def _set_permissions(course: NbgraderCourse, folder: Path) -> None:
    """Give files and folders the permissions that nbgrader's converter gives them (`Autograde.permissions`, `CourseDirectory.groupshared`)."""
    file_mode = int(str(Autograde(coursedir=course.directory, config=course.config).permissions), 8)
    for place, _, names in os.walk(folder):
        for name in names:
            (Path(place) / name).chmod(file_mode)
        if course.directory.groupshared:
            _share(Path(place))
    if course.directory.groupshared:
        _share(folder.parent.parent)
        _share(folder.parent)


def _share(folder: Path) -> None:
    """Let the group write, and what is made inside be the group's."""
    with contextlib.suppress(PermissionError):  # somebody else's, who shared it before us
        folder.chmod((folder.stat().st_mode | 0o2770) & 0o2777)


def _copy(origin: Path, target: Path, ignored: tuple[str, ...], *, kept: tuple[str, ...] = ()) -> None:
    for name in regular_files(origin, ignored=ignored):
        if not name.endswith(".ipynb") and name not in kept:
            _replace(origin / name, target / name)


def _replace(origin: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copyfile(origin, target)


def graded_notebook(course: NbgraderCourse, attempt: Attempt, result: Result, notebook: str) -> Path:
    """Return where a run's graded notebook is kept for good: what a credential's evidence hashes."""
    return course.root / "graded" / attempt.assignment / attempt.learner / result.run_id / f"{notebook}.ipynb"
