"""nbgrader's gradebook, opened and read: the sources that submissions are graded against, and the rows of what is graded.

nbgrader's schema is not changed. Column names of the frames are in `autograder.gradebook`; here they are as the database has them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Gradebook, InvalidEntry, MissingEntry, Student, SubmittedAssignment
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import scoped_session, sessionmaker

from autograder.errors import SourceError
from autograder.jobs import AssignmentSource, SourceCell, SourceNotebook
from courses.content_hash import file_sha256, regular_files
from courses.databases import diagnosed_database
from courses.errors import DiagnosedError, VariantError
from courses.kept_databases import are_databases_kept, open_database
from courses.nbgrader_course import NbgraderCourse
from courses.notebook import load_notebook
from courses.release import nbgrader_environment
from courses.released import find_release, frozen_source
from courses.variant_cells import with_values
from courses.variant_release import find_pool
from courses.variants import VariantPool


@contextlib.contextmanager
def open_gradebook(course: NbgraderCourse) -> Iterator[Gradebook]:
    """Yield nbgrader's gradebook of the course; closed afterwards.

    Raises:
        StorageError: locked, full, unreadable or of another version.
    """
    with diagnosed_database(course.database_url):
        try:
            with _kept_gradebook(course) if are_databases_kept() else contextlib.closing(_gradebook(course)) as gradebook:
                yield gradebook
        except InvalidEntry as refused:  # nbgrader's wrapping of whatever the database said
            if isinstance(refused.__context__, SQLAlchemyError):
                raise refused.__context__ from refused
            raise


def _gradebook(course: NbgraderCourse) -> Gradebook:
    """Return nbgrader's gradebook, which makes its tables where there are none, and runs `alembic` for that."""
    with nbgrader_environment():
        return Gradebook(course.database_url, course.course_id)


@contextlib.contextmanager
def _kept_gradebook(course: NbgraderCourse) -> Iterator[Gradebook]:
    """Yield nbgrader's gradebook on an engine that stays open afterwards; nbgrader itself looked at the tables when it was opened."""
    with open_database(
        course.database_url, kind=f"gradebook {course.course_id}", prepare=lambda _: _gradebook(course).close(), make=_plain_engine
    ) as engine:
        gradebook = _OnEngine(engine, course.course_id)
        try:
            yield gradebook
        finally:
            gradebook.db.remove()


def _plain_engine(url: str) -> Engine:
    """Return an engine as nbgrader makes one: how its file is journalled is its own affair."""
    return create_engine(url, pool_pre_ping=not url.startswith("sqlite"))


class _OnEngine(Gradebook):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's gradebook on an engine that is open; its own constructor would open another."""

    def __init__(self, engine: Engine, course_id: str) -> None:
        self.engine = engine
        self.db = scoped_session(sessionmaker(autoflush=True, bind=engine, future=True))
        self.course_id, self.authenticator = course_id, None


def students_of(gradebook: Gradebook) -> Iterator[tuple[str, str | None, str | None, str | None]]:
    """Yield every student: id, first name, last name, e-mail address; what was not entered is None."""
    yield from gradebook.db.query(Student.id, Student.first_name, Student.last_name, Student.email)


def extensions_of(gradebook: Gradebook, learner: str) -> dict[str, timedelta]:
    """Return how much longer than others a learner has, by assignment; only where there is an extension."""
    rows = (
        gradebook.db.query(Assignment.name, SubmittedAssignment.extension)
        .join(SubmittedAssignment, SubmittedAssignment.assignment_id == Assignment.id)
        .filter(SubmittedAssignment.student_id == learner, SubmittedAssignment.extension.is_not(None))
    )
    return {str(name): extension for name, extension in rows if extension}


