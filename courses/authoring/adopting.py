"""Takes an nbgrader course in as it is: copies its sources into the site and writes a manifest from what is there. The old course is only read.

Its configuration is the instructor's own program and is executed, as nbgrader does (see `courses.nbgrader_course`); its notebooks are not.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from courses.authoring.due_dates import due_dates
from courses.authoring.import_report import Entry
from courses.authoring.manifest_edits import scaled_weights
from courses.authoring.manifest_template import Planned, PlannedCourse, manifest_text, readable
from courses.authoring.nbgrader_cells import CellNames, notebook_text
from courses.authoring.nbgrader_notebooks import convert_nbgrader
from courses.authoring.source_files import read_source
from courses.content_hash import IGNORED
from courses.errors import ManifestError, UnknownAssignmentError
from courses.manifest_file import FILE_NAME
from courses.names import course_id
from courses.nbgrader_course import NbgraderCourse, assignments_of, open_course
from courses.notebook import Notebook, load_notebooks
from courses.safe_copy import CopyRefusedError, copy_untrusted
from courses.settings import Site
from courses.storage import diagnosed_storage, remove_folder, replace_folder, write_atomically

_MOST_OUTCOMES = 6
_MANIFEST_CELL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_OURS = {"CourseDirectory", "Exchange", "NbGrader", "Application", "JupyterApp"}


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was taken in."""

    course: str
    folder: Path
    assignments: tuple[str, ...]
    points: dict[str, float]
    entries: tuple[Entry, ...]
    """What was changed, left out, or has to be looked at."""


def adopt_course(site: Site, directory: Path, *, name: str | None, title: str | None, today: date) -> Adopted:
    """Copy the sources of the nbgrader course in `directory` into the site, with a manifest.

    A folder that lies among the site's courses already is not copied: only its manifest is written.

    Args:
        name: the course's id; None: made from nbgrader's course id.

    Raises:
        NameRefusedError: no id can be made of the name.
        ManifestError: the site has a course of that id, or nothing in this one is graded.
        UnknownCourseError, SettingsError: it is no nbgrader course, or its configuration fails.
        StorageError: the site cannot be written to.
    """
    here = directory.absolute()
    if here.parent == site.courses.absolute():
        return _adopt_in_place(site, here, title, today)
    old = open_course(directory)
    chosen = course_id(name or re.sub(r"[^a-z0-9]+", "-", old.course_id.lower()).strip("-"))
    target = site.courses / chosen
    if target.exists():
        raise ManifestError(f"the site has a course {chosen!r} already", where=str(target), remedy="Give another id with --id.")
    known = assignments_of(old)
    if not known:
        raise UnknownAssignmentError(
            "this nbgrader course has no assignment", where=str(old.source("x").parent), remedy="Each is a folder with a notebook in it."
        )
    with diagnosed_storage(target):
        site.courses.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".adopting-", dir=site.courses))
    try:
        entries = [entry for assignment in known for entry in _copy(old, assignment, making)]
        entries += _course_entries(old)
        adopted = _finish(site, making, target, _Known(chosen, title, known, old), entries, today)
    except BaseException:
        remove_folder(making)
        raise
    making.chmod(0o755)
    replace_folder(making, target)
    with diagnosed_storage(target):
        site.course_root(chosen).mkdir(parents=True, exist_ok=True)
    return adopted


@dataclass(frozen=True, slots=True)
class _Known:
    id: str
    title: str | None
    assignments: Sequence[str]
    old: NbgraderCourse | None


def _adopt_in_place(site: Site, folder: Path, title: str | None, today: date) -> Adopted:
    course_id(folder.name)
    if (folder / FILE_NAME).exists():
        raise ManifestError(
            "this course has a manifest already", where=str(folder / FILE_NAME), remedy=f"Look at it with: patunay check {folder.name}"
        )
    known = (
        sorted(each.name for each in folder.iterdir() if not each.name.startswith(".") and any(each.glob("*.ipynb")))
        if folder.is_dir()
        else []
    )
    if not known:
        raise UnknownAssignmentError("this folder has no assignment", where=str(folder), remedy="Each is a folder with a notebook in it.")
    entries = [entry for assignment in known for entry in _upgrade(folder / assignment)]
    return _finish(site, folder, folder, _Known(folder.name, title, known, None), entries, today)


def _copy(old: NbgraderCourse, assignment: str, making: Path) -> list[Entry]:
    """Copy an assignment's folder and bring its metadata to schema 3."""
    target = making / assignment
    try:
        copy_untrusted(old.source(assignment), target, ignored=(*IGNORED, *old.ignored))
    except CopyRefusedError as refused:
        raise CopyRefusedError(
            refused.problem, where=str(old.source(assignment)), remedy="Put the files themselves there, or adopt without them."
        ) from refused
    return _upgrade(target)


