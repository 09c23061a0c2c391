"""What a credential can point to: the hashes of what was handed in, graded and graded with, from our record of grading."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from autograder.records import GradingRun, attempts_of, credited_attempt, standing_result


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
    """Of the run's record as canonical JSON."""
    graded_at: datetime
    assurance: str


def collect_evidence(session: Session, assignments: dict[str, int | None]) -> dict[str, tuple[GradedEvidence, ...]]:
    """Return the evidence of each learner, by learner, in the order of `assignments`.

    Args:
        session: on the course's grading.db.
        assignments: each assignment, and how many of its attempts count (None: all).
    """
    found: dict[str, list[GradedEvidence]] = {}
    for assignment, allowed in assignments.items():
        for learner, attempts in attempts_of(session, assignment).items():
            attempt = credited_attempt([each for each in attempts if not each.refusal], allowed=allowed)
            result = standing_result(attempt) if attempt else None
            if attempt is None or result is None or not result.recorded:
                continue
            found.setdefault(learner, []).append(
                GradedEvidence(
                    assignment=assignment,
                    attempt=attempt.digest,
                    notebook=_notebook_hash(json.loads(result.notebooks)),
                    source=result.run.source_digest,
                    run=result.run_id,
                    run_record=hash_run(result.run),
                    graded_at=datetime.fromisoformat(result.graded_at),
                    assurance=result.assurance,
                )
            )
    return {learner: tuple(items) for learner, items in found.items()}


def hash_run(run: GradingRun) -> str:
    """Return the SHA-256 of a grading run's record: sorted JSON of everything that was fixed when it started."""
    record = {
        "assignment": run.assignment,
        "engine": run.engine,
        "environment": json.loads(run.environment),
        "id": run.id,
        "sandbox": run.sandbox,
        "source": run.source_digest,
        "started_at": run.started_at,
    }
    return hashlib.sha256(json.dumps(record, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _notebook_hash(hashes: dict[str, str]) -> str:
    if len(hashes) == 1:
        return next(iter(hashes.values()))
    lines = "".join(f"{digest}  {name}.ipynb\n" for name, digest in sorted(hashes.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()
