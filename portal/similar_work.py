"""Compares answers in a course of a site, or in any nbgrader course directory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autograder.extensions import granted_rules
from autograder.similarity.marks import Mark, add_mark
from autograder.similarity.reporting import Likeness, Request, compare_assignment
from courses.attempts import AttemptRules
from courses.errors import UnknownAssignmentError
from courses.nbgrader_course import NbgraderCourse, assignments_of, open_course
from courses.release import find_release, load_released_manifest
from courses.settings import Site
from issuer.standing import released_root


def compare_course(site: Site, course: str, assignments: Sequence[str], request: Request) -> list[Likeness]:
    """Return what looks alike in a released course."""
    root = released_root(site, course)
    release = find_release(root)
    rules = granted_rules(root, load_released_manifest(root).attempt_rules)
    return _compare(open_course(root), assignments, release.assignments if release else (), rules, request)


def compare_directory(root: Path, assignments: Sequence[str], request: Request) -> list[Likeness]:
    """Return what looks alike in any nbgrader course directory."""
    course = open_course(root)
    return _compare(course, assignments, assignments_of(course), {}, request)


def mark_course_pair(root: Path, mark: Mark) -> None:
    """Write down what a person said of a pair in the course directory `root`.

    Raises:
        UnknownAssignmentError: the course has no such assignment.
    """
    _require((mark.assignment,), assignments_of(open_course(root)), root)
    add_mark(root, mark)


def earlier_courses(folders: Sequence[Path]) -> tuple[NbgraderCourse, ...]:
    """Return the course directories of earlier classes."""
    return tuple(open_course(each) for each in folders)


def _compare(
    course: NbgraderCourse, assignments: Sequence[str], known: Sequence[str], rules: AttemptRules, request: Request
) -> list[Likeness]:
    _require(assignments, known, course.root)
    found = []
    for each in assignments or known:
        rule = rules.get(each)
        found.append(compare_assignment(course, each, rule, request) if rule else compare_assignment(course, each, request=request))
    return found


def _require(assignments: Sequence[str], known: Sequence[str], root: Path) -> None:
    for each in assignments:
        if each not in known:
            raise UnknownAssignmentError(f"there is no assignment {each!r}", where=root.name, remedy=f"There are: {', '.join(known)}.")