def _upgrade(folder: Path) -> list[Entry]:
    entries: list[Entry] = []
    for path in sorted(folder.glob("*.ipynb")):
        converted = convert_nbgrader(read_source(path), name=f"{folder.name}/{path.name}")
        changed = [entry for entry in converted.entries if entry.place != "outputs"]
        if changed:
            write_atomically(path, notebook_text(converted.node))
        entries += changed
    return entries


def _finish(site: Site, making: Path, target: Path, known: _Known, entries: list[Entry], today: date) -> Adopted:
    """Write the manifest into the folder `making`, which is to be `target`."""
    notebooks = {assignment: load_notebooks(making / assignment) for assignment in known.assignments}
    graded = {name: _items(name, found, entries) for name, found in notebooks.items()}
    points = {name: sum(cell.points or 0 for each in notebooks[name] for cell in each.graded_cells) for name in graded}
    assessed = [name for name in known.assignments if graded[name] and points[name] > 0]
    for name in known.assignments:
        if name not in assessed:
            entries.append(
                Entry(name, "assessments", "nothing in it is worth points", "left out of the manifest", "Mark its tests, then add it.")
            )
        entries += _kernels(notebooks[name])
    if not assessed:
        raise ManifestError(
            "nothing in this course is graded", where=str(target), remedy="Mark tests in the Create Assignment sidebar first."
        )
    course = PlannedCourse(known.id, known.title, *_plan(known, assessed, graded, points, entries))
    write_atomically(making / FILE_NAME, manifest_text(course, site.settings.issuer, today=today))
    return Adopted(known.id, target, tuple(assessed), {name: points[name] for name in assessed}, tuple(entries))


def _plan(
    known: _Known, assessed: Sequence[str], graded: dict[str, list[str]], points: dict[str, float], entries: list[Entry]
) -> tuple[list[tuple[str, str]], list[Planned]]:
    """Return the outcomes and the assessments: an outcome for each assignment where there are not too many, points as weights."""
    dates = due_dates(known.old.database_url) if known.old else None
    if known.old and dates is None:
        entries.append(
            Entry(known.id, "due dates", "no gradebook that can be read", "left out", "Give `due` in course.toml, if there is a date.")
        )
    names = CellNames()
    outcomes = {each: names.name(each) for each in assessed} if len(assessed) <= _MOST_OUTCOMES else dict.fromkeys(assessed, "outcome-1")
    told = {outcome: f"what a learner can do after {assignment}" for assignment, outcome in outcomes.items()}
    if len(assessed) > _MOST_OUTCOMES:
        told = {"outcome-1": "one to six outcomes; then name them in the items"}
    weights = dict(zip(assessed, scaled_weights([points[each] for each in assessed], 100), strict=True))
    planned = [
        Planned(each, readable(each), weights[each], [(cell, [outcomes[each]]) for cell in graded[each]], (dates or {}).get(each))
        for each in assessed
    ]
    return list(told.items()), planned


def _items(assignment: str, notebooks: Sequence[Notebook], entries: list[Entry]) -> list[str]:
    """Return the graded cells that can stand in a manifest, each once; the others are told."""
    found: list[str] = []
    for notebook in notebooks:
        for cell in notebook.graded_cells:
            name = str(cell.grade_id)
            place = f"{assignment}/{notebook.path.name}"
            if name in found:
                entries.append(
                    Entry(place, name, "a cell id that another notebook has too", "one item for both", "Give it an id of its own (N03).")
                )
            elif not _MANIFEST_CELL.fullmatch(name):
                entries.append(
                    Entry(place, name, "a cell id that does not begin with a letter", "no item", "Rename the cell, and add an item for it.")
                )
            else:
                found.append(name)
    return found


def _kernels(notebooks: Sequence[Notebook]) -> list[Entry]:
    return [
        Entry(
            f"{each.path.parent.name}/{each.path.name}",
            "kernel",
            f"{each.kernel} ({each.language})",
            "kept",
            "Its tests cannot be sealed: only Python's can.",
        )
        for each in notebooks
        if each.language.lower() != "python"
    ]


def _course_entries(old: NbgraderCourse) -> list[Entry]:
    """Return what the course's own configuration says that a site has to be told."""
    entries = []
    for section, values in sorted(old.config.items()):
        settings = [f"c.{section}.{name}" for name in sorted(values) if section not in _OURS] if hasattr(values, "keys") else []
        entries += [
            Entry(
                "nbgrader_config.py",
                each,
                "a setting of the course",
                "not taken over",
                "Put it into the site's jupyter_config.py, with the path as it is there.",
            )
            for each in settings
        ]
    parent = old.source("x").parent
    beside = [each.name for each in sorted(parent.iterdir()) if each.is_file() and not each.name.startswith(".")]
    beside += [name for name in ("autotests.yml", "tests.yml") if (old.root / name).is_file()]
    entries += [
        Entry(name, "file", "beside the assignments", "not copied", "Copy it, if an assignment or a setting needs it.") for name in beside
    ]
    return entries
