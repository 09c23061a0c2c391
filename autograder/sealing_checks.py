"""How the tests of an assignment are decided, as findings of the release gate. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.sealed.plan import CellPlan, SealingPlan
from courses.findings import Finding, blocking, warning


def check_plan(plan: SealingPlan, *, demands_sealed: bool) -> list[Finding]:
    """Return what is wrong or doubtful.

    Args:
        demands_sealed: whether the manifest says `assurance = "sealed"`.
    """
    return list(_labels(plan, demands_sealed=demands_sealed))


def _labels(plan: SealingPlan, *, demands_sealed: bool) -> Iterator[Finding]:
    for cell in plan.cells:
        where = f"{plan.assignment}/{cell.notebook}.ipynb, {cell.name}"
        if demands_sealed and not _is_decided_well(cell):
            yield blocking(
                "S01",
                f"the course demands sealed verdicts, and this test is {_told(cell)}",
                where,
                'Change the test, give it to a person (cells = { … = "manual" }), or take assurance = "sealed" out of course.toml.',
            )
        elif cell.is_guarded and not cell.canaries:
            yield warning(
                "S02",
                f"this test is {_told(cell)}, and no canary of it can be made",
                where,
                "Write assertions with the values that you expect, or let a person decide it.",
            )


def _is_decided_well(cell: CellPlan) -> bool:
    return cell.mode == "manual" or (cell.mode == "sealed" and cell.label == "sealed")


def _told(cell: CellPlan) -> str:
    if cell.chosen == "compat":
        return "decided in one process, as course.toml says"
    if not cell.causes:
        return cell.label
    causes = "; ".join(cell.causes)
    return f"not sealed: {causes}" if cell.label == "unsealed" else f"cannot be sealed: {causes}"
