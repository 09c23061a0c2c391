"""Reads the answers of an assignment's attempts, each under the cell that it answers. Nothing is run, nothing is written.

Which cell is which is decided as in grading (`autograder.rebuilding`): by the instructor's source, never by what the learner's file says of itself. A cell
that the learner added is read too, with the others that were added to its notebook.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autograder.crediting import choose_attempts
from autograder.jobs import AssignmentSource, SourceNotebook
from autograder.nbgrader_database import load_source
from autograder.rebuilding import rebuild_notebook
from autograder.records import Attempt, attempts_of, open_records
from autograder.similarity.comparing import ADDED, Answer, Place
from courses.attempts import AttemptRule
from courses.errors import NotebookError
from courses.nbgrader_course import NbgraderCourse
from courses.notebook import MAXIMUM_BYTES, load_notebook


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was handed in to an assignment."""

    answers: tuple[Answer, ...]
    unread: tuple[str, ...]
    """A sentence for each notebook that could not be read."""


def gather_answers(course: NbgraderCourse, assignment: str, rule: AttemptRule, *, every: bool = False, cohort: str = "") -> Gathered:
    """Return the answers of the attempts that count.

    Args:
        every: of all attempts.
        cohort: what these learners' class is called; empty for the one that is looked at.

    Raises:
        SourceError: the gradebook does not know the assignment.
        StorageError: a database is locked, damaged or of another version.
    """
    source = load_source(course, assignment)
    with open_records(course) as session:
        attempts = attempts_of(session, assignment)
    chosen = _taken(attempts.values()) if every else choose_attempts(course, assignment, attempts, rule).values()
    answers, unread = list[Answer](), list[str]()
    for attempt in chosen:
        for notebook in source.notebooks:
            try:
                answers += _answers(course.root / attempt.folder, notebook, attempt, cohort)
            except NotebookError as refused:
                unread.append(f"{attempt.learner}, {notebook.name}.ipynb: {refused.problem}")
    return Gathered(tuple(answers), tuple(unread))


def _taken(groups: Iterable[list[Attempt]]) -> list[Attempt]:
    return [each for group in groups for each in group if not each.refusal]


def _answers(folder: Path, notebook: SourceNotebook, attempt: Attempt, cohort: str) -> Iterator[Answer]:
    path = folder / f"{notebook.name}.ipynb"
    if not path.is_file() or path.is_symlink():
        return
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise NotebookError("it is too large to be read", where=str(path))
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise NotebookError(f"it cannot be read: {unreadable}", where=str(path)) from unreadable
    node, _ = rebuild_notebook(text, notebook, where=str(path))
    owner, added = (cohort, attempt.learner), list[str]()
    for cell in node.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution") and not about.get("locked"):
            yield Answer(owner, attempt.digest, (notebook.name, about["grade_id"]), _kind(cell.cell_type, notebook), cell.source)
        elif not about and cell.cell_type == "code":
            added.append(cell.source)
    if added:
        yield Answer(owner, attempt.digest, (notebook.name, ADDED), _kind("code", notebook), "\n".join(added))


def _kind(cell_type: str, notebook: SourceNotebook) -> Literal["python", "code", "text"]:
    if cell_type != "code":
        return "text"
    spec = notebook.kernelspec or {}
    return "python" if "python" in f"{spec.get('language', '')} {spec.get('name', 'python3')}".lower() else "code"


def released_texts(course: NbgraderCourse, assignment: str, source: AssignmentSource) -> dict[Place, tuple[str, ...]]:
    """Return what every learner was given: under `("", "")` all that the released notebooks show, and under each answer cell's place what stood in it.

    Read from the `release` step; where that is gone, what is known of the source: its read-only cells that are worth no points.
    """
    shown: list[str] = []
    found: dict[Place, tuple[str, ...]] = {}
    for notebook in source.notebooks:
        path = course.release(assignment) / f"{notebook.name}.ipynb"
        if path.is_file():
            cells: list[Any] = list(load_notebook(path).cells)
            shown += [each.source for each in cells]
            found |= {(notebook.name, each.grade_id): (each.source,) for each in cells if each.grade_id}
        else:
            shown += [each.source for each in notebook.cells if each.locked and each.points is None]
    return {("", ""): tuple(shown), **found}
