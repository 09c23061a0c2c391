"""What a credential can point to: the hashes of what was handed in, graded and graded with, from our record of grading."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from autograder.attempt_rows import AttemptRow, AttemptRows, ResultRow, read_attempts
from autograder.errors import RecordChangedError
from autograder.records import GradingRun, Result, credited_attempt, standing_result, utc_text
from courses.attempts import AttemptRules

_AT_ONCE = 500
"""Results that are read at a time."""
_RESULT_FIELDS = (
    "status", "reason", "queued_at", "started_at", "finished_at", "graded_at", "duration_s", "worker", "sandbox", "tries",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GradedEvidence:
    """One graded assignment of one learner. Hashes are SHA-256 in hexadecimal."""

    assignment: str
    attempt: str
    """Of the submission's files."""
    notebook: str
    """Of the graded notebook's bytes; of one line `hash  name` a notebook where there are several."""
    source: str
    run: str
    """The grading run's id."""
    run_record: str
    """See `hash_run`."""
    graded_at: datetime
    assurance: str


def collect_evidence(session: Session, assignments: AttemptRules) -> dict[str, tuple[GradedEvidence, ...]]:
    """Return everybody's evidence, by learner, in the order of `assignments`.

    Args:
        session: on the course's grading.db.
        assignments: each assignment, and which of its attempts counts.

    Raises:
        RecordChangedError: the record of a run is not what it was when the run ended.
    """
    attempts = read_attempts(session, tuple(assignments))
    return verify_evidence(session, read_evidence(attempts, assignments), {})


def read_evidence(attempts: AttemptRows, assignments: AttemptRules) -> dict[str, tuple[GradedEvidence, ...]]:
    """Return the evidence of learners, by learner, in the order of `assignments`, from their attempts by assignment and learner.

    Nothing is verified: `run_record` is empty, and with that no credential can be made. See `verify_evidence`.
    """
    found: dict[str, list[GradedEvidence]] = {}
    for assignment, rule in assignments.items():
        for learner, theirs in attempts.get(assignment, {}).items():
            attempt = credited_attempt(theirs, rule)
            result = standing_result(attempt) if attempt else None
            if attempt is None or result is None or not result.recorded or result.run.finished_at is None:
                continue
            found.setdefault(learner, []).append(_evidence(assignment, attempt, result))
    return {learner: tuple(items) for learner, items in found.items()}


def verify_evidence(
    session: Session, evidence: Mapping[str, tuple[GradedEvidence, ...]], hashes: dict[str, str]
) -> dict[str, tuple[GradedEvidence, ...]]:
    """Return the evidence with `run_record`, after the record of each run was found to be what it was when the run ended.

    Args:
        session: on the course's grading.db.
        hashes: of the runs that were verified already, by id; those that are verified here are added.

    Raises:
        RecordChangedError: the record of a run is not what it was when the run ended.
    """
    for item in (each for items in evidence.values() for each in items):
        if item.run not in hashes:
            hashes[item.run] = verify_run(session, session.get_one(GradingRun, item.run))
    return {learner: tuple(replace(each, run_record=hashes[each.run]) for each in items) for learner, items in evidence.items()}


def _evidence(assignment: str, attempt: AttemptRow, result: ResultRow) -> GradedEvidence:
    return GradedEvidence(
        assignment=assignment,
        attempt=attempt.digest,
        notebook=_notebook_hash(json.loads(result.notebooks)),
        source=result.run.source_digest,
        run=result.run_id,
        run_record="",
        graded_at=datetime.fromisoformat(result.graded_at),
        assurance=result.assurance,
    )


def hash_run(run: GradingRun, results: Iterable[str] | None = None) -> str:
    """Return the SHA-256 of a grading run's record as sorted JSON: how it was started, when and how it ended, and the hash of each of its results.

    A record of version 1 is of what was fixed when it started.

    Args:
        results: `hash_result` of each of its results, in any order; None: they are worked out from `run.results`.
    """
    record: dict[str, object] = {
        "assignment": run.assignment,
        "engine": run.engine,
        "environment": json.loads(run.environment),
        "id": run.id,
        "sandbox": run.sandbox,
        "source": run.source_digest,
        "started_at": run.started_at,
    }
    if run.version > 1:
        record |= {
            "version": run.version,
            "execution": run.execution,
            "scoring": run.scoring,
            "layers": json.loads(run.layers),
            "limits": json.loads(run.limits),
            "submissions": json.loads(run.submissions),
            "finished_at": run.finished_at,
            "outcome": run.outcome,
            "results": sorted(map(hash_result, run.results) if results is None else results),
        }
    return _hash(record)


def hash_result(result: Result) -> str:
    """Return the SHA-256 of what a run made of one attempt, as sorted JSON: all of its row but the mark that the gradebook shows it."""
    return _hash(
        {
            "attempt": result.attempt.digest,
            "learner": result.attempt.learner,
            "run": result.run_id,
            **{name: json.loads(getattr(result, name)) for name in ("cells", "answers", "warnings", "notebooks")},
            **{name: getattr(result, name) for name in _RESULT_FIELDS},
        }
    )


def end_run(session: Session, run: GradingRun, outcome: str, *, now: datetime) -> None:
    """Write down that the run ended, `finished` or `interrupted`, with its hash; the database refuses every change of it afterwards."""
    session.commit()
    run = _with_results(session, run)
    run.finished_at, run.outcome = utc_text(now), outcome
    if run.version > 1:
        run.digest = hash_run(run)
    session.commit()


def end_interrupted_runs(session: Session, *, now: datetime) -> int:
    """End the runs whose process died; return how many. Only for who holds the course's lock: a run that goes on would be ended too."""
    interrupted = session.scalars(select(GradingRun).where(GradingRun.finished_at.is_(None))).all()
    for run in interrupted:
        end_run(session, run, "interrupted", now=now)
    return len(interrupted)


def verify_run(session: Session, run: GradingRun) -> str:
    """Return the run's hash, worked out anew from what the database holds; its results are read some at a time.

    Raises:
        RecordChangedError: it is not the one that was written down when the run ended.
    """
    with Session(session.get_bind()) as apart:  # so that nothing that the caller holds is loaded anew
        found = hash_run(apart.get_one(GradingRun, run.id), _result_hashes(apart, run.id) if run.version > 1 else None)
    if run.version > 1 and found != run.digest:
        raise RecordChangedError(
            f"the record of grading run {run.id} was changed after it ended",
            where=f"assignment {run.assignment}",
            remedy="Restore the course's grading.db from a backup, or grade again with --force: nothing is issued on this run.",
        )
    return found


def _result_hashes(session: Session, run: str) -> Iterator[str]:
    """Yield `hash_result` of each result of a run."""
    rows = session.scalars(
        select(Result).where(Result.run_id == run).options(joinedload(Result.attempt)).execution_options(yield_per=_AT_ONCE)
    )
    yield from map(hash_result, rows)


def _with_results(session: Session, run: GradingRun) -> GradingRun:
    """Load the run's results with their attempts."""
    found = select(GradingRun).where(GradingRun.id == run.id).options(selectinload(GradingRun.results).joinedload(Result.attempt))
    return session.scalars(found.execution_options(populate_existing=True)).one()


def _hash(record: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _notebook_hash(hashes: dict[str, str]) -> str:
    if len(hashes) == 1:
        return next(iter(hashes.values()))
    lines = "".join(f"{digest}  {name}.ipynb\n" for name, digest in sorted(hashes.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()
