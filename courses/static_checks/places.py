"""Where a finding bites, in words and for programs: a line of course.toml, an assignment, a cell of a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from courses import findings
from courses.catalogue import Course
from courses.findings import Finding, Place
from courses.manifest import CourseManifest
from courses.manifest_file import FILE_NAME
from courses.notebook import Cell, Notebook
from courses.toml_lines import Step, TomlLines


@dataclass(frozen=True, slots=True)
class Spot:
    """One place, from which findings are made."""

    where: str
    place: Place

    def blocking(self, code: str, problem: str, remedy: str) -> Finding:
        """Return a finding here that stops a release."""
        return findings.blocking(code, problem, self.where, remedy, self.place)

    def warning(self, code: str, problem: str, remedy: str) -> Finding:
        """Return a finding here that an author should look at."""
        return findings.warning(code, problem, self.where, remedy, self.place)


class ManifestSpots:
    """The places of a manifest."""

    def __init__(self, manifest: CourseManifest, text: str = "") -> None:
        """Read where the fields stand.

        Args:
            text: course.toml as it was read; without it findings name the field, but no line.
        """
        self._manifest = manifest
        self._lines = TomlLines(text)

    def at(self, *path: Step, assignment: str | None = None) -> Spot:
        """Return the place of the field at `path`: names of fields, and numbers (from 0) in lists."""
        line, field = self._lines.line_of(*path), self._named(path)
        where = f"{FILE_NAME}:{line}, {field}" if line else f"{FILE_NAME}, {field}"
        return Spot(where, Place(file=FILE_NAME, line=line, field=field, assignment=assignment))

    def assessment(self, assignment: str, *path: Step) -> Spot:
        """Return the place of a field of that assessment."""
        number = [each.id for each in self._manifest.assessments].index(assignment)
        return self.at("assessments", number, *path, assignment=assignment)

    def outcome(self, name: str, *path: Step) -> Spot:
        """Return the place of a field of that outcome."""
        return self.at("outcomes", [each.id for each in self._manifest.outcomes].index(name), *path)

    def _named(self, path: tuple[Step, ...]) -> str:
        """Return the path as people write it: `outcomes.LO1.text`, `assessments[ps1].items`."""
        here: object = self._manifest
        words = ""
        for step in path:
            if isinstance(step, int):
                here = here[step] if isinstance(here, tuple) and step < len(here) else None
                name = next((getattr(here, key) for key in ("id", "cell", "name") if hasattr(here, key)), str(step + 1))
                words += f".{name}" if words == "outcomes" else f"[{name}]"
            else:
                here = here.get(step) if isinstance(here, dict) else getattr(here, step, None)
                words += f".{step}" if words else step
        return words


def read_course_text(course: Course) -> str:
    """Return course.toml as it stands in the course's folder, empty if it cannot be read: then findings name no lines."""
    try:
        return (course.folder / FILE_NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def assignment_spot(course: Course, assignment: str, file: str | None = None) -> Spot:
    """Return the place of an assignment's folder, or of a file in it."""
    path = f"{assignment}/{file}" if file else assignment
    return Spot(f"{course.id}/{path}" if not file else path, Place(file=path if file else None, assignment=assignment))


def notebook_spot(assignment: str, notebook: Notebook) -> Spot:
    """Return the place of a notebook."""
    file = f"{assignment}/{notebook.path.name}"
    return Spot(file, Place(file=file, assignment=assignment, notebook=notebook.name))


def cell_spot(assignment: str, notebook: Notebook, cell: Cell) -> Spot:
    """Return the place of a cell."""
    file = f"{assignment}/{notebook.path.name}"
    place = Place(file=file, assignment=assignment, notebook=notebook.name, cell=cell.grade_id, cell_index=cell.index)
    return Spot(f"{file}, {cell.grade_id or f'cell {cell.index + 1}'}", place)
