"""The points of one cell, exactly as nbgrader 0.9.6 gives them (`utils.determine_grade`), and what it gets wrong named.

The rules, measured: an error or anything on stderr in a test cell is 0; otherwise the first result that reads as a number is the score; otherwise
full marks. A manual cell that was not touched is 0, a touched one has no automatic score. Partial scores above the maximum are refused there by
an exception that loses the whole submission; here they are an `UngradedCellError` for the cell's author to mend.
"""

from __future__ import annotations

from typing import Any

from nbgrader.utils import compute_checksum

from autograder.errors import UngradedCellError


def score_cell(cell: Any, points_possible: float) -> float | None:
    """Return the points of an executed grade `cell` (an nbformat node with trusted nbgrader metadata), None if a person has to decide.

    Raises:
        UngradedCellError: the test's partial score is above the maximum, or no text: a mistake in the test, not in the answer.
    """
    if cell.metadata.nbgrader.get("solution", False):
        return 0.0 if is_unanswered(cell) else None
    if cell.cell_type != "code":
        return None
    for output in cell.outputs:
        if output.output_type == "error" or (output.output_type == "stream" and output.name == "stderr"):
            return 0.0
        if output.output_type == "execute_result":
            return _partial_score(output, points_possible, cell.metadata.nbgrader.grade_id)
    return points_possible


def is_unanswered(cell: Any) -> bool:
    """Whether the cell still holds what was released."""
    released = cell.metadata.nbgrader.get("checksum")
    return released is not None and bool(released == compute_checksum(cell))


def _partial_score(output: Any, points_possible: float, name: str) -> float:
    text = output.get("data", {}).get("text/plain")
    if not text:
        raise UngradedCellError(
            "the test's result has no text", where=name, remedy="Let its last line be a number, or end it with a semicolon."
        )
    try:
        score = float(text)
    except ValueError:
        return points_possible
    if score > points_possible:
        raise UngradedCellError(
            f"the test gave {score:g} of {points_possible:g} points",
            where=name,
            remedy="Correct the test: a partial score is at most the cell's points.",
        )
    return score if score >= 0 else points_possible
