"""What making the sealing plan showed already, where no full rehearsal was made: R01 and R03 by one reading each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from autograder.sealed.plan import SealingPlan
from courses.findings import Finding, Place, blocking


def check_marks(plan: SealingPlan, points: Mapping[tuple[str, str], float]) -> Iterator[Finding]:
    """Yield what an author has to mend: a reference solution without full marks, marks for nothing. Cells that a person decides are left out.

    Args:
        points: what each cell is worth, by notebook and cell.
    """
    for cell in plan.cells:
        possible = points.get((cell.notebook, cell.name), 0.0)
        file = f"{plan.assignment}/{cell.notebook}.ipynb"
        where, place = f"{file}, {cell.name}", Place(file=file, assignment=plan.assignment, notebook=cell.notebook, cell=cell.name)
        if cell.mode == "manual":
            continue
        if cell.reference_score is not None and cell.reference_score < possible:
            told = f"the reference solution earns {cell.reference_score:g} points of {possible:g}"
            yield blocking("R01", told, where, "Correct the solution or the test.", place)
        if cell.blank_score:
            told = f"the untouched notebook earns {cell.blank_score:g} of {possible:g} points"
            yield blocking("R03", told, where, "Let the test ask for what only an answer gives.", place)
    for failure in plan.failures:
        if ".ipynb, " not in failure.partition(": ")[0]:  # a run that did not come to its end; marks are told above
            code = "R09" if "untouched" in failure else "R01"
            yield blocking(code, failure, plan.assignment, "Mend the cell that is named.", Place(assignment=plan.assignment))
