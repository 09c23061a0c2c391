"""What a person looks at before approving a batch: who prepared it, what it holds, what stands out, and whether the results still say the same.

Nothing is written here. The core checks all that matters again when the batch is approved and when it is issued.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from courses.manifest import CourseManifest
from courses.release import load_released_manifest
from courses.settings import Site
from issuer.award_rows import AwardRow
from issuer.batches import ISSUED, ISSUING, PREPARED, VOID, draft_batch, load_batch, needs_two_persons, rows_of
from issuer.checking import Differences, find_differences
from issuer.ledger import AuditEntry, Batch, BatchRow, Credential, open_ledger
from issuer.standing import CourseStanding, read_standing, released_root

NEAR_THE_CUT = 0.01
"""Shares that are at most so far above the pass mark are worth a second look."""
_ENDINGS = ("batch void", "batch returned")


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """A batch as the ledger has it."""

    id: str
    course: str
    version: str
    state: str
    content_hash: str
    release_hash: str
    awards: int
    credentials: int
    """How many of them are signed."""
    prepared_by: str
    prepared_at: datetime
    approved_by: str
    approved_at: datetime | None
    issued_at: datetime | None
    ended_by: str
    """Who made it void; empty unless it is."""
    ended_because: str
    refused: tuple[tuple[str, str], ...]
    """Learners of whom no credential could be made, each with the reason."""

    @property
    def share_signed(self) -> float:
        """How much of it is signed, 0 to 1."""
        return self.credentials / self.awards if self.awards else 0.0


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something that stands out."""

    code: str
    """`changed since`, `on the cut`, `same address`, `not sealed`, `name not shown`, `fallen`, `changed score`, `changed name`, `incomplete`."""
    learners: tuple[str, ...]
    detail: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """A learner's own words, where there is more to say."""


@dataclass(frozen=True, slots=True)
class BatchReview:
    """All that an approver looks at."""

    facts: BatchFacts
    rows: tuple[AwardRow, ...]
    is_altered: bool
    """Whether the ledger's rows are not those that were prepared (or were erased since)."""
    anomalies: tuple[Anomaly, ...]
    needs_two: bool
    """Whether who prepared it may not approve it."""


def review_batch(site: Site, name: str, *, read: Callable[[Site, str], CourseStanding] = read_standing) -> BatchReview:
    """Return what there is to look at; a batch that waits for approval is compared with the results.

    Args:
        read: reads the results, or gives those that were read a moment ago.

    Raises:
        BatchError: there is no such batch.
    """
    with open_ledger(site.ledger_url) as session:
        batch = load_batch(session, name)
        facts, stored = facts_of(batch, session), rows_of(batch)
        rows, manifest = stored or (), load_released_manifest(released_root(site, batch.course))
        found = find_anomalies(rows, manifest)
        if facts.state == PREPARED:
            found = (*_against_now(rows, read(site, batch.course), session), *found)
        return BatchReview(facts, rows, stored is None, found, needs_two_persons(site.settings.approval, manifest))


def find_batch_facts(site: Site, name: str) -> BatchFacts:
    """Return the facts of one batch.

    Raises:
        BatchError: there is no such batch.
    """
    with open_ledger(site.ledger_url) as session:
        return facts_of(load_batch(session, name), session)


def batches_of(site: Site, *, course: str = "", state: str = "") -> tuple[BatchFacts, ...]:
    """Return the batches, newest first; of those that were returned or became void with who and why."""
    with open_ledger(site.ledger_url) as session:
        query = select(Batch).order_by(Batch.prepared_at.desc(), Batch.id)
        query = query.where(Batch.course == course) if course else query
        query = query.where(Batch.state == state) if state else query
        return tuple(facts_of(each, session) for each in session.scalars(query))


def facts_of(batch: Batch, session: Session) -> BatchFacts:
    """Return a batch's facts, counted now."""
    awards = session.scalar(select(func.count()).select_from(BatchRow).where(BatchRow.batch_id == batch.id)) or 0
    signed = select(func.count(func.distinct(Credential.learner))).where(Credential.batch_id == batch.id)
    errors = select(BatchRow.learner, BatchRow.error).where(BatchRow.batch_id == batch.id, BatchRow.error != "").order_by(BatchRow.learner)
    ended_by, because = _ending(batch, session) if batch.state == VOID else ("", "")
    return BatchFacts(
        id=batch.id,
        course=batch.course,
        version=batch.version,
        state=batch.state,
        content_hash=batch.content_hash,
        release_hash=batch.release_hash,
        awards=awards,
        credentials=(session.scalar(signed) or 0) if batch.state in {ISSUING, ISSUED, VOID} else 0,
        prepared_by=batch.prepared_by,
        prepared_at=datetime.fromisoformat(batch.prepared_at),
        approved_by=batch.approved_by or "",
        approved_at=datetime.fromisoformat(batch.approved_at) if batch.approved_at else None,
        issued_at=datetime.fromisoformat(batch.issued_at) if batch.issued_at else None,
        ended_by=ended_by,
        ended_because=because,
        refused=tuple((str(row.learner), str(row.error)) for row in session.execute(errors)),
    )


def _ending(batch: Batch, session: Session) -> tuple[str, str]:
    query = select(AuditEntry).where(AuditEntry.subject == batch.id, AuditEntry.action.in_(_ENDINGS)).order_by(AuditEntry.sequence.desc())
    entry = session.scalars(query.limit(1)).first()
    return (entry.actor, str(json.loads(entry.details).get("why", ""))) if entry else ("", "")


def find_anomalies(rows: Sequence[AwardRow], manifest: CourseManifest) -> tuple[Anomaly, ...]:
    """Return what stands out in the rows themselves. Pure."""
    needed = manifest.pass_rule.overall
    addresses = Counter(row.email for row in rows)
    found = (
        Anomaly("on the cut", tuple(row.learner for row in rows if needed <= row.overall <= needed + NEAR_THE_CUT)),
        Anomaly("same address", tuple(row.learner for row in rows if addresses[row.email] > 1)),
        Anomaly("not sealed", tuple(row.learner for row in rows if any(each.assurance != "sealed" for each in row.evidence))),
        Anomaly("name not shown", tuple(row.learner for row in rows if row.name is None)),
    )
    return tuple(each for each in found if each.learners)


def _against_now(rows: Sequence[AwardRow], standing: CourseStanding, session: Session) -> tuple[Anomaly, ...]:
    draft = draft_batch(standing, session)
    changed = tuple(row.learner for row in rows if draft.rows.find(row.learner) != row)
    found = (
        Anomaly("changed since", changed),
        *differences_as_anomalies(find_differences(standing, session)),
        Anomaly("incomplete", tuple(learner for learner, _ in draft.incomplete), MappingProxyType(dict(draft.incomplete))),
    )
    return tuple(each for each in found if each.learners)


def differences_as_anomalies(differences: Differences) -> tuple[Anomaly, ...]:
    """Return how what is issued differs from what the results say now."""
    return (
        Anomaly(
            "fallen",
            tuple(each.learner for each in differences.fallen),
            MappingProxyType({each.learner: each.why for each in differences.fallen}),
        ),
        Anomaly(
            "changed score",
            tuple(learner for learner, _, _ in differences.changed_score),
            MappingProxyType({learner: f"{100 * old:.2f} % → {100 * new:.2f} %" for learner, old, new in differences.changed_score}),
        ),
        Anomaly(
            "changed name",
            tuple(learner for learner, _, _ in differences.changed_name),
            MappingProxyType({learner: f"{old or '—'} → {new or '—'}" for learner, old, new in differences.changed_name}),
        ),
    )
