"""The rules that notebooks keep or break without being run, and that tie them to the manifest.

The scoring traps (N05, N06) are measured on nbgrader 0.9.6: a test cell without an error earns full marks, and a last expression that is a number
replaces the points, so a bare `f(1) == 2` passes whatever it says.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections import Counter
from collections.abc import Iterator

from courses.catalogue import Course
from courses.findings import Finding, blocking, warning
from courses.notebook import Cell, CellKind, Notebook
from courses.python_syntax import parse

_SOLUTION_MARK = re.compile(r"###\s*(BEGIN|END) SOLUTION")
_HIDDEN_BEGIN, _HIDDEN_END = re.compile(r"### BEGIN HIDDEN TESTS"), re.compile(r"### END HIDDEN TESTS")
_IMAGE_WITHOUT_ALT = re.compile(r"!\[\s*\]\(|<img(?![^>]*\balt=\"[^\"]+\")[^>]*>")


def check_notebooks(course: Course) -> list[Finding]:
    """Return what is wrong or doubtful in the course's notebooks, assignment by assignment."""
    findings = list(_assignments(course))
    for notebooks in course.notebooks.values():
        for notebook in notebooks:
            findings += _notebook(notebook)
    return findings + list(_items(course)) + list(_choices(course)) + list(_duplicates(course))


def _assignments(course: Course) -> Iterator[Finding]:
    for assignment, notebooks in course.notebooks.items():
        where = f"{course.id}/{assignment}"
        if not notebooks:
            yield blocking("N01", "the assignment has no notebook", where, "Put its .ipynb into a folder of the assignment's name.")
        elif sum(cell.points or 0 for notebook in notebooks for cell in notebook.graded_cells) <= 0:
            yield blocking("N02", "the assignment has no points", where, "Mark test cells as autograded and give them points.")


def _items(course: Course) -> Iterator[Finding]:
    """Q05: every graded cell gives evidence of an outcome, every outcome has a graded cell."""
    assessed: set[str] = set()
    for assessment in course.manifest.assessments:
        graded = {cell.grade_id: cell for notebook in course.notebooks[assessment.id] for cell in notebook.graded_cells}
        items = {item.cell: item for item in assessment.items}
        for cell in sorted(str(name) for name in graded.keys() - items.keys()):
            yield blocking(
                "Q05", f"graded cell {cell!r} gives evidence of no outcome", f"course.toml: {assessment.id}.items", "Add an item for it."
            )
        for name in sorted(items.keys() - graded.keys()):
            yield blocking(
                "Q05",
                f"item {name!r} is no graded cell of the notebooks",
                f"course.toml: {assessment.id}.items",
                "Correct the cell's id or drop the item.",
            )
        for name, item in items.items():
            if name in graded and (graded[name].points or 0) > 0:
                assessed.update(item.outcomes)
    for outcome in course.manifest.outcomes:
        if outcome.id not in assessed:
            yield blocking(
                "Q05",
                f"outcome {outcome.id} is not assessed",
                f"course.toml: outcomes.{outcome.id}",
                "Let a graded cell give evidence of it.",
            )


def _choices(course: Course) -> Iterator[Finding]:
    """N11: only tests that there are can be decided in a way of their own."""
    for assessment in course.manifest.assessments:
        tests = [str(cell.grade_id) for each in course.notebooks[assessment.id] for cell in each.cells if cell.kind is CellKind.TEST]
        for name in sorted(assessment.cells.keys() - set(tests)):
            near = difflib.get_close_matches(name, tests, n=1, cutoff=0.4)
            hint = f"Did you mean {near[0]!r}?" if near else f"The tests are: {', '.join(tests) or 'none'}."
            yield blocking("N11", f"{name!r} is no test cell of the notebooks", f"course.toml: {assessment.id}.cells", hint)


def _duplicates(course: Course) -> Iterator[Finding]:
    for assignment, notebooks in course.notebooks.items():
        ids = Counter(cell.grade_id for notebook in notebooks for cell in notebook.cells if cell.grade_id)
        for name in sorted(str(each) for each, count in ids.items() if count > 1):
            yield blocking(
                "N03", f"cell id {name!r} is used twice", f"{course.id}/{assignment}", "Give every nbgrader cell an id of its own."
            )


def _notebook(notebook: Notebook) -> Iterator[Finding]:
    answered = False
    for cell in notebook.cells:
        where = f"{notebook.path.name}, cell {cell.grade_id or cell.index + 1}"
        answered = answered or cell.kind is CellKind.ANSWER
        if cell.kind is CellKind.TEST:
            yield from _test_cell(cell, notebook, where)
            if not answered:
                yield warning(
                    "N07", "a test stands before any answer cell", where, "Put the answer cell first, or the test can never fail."
                )
        elif cell.kind not in {CellKind.ANSWER, CellKind.MANUAL, CellKind.TASK} and _SOLUTION_MARK.search(cell.source):
            yield blocking(
                "N04", "a solution stands in a cell that is no answer cell, so learners would see it", where, "Mark the cell as an answer."
            )
        if cell.type == "markdown" and _IMAGE_WITHOUT_ALT.search(cell.source):
            yield warning("Q17", "a picture has no text for those who cannot see it", where, "Write ![what it shows](file).")


def _test_cell(cell: Cell, notebook: Notebook, where: str) -> Iterator[Finding]:
    if len(_HIDDEN_BEGIN.findall(cell.source)) != len(_HIDDEN_END.findall(cell.source)):
        yield blocking(
            "N08", "BEGIN HIDDEN TESTS and END HIDDEN TESTS do not pair", where, "Close the block, or hidden tests are released."
        )
    if cell.points == 0:
        yield warning("N09", "the test is worth no points", where, "Give it points, or make it a read-only cell.")
    if notebook.language != "python" or cell.source.lstrip().startswith("%%"):
        return
    tree = _parse(cell.source)
    if tree is None:
        return
    last = tree.body[-1] if tree.body else None
    asserts = any(isinstance(node, ast.Assert | ast.Raise | ast.With) or _asserts(node) for node in ast.walk(tree))
    if not asserts and not isinstance(last, ast.Expr):
        yield blocking("N05", "the test asserts nothing, so every answer passes", where, "Write assert in front of what must hold.")
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Compare):
        yield blocking(
            "N06", "the last line compares but does not assert: nbgrader gives full marks for it", where, "Write assert in front of it."
        )


def _asserts(node: ast.AST) -> bool:
    """Whether `node` calls something that is named like an assertion."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return "assert" in name.lower() or "check" in name.lower()


def _parse(source: str) -> ast.Module | None:
    """Return the cell's syntax tree with IPython's magic lines taken out, None if it has none."""
    lines = ["pass" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()]
    try:
        return parse("\n".join(lines))
    except (SyntaxError, ValueError):
        return None
