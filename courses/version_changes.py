"""What changed between a course's last release and its folder now, each change with its kind: editorial, of the assessment, or of an outcome.

The kinds are those of the change log. Editorial is what changes no verdict and no claim: titles, prose, translations, comments, layout of code, messages of
assertions, the reference solution. What is not known to be editorial counts as a change of the assessment, so a field that is new in the manifest does too.
Of an assignment that nobody could fetch yet, only the weight counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import PurePosixPath

from courses.catalogue import Course
from courses.cell_meaning import assessed_meaning, code_meaning
from courses.content_hash import file_hashes
from courses.manifest import Assessment, CourseManifest, Outcome
from courses.notebook import Cell, CellKind, Notebook

_OUTCOME_FIELDS = frozenset(
    {"outcomes", "levels", "field", "notional_hours", "credits", "type", "achievement_type", "grade_disclosed", "validity"}
)
_EDITORIAL_FIELDS = frozenset(
    {
        *(
            "version",
            "code",
            "title",
            "summary",
            "languages",
            "licence",
            "tags",
            "previous_versions",
            "image",
            "awarding_body",
            "unit",
            "authors",
        ),
        *("assessor", "partners", "not_levelled", "duration", "participation", "prerequisites", "technology", "fees", "qa", "approvals"),
        *(
            "evidence_of_need",
            "change_log",
            "stackability",
            "rpl",
            "recognition",
            "renewal",
            "contact",
            "evidence_policy",
            "privacy_notice",
        ),
    }
)
_EDITORIAL_OF_ASSESSMENT = frozenset({"title", "due"})
_DOCUMENTS = frozenset({".md", ".rst", ".pdf", ".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp"})
"""Files that learners read; one that a cell names is data all the same."""


class ChangeKind(IntEnum):
    """How much a change weighs, in the words of the change log."""

    NONE = 0
    EDITORIAL = 1
    ASSESSMENT = 2
    OUTCOME = 3

    @property
    def word(self) -> str:
        """The word of the change log."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was released."""

    kind: ChangeKind
    what: str
    where: str


def changes_between(released: Course, now: Course, published: tuple[str, ...]) -> list[Change]:
    """Return what is not as it was released, weightiest first.

    Args:
        published: the assignments that learners could fetch.
    """
    found = [*_manifest_changes(released.manifest, now.manifest, published), *_file_changes(released, now, published)]
    for assignment in published:
        found += _notebook_changes(released.notebooks.get(assignment, ()), now.notebooks.get(assignment, ()), assignment)
    return sorted(found, key=lambda change: -change.kind)


def kind_of(changes: list[Change]) -> ChangeKind:
    """Return the weightiest kind."""
    return max((change.kind for change in changes), default=ChangeKind.NONE)


