"""Lets `nbgrader autograde` and formgrader's Autograde button grade with Patunay: sandboxed, fast, and in our record.

The switch is one line of nbgrader's configuration:

    c.Autograde.exporter_class = "autograder.nbgrader_switch.GradeWithPatunay"

nbgrader makes the exporter that is configured there before it converts anything, and hands it the converter. Ours takes the conversion over. A configuration
that names it and cannot load it fails, so that nothing is ever graded the old way by mistake.

Which submissions are due, and when a run counts as failed, is as in nbgrader (`BaseConverter.init_destination`); what becomes of each is as in `autograder.grading`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters.autograde import Autograde
from nbgrader.converters.base import NbGraderException
from traitlets import Enum, Integer, default

from autograder.grading import Graded, GradingOptions, grade_assignment
from autograder.site_options import as_released, options_for
from courses.errors import DiagnosedError
from courses.nbgrader_course import NbgraderCourse
from courses.release import nbgrader_environment


class GradeWithPatunay(NotebookExporter):
    """Takes the grading over from the nbgrader converter that makes it."""

    assurance = Enum(["sealed", "compat"], help="Whether tests run apart from learners' code.").tag(config=True)
    jobs = Integer(0, min=0, help="How many submissions are graded at once; 0: one a core.").tag(config=True)

    @default("assurance")
    def _default_assurance(self) -> str:
        return GradingOptions().assurance

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)  # type: ignore[no-untyped-call]  # nbconvert has no types
        if not isinstance(self.parent, Autograde):
            raise NbGraderException("GradeWithPatunay is for c.Autograde.exporter_class alone")
        self.parent.convert_notebooks = partial(_grade, self.parent, self)


def _grade(converter: Any, switch: GradeWithPatunay) -> None:
    """Grade what the converter found and nbgrader would process.

    Raises:
        NbGraderException: a submission could not be graded; the log says which and why.
    """
    due, failed = _due(converter)
    directory, root = converter.coursedir, Path(converter.coursedir.root)
    course = as_released(NbgraderCourse(root, str(directory.course_id) or root.name, converter.config, directory))
    for assignment, learners in due.items():
        try:
            options = options_for(
                course, assignment, workers=switch.jobs, force=True, only_credited=True, learners=learners, assurance=switch.assurance
            )
            summary = grade_assignment(course, assignment, options, now=lambda: datetime.now(UTC))
        except DiagnosedError as problem:
            converter.log.error("%s", problem)
            raise NbGraderException(str(problem)) from problem
        if summary.course_steps:
            converter.log.warning("Graded through the course's own steps (%s): nothing of it is sealed", ", ".join(summary.course_steps))
        told = {each.learner: each for each in summary.graded}
        failed += [learner for learner in learners if not _is_graded(converter.log, assignment, learner, told.get(learner))]
        for learner in learners:
            converter.notebooks = sorted(converter.assignments[converter._format_source(assignment, learner)])
            converter.run_post_convert_hook()
    if failed:
        message = f"{len(failed)} submissions could not be graded: {', '.join(sorted(failed))}. `patunay gradebook` says why; what was graded before stands."
        converter.log.error(message)
        raise NbGraderException(message)


def _is_graded(log: Any, assignment: str, learner: str, graded: Graded | None) -> bool:
    if graded is None:
        log.error(
            "There was an error processing assignment '%s' for student '%s': it was not taken, see `patunay gradebook`", assignment, learner
        )
        return False
    for cell, why in graded.undecided:
        log.warning("%s, %s: no score, a person has to decide: %s", learner, cell, why)
    if graded.status != "graded":
        log.error("There was an error processing assignment '%s' for student '%s': %s", assignment, learner, graded.reason)
    return graded.status == "graded"


def _due(converter: Any) -> tuple[dict[str, list[str]], list[str]]:
    """Return the learners to grade by assignment, and those who may not be graded."""
    if not converter.config.get("Execute", {}).get("enabled", True):
        raise NbGraderException(
            "Patunay does not grade without executing (--no-execute): what a submission claims to have printed is no evidence"
        )
    due: dict[str, list[str]] = {}
    refused: list[str] = []
    pattern = re.compile(converter._format_source("(?P<assignment>.*)", "(?P<learner>.*)", escape=True))
    with nbgrader_environment(), Gradebook(converter.coursedir.db_url, converter.coursedir.course_id) as gradebook:
        for folder in sorted(converter.assignments):
            match = pattern.match(folder)
            if match is None:
                raise NbGraderException(f"{folder!r} does not match {pattern.pattern!r}")
            converter.notebooks = sorted(converter.assignments[folder])
            if not _is_due(converter, match["assignment"], match["learner"]):
                continue
            if not converter.create_student and not _is_known(gradebook, match["learner"]):
                converter.log.error("No student with ID '%s' exists in the database", match["learner"])
                refused.append(match["learner"])
                continue
            converter.run_pre_convert_hook()
            due.setdefault(match["assignment"], []).append(match["learner"])
    return due, refused


def _is_due(converter: Any, assignment: str, learner: str) -> bool:
    """nbgrader's rule, without its removing of what is there: not done yet, forced, or handed in later than what is done."""
    if learner in converter.coursedir.student_id_exclude.split(","):
        return False
    done = Path(converter._format_dest(assignment, learner))
    wanted = [done] if converter.coursedir.notebook_id == "*" else [done / Path(notebook).name for notebook in converter.notebooks]
    if converter.force or not all(path.exists() for path in wanted):
        return True
    new = _time(converter, converter._format_source(assignment, learner))
    old = _time(converter, str(done))
    return new is not None and old is not None and new > old


def _time(converter: Any, folder: str) -> datetime | None:
    try:
        found: datetime | None = converter.coursedir.get_existing_timestamp(folder)
    except (ValueError, OverflowError, TypeError, AttributeError):  # what stands there is no time
        return None
    return found


def _is_known(gradebook: Any, learner: str) -> bool:
    try:
        gradebook.find_student(learner)
    except MissingEntry:
        return False
    return True