def load_source(course: NbgraderCourse, assignment: str) -> AssignmentSource:
    """Return what submissions of `assignment` are graded against, hidden tests included.

    Raises:
        SourceError: the learner version was never generated, so the gradebook does not know the assignment.
    """
    with open_gradebook(course) as gradebook:
        try:
            entry = gradebook.find_assignment(assignment)
        except MissingEntry as unknown:
            raise SourceError(
                f"the gradebook does not know assignment {assignment!r}",
                where=course.database_url,
                remedy=f"Make its learner version first: `patunay release`, or `nbgrader generate_assignment {assignment}`.",
            ) from unknown
        folder = graded_folder(course, assignment)
        notebooks = tuple(_notebook(each, folder) for each in sorted(entry.notebooks, key=lambda each: str(each.name)))
    if not notebooks:
        raise SourceError(
            f"assignment {assignment!r} has no notebook in the gradebook", where=course.database_url, remedy="Generate it again."
        )
    variants = find_pool(course.root, assignment)
    kept: Any = course.option("Autograde", "exclude_overwriting", {})
    return AssignmentSource(
        course=course.course_id,
        assignment=assignment,
        folder=str(folder),
        kept_files=tuple(dict(kept).get(assignment, ())),
        ignored=course.ignored,
        notebooks=notebooks,
        digest=_digest(notebooks, folder, course.ignored, variants),
        variants=_require_cells(variants, notebooks),
    )


def graded_folder(course: NbgraderCourse, assignment: str) -> Path:
    """Return the folder whose files submissions are graded with: of a course that Patunay released the frozen one, whatever the author has changed since."""
    release = find_release(course.root)
    frozen = frozen_source(course.root, release) / assignment if release and assignment in release.assignments else None
    return frozen if frozen is not None and frozen.is_dir() else course.source(assignment)


def _require_cells(pool: VariantPool | None, notebooks: tuple[SourceNotebook, ...]) -> VariantPool | None:
    """Return the pool, if every cell that it is for is there, read-only, and takes its values.

    Raises:
        SourceError: one is not.
    """
    cells = {(notebook.name, cell.name): cell for notebook in notebooks for cell in notebook.cells if cell.locked}
    for place in pool.cells.items() if pool else ():
        try:
            with_values(cells[place].source if place in cells else "", pool.rows[0] if pool else {})
        except VariantError as refused:
            raise SourceError(
                f"the variants of {place[0]}.ipynb do not fit its cell {place[1]!r}: {refused.problem}", remedy="Release the course again."
            ) from refused
    return pool


def _notebook(entry: Any, folder: Path) -> SourceNotebook:
    order, written = _cell_order(folder / f"{entry.name}.ipynb")
    points = {cell.name: (float(cell.max_score or written.get(cell.name, 0.0)), False) for cell in entry.grade_cells}
    points |= {cell.name: (float(cell.max_score), True) for cell in entry.task_cells}
    solutions = {cell.name for cell in entry.solution_cells}
    cells = [
        SourceCell(
            name=cell.name,
            cell_type=cell.cell_type,
            source=cell.source or "",
            checksum=cell.checksum,
            locked=bool(cell.locked),
            is_grade=cell.name in points and not points[cell.name][1],
            is_solution=cell.name in solutions,
            is_task=cell.name in points and points[cell.name][1],
            points=points[cell.name][0] if cell.name in points else None,
        )
        for cell in sorted(entry.source_cells, key=lambda cell: order.get(cell.name, len(order)))
    ]
    kernelspec = {str(key): str(value) for key, value in json.loads(entry.kernelspec or "{}").items() if isinstance(value, str)}
    return SourceNotebook(name=entry.name, kernelspec=kernelspec or None, cells=tuple(cells))


def _cell_order(path: Path) -> tuple[dict[str, int], dict[str, float]]:
    """Return each cell's place in the instructor's notebook, which the database does not keep, and its points: a dropped item has none in the database."""
    try:
        cells = [cell for cell in load_notebook(path).cells if cell.grade_id]
    except DiagnosedError:
        return {}, {}
    return {str(cell.grade_id): cell.index for cell in cells}, {str(cell.grade_id): cell.points or 0.0 for cell in cells}


def _digest(notebooks: tuple[SourceNotebook, ...], folder: Path, ignored: tuple[str, ...], variants: VariantPool | None) -> str:
    lines = [notebook.model_dump_json() for notebook in notebooks]
    if folder.is_dir():
        names = [name for name in regular_files(folder, ignored=ignored) if not name.endswith(".ipynb")]
        lines += [f"{file_sha256(folder / name)}  {name}" for name in names]
    if variants is not None:
        lines.append(f"variants {variants.digest}")
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
