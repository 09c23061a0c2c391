"""Every attempt with its automatic score, as a frame: what difficulty, time to a first pass and the number of submissions are worked out from.

Marks by hand belong to a submission and not to an attempt (nbgrader keeps one), so only what a program decided is counted here.

`attempts` has one row an attempt that was taken or refused:
    learner, assignment, number (1 is the first; None of a refused one), submitted_at (UTC), is_refused, is_credited, is_graded, earned, possible (points that a
    program decides; NaN unless graded), source (SHA-256)
`first_cells` has one row a test of a first attempt that was graded:
    learner, assignment, notebook, cell, kind, points (NaN where a person has to decide), points_possible, source
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd

from autograder.attempt_rows import AttemptRow, AttemptRows
from autograder.records import counted_attempts, credited_attempt, standing_result
from courses.attempts import LAST, AttemptRule, AttemptRules

ATTEMPT_COLUMNS = (
    "learner", "assignment", "number", "submitted_at", "is_refused", "is_credited", "is_graded", "earned", "possible", "source",
)  # fmt: skip
FIRST_CELL_COLUMNS = ("learner", "assignment", "notebook", "cell", "kind", "points", "points_possible", "source")
ANY_NUMBER = AttemptRule()


@dataclass(frozen=True, slots=True)
class AttemptFrames:
    """All attempts of a course; columns in the module's docstring."""

    attempts: pd.DataFrame
    first_cells: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Decided:
    """The automatic scores of one text of cells."""

    earned: float
    possible: float
    tests: tuple[tuple[str, str, str, float, float], ...]
    """Notebook, cell, kind, points, points possible."""


def attempt_frames(attempts: AttemptRows, attempt_rules: AttemptRules = MappingProxyType({})) -> AttemptFrames:
    """Return all attempts; a result's text is read once for all learners who have the same."""
    texts: dict[str, _Decided] = {}
    rows: list[tuple[Any, ...]] = []
    cells: list[tuple[Any, ...]] = []
    for assignment, by_learner in attempts.items():
        rule = attempt_rules.get(assignment, LAST)
        for theirs in by_learner.values():
            credited = credited_attempt(theirs, rule)
            for number, attempt in _numbered(theirs):
                result = standing_result(attempt)
                decided = _decided(result.cells, texts) if result else None
                rows.append(_row(attempt, number, decided, result.run.source_digest if result else "", is_credited=attempt is credited))
                if number == 1 and decided is not None and result is not None:
                    cells += [(attempt.learner, assignment, *test, result.run.source_digest) for test in decided.tests]
    frame = pd.DataFrame(rows, columns=list(ATTEMPT_COLUMNS))
    frame["submitted_at"] = pd.to_datetime(frame["submitted_at"], utc=True, format="ISO8601")
    return AttemptFrames(frame, pd.DataFrame(cells, columns=list(FIRST_CELL_COLUMNS)))


def _numbered(attempts: Iterable[AttemptRow]) -> Iterator[tuple[int | None, AttemptRow]]:
    """Yield the attempts with their numbers; a refused one has none and does not count."""
    found = list(attempts)
    numbers = {attempt.id: number for number, attempt in enumerate(counted_attempts(found, ANY_NUMBER), start=1)}
    for attempt in found:
        yield numbers.get(attempt.id), attempt


def _row(attempt: AttemptRow, number: int | None, decided: _Decided | None, source: str, *, is_credited: bool) -> tuple[Any, ...]:
    earned, possible = (decided.earned, decided.possible) if decided else (float("nan"), float("nan"))
    return (
        attempt.learner, attempt.assignment, number, attempt.submitted_at, bool(attempt.refusal), is_credited, decided is not None, earned,
        possible, source,
    )  # fmt: skip


def _decided(text: str, known: dict[str, _Decided]) -> _Decided:
    if text not in known:
        tests = tuple(
            (
                str(cell["notebook"]),
                str(cell["name"]),
                str(cell["kind"]),
                float("nan") if cell["auto_score"] is None else float(cell["auto_score"]),
                float(cell["points_possible"]),
            )
            for cell in json.loads(text)
            if cell["kind"] == "test"
        )
        done = [test for test in tests if test[3] == test[3]]
        known[text] = _Decided(sum(test[3] for test in done), sum(test[4] for test in done), tests)
    return known[text]
