"""Brings notebooks of other forms into an assignment of a course. Nothing is run, nothing is overwritten, and the manifest is changed last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from courses.authoring.import_report import Converted, Entry
from courses.authoring.manifest_edits import Items, with_assessment, with_items
from courses.authoring.nbgrader_cells import notebook_text
from courses.authoring.nbgrader_notebooks import convert_nbgrader, is_nbgrader_notebook
from courses.authoring.needed_files import copy_needed, needed_files
from courses.authoring.otter.conversion import convert_otter
from courses.authoring.otter.questions import is_otter_source
from courses.authoring.plain_notebooks import convert_plain
from courses.authoring.scaffolds import scaffold_notebook
from courses.authoring.source_files import read_source, read_text
from courses.catalogue import Course, load_course
from courses.errors import ManifestError, NotebookError
from courses.manifest_file import FILE_NAME
from courses.names import path_segment
from courses.notebook import Notebook, load_notebook
from courses.scratch import ScratchFolder
from courses.settings import Site
from courses.storage import diagnosed_storage, write_atomically


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote."""

    course: str
    assignment: str
    files: tuple[Path, ...]
    entries: tuple[Entry, ...]
    points: float
    """Of the imported notebooks together."""


def convert(path: Path, *, taken: Sequence[str] = ()) -> Converted:
    """Return the file at `path` as a notebook of nbgrader cells, with what became of each cell.

    Args:
        taken: nbgrader ids that are used already; only ids that we make avoid them.

    Raises:
        NotebookError: it cannot be read, or not be converted.
    """
    node = read_source(path)
    if is_otter_source(node):
        return convert_otter(node, name=path.name, taken=taken, beside=lambda name: _settings_beside(path.parent, name))
    if is_nbgrader_notebook(node):
        return convert_nbgrader(node, name=path.name)
    return convert_plain(node, name=path.name, taken=taken)


def import_notebooks(site: Site, paths: Sequence[Path], course: str, assignment: str, *, weight: float | None = None) -> Imported:
    """Convert `paths` into the assignment of a course, with the files that they need, and add their graded cells to the manifest.

    A scaffold's notebook that nobody changed gives way to them.

    Args:
        weight: percent, if the manifest does not have the assignment yet.

    Raises:
        UnknownCourseError: there is no such course.
        NotebookError: a file cannot be read or converted; nothing was written.
        ManifestError: the manifest cannot take the assignment; nothing was written.
        StorageError: the folder cannot be written to.
    """
    found = load_course(site.courses, course)
    folder = found.folder / path_segment(assignment, what="an assignment")
    scaffolds = [path for path in sorted(folder.glob("*.ipynb")) if _is_untouched(path)]
    targets = _targets(paths, folder, scaffolds)
    taken = [
        str(cell.grade_id)
        for path in folder.glob("*.ipynb")
        if path not in scaffolds
        for cell in load_notebook(path).cells
        if cell.grade_id
    ]
    converted: list[Converted] = []
    for path in paths:
        converted.append(convert(path, taken=taken))
        taken += [cell.metadata["nbgrader"]["grade_id"] for cell in converted[-1].node.cells if cell.metadata.get("nbgrader")]
    notebooks = [_checked(each.node, target) for each, target in zip(converted, targets, strict=True)]
    graded = [cell for notebook in notebooks for cell in notebook.graded_cells]
    manifest = _manifest(found, assignment, [(str(cell.grade_id), [found.manifest.outcomes[0].id]) for cell in graded], scaffolds, weight)
    entries = [entry for each in converted for entry in each.entries]
    with diagnosed_storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for path in scaffolds:
            path.unlink()
    for each, path, target in zip(converted, paths, targets, strict=True):
        write_atomically(target, notebook_text(each.node))
        entries += _copy_beside(each, path, folder)
    write_atomically(found.folder / FILE_NAME, manifest)
    return Imported(course, assignment, tuple(targets), tuple(entries), sum(cell.points or 0 for cell in graded))


def _settings_beside(folder: Path, name: str) -> str | None:
    try:
        return None if "/" in name or (folder / name).is_symlink() else read_text(folder / name, 2**20)
    except NotebookError:
        return None


def _targets(paths: Sequence[Path], folder: Path, scaffolds: Sequence[Path]) -> list[Path]:
    targets = [folder / f"{path_segment(path.stem, what='a notebook')}.ipynb" for path in paths]
    for target in targets:
        if targets.count(target) > 1 or (target.exists() and target not in scaffolds):
            raise NotebookError(
                "there is a notebook of that name already; nothing was written", where=str(target), remedy="Rename the file that you bring."
            )
    return targets


def _is_untouched(path: Path) -> bool:
    try:
        return path.read_text(encoding="utf-8") == notebook_text(scaffold_notebook())
    except (OSError, UnicodeDecodeError):
        return False


def _checked(node: Any, target: Path) -> Notebook:
    """Return the notebook as a course would load it.

    Raises:
        NotebookError: it could not be loaded.
    """
    with ScratchFolder("import") as scratch:
        path = Path(scratch, target.name)
        path.write_text(notebook_text(node), encoding="utf-8")
        try:
            return replace(load_notebook(path), path=target)
        except NotebookError as broken:
            raise NotebookError(broken.problem, where=broken.where.removeprefix(f"{scratch}/"), remedy=broken.remedy) from broken


def _manifest(found: Course, assignment: str, items: Items, scaffolds: Sequence[Path], weight: float | None) -> str:
    text = (found.folder / FILE_NAME).read_text(encoding="utf-8")
    if found.manifest.assessment(assignment) is not None:
        gone = {str(cell.grade_id) for path in scaffolds for cell in load_notebook(path).graded_cells}
        return with_items(text, assignment, items, without=gone)
    if not items:
        raise ManifestError(
            "nothing in it is graded, so it cannot be an assessment", where=assignment, remedy="Mark tests in the source first."
        )
    if weight is None:
        raise ManifestError(
            f"course.toml has no assessment {assignment!r}, and the weights sum to 100 already; nothing was written",
            where=str(found.folder / FILE_NAME),
            remedy="Say how many percent it takes, such as --weight 25: the others are scaled to what is left.",
        )
    return with_assessment(text, assignment, title=assignment, weight=weight, items=items)


def _copy_beside(converted: Converted, path: Path, folder: Path) -> Iterator[Entry]:
    names = [*converted.files, *needed_files(converted.node, path.parent)]
    copied, refused = copy_needed(path.parent, dict.fromkeys(names), folder)
    for name in copied:
        yield Entry(
            path.name,
            name,
            "a file beside it",
            "copied",
            "Look that it holds no solution: learners get it." if name.endswith(".py") else "",
        )
    for name, reason in refused:
        yield Entry(path.name, name, "a file beside it", f"not copied: {reason}", "Put it into the assignment's folder, if it is needed.")
