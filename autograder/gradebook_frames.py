"""The rules of the gradebook's frames: what state each row is in, and which score stands. Columns are in `autograder.gradebook`.

Everything that is one rule for hundreds of thousands of cells is worked out on whole columns; a loop in Python is over learners and assignments, and over
the different texts of results, of which there are few: many learners pass the same tests.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from autograder.attempt_rows import AttemptRow, ResultRow
from autograder.gradebook_scores import Flags, Scores, Submissions
from autograder.jobs import GradedCell
from autograder.records import credited_attempt, newest_result, standing_result
from courses.attempts import AttemptRule

GRADED = "graded"
NEEDS_MANUAL = "needs manual grading"
UNGRADED = "ungraded"
NOT_SUBMITTED = "not submitted"
STATES = (GRADED, NEEDS_MANUAL, UNGRADED, NOT_SUBMITTED)
ASSURANCES = ("", "sealed", "unsealed", "compat", "person")

CELL_COLUMNS = (
    "learner", "assignment", "notebook", "cell", "kind", "points_possible", "auto_score", "manual_score", "extra_credit", "score", "state",
    "assurance",
)  # fmt: skip
ASSIGNMENT_COLUMNS = (
    "learner", "assignment", "state", "reason", "score", "points_possible", "late_penalty", "final_score", "submitted_at", "due", "seconds_late",
    "attempts", "attempt", "run", "source", "assurance", "graded_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Released:
    """What an assignment is to everybody."""

    name: str
    due: datetime | None
    """UTC, without its zone, as nbgrader keeps it."""
    possible: float


@dataclass(frozen=True, slots=True)
class Standing:
    """What our records say of one learner and assignment."""

    attempts: int
    attempt: AttemptRow | None
    result: ResultRow | None
    reason: str


def standing_of(attempts: Sequence[AttemptRow], rule: AttemptRule) -> Standing:
    """Return what counts of the attempts of one learner at one assignment, oldest first."""
    if not attempts:
        return _NOTHING
    attempt = credited_attempt(attempts, rule)
    if attempt is None:
        return Standing(len(attempts), None, None, attempts[-1].refusal)
    result, newest = standing_result(attempt), newest_result(attempt)
    if result is None:
        return Standing(len(attempts), attempt, None, newest.reason if newest else "it has not been graded yet")
    if not result.recorded:
        return Standing(len(attempts), attempt, None, "grading was interrupted; run `patunay grade` again")
    return Standing(len(attempts), attempt, result, "")


_NOTHING = Standing(0, None, None, "")


def gradebook_frames(
    scores: Scores, standings: Sequence[Standing], learners: Sequence[str], released: Sequence[Released]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of cells and of assignments.

    Args:
        standings: of each learner the assignments in the order of `released`, the learners in that of `learners`.
    """
    recorded, assurance = _recorded(scores, standings, [each.name for each in released])
    states, reasons = _states(scores, standings, _differs(recorded, scores.auto))
    table = _assignment_frame(scores, standings, (states, reasons), learners, released)
    return _cell_frame(scores, np.array(states, dtype=object), assurance, learners), table


