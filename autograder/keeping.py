"""Keeps what grading gives: each graded notebook as a file of its own at once, and the rows of results together where the disk is slow, at least twice a second.

What was decided in a regrade holds for what is graded with the same source afterwards too (`autograder.regrade_decisions`). A file is safe on the disk before its row is. What was not written down when the process ended is graded again; nothing that was told as done is lost.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from autograder.evidence import end_run
from autograder.jobs import AssignmentSource, GradingResult
from autograder.recording import graded_notebook
from autograder.records import Attempt, GradingRun, Result, utc_text
from autograder.regrade_decisions import Decision, load_decisions, settle_result
from courses.nbgrader_course import NbgraderCourse
from courses.storage import write_atomically

_LONGEST_UNWRITTEN_S = 0.5
_SHARE = 10
"""How many times as long as writing took the last time is waited before the next: a tenth of the time at most goes into waiting for the disk."""


class Keeper(Protocol):
    """Takes the results of one run."""

    written: int
    """How many are taken for good."""

    def keep(self, attempts: Sequence[Attempt], result: GradingResult, *, now: datetime) -> tuple[GradingResult, ...]:
        """Take the result of attempts that are alike; return what each has of it, after what was decided."""

    def settle(self, *, at_once: bool = False) -> None:
        """Write down what waits, if it is time or `at_once`."""


class RunBook(Protocol):
    """How a run and its results are written down."""

    is_shown: bool
    """Whether the gradebook is to show what is recorded afterwards."""
    source: AssignmentSource | None
    """What is graded against; None: what stands released in the course."""

    def begin(self, course: NbgraderCourse, run: GradingRun, session: Session) -> Keeper:
        """Begin a run."""

    def end(self, session: Session, run: GradingRun, *, now: datetime) -> None:
        """End a run that came to its end."""


class StepwiseBook:
    """Writes a run down as it begins and each result as it comes: what was graded before a crash is kept."""

    is_shown = True
    source: AssignmentSource | None = None

    def begin(self, course: NbgraderCourse, run: GradingRun, session: Session) -> Keeper:
        """Begin a run."""
        session.add(run)
        session.commit()
        return ResultKeeper(course, run, session, load_decisions(session, run.assignment, run.source_digest))

    def end(self, session: Session, run: GradingRun, *, now: datetime) -> None:
        """End a run that came to its end."""
        end_run(session, run, "finished", now=now)


class ResultKeeper:
    """Keeps the results of one run.

    Args:
        decisions: what was decided of results of this source.
    """

    def __init__(self, course: NbgraderCourse, run: GradingRun, session: Session, decisions: Sequence[Decision] = ()) -> None:
        self._course, self._run, self._session, self._decisions = course, run, session, decisions
        self._waiting, self._next = 0, 0.0
        self.written = 0
        """How many results are written down for good."""

    def keep(self, attempts: Sequence[Attempt], result: GradingResult, *, now: datetime) -> tuple[GradingResult, ...]:
        """Keep the result of attempts that are alike; return what each has of it, after what was decided.

        Raises:
            StorageError: the disk is full, read-only or forbidden.
        """
        settled = tuple(settle_result(result, attempt, self._decisions) for attempt in attempts)
        for attempt, each in zip(attempts, settled, strict=True):
            self._session.add(result_row(attempt, self._run, each, keep_notebooks(self._course, attempt, self._run, each), now=now))
        self._waiting += len(attempts)
        self.settle()
        return settled

    def settle(self, *, at_once: bool = False) -> None:
        """Write down what waits, if it is time or `at_once`.

        Raises:
            StorageError: the records are locked, or the disk is full.
        """
        began = time.monotonic()
        if self._waiting and (at_once or began >= self._next):
            count, self._waiting = self._waiting, 0
            self._session.commit()
            self.written += count
            ended = time.monotonic()
            self._next = ended + min(_LONGEST_UNWRITTEN_S, _SHARE * (ended - began))


def result_row(attempt: Attempt, run: GradingRun, result: GradingResult, notebooks: dict[str, str], *, now: datetime) -> Result:
    """Return the row of a result.

    Args:
        notebooks: of `keep_notebooks`.
    """
    return Result(
        attempt=attempt,
        run=run,
        run_id=run.id,
        status=result.status,
        reason=result.reason,
        cells=json.dumps([cell.model_dump() for cell in result.cells]),
        answers=json.dumps([answer.model_dump() for answer in result.answers]),
        warnings=json.dumps(list(result.warnings)),
        notebooks=json.dumps(notebooks),
        graded_at=utc_text(now),
        queued_at=result.queued_at,
        started_at=result.started_at,
        finished_at=result.finished_at,
        worker=result.worker,
        sandbox=result.sandbox or run.sandbox,
        tries=result.tries,
        duration_s=result.duration_s,
        recorded=False,
    )


def keep_notebooks(course: NbgraderCourse, attempt: Attempt, run: GradingRun, result: GradingResult) -> dict[str, str]:
    """Keep the graded notebooks for good; return each one's SHA-256 by name."""
    hashes = {}
    for notebook in result.notebooks:
        if not notebook.is_missing:
            document = notebook.document.encode("utf-8", "backslashreplace")
            write_atomically(graded_notebook(course, attempt, Result(run_id=run.id), notebook.name), document, mode=0o444)
            hashes[notebook.name] = hashlib.sha256(document).hexdigest()
    return hashes
