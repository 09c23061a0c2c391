"""Which courses a site has, each with its manifest and the notebooks of its assignments."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from courses.errors import UnknownAssignmentError, UnknownCourseError
from courses.manifest import CourseManifest
from courses.manifest_file import FILE_NAME, load_manifest
from courses.notebook import Notebook, load_notebooks


@dataclass(frozen=True, slots=True)
class Course:
    """A course as its folder has it."""

    folder: Path
    manifest: CourseManifest
    notebooks: dict[str, tuple[Notebook, ...]]
    """The notebooks of each assessment of the manifest, by assignment; empty where the folder or its notebooks are missing."""

    @property
    def id(self) -> str:
        """The course's id, which is its folder's name."""
        return self.manifest.id


def course_ids(courses: Path) -> list[str]:
    """Return the ids of the courses in the folder `courses`, sorted."""
    return sorted(path.parent.name for path in courses.glob(f"*/{FILE_NAME}")) if courses.is_dir() else []


def load_course(courses: Path, name: str) -> Course:
    """Return the course called `name`.

    Raises:
        UnknownCourseError: there is none; the nearest name is given.
        ManifestError: its course.toml does not fit.
        NotebookError: one of its notebooks cannot be read.
    """
    known = course_ids(courses)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        listed = f"The courses are: {', '.join(known)}." if known else "There is no course yet: copy one folder with a course.toml there."
        raise UnknownCourseError(
            f"there is no course called {name!r}", where=str(courses), remedy=f"Did you mean {near[0]!r}? {listed}" if near else listed
        )
    manifest = load_manifest(courses / name)
    notebooks = {each.id: load_notebooks(courses / name / each.id) for each in manifest.assessments}
    return Course(courses / name, manifest, notebooks)


def require_assessment(course: Course, assignment: str) -> str:
    """Return `assignment` if the course assesses it.

    Raises:
        UnknownAssignmentError: it does not; the known ones are named.
    """
    known = [each.id for each in course.manifest.assessments]
    if assignment not in known:
        raise UnknownAssignmentError(
            f"course {course.id!r} has no assignment {assignment!r}",
            where=str(course.folder / FILE_NAME),
            remedy=f"Its assignments are: {', '.join(known)}.",
        )
    return assignment
