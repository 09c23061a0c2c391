"""New courses and assignments to fill in: a manifest that parses, a notebook that works, and placeholders that the gate finds. Nothing is overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from courses.authoring.manifest_edits import with_assessment
from courses.authoring.manifest_template import Planned, PlannedCourse, manifest_text, readable
from courses.authoring.nbgrader_cells import (
    BEGIN_HIDDEN,
    BEGIN_SOLUTION,
    END_HIDDEN,
    END_SOLUTION,
    answer_cell,
    notebook_of,
    notebook_text,
    read_only_cell,
    test_cell,
    text_cell,
)
from courses.authoring.placeholder_checks import TODO_IN_NOTEBOOK
from courses.catalogue import load_course
from courses.errors import ManifestError, NameRefusedError
from courses.manifest_file import FILE_NAME
from courses.names import course_id, path_segment
from courses.settings import Site
from courses.storage import diagnosed_storage, write_atomically

_TESTS = ("test_double", "test_double_of_fractions")


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What was written."""

    course: str
    assignment: str
    files: tuple[Path, ...]
    weights: dict[str, float]
    """Percent, by assignment, as they are now."""


def new_course(site: Site, name: str, *, title: str | None, assignment: str, today: date) -> Scaffold:
    """Write a new course with one assignment into the site.

    Raises:
        NameRefusedError: a name that cannot be one.
        ManifestError: there is a course, or another folder, of that name.
        StorageError: the folder cannot be written to.
    """
    folder = site.courses / course_id(name)
    if folder.exists():
        raise ManifestError(
            f"{name!r} is there already; nothing was written",
            where=str(folder),
            remedy=f"Give another name, or add to it: patunay new assignment {name} ASSIGNMENT",
        )
    _assignment_name(assignment)
    outcome = "Compute, detect, explain … what?"
    planned = Planned(assignment, readable(assignment), 100, [(cell, ["outcome-1"]) for cell in _TESTS])
    text = manifest_text(PlannedCourse(name, title, [("outcome-1", outcome)], [planned]), site.settings.issuer, today=today)
    notebook = folder / assignment / f"{assignment}.ipynb"
    with diagnosed_storage(folder):
        notebook.parent.mkdir(parents=True)
        site.course_root(name).mkdir(parents=True, exist_ok=True)
    write_atomically(notebook, notebook_text(scaffold_notebook()))
    write_atomically(folder / FILE_NAME, text)
    return Scaffold(name, assignment, (folder / FILE_NAME, notebook), {assignment: 100.0})


def new_assignment(site: Site, course: str, name: str, *, title: str | None, weight: float | None) -> Scaffold:
    """Write a new assignment into a course and its manifest.

    Args:
        weight: percent; the others' weights are scaled to what is left. None: refused, because somebody has to decide.

    Raises:
        NameRefusedError: a name that cannot be one.
        ManifestError: it is there already, or nobody says what it weighs.
        UnknownCourseError: there is no such course.
        StorageError: the folder cannot be written to.
    """
    found = load_course(site.courses, course)
    folder = found.folder / _assignment_name(name)
    if folder.exists() or found.manifest.assessment(name) is not None:
        raise ManifestError(
            f"{name!r} is there already; nothing was written", where=str(folder), remedy="Give the new assignment another name."
        )
    if weight is None:
        share = round(100 / (len(found.manifest.assessments) + 1), 2)
        weights = " + ".join(f"{each.weight:g}" for each in found.manifest.assessments)
        raise ManifestError(
            f"the weights sum to 100 already ({weights}), so the new assignment needs a share; nothing was written",
            where=str(found.folder / FILE_NAME),
            remedy=f"Say how many percent it takes, such as --weight {share:g}: the others are scaled to what is left.",
        )
    items = [(cell, [found.manifest.outcomes[0].id]) for cell in _TESTS]
    manifest = found.folder / FILE_NAME
    text = with_assessment(manifest.read_text(encoding="utf-8"), name, title=title or readable(name), weight=weight, items=items)
    notebook = folder / f"{name}.ipynb"
    with diagnosed_storage(folder):
        folder.mkdir(parents=True)
    write_atomically(notebook, notebook_text(scaffold_notebook()))
    write_atomically(manifest, text)
    after = load_course(site.courses, course).manifest
    return Scaffold(course, name, (manifest, notebook), {each.id: each.weight for each in after.assessments})


def scaffold_notebook() -> Any:
    """Return a notebook with a task that works: heading, answer, a visible test and a hidden one, each with a word on what it is for."""
    todo = TODO_IN_NOTEBOOK
    return notebook_of(
        [
            text_cell(f"# {todo}: the title of the assignment\n\n{todo}: say in two sentences what the learner does here, and what for."),
            text_cell(
                f"## 1. {todo}: name the task\n\n{todo}: say exactly what is asked. Name the function, what it takes and what it returns.\n\n"
                "Write `double(number)`: twice the number."
            ),
            answer_cell(f"def double(number):\n    {BEGIN_SOLUTION}\n    return 2 * number\n    {END_SOLUTION}", "double"),
            test_cell("# What the learner can check alone.\nassert double(2) == 4\nassert double(0) == 0", _TESTS[0], 1),
            test_cell(
                f"# The same task with other values: learners see only what stands outside the marks.\n{BEGIN_HIDDEN}\n"
                f"assert double(-3) == -6\nassert double(0.5) == 1\n{END_HIDDEN}",
                _TESTS[1],
                1,
            ),
            read_only_cell("Well done. Save the notebook, then submit it.", "closing", kind="markdown"),
        ]
    )


def _assignment_name(name: str) -> str:
    if not name.isprintable() or name == FILE_NAME:
        raise NameRefusedError(f"{name!r} cannot be the name of an assignment", remedy="Use letters, digits and hyphens, such as averages.")
    return path_segment(name, what="an assignment")
