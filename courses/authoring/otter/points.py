"""Works out what each test of an otter question is worth. Source: otter-grader 7.0, "Resolving point values" in its documentation of test files."""

from __future__ import annotations

import math
from collections.abc import Sequence

from courses.errors import NotebookError


def test_points(of_question: object, of_tests: Sequence[object], *, where: str) -> list[float]:
    """Return the points of each test, in order.

    Args:
        of_question: the question's `points`: None, a number, a list of one for each test, or {"each": number}.
        of_tests: each test's own `points`, None where it says nothing.

    Raises:
        NotebookError: they contradict each other, or are no numbers.
    """
    own = [None if each is None else _number(each, where) for each in of_tests]
    if isinstance(of_question, dict):
        each = _number(of_question.get("each", 1), where)
        return [each if points is None else points for points in own]
    if isinstance(of_question, list):
        if len(of_question) != len(own):
            raise _contradiction(f"`points` lists {len(of_question)} numbers for {len(own)} tests", where)
        own, of_question = [None if each is None else _number(each, where) for each in of_question], None
    said = sum(each for each in own if each is not None)
    silent = own.count(None)
    if of_question is not None:
        total = _number(of_question, where)
        if said > total + 1e-9:
            raise _contradiction(f"its tests have {said:g} points together, the question {total:g}", where)
    else:
        total = 1.0 if said == 0 and silent else said
    return _shared(own, total - said, silent)


def _shared(own: Sequence[float | None], rest: float, silent: int) -> list[float]:
    """Share `rest` among the tests that say nothing, with six decimals; the last of them takes what rounding leaves."""
    share = round(rest / silent, 6) if silent else 0.0
    points = [share if each is None else each for each in own]
    if silent:
        last = len(own) - 1 - own[::-1].index(None)
        points[last] = round(rest - share * (silent - 1), 6)
    return points


def question_points(value: object, *, where: str) -> float | None:
    """Return the points of a question that a person marks, None if it says nothing.

    Raises:
        NotebookError: they are no number.
    """
    if isinstance(value, list):
        return sum(_number(each, where) for each in value)
    return None if value is None else _number(value, where)


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise _contradiction(f"{value!r} is no number of points", where)
    return float(value)


def _contradiction(problem: str, where: str) -> NotebookError:
    return NotebookError(problem, where=where, remedy="Correct `points` in the source.")
