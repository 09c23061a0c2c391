"""The points of one cell, by one of two rules.

`nbgrader` is nbgrader 0.9.6's rule exactly (`utils.determine_grade`), measured: of a test cell's outputs the first that decides: an error or anything on
stderr is 0, a result that reads as a number is the score, any other result is full marks; nothing decisive is full marks. So `False`, `0/5` and
NumPy 2's `np.float64(0.0)` earn everything there.

`strict` fails closed: an error or anything on stderr, wherever it stands, is 0; a number from 0 to the points is the score; what else a test could have meant as
a score (`False`, text, a NumPy scalar, `3/5`, a number below 0 or above the points, a displayed number) is the author's mistake and no score. What nobody can mean
as one (`True`, a table, a list, an array, an object) is full marks, as in nbgrader: it stands below the assertions of many a real test.

Both: a manual cell that was not touched is 0, a touched one has no automatic score. A mistake of the test is an `UngradedCellError`, which costs that cell its
score and nothing else; nbgrader gives up the submission for a partial score above the points.
"""

from __future__ import annotations

import math
import re
from typing import Any

from nbgrader.utils import compute_checksum

from autograder.errors import UngradedCellError
from autograder.jobs import ScoringRule

_SHOWN = 60
_COULD_BE_SCORE = re.compile(
    r"(?!np\.(True_|bool\(True\)|ndarray))([bru]*['\"]|False|None|np\.\w+\(|np\.False_|Decimal\(|Fraction\(|[\d\s./%+-]+$)"
)
"""A result's text that a test may have meant as its score, though it is no number."""


def score_cell(cell: Any, points_possible: float, *, rule: ScoringRule = "strict") -> float | None:
    """Return the points of an executed grade `cell` (an nbformat node with trusted nbgrader metadata), None if a person has to decide.

    Raises:
        UngradedCellError: by what the test printed no score can be told: a mistake in the test, not in the answer.
    """
    if cell.metadata.nbgrader.get("solution", False):
        return 0.0 if is_unanswered(cell) else None
    if cell.cell_type != "code":
        return None
    name = cell.metadata.nbgrader.grade_id
    return _by_nbgrader(cell.outputs, points_possible, name) if rule == "nbgrader" else _strictly(cell.outputs, points_possible, name)


def is_unanswered(cell: Any) -> bool:
    """Whether the cell still holds what was released."""
    released = cell.metadata.nbgrader.get("checksum")
    return released is not None and bool(released == compute_checksum(cell))


def _failed(output: Any) -> bool:
    return bool(output.output_type == "error" or (output.output_type == "stream" and output.name == "stderr"))


def _by_nbgrader(outputs: list[Any], points_possible: float, name: str) -> float:
    for output in outputs:
        if _failed(output):
            return 0.0
        if output.output_type == "execute_result":
            score = _number(_text(output, name))
            if score is None or not score >= 0:  # also not a number
                return points_possible
            return _within(score, points_possible, name)
    return points_possible


def _strictly(outputs: list[Any], points_possible: float, name: str) -> float:
    if any(_failed(output) for output in outputs):
        return 0.0
    for output in outputs:
        if output.output_type == "display_data" and _looks_like_score(str(output.get("data", {}).get("text/plain", ""))):
            raise _mistake("the test displays a number, which is no score", name)
    results = [output for output in outputs if output.output_type == "execute_result"]
    if not results:
        return points_possible
    if len(results) > 1:
        raise _mistake(f"the test gave {len(results)} results", name)
    text = _text(results[0], name)
    score = _number(text)
    if score is None and not _COULD_BE_SCORE.match(text):
        return points_possible
    if score is None or not math.isfinite(score):
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        raise _mistake(f"the test gave {shown!r}, which is no number", name)
    if score < 0:
        raise _mistake(f"the test gave {score:g} points", name)
    return _within(score, points_possible, name)


def _text(output: Any, name: str) -> str:
    """Return a result's plain text; nbformat allows it to stand in a list."""
    text = output.get("data", {}).get("text/plain")
    if not text:
        raise _mistake("the test's result has no text", name)
    return str(text[0]) if isinstance(text, list) and len(text) == 1 else str(text)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _looks_like_score(text: str) -> bool:
    return _number(text.partition("(")[2].rstrip(")") if text.startswith("np.") else text) is not None


def _within(score: float, points_possible: float, name: str) -> float:
    if score > points_possible:
        raise _mistake(f"the test gave {score:g} of {points_possible:g} points", name)
    return score


def _mistake(problem: str, name: str) -> UngradedCellError:
    return UngradedCellError(
        problem,
        where=name,
        remedy="Correct the test: its last line is a plain number from 0 to the cell's points, such as float(score), or ends in a semicolon.",
    )
