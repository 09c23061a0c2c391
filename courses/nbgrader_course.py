"""An nbgrader course directory, opened as nbgrader itself opens it.

The one place that reads nbgrader's configuration. Everything a course may configure (renamed folders, another database, time limits, plugins) is
taken from the same files that the `nbgrader` command takes it from, so that a course can move in and out of Patunay unchanged.
Configuration files are the instructor's own programs and are executed, as nbgrader does; nothing of a learner's is.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from courses.errors import SettingsError, UnknownAssignmentError, UnknownCourseError
from courses.names import path_segment

_DEFAULT_EXCHANGE = "/usr/local/share/nbgrader/exchange"
_ONE_AT_A_TIME = threading.Lock()
"""The working directory, the logging and Python's path are the process's."""


@dataclass(frozen=True, slots=True)
class NbgraderCourse:
    """A course directory: where its steps lie, its database and its configuration."""

    root: Path
    course_id: str
    config: Config = field(repr=False)
    directory: CourseDirectory = field(repr=False)

    @property
    def database_url(self) -> str:
        """The gradebook's database address."""
        return str(self.directory.db_url)

    @property
    def exchange(self) -> Path:
        """nbgrader's exchange, as this course is configured."""
        return Path(str(self.config.get("Exchange", {}).get("root", _DEFAULT_EXCHANGE)))

    @property
    def ignored(self) -> tuple[str, ...]:
        """File name patterns that nbgrader leaves out when it copies."""
        return tuple(self.directory.ignore)

    @property
    def largest_submission_bytes(self) -> int:
        """How large the files of one submission may be together: `CourseDirectory.max_dir_size`, which nbgrader counts in thousands of bytes."""
        return 1000 * int(self.directory.max_dir_size)

    def source(self, assignment: str) -> Path:
        """The folder of the instructor's version."""
        return self._step(self.directory.source_directory, ".", assignment)

    def release(self, assignment: str) -> Path:
        """The folder of the learner's version."""
        return self._step(self.directory.release_directory, ".", assignment)

    def submitted(self, learner: str, assignment: str) -> Path:
        """The folder of the learner's credited submission."""
        return self._step(self.directory.submitted_directory, learner, assignment)

    def autograded(self, learner: str, assignment: str) -> Path:
        """The folder of the graded notebooks, as formgrader shows them."""
        return self._step(self.directory.autograded_directory, learner, assignment)

    def learners_with_submission(self, assignment: str) -> list[str]:
        """Return who has a folder in the `submitted` step, sorted."""
        pattern = re.compile(
            self.directory.format_path(self.directory.submitted_directory, "(?P<learner>[^/]+)", "(?P<assignment>.*)", escape=True)
        )
        parent = self._step(self.directory.submitted_directory, "*", assignment)
        found = [
            pattern.fullmatch(str(folder)) for folder in Path("/").glob(str(parent).lstrip("/").replace("[", "[[]")) if folder.is_dir()
        ]
        return sorted({match["learner"] for match in found if match and match["assignment"] == assignment})

    def option(self, section: str, name: str, default: object = None) -> object:
        """Return a configured trait of an nbgrader class, `default` where the course says nothing."""
        return self.config.get(section, {}).get(name, default)

    def _step(self, step: str, learner: str, assignment: str) -> Path:
        return Path(os.path.normpath(self.directory.format_path(str(step), learner, assignment)))


def open_course(root: Path, *, keep_path: bool = False) -> NbgraderCourse:
    """Return the nbgrader course in the folder `root`.

    Its configuration is Python that runs in that folder, so the working directory of the process changes meanwhile; of several threads one does it at a time.

    Args:
        keep_path: whether what its configuration adds to Python's path stays: for a process that runs the course's own classes.

    Raises:
        UnknownCourseError: there is no such folder.
        SettingsError: a configuration file fails.
    """
    root = Path(os.path.abspath(root))
    if not root.is_dir():
        raise UnknownCourseError(
            "there is no such course directory", where=str(root), remedy="Give the folder that holds nbgrader_config.py or source/."
        )
    application = NbGrader()
    application.raise_config_file_errors = True
    application.log_level = logging.CRITICAL
    with _ONE_AT_A_TIME:
        _read_configuration(application, root, keep_path=keep_path)
    directory = application.coursedir
    course_id = str(directory.course_id) or root.name
    return NbgraderCourse(root, course_id, application.config, directory)


def _read_configuration(application: NbGrader, root: Path, *, keep_path: bool) -> None:
    path_before = list(sys.path)
    try:
        with contextlib.chdir(root), _quiet_logging():
            application.initialize([], root=str(root))
    except SystemExit as refused:
        raise SettingsError(
            "nbgrader refuses the configuration of this course", where=str(root), remedy="Run `nbgrader --help-all` in it."
        ) from refused
    except Exception as broken:  # an instructor's configuration file may raise anything
        raise SettingsError(
            f"the configuration of this course fails: {type(broken).__name__}: {broken}",
            where=str(root),
            remedy="Correct nbgrader_config.py.",
        ) from broken
    finally:
        if not keep_path:
            sys.path[:] = path_before


def require_assignment(course: NbgraderCourse, assignment: str) -> str:
    """Return `assignment` if its source folder exists and holds a notebook.

    Raises:
        UnknownAssignmentError: it does not; the known ones are named.
    """
    name = path_segment(assignment, what="an assignment")
    if course.source(name).is_dir():
        return name
    known = assignments_of(course)
    raise UnknownAssignmentError(
        f"course {course.course_id!r} has no assignment {assignment!r}",
        where=str(course.source(name).parent),
        remedy=f"Its assignments are: {', '.join(known)}." if known else "Make its source folder with a notebook in it first.",
    )


def assignments_of(course: NbgraderCourse) -> list[str]:
    """Return the assignments that have a source folder with a notebook, sorted."""
    parent = course.source("x").parent
    if not parent.is_dir():
        return []
    return sorted(folder.name for folder in parent.iterdir() if not folder.name.startswith(".") and any(folder.glob("*.ipynb")))


@contextlib.contextmanager
def _quiet_logging() -> Iterator[None]:
    """nbgrader talks to the root logger while it reads its configuration; we report in our own words."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
