"""Attempts with their results as plain rows: what `autograder.records` keeps, for who only reads, and reads thousands.

A row has the fields and the rules of its record; the texts that nobody asks for here (warnings, answers, the environment of a run) stay in the database.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.records import Attempt, GradingRun, Result, assurance_of


@dataclass(frozen=True, slots=True)
class RunRow:
    """A grading run."""

    id: str
    source_digest: str
    finished_at: str | None


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What became of one attempt in one run."""

    run_id: str
    status: str
    reason: str
    cells: str
    """JSON: `autograder.jobs.GradedCell` each."""
    notebooks: str
    """JSON: name to SHA-256 of the graded notebook's file."""
    graded_at: str
    recorded: bool
    run: RunRow

    @property
    def assurance(self) -> str:
        """`sealed` if every test's verdict was made out of reach of the learner's code, else `compat`."""
        return assurance_of(self.cells)


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One submission as it was handed in."""

    id: int
    assignment: str
    learner: str
    digest: str
    submitted_at: str
    """ISO 8601, UTC."""
    folder: str
    refusal: str
    results: list[ResultRow] = field(default_factory=list)
    """In the order in which they were made."""


AttemptRows = dict[str, dict[str, list[AttemptRow]]]
"""By assignment and learner, oldest first. Every assignment that was asked for is there."""


def read_attempts(session: Session, assignments: Collection[str], learners: Collection[str] | None = None) -> AttemptRows:
    """Return the attempts at `assignments`; three queries, however many they are.

    Args:
        learners: whose, at most some thousand; None: everybody's.
    """
    wanted: Any = select(
        Attempt.id, Attempt.assignment, Attempt.learner, Attempt.digest, Attempt.submitted_at, Attempt.folder, Attempt.refusal
    ).order_by(Attempt.learner, Attempt.submitted_at, Attempt.id)
    by_id: dict[int, AttemptRow] = {}
    found: AttemptRows = {assignment: {} for assignment in assignments}
    for row in session.execute(_of(wanted, assignments, learners)):
        attempt = by_id[row[0]] = AttemptRow(*row)
        found[attempt.assignment].setdefault(attempt.learner, []).append(attempt)
    of_runs = select(GradingRun.id, GradingRun.source_digest, GradingRun.finished_at)
    runs = {row[0]: RunRow(*row) for row in session.execute(of_runs)}
    results: Any = select(
        Result.attempt_id, Result.run_id, Result.status, Result.reason, Result.cells, Result.notebooks, Result.graded_at, Result.recorded
    ).join(Attempt, Attempt.id == Result.attempt_id)
    for attempt_id, run_id, status, reason, cells, notebooks, graded_at, recorded in session.execute(
        _of(results.order_by(Result.id), assignments, learners)
    ):
        by_id[attempt_id].results.append(ResultRow(run_id, status, reason, cells, notebooks, graded_at, recorded, runs[run_id]))
    return found


def _of(wanted: Any, assignments: Collection[str], learners: Collection[str] | None) -> Any:
    chosen = wanted.where(Attempt.assignment.in_(assignments))
    return chosen if learners is None else chosen.where(Attempt.learner.in_(learners))
