"""Reads what the examiner's cell printed and raised: its score, and what a learner may read of it, never the text of a test."""

from __future__ import annotations

from typing import Any

import nbformat

from autograder.errors import UngradedCellError
from autograder.scoring import score_cell
from autograder.sealed.deciding import SealedVerdict
from courses.visible_text import visible


def verdict_of(cell: Any, points: float, told: dict[str, Any]) -> SealedVerdict:
    """Return the verdict that the outputs of the examiner's cell give."""
    returned = f"; the last value that your code returned was {told['returned'][0]}" if told["returned"] else ""
    failed_at = message_of(cell), int(told["line"])
    message = without_source(cell, returned, str(told["trace"]))
    refused = [str(each) for each in told["unexpected"]] + ([f"the learner's side failed: {told['gone']}"] if told["gone"] else [])
    return SealedVerdict(
        cell.metadata.nbgrader.grade_id, points, score_of(cell, points), tuple(map(str, told["unsealed"])), tuple(refused), message,
        hidden=tuple(map(str, told["hidden"])), operators=tuple(map(str, told["operators"])),
        failed_at=failed_at,
    )  # fmt: skip


def without_source(cell: Any, returned: str = "", trace: str = "") -> str:
    """Take the test's text out of its errors, and return what a learner may read of them.

    Args:
        returned: what to add where the author wrote no message.
        trace: where the learner's own code raised it, to stand after the error.
    """
    message = message_of(cell)
    shown = []
    for output in cell.outputs:
        shown.append(output)
        if output.output_type == "error":
            if output.ename == "AssertionError" and not output.evalue:
                output.evalue = message = f"{message}{returned}"
            output.traceback = [visible(message)]
            if trace:
                shown.append(nbformat.v4.new_output("display_data", {"text/plain": trace}))
                trace = ""
    cell.outputs = shown
    return message


def message_of(cell: Any) -> str:
    """Return what a learner may read of a test's outputs: what was asserted or which exception was raised."""
    for output in cell.outputs:
        if output.output_type == "error":
            if output.ename == "AssertionError":
                return str(output.evalue) or "the check is not met"
            return f"{output.ename}: {output.evalue}".removesuffix(": ")
        if output.output_type == "stream" and output.name == "stderr":
            return "something was printed to stderr while this was checked"
    return ""


def score_of(cell: Any, points: float) -> float | None:
    """Return what a cell earns by nbgrader's rule; None if its outputs are no score."""
    try:
        return score_cell(cell, points)
    except UngradedCellError:
        return None
