"""All rules that the notebooks of a course keep or break without being run.

Rules of Python look at Python notebooks only, and at cells that are Python; the others hold for every language.
"""

from __future__ import annotations

from collections.abc import Iterator

from courses.catalogue import Course
from courses.findings import Finding
from courses.notebook import CellKind, Notebook
from courses.static_checks.accessibility_rules import check_texts
from courses.static_checks.answer_rules import check_answers
from courses.static_checks.evidence_rules import check_evidence
from courses.static_checks.licence_rules import check_licences
from courses.static_checks.metadata_rules import check_cells, check_ids, check_points
from courses.static_checks.places import cell_spot, read_course_text
from courses.static_checks.portability_rules import check_portability
from courses.static_checks.python_cells import read_python
from courses.static_checks.verdict_rules import check_tests


def check_notebooks(course: Course) -> list[Finding]:
    """Return what is wrong or doubtful in the course's notebooks, and between them and the manifest."""
    findings = [*check_points(course), *check_ids(course), *check_evidence(course, read_course_text(course)), *check_licences(course)]
    for assignment, notebooks in course.notebooks.items():
        for notebook in notebooks:
            findings += check_notebook(notebook, assignment)
    return findings


def check_notebook(notebook: Notebook, assignment: str) -> Iterator[Finding]:
    """Yield what is wrong or doubtful in one notebook, with or without a course around it."""
    yield from check_cells(notebook, assignment)
    yield from check_texts(notebook, assignment)
    code = read_python(notebook)
    if code is None:
        yield from _order(notebook, assignment)
    else:
        yield from check_tests(code, assignment)
        yield from check_answers(code, assignment)
        yield from check_portability(code, assignment)


def _order(notebook: Notebook, assignment: str) -> Iterator[Finding]:
    """N07 where names cannot be followed: by the order of the cells alone."""
    answered = False
    for cell in notebook.cells:
        answered = answered or cell.kind in {CellKind.ANSWER, CellKind.MANUAL}
        if cell.kind is CellKind.TEST and not answered:
            problem = "a test stands before any answer cell"
            yield cell_spot(assignment, notebook, cell).warning("N07", problem, "Put the answer cell first, or the test can never fail.")
