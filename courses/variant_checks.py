"""The rules of learner variants that are kept or broken without a run: V01 to V04. What needs a run is in `autograder.variants`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from courses.catalogue import Course
from courses.errors import VariantError
from courses.findings import Finding, Place, blocking, warning
from courses.manifest import Assessment
from courses.notebook import Cell, CellKind, Notebook
from courses.python_syntax import parse
from courses.variant_cells import MODULE, TAG, assigned_once, default_of, is_parameter_cell, parameter_cells
from courses.variants import Value, Variants, draw_pool

_PYTHON = {"python", ""}


def check_variants(course: Course) -> list[Finding]:
    """Return what is wrong or doubtful in the course's variants; nothing where it has none."""
    findings: list[Finding] = []
    for assessment in course.manifest.assessments:
        if assessment.variants is not None:
            findings += _assessment(course, assessment, assessment.variants)
    return findings + list(_promise(course))


def _promise(course: Course) -> Iterator[Finding]:
    """V03: what the manifest promises, and what the assessments have."""
    varied = [assessment.id for assessment in course.manifest.assessments if assessment.variants is not None]
    if course.manifest.integrity.variants != bool(varied):
        promised = (
            "promises variants, and no assessment has any"
            if not varied
            else f"says there are no variants, and {', '.join(varied)} has some"
        )
        yield warning(
            "V03", f"integrity.variants {promised}", "course.toml, integrity", "Let it say what is true: it is printed on the credential.",
            Place(file="course.toml", field="integrity.variants"),
        )  # fmt: skip


def _assessment(course: Course, assessment: Assessment, variants: Variants) -> Iterator[Finding]:
    place = Place(file="course.toml", field=f"assessments[{assessment.id}].variants", assignment=assessment.id)
    told = f"course.toml, {place.field}"
    if (course.folder / assessment.id / f"{MODULE}.py").exists():
        yield blocking(
            "V01", f"the assignment has a file {MODULE}.py, where the release writes its own", told, "Give yours another name.", place
        )
    found = [(notebook, cells) for notebook in course.notebooks[assessment.id] if (cells := parameter_cells(notebook))]
    if not found:
        remedy = f"Tag the read-only code cell that sets {', '.join(variants.parameters)}."
        yield blocking("V01", f"no cell is tagged `{TAG}`", told, remedy, place)
        return
    for notebook, cells in found:
        yield from _cells(notebook, cells, assessment.id)
        yield from _types(notebook, cells[0], variants, assessment.id)
        yield from _effect(notebook, cells[0], variants, assessment.id)
    known = {name for _, cells in found for name in _names(cells[0])}
    for name in variants.parameters:
        if name not in known:
            remedy = f"Set it there once, on a line of its own: `{name} = …`."
            yield blocking("V02", f"parameter {name!r} is set in no cell tagged `{TAG}`", told, remedy, place)
    count = len(draw_pool(variants, assessment.id, b"", {"-": "-"}).rows)
    if variants.drawn is not None and count < variants.pool:
        yield warning(
            "V04", f"only {count} of {variants.pool} variants differ", told, "Draw from more values, or ask for a smaller pool.", place
        )


def _cells(notebook: Notebook, cells: tuple[Cell, ...], assignment: str) -> Iterator[Finding]:
    """V01: one parameters cell, read-only code in Python."""
    for cell in cells[1:]:
        yield blocking("V01", f"a second cell is tagged `{TAG}`", *_at(notebook, cell, assignment, "Join the two, or take the tag away."))
    for cell in cells[:1]:
        if not is_parameter_cell(cell):
            yield blocking(
                "V01", f"the cell tagged `{TAG}` is no read-only code cell",
                *_at(notebook, cell, assignment, "Mark it as read-only in the Create Assignment sidebar: else learners choose their own values."),
            )  # fmt: skip
        elif notebook.language.lower() not in _PYTHON:
            yield blocking(
                "V01", f"variants are for Python notebooks, and this one is in {notebook.language}",
                *_at(notebook, cell, assignment, "Leave the variants of this assignment out."),
            )  # fmt: skip
        else:
            try:
                assigned_once(cell.source)
            except VariantError as refused:
                yield blocking("V01", refused.problem, *_at(notebook, cell, assignment, refused.remedy))


def _types(notebook: Notebook, cell: Cell, variants: Variants, assignment: str) -> Iterator[Finding]:
    """V02: values are of the kind that stands in the cell."""
    rows = draw_pool(variants, assignment, b"", {"-": "-"}).rows
    for name, expression in _expressions(cell).items():
        if name not in variants.parameters:
            continue
        default = default_of(expression)
        if default is None:
            yield blocking(
                "V02", f"parameter {name!r} is set to something that is no plain value",
                *_at(notebook, cell, assignment, "Set it to a number, a text, True, False or a list, and compute from it in another line."),
            )  # fmt: skip
            continue
        odd = next((row[name] for row in rows if not _is_alike(row[name], default)), None)
        if odd is not None:
            yield blocking(
                "V02", f"parameter {name!r} is {default!r} in the cell, and {odd!r} in a variant, which is of another type",
                *_at(notebook, cell, assignment, "Give both the same type."),
            )  # fmt: skip


def _effect(notebook: Notebook, cell: Cell, variants: Variants, assignment: str) -> Iterator[Finding]:
    """V04: something that is graded depends on a parameter, as far as names tell."""
    reached = set(variants.parameters)
    tests = [each for each in notebook.cells if each.kind is CellKind.TEST and each.type == "code"]
    for each in notebook.cells:
        reads, binds = _names_of(each) if each.type == "code" else (set(), set())
        if reads & reached:
            if each.kind is CellKind.TEST:
                return
            reached |= binds
    if tests:
        yield warning(
            "V04", "no test of this notebook reads a parameter, or anything that is made from one",
            *_at(notebook, cell, assignment, "A test that asserts one fixed value is right for one variant only: compute it from the parameters."),
        )  # fmt: skip


def _at(notebook: Notebook, cell: Cell, assignment: str, remedy: str) -> tuple[str, str, Place]:
    """Return where a finding bites, what to do, and the place for programs."""
    name = cell.grade_id or f"cell {cell.index + 1}"
    place = Place(
        file=f"{assignment}/{notebook.name}.ipynb", assignment=assignment, notebook=notebook.name, cell=cell.grade_id, cell_index=cell.index
    )
    return f"{assignment}/{notebook.name}.ipynb, {name}", remedy, place


def _expressions(cell: Cell) -> dict[str, ast.expr]:
    try:
        return assigned_once(cell.source) if is_parameter_cell(cell) else {}
    except VariantError:
        return {}


def _names(cell: Cell) -> set[str]:
    return set(_expressions(cell))


def _names_of(cell: Cell) -> tuple[set[str], set[str]]:
    """Return the names that a cell reads and binds anywhere."""
    try:
        tree = parse("\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in cell.source.splitlines()))
    except (SyntaxError, ValueError, RecursionError):
        return set(), set()
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return {node.id for node in names if isinstance(node.ctx, ast.Load)}, {
        node.id for node in names if isinstance(node.ctx, ast.Store)
    } | defined


def _is_alike(value: Value, default: Value) -> bool:
    """Whether two values are of one type: a whole number may stand for a number with a point, a truth value never."""
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(default)
