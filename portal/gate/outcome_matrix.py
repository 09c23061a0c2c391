"""Which cell gives evidence of which outcome, and whether nothing at all would pass. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from courses.catalogue import Course
from courses.findings import Finding, Place, blocking
from courses.notebook import CellKind
from portal.gate.report import MatrixRow

CellKey = tuple[str, str, str]
"""Assignment, notebook, cell."""


def matrix_of(course: Course) -> tuple[MatrixRow, ...]:
    """Return a row for each graded cell of the course, in the manifest's order."""
    return tuple(_rows(course))


def _rows(course: Course) -> Iterator[MatrixRow]:
    for assessment in course.manifest.assessments:
        outcomes = {item.cell: item.outcomes for item in assessment.items}
        for notebook in course.notebooks[assessment.id]:
            for cell in notebook.graded_cells:
                if cell.grade_id is not None:
                    kind = "task" if cell.kind is CellKind.TASK else "manual" if cell.kind is CellKind.MANUAL else "test"
                    yield MatrixRow(assessment.id, notebook.name, cell.grade_id, kind, cell.points or 0.0, outcomes.get(cell.grade_id, ()))


def check_untouched(course: Course, scores: Mapping[CellKey, float | None]) -> list[Finding]:
    """Return a finding if the untouched notebooks, handed in, would earn the credential (R04).

    Args:
        scores: what each test cell gives the untouched version; a cell that is not there earns nothing.
    """
    rows = matrix_of(course)
    rule = course.manifest.pass_rule
    earned = {row: float(scores.get((row.assignment, row.notebook, row.cell)) or 0.0) for row in rows}
    if not any(earned.values()):
        return []
    shares = {each.id: _share(earned, [row for row in rows if row.assignment == each.id]) for each in course.manifest.assessments}
    overall = sum(each.weight / 100 * shares[each.id] for each in course.manifest.assessments)
    outcomes = [_share(earned, [row for row in rows if outcome.id in row.outcomes]) for outcome in course.manifest.outcomes]
    passes = overall >= rule.overall and all(share >= rule.per_outcome for share in outcomes)
    if not passes or not all(shares.get(name, 0.0) > 0 for name in rule.mandatory):
        return []
    return [
        blocking(
            "R04", f"the untouched notebooks earn {100 * overall:.0f} %, which passes", "course.toml, pass_rule",
            "Mend the tests that R03 names.", Place(file="course.toml", field="pass_rule"),
        )
    ]  # fmt: skip


def _share(earned: Mapping[MatrixRow, float], rows: list[MatrixRow]) -> float:
    possible = sum(row.points for row in rows)
    return sum(earned[row] for row in rows) / possible if possible else 0.0
