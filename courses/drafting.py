"""Lets nbgrader make learner versions of any course directory in another folder, so that the gate can look at them and nothing of the course is touched."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from courses.nbgrader_course import NbgraderCourse
from courses.release import generate_learner_version, nbgrader_environment

_AUTOTESTS = "autotests.yml"
"""nbgrader's templates of tests, which it looks for in the course's folder (`InstantiateTests.autotest_filename`)."""


def open_draft(course: NbgraderCourse, folder: Path) -> NbgraderCourse:
    """Return the course with everything that nbgrader writes in the empty `folder`, and its sources where they are."""
    name = str(course.option("InstantiateTests", "autotest_filename", _AUTOTESTS))
    templates = course.root / name
    if templates.is_file() and not templates.is_symlink() and Path(name).name == name:
        shutil.copyfile(templates, folder / name)
    config = copy.deepcopy(course.config)
    own = config.CourseDirectory
    own.root, own.course_id = str(folder), course.course_id
    own.source_directory = str(course.source("x").parent)
    own.release_directory = "release"
    own.db_url = f"sqlite:///{folder / 'gradebook.db'}"
    for part in ("header", "footer"):  # nbgrader looks for them from the course's folder
        notebook = course.option("IncludeHeaderFooter", part)
        if notebook:
            config.IncludeHeaderFooter[part] = str(course.root / str(notebook))
    return NbgraderCourse(folder, course.course_id, config, CourseDirectory(config=config))


def draft_assignment(draft: NbgraderCourse, assignment: str) -> None:
    """Make the learner version of an assignment, and enter it into the draft's gradebook.

    Raises:
        ReleaseRefusedError: nbgrader cannot.
    """
    with nbgrader_environment():
        generate_learner_version(NbGraderAPI(coursedir=draft.directory, config=draft.config), draft, assignment)