def _recorded(
    scores: Scores, standings: Sequence[Standing], assignments: Sequence[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    """Return what our record says of each row of `scores`: the automatic score (NaN: none), and the place of its assurance in `ASSURANCES`."""
    cells = scores.cells
    places = {key: place for place, key in enumerate(zip(cells.assignment, cells.notebook, cells.name, strict=True))}
    patterns: dict[tuple[str, str], int] = {("", ""): 0}
    of_pair = np.zeros(len(standings), dtype=np.intp)
    for pair, standing in enumerate(standings):
        if standing.result is not None:
            key = (assignments[pair % len(assignments)], standing.result.cells)
            of_pair[pair] = patterns.setdefault(key, len(patterns))
    values = np.full((len(patterns), max(1, len(places))), np.nan)
    assurances = np.zeros(values.shape, dtype=np.int8)
    for (assignment, told), number in list(patterns.items())[1:]:
        for cell in map(GradedCell.model_validate, json.loads(told)):
            place = places.get((assignment, cell.notebook, cell.name))
            if place is not None:
                values[number, place] = np.nan if cell.auto_score is None else cell.auto_score
                assurances[number, place] = ASSURANCES.index(cell.assurance)
    rows = (of_pair[scores.pair], scores.cell)
    return values[rows], assurances[rows]


def _differs(recorded: npt.NDArray[np.float64], found: npt.NDArray[np.float64]) -> Flags:
    """Return where somebody or something else wrote automatic scores: `nbgrader autograde`, a hand in the database, learner code under stock nbgrader."""
    differs: Flags = (recorded != found) & ~(np.isnan(recorded) & np.isnan(found))
    return differs


def _states(scores: Scores, standings: Sequence[Standing], differs: Flags) -> tuple[list[str], list[str]]:
    """Return each pair's state and the reason why it is not graded."""
    waits = scores.needs_manual | (np.isnan(scores.auto) & np.isnan(scores.manual))
    has_cells, changed = _any(scores, np.ones(len(scores.pair), dtype=bool)), _any(scores, differs)
    waiting: dict[int, list[str]] = {}
    for row in np.flatnonzero(waits):
        waiting.setdefault(int(scores.pair[row]), []).append(scores.cells.name[scores.cell[row]])
    pairs = zip(standings, scores.submissions.exists.tolist(), has_cells.tolist(), changed.tolist(), strict=True)
    told = [
        _state(standing, exists=exists, has_cells=cells, is_changed=other, waiting=waiting.get(pair, ()))
        for pair, (standing, exists, cells, other) in enumerate(pairs)
    ]
    return [state for state, _ in told], [reason for _, reason in told]


def _any(scores: Scores, flags: Flags) -> Flags:
    """Return for each pair whether one of its rows has the flag."""
    found: Flags = np.bincount(scores.pair[flags], minlength=len(scores.submissions.exists)) > 0
    return found


def _state(standing: Standing, *, exists: bool, has_cells: bool, is_changed: bool, waiting: Sequence[str]) -> tuple[str, str]:
    if standing.attempts == 0:
        if not exists:
            return NOT_SUBMITTED, "nothing was handed in"
        return UNGRADED, "it was graded outside Patunay; run `patunay grade`"
    if standing.result is None:
        return UNGRADED, standing.reason
    if not has_cells:
        return UNGRADED, "the gradebook holds no cells of it; run `patunay grade --force`"
    if is_changed:
        return UNGRADED, "its automatic scores in the gradebook are not those that Patunay recorded; run `patunay grade --force`"
    if waiting:
        return NEEDS_MANUAL, f"a person has to mark {', '.join(waiting)}"
    return GRADED, ""


def _assignment_frame(
    scores: Scores, standings: Sequence[Standing], told: tuple[list[str], list[str]], learners: Sequence[str], released: Sequence[Released]
) -> pd.DataFrame:
    states, reasons = told
    decided = np.array([state == GRADED for state in states], dtype=bool)
    score, penalty = _sums(scores, decided), np.where(decided, scores.submissions.late_penalty, np.nan)
    attempts, results = [each.attempt for each in standings], [each.result for each in standings]
    table = pd.DataFrame(
        {
            "learner": [learner for learner in learners for _ in released],
            "assignment": [each.name for each in released] * len(learners),
            "state": states,
            "reason": reasons,
            "score": score,
            "points_possible": np.tile([each.possible for each in released], len(learners)),
            "late_penalty": penalty,
            "final_score": np.maximum(0.0, score - penalty),
            "submitted_at": _moments([each.submitted_at if each else None for each in attempts]),
            "due": _moments([each.due for each in released] * len(learners)),
            "seconds_late": np.nan,
            "attempts": np.array([each.attempts for each in standings], dtype=np.int64),
            "attempt": [each.digest if each else "" for each in attempts],
            "run": [each.run_id if each else "" for each in results],
            "source": [each.run.source_digest if each else "" for each in results],
            "assurance": [each.assurance if each else "" for each in results],
            "graded_at": [each.graded_at if each else "" for each in results],
        },
        columns=list(ASSIGNMENT_COLUMNS),
    )
    table["seconds_late"] = _seconds_late(table, scores.submissions)
    return table


def _moments(moments: Any) -> Any:
    """Return moments as a column of pandas in UTC; None as NaT."""
    return pd.to_datetime(moments, utc=True, format="ISO8601")


def _sums(scores: Scores, decided: Flags) -> npt.NDArray[np.float64]:
    """Return each decided pair's points, summed without rounding on the way; NaN for the others."""
    marked = scores.marked.tolist()
    ends = np.searchsorted(scores.pair, np.arange(len(decided)), side="right").tolist()
    sums = np.full(len(decided), np.nan)
    for pair in np.flatnonzero(decided):
        sums[pair] = math.fsum(marked[ends[pair - 1] if pair else 0 : ends[pair]])
    return sums


def _seconds_late(table: pd.DataFrame, submissions: Submissions) -> npt.NDArray[np.float64]:
    """Return how late each is, extension considered; 0 where there is no due date, or the gradebook has no time of what it holds."""
    if table.empty:
        return np.zeros(0)
    extension = pd.Series(pd.Timedelta(0), index=table.index)
    for pair, stored in submissions.extensions.items():
        extension.iloc[pair] = _extension(stored)
    late = (table["submitted_at"] - (table["due"] + extension)).dt.total_seconds().to_numpy()
    counts = ~np.isnan(late) & (submissions.has_time | ~submissions.exists)
    return np.where(counts, np.maximum(0.0, np.nan_to_num(late)), 0.0)


def _extension(stored: Any) -> pd.Timedelta:
    """Return a learner's extension as the database keeps it: SQLite as the moment that long after 1970 began, others as an interval."""
    return pd.Timestamp(stored) - pd.Timestamp(0) if isinstance(stored, str) else pd.Timedelta(stored)


def _cell_frame(scores: Scores, states: npt.NDArray[np.object_], assurance: npt.NDArray[np.int8], learners: Sequence[str]) -> pd.DataFrame:
    """Give every cell its state: that of its assignment, but marked cells of a half-marked assignment are graded."""
    if not len(scores.pair):
        return pd.DataFrame(columns=list(CELL_COLUMNS))
    cells, cell = scores.cells, scores.cell
    per_learner = len(states) // len(learners)
    is_open = states[scores.pair] == UNGRADED
    state = np.where(is_open, 2, np.where(scores.needs_manual, 1, 0))
    by_person = np.where(np.isnan(scores.manual), assurance, ASSURANCES.index("person"))
    columns: Mapping[str, Any] = {
        "learner": _texts(learners, scores.pair // per_learner),
        "assignment": _texts(cells.assignment, cell),
        "notebook": _texts(cells.notebook, cell),
        "cell": _texts(cells.name, cell),
        "kind": _texts(cells.kind, cell),
        "points_possible": cells.points[cell],
        "auto_score": scores.auto,
        "manual_score": scores.manual,
        "extra_credit": scores.extra,
        "score": np.where(state == 0, scores.marked, np.nan),
        "state": _texts((GRADED, NEEDS_MANUAL, UNGRADED), state),
        "assurance": _texts(ASSURANCES, by_person),
    }
    return pd.DataFrame(columns, columns=list(CELL_COLUMNS))


def _texts(texts: Sequence[str], places: npt.NDArray[Any]) -> Any:
    """Return the text at each place, as a column of pandas."""
    return pd.array(list(texts), dtype="str").take(places)
