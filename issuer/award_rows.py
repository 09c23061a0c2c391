"""The rows of a batch: what each credential will say of its learner, as it is written down and approved.

Twenty thousand rows are never in memory together: a draft makes each when it is looked at, and what is written down is read some at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Iterator
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from autograder.evidence import GradedEvidence
from issuer.eligibility import Eligibility
from issuer.ledger import BatchRow
from issuer.standing import CourseStanding

ROWS_AT_ONCE = 500
"""Rows that are read from the ledger at a time."""


class EvidenceRow(BaseModel):
    """`autograder.evidence.GradedEvidence` in a batch, with the share that was earned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    assignment: str
    attempt: str
    notebook: str
    source: str
    run: str
    run_record: str
    graded_at: datetime
    assurance: str
    score: float


class AwardRow(BaseModel):
    """One award as it is approved: what the credential will say of the learner."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    learner: str
    email: str
    name: str | None
    """None unless the learner agreed that it is shown."""
    overall: float
    outcomes: tuple[tuple[str, float], ...]
    evidence: tuple[EvidenceRow, ...]


class DraftRows:
    """The awards of a course as the results are now, by learner. Each row is made when it is looked at, and made anew when it is looked at again."""

    def __init__(self, standing: CourseStanding, chosen: Iterable[Eligibility], named: frozenset[str]) -> None:
        self._standing, self._named = standing, named
        self._chosen = {each.learner: each for each in sorted(chosen, key=lambda each: each.learner)}

    def __len__(self) -> int:
        return len(self._chosen)

    def __iter__(self) -> Iterator[AwardRow]:
        return map(self._row, self._chosen.values())

    @property
    def learners(self) -> tuple[str, ...]:
        """Who they are of."""
        return tuple(self._chosen)

    def find(self, learner: str) -> AwardRow | None:
        """Return the learner's row, None if there is none."""
        each = self._chosen.get(learner)
        return None if each is None else self._row(each)

    def without(self, learners: Container[str]) -> DraftRows:
        """Return the rows of the others."""
        return DraftRows(self._standing, (each for each in self._chosen.values() if each.learner not in learners), self._named)

    def _row(self, each: Eligibility) -> AwardRow:
        learner = self._standing.learners[each.learner]
        shares = dict(each.assessments)
        return AwardRow(
            learner=each.learner,
            email=str(learner.email).strip().lower(),
            name=learner.name if each.learner in self._named else None,
            overall=each.overall,
            outcomes=each.outcomes,
            evidence=tuple(_evidence(item, shares[item.assignment]) for item in self._standing.evidence[each.learner]),
        )


def _evidence(item: GradedEvidence, score: float) -> EvidenceRow:
    return EvidenceRow(
        assignment=item.assignment,
        attempt=item.attempt,
        notebook=item.notebook,
        source=item.source,
        run=item.run,
        run_record=item.run_record,
        graded_at=item.graded_at,
        assurance=item.assurance,
        score=score,
    )


class RowsHash:
    """SHA-256 over the canonical JSON of a list of rows, which are added one by one in the order of their learners."""

    def __init__(self) -> None:
        self._state, self._before = hashlib.sha256(b"["), b""

    def add(self, row: AwardRow) -> None:
        """Add the next row."""
        text = json.dumps(row.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self._state.update(self._before + text.encode("utf-8"))
        self._before = b","

    def hexdigest(self) -> str:
        """Return the hash of all that were added."""
        whole = self._state.copy()
        whole.update(b"]")
        return whole.hexdigest()


def hash_rows(rows: Iterable[AwardRow]) -> str:
    """Return the content hash of a batch's rows, whatever their order."""
    found = RowsHash()
    for row in rows if isinstance(rows, DraftRows) else sorted(rows, key=lambda row: row.learner):
        found.add(row)
    return found.hexdigest()


def stored_rows(session: Session, places: Iterable[int]) -> Iterator[Row[int, str, str, str]]:
    """Yield id, learner, content and error of the rows of batches with these ids, in the order given; `ROWS_AT_ONCE` are in memory."""
    columns = select(BatchRow.id, BatchRow.learner, BatchRow.content, BatchRow.error)
    ids = list(places)
    for start in range(0, len(ids), ROWS_AT_ONCE):
        some = ids[start : start + ROWS_AT_ONCE]
        found = {row.id: row for row in session.execute(columns.where(BatchRow.id.in_(some)))}
        yield from (found[each] for each in some if each in found)