def vanished_cells(released: Course, now: Course, published: tuple[str, ...]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each nbgrader cell id that was released and is gone: its assignment, the id, and the ids that are new there."""
    for assignment in published:
        before, after = _ids(released.notebooks.get(assignment, ())), _ids(now.notebooks.get(assignment, ()))
        yield from ((assignment, gone, sorted(after - before)) for gone in sorted(before - after))


def _ids(notebooks: tuple[Notebook, ...]) -> set[str]:
    return {cell.grade_id for notebook in notebooks for cell in notebook.cells if cell.grade_id is not None}


def _manifest_changes(old: CourseManifest, new: CourseManifest, published: tuple[str, ...]) -> Iterator[Change]:
    for field in CourseManifest.model_fields:
        if field == "outcomes":
            yield from _outcome_changes(old.outcomes, new.outcomes)
        elif field == "assessments":
            yield from _assessment_changes(old, new, published)
        elif getattr(old, field) != getattr(new, field):
            yield Change(_kind_of_field(field), f"{field} is another", f"course.toml, {field}")


def _kind_of_field(field: str) -> ChangeKind:
    if field in _OUTCOME_FIELDS:
        return ChangeKind.OUTCOME
    return ChangeKind.EDITORIAL if field in _EDITORIAL_FIELDS else ChangeKind.ASSESSMENT


def _outcome_changes(old: tuple[Outcome, ...], new: tuple[Outcome, ...]) -> Iterator[Change]:
    before, after = ({each.id: each for each in outcomes} for outcomes in (old, new))
    for name in sorted({*before, *after}):
        where = f"course.toml, outcomes.{name}"
        if name not in after or name not in before:
            fate = _fate(name in before, name in after)
            yield Change(ChangeKind.OUTCOME, f"outcome {name} is {fate}", where)
        elif before[name] != after[name]:
            claims = [each.model_dump(exclude={"text": {"fil"}}) for each in (before[name], after[name])]
            kind = ChangeKind.OUTCOME if claims[0] != claims[1] else ChangeKind.EDITORIAL
            yield Change(kind, f"outcome {name} is worded or measured otherwise", where)


def _assessment_changes(old: CourseManifest, new: CourseManifest, published: tuple[str, ...]) -> Iterator[Change]:
    names = sorted({each.id for manifest in (old, new) for each in manifest.assessments})
    for name in names:
        before, after = old.assessment(name), new.assessment(name)
        if before is None or after is None:
            fate = _fate(before is not None, after is not None)
            yield Change(ChangeKind.ASSESSMENT, f"assessment {name} is {fate}", f"course.toml, assessments[{name}]")
            continue
        for field in Assessment.model_fields:
            if getattr(before, field) != getattr(after, field) and (name in published or field == "weight"):
                kind = ChangeKind.EDITORIAL if field in _EDITORIAL_OF_ASSESSMENT else ChangeKind.ASSESSMENT
                yield Change(kind, f"{field} of {name} is another", f"course.toml, assessments[{name}].{field}")


def _file_changes(released: Course, now: Course, published: tuple[str, ...]) -> Iterator[Change]:
    """Yield changed files that are no notebooks of an assignment; the manifest is compared by its fields."""
    before, after = file_hashes(released.folder), file_hashes(now.folder)
    for name in sorted({*before, *after}):
        path = PurePosixPath(name)
        if before.get(name) == after.get(name) or name == "course.toml" or (len(path.parts) == 2 and path.suffix == ".ipynb"):
            continue
        kind = ChangeKind.EDITORIAL
        if path.parts[0] in published and (path.suffix.lower() not in _DOCUMENTS or _is_read(path.name, path.parts[0], released, now)):
            kind = ChangeKind.ASSESSMENT
        fate = _fate(name in before, name in after)
        yield Change(kind, f"the file is {fate}", name)


def _is_read(name: str, assignment: str, *courses: Course) -> bool:
    """Whether a code cell of the assignment names the file."""
    notebooks = (notebook for course in courses for notebook in course.notebooks.get(assignment, ()))
    return any(name in cell.source for notebook in notebooks for cell in notebook.cells if cell.type == "code")


def _fate(was: bool, is_now: bool) -> str:
    return "another" if was and is_now else "new" if is_now else "gone"


def _notebook_changes(old: tuple[Notebook, ...], new: tuple[Notebook, ...], assignment: str) -> Iterator[Change]:
    before, after = ({each.name: each for each in notebooks} for notebooks in (old, new))
    for name in sorted({*before, *after}):
        where = f"{assignment}/{name}.ipynb"
        if name not in before or name not in after:
            fate = _fate(name in before, name in after)
            yield Change(ChangeKind.ASSESSMENT, f"the notebook is {fate}", where)
            continue
        if before[name].kernel != after[name].kernel:
            yield Change(ChangeKind.ASSESSMENT, f"it runs in kernel {after[name].kernel!r}, not {before[name].kernel!r}", where)
        yield from _cell_changes(before[name], after[name], where)


def _cell_changes(old: Notebook, new: Notebook, where: str) -> Iterator[Change]:
    before, after = ({cell.grade_id: cell for cell in notebook.cells if cell.grade_id} for notebook in (old, new))
    for name in sorted({*before, *after}):
        if name not in before or name not in after:
            fate = _fate(name in before, name in after)
            yield Change(_kind_of_cell(before.get(name) or after[name]), f"the cell is {fate}", f"{where}, {name}")
        elif changed := _changed_cell(before[name], after[name]):
            yield Change(changed[0], changed[1], f"{where}, {name}")
    if _loose_code(old) != _loose_code(new):
        yield Change(ChangeKind.ASSESSMENT, "code outside nbgrader's cells, or the order of the cells, is another", where)
    elif [cell.source for cell in old.cells if cell.grade_id is None] != [cell.source for cell in new.cells if cell.grade_id is None]:
        yield Change(ChangeKind.EDITORIAL, "text outside nbgrader's cells is another", where)


def _kind_of_cell(cell: Cell) -> ChangeKind:
    """Return what it means that the cell came or went: a locked text is prose, all else is assessed or runs."""
    return ChangeKind.EDITORIAL if cell.kind is CellKind.READ_ONLY and cell.type != "code" else ChangeKind.ASSESSMENT


def _changed_cell(before: Cell, after: Cell) -> tuple[ChangeKind, str] | None:
    if (before.kind, before.type) != (after.kind, after.type):
        return ChangeKind.ASSESSMENT, f"the cell is {after.kind.value} now, it was {before.kind.value}"
    if before.points != after.points:
        return ChangeKind.ASSESSMENT, f"it is worth {after.points:g} points, it was {before.points:g}"
    if before.source == after.source:
        return None
    if before.kind is CellKind.READ_ONLY and before.type != "code":
        return ChangeKind.EDITORIAL, "its text is another"
    if assessed_meaning(before) != assessed_meaning(after):
        return ChangeKind.ASSESSMENT, "its code, or what it asks for, is another"
    return ChangeKind.EDITORIAL, "its wording or its reference solution is another"


def _loose_code(notebook: Notebook) -> list[str]:
    """Return what runs in the notebook in its order: nbgrader's code cells by their ids, others by what they do."""
    cells = (cell for cell in notebook.cells if cell.type == "code")
    meanings = (f"#{cell.grade_id}" if cell.grade_id else code_meaning(cell.source) for cell in cells)
    return [meaning for meaning in meanings if meaning]
