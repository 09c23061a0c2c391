"""Keeps what grading gives: each graded notebook as a file of its own at once, and the rows of results together where the disk is slow, at least twice a second.

A file is safe on the disk before its row is. What was not written down when the process ended is graded again; nothing that was told as done is lost.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from autograder.jobs import GradingResult
from autograder.recording import graded_notebook
from autograder.records import Attempt, GradingRun, Result, utc_text
from courses.nbgrader_course import NbgraderCourse
from courses.storage import write_atomically

_LONGEST_UNWRITTEN_S = 0.5
_SHARE = 10
"""How many times as long as writing took the last time is waited before the next: a tenth of the time at most goes into waiting for the disk."""


class ResultKeeper:
    """Keeps the results of one run."""

    def __init__(self, course: NbgraderCourse, run: GradingRun, session: Session) -> None:
        self._course, self._run, self._session = course, run, session
        self._waiting, self._next = 0, 0.0
        self.written = 0
        """How many results are written down for good."""

    def keep(self, attempts: Sequence[Attempt], result: GradingResult, *, now: datetime) -> None:
        """Keep the result of attempts that are alike.

        Raises:
            StorageError: the disk is full, read-only or forbidden.
        """
        for attempt in attempts:
            self._keep(attempt, result, now)
        self._waiting += len(attempts)
        self.settle()

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

    def _keep(self, attempt: Attempt, result: GradingResult, now: datetime) -> None:
        row = Result(
            attempt=attempt,
            run=self._run,
            run_id=self._run.id,
            status=result.status,
            reason=result.reason,
            cells=json.dumps([cell.model_dump() for cell in result.cells]),
            answers=json.dumps([answer.model_dump() for answer in result.answers]),
            warnings=json.dumps(list(result.warnings)),
            graded_at=utc_text(now),
            queued_at=result.queued_at,
            started_at=result.started_at,
            finished_at=result.finished_at,
            worker=result.worker,
            sandbox=result.sandbox or self._run.sandbox,
            tries=result.tries,
            duration_s=result.duration_s,
            recorded=False,
        )
        hashes = {}
        for notebook in result.notebooks:
            if not notebook.is_missing:
                document = notebook.document.encode("utf-8", "backslashreplace")
                write_atomically(graded_notebook(self._course, attempt, row, notebook.name), document, mode=0o444)
                hashes[notebook.name] = hashlib.sha256(document).hexdigest()
        row.notebooks = json.dumps(hashes)
        self._session.add(row)
