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
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from nbgrader.api import Assignment, Gradebook, Student, SubmittedAssignment, SubmittedNotebook
from nbgrader.converters.autograde import Autograde
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import func
from sqlalchemy.orm import Session

from autograder.extensions import show_extensions
from autograder.gradebook_rows import StandingWriter
from autograder.jobs import AssignmentSource
from autograder.nbgrader_database import open_gradebook
from autograder.records import Attempt, Result, newest_result, standing_result
from courses.content_hash import regular_files
from courses.nbgrader_course import NbgraderCourse
from courses.storage import diagnosed_storage, replace_folder

_RECORDED_TOGETHER = 25
"""How many learners' standings are written into the gradebook at once: some tenths of a second, in which nobody else may write."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the gradebook is to show of a learner."""

    attempt: Attempt
    shown: Result | None
    mark: Result
    """The result that is marked as what the gradebook shows."""
    results: tuple[Result, ...]
    """All of the learner's."""


def record_standings(
    course: NbgraderCourse,
    source: AssignmentSource,
    session: Session,
    attempts: Mapping[str, list[Attempt]],
    credited: Mapping[str, Attempt],
    *,
    is_part: bool = False,
) -> None:
    """Make the gradebook and the `autograded` step show what the records hold, of all whose standing is not shown yet.

    Args:
        attempts: all attempts at the assignment, by learner, with what was found of them just now.
        credited: the attempt that counts, by learner.
        is_part: whether these are some learners only, and late penalties of others are left as they are.

    Raises:
        StorageError: a database is locked, or the disk is full; the next call goes on.
    """
    due: list[_Standing] = []
    for learner, group in attempts.items():
        attempt = credited.get(learner)
        newest = newest_result(attempt) if attempt else None
        if attempt is None or newest is None:
            continue
        shown = standing_result(attempt)
        if not (shown or newest).recorded:
            due.append(_Standing(attempt, shown, shown or newest, tuple(result for each in group for result in each.results)))
    with open_gradebook(course) as gradebook:
        for start in range(0, len(due), _RECORDED_TOGETHER):
            batch = due[start : start + _RECORDED_TOGETHER]
            record_attempts(gradebook, course, source, [(each.attempt, each.shown) for each in batch])
            for each in batch:
                for result in each.results:
                    result.recorded = result is each.mark
            session.commit()
        apply_late_penalties(gradebook, course, source.assignment, attempts if is_part else None)


def record_attempt(gradebook: Gradebook, course: NbgraderCourse, source: AssignmentSource, attempt: Attempt, result: Result | None) -> None:
    """Make the gradebook show `result` as the standing of the attempt's learner; None if nothing of the attempt could be graded."""
    record_attempts(gradebook, course, source, [(attempt, result)])


def record_attempts(
    gradebook: Gradebook, course: NbgraderCourse, source: AssignmentSource, standings: Sequence[tuple[Attempt, Result | None]]
) -> None:
    """Make the gradebook show the standings of some learners, in one transaction, and then the `autograded` step; see `record_attempt`."""
    writer = StandingWriter(gradebook, source.assignment)
    for attempt, result in standings:
        # A submission without a time is never late: nbgrader then leaves the time that it knows.
        moment = None if attempt.has_no_time else datetime.fromisoformat(attempt.submitted_at)
        scores = {(cell["notebook"], cell["name"]): cell["auto_score"] for cell in result.cell_list()} if result else {}
        answers = json.loads(result.answers) if result else []
        writer.write(attempt.learner, moment, scores, [(each["notebook"], each["name"]) for each in answers if each["is_unanswered"]])
    gradebook.db.commit()
    file_mode = int(str(Autograde(coursedir=course.directory, config=course.config).permissions), 8)
    for attempt, result in standings:
        if result is not None:
            _show_notebooks(course, source, attempt, result, file_mode)


def apply_late_penalties(gradebook: Gradebook, course: NbgraderCourse, assignment: str, learners: Collection[str] | None = None) -> None:
    """Set the penalty of submissions by the course's late submission plugin, as nbgrader does at each autograde: to none, or within [0, score].

    What was granted (`autograder.extensions`) becomes nbgrader's extension first. Only those are looked at that are late or that have a penalty, which a later
    due date or an extension may have taken away.

    Args:
        learners: whose; None: everybody's.
    """
    show_extensions(gradebook, course.root, assignment)
    assigner = AssignLatePenalties(config=course.config)
    assigner.init_plugin()
    for learner in _late_or_penalised(gradebook, assignment):
        if learners is not None and learner not in learners:
            continue
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


def _show_notebooks(course: NbgraderCourse, source: AssignmentSource, attempt: Attempt, result: Result, file_mode: int) -> None:
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
        _set_permissions(course, making, file_mode)
    replace_folder(making, target)


def _set_permissions(course: NbgraderCourse, folder: Path, file_mode: int) -> None:
    """Give files and folders the permissions that nbgrader's converter gives them (`Autograde.permissions`, `CourseDirectory.groupshared`)."""
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
