"""Makes an nbgrader course of one assignment, with its submissions, as instructors and learners would."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from courses.nbgrader_course import NbgraderCourse, open_course
from courses.release import nbgrader_environment
from tests.parity import variants
from tests.parity.reading import Assignment, Cell, Change, Submission
from tests.small_course import nbgrader_cell

DUE, LATE = "2026-11-20 12:00:00.000000 UTC", "2026-11-20 12:00:01.000000 UTC"
_FLAGS: dict[str, dict[str, object]] = {
    "setup": {"locked": True},
    "answer": {"solution": True},
    "test": {"grade": True, "locked": True},
    "essay": {"grade": True, "solution": True},
    "essay-code": {"grade": True, "solution": True},
    "task": {"task": True, "locked": True},
}
_POINTED = {"test", "essay", "essay-code", "task"}


def make_course(root: Path, assignment: Assignment, number: int) -> NbgraderCourse:
    """Make the course directory under `root`: source, released version, and every submission, the last place in whose names is the order of grading.

    Args:
        number: which of the rotating variants this assignment gets.
    """
    folder = root / "source" / assignment.name
    folder.mkdir(parents=True)
    for name, cells in assignment.notebooks.items():
        (folder / f"{name}.ipynb").write_text(nbformat.writes(_notebook(cells)), encoding="utf-8")
    for name, text in assignment.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    config = f"c.Execute.timeout = {assignment.timeout_s}\nc.LateSubmissionPlugin.penalty_method = 'zero'"
    (root / "nbgrader_config.py").write_text(f"c = get_config()\nc.CourseDirectory.course_id = 'parity'\n{config}\n", encoding="utf-8")
    course = open_course(root)
    with nbgrader_environment():
        result = NbGraderAPI(coursedir=course.directory, config=course.config).generate_assignment(assignment.name)
    assert result["success"], result
    with Gradebook(course.database_url) as gradebook:
        gradebook.update_or_create_assignment(assignment.name, duedate=DUE)
    for submission in [*_automatic(assignment, number), *assignment.submissions]:
        hand_in(root, assignment, submission)
    return course


def _notebook(cells: list[Cell]) -> Any:
    node = nbformat.v4.new_notebook()
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    for place, cell in enumerate(cells):
        if cell.kind in _FLAGS:
            kind = "markdown" if cell.kind in {"essay", "task"} else "code"
            points = {"points": cell.points} if cell.kind in _POINTED else {}
            node.cells.append(nbgrader_cell(kind, cell.source, cell.name, **_FLAGS[cell.kind], **points))
        else:
            make: Any = nbformat.v4.new_markdown_cell if cell.kind == "markdown" else nbformat.v4.new_code_cell
            node.cells.append(make(cell.source, id=f"plain-{place}"))
    return node


def _automatic(assignment: Assignment, number: int) -> list[Submission]:
    """Return what every assignment is handed in as besides its own submissions."""
    answers = [cell for cells in assignment.notebooks.values() for cell in cells if cell.kind == "answer"]

    def each(change: Callable[[str], str], chosen: list[Cell]) -> tuple[Change, ...]:
        return tuple(Change("set", cell.name, change(variants.without_markers(cell.source))) for cell in chosen)

    turn = list(variants.ROTATING)[number % len(variants.ROTATING)]
    return [
        Submission("full"),
        Submission("blank", is_blank=True),
        Submission("broken", changes=each(variants.broken, answers[:1])),
        Submission("none", is_late=True, changes=each(variants.returns_none, answers)),
        Submission(turn, changes=each(variants.ROTATING[turn], answers)),
    ]


def hand_in(root: Path, assignment: Assignment, submission: Submission) -> None:
    """Write one submission."""
    name = f"z-{submission.name}" if submission.is_lost else submission.name
    folder = root / "submitted" / name / assignment.name
    folder.mkdir(parents=True)
    for notebook, cells in assignment.notebooks.items():
        node: Any = nbformat.read(root / "release" / assignment.name / f"{notebook}.ipynb", as_version=4)
        if not submission.is_blank:
            solutions = {
                cell.name: variants.without_markers(cell.source) for cell in cells if cell.kind in {"answer", "essay-code", "essay"}
            }
            for cell in node.cells:
                cell.source = solutions.get(_name(cell), cell.source)
        for change in submission.changes:
            _apply(node, change)
        (folder / f"{notebook}.ipynb").write_text(nbformat.writes(node), encoding="utf-8")
    for name, text in assignment.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "timestamp.txt").write_text(LATE if submission.is_late else DUE, encoding="utf-8")


def _name(cell: Any) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _apply(node: Any, change: Change) -> None:
    place = next((index for index, cell in enumerate(node.cells) if _name(cell) == change.name), None)
    if place is None:
        return  # it is in another notebook
    cell = node.cells[place]
    if change.action == "set":
        cell.source = change.text
    elif change.action == "after":
        node.cells.insert(place + 1, nbformat.v4.new_code_cell(change.text, id=f"added-{len(node.cells)}"))
    elif change.action == "delete":
        del node.cells[place]
    elif change.action == "copy":
        node.cells.insert(place + 1, copy.deepcopy(cell))
        node.cells[place + 1].id = f"copied-{len(node.cells)}"
    elif change.action == "last":
        node.cells.append(node.cells.pop(place))
    else:
        cell.metadata.nbgrader["grade_id"] = change.text
