"""Signs an approved batch. The ledger is written first; what is published is made from it.

Resumable: every credential is committed with its place in the status list, and only then published. A crash loses at most the signatures that nobody
has seen; running it again signs the rest. Two processes may issue the same batch at once: the ledger refuses a learner's second award, and the process
that comes second goes on with whom is left.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from courses.manifest import CourseManifest
from courses.settings import Site
from issuer.audit import append_entry
from issuer.batches import APPROVED, ISSUED, ISSUING, AwardRow, require_approval, require_unchanged
from issuer.credential import AssignmentEvidence, Award, OutcomeResult, build_credential, signable_achievement
from issuer.errors import BatchError, CredentialRefusedError
from issuer.identity import IssuerIdentity
from issuer.iso_duration import after
from issuer.ledger import Batch, Credential
from issuer.multibase import digest_of_sha256
from issuer.standing import CourseStanding
from issuer.status_list import MIN_ENTRIES, StatusEntry
from issuer.template_signing import TemplateSigner

COMMIT_EVERY = 1_000
"""Credentials a transaction."""
_CONFLICTS = 5
"""How often another process may come first in vain, before it is another fault than that."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Issued:
    """What issuing a batch did."""

    new: int
    before: int
    """Credentials of the batch that an earlier, interrupted run had signed."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """What all credentials of a batch are signed with."""

    batch: Batch
    manifest: CourseManifest
    site: Site
    identity: IssuerIdentity
    now: datetime
    signer: TemplateSigner
    achievement: dict[str, Any]

    def sign(self, row: AwardRow, place: tuple[int, int]) -> dict[str, Any]:
        """Return the columns of the learner's row in the ledger."""
        award = award_of(row, self.batch, self.manifest, self.site, place, self.now)
        url = self.site.settings.url.rstrip("/")
        try:
            document = self.signer.sign(build_credential(self.manifest, self.identity.profile, award, url, achievement=self.achievement))
        except CredentialRefusedError as refused:
            raise CredentialRefusedError(
                f"{row.learner} cannot be issued to: {refused.problem}",
                where=refused.where,
                remedy="Correct it (names and addresses: `nbgrader db student add`), then prepare a new batch. Who has a credential keeps it.",
            ) from refused
        return {
            "id": award.credential_id,
            "course": self.batch.course,
            "version": self.batch.version,
            "learner": row.learner,
            "batch_id": self.batch.id,
            "status_list": place[0],
            "status_index": place[1],
            "document": document,
            "issued_at": self.now.isoformat(),
        }


def issue_batch(  # noqa: PLR0913  # one more than usual, for the size of a transaction
    batch: Batch,
    standing: CourseStanding,
    session: Session,
    site: Site,
    identity: IssuerIdentity,
    *,
    now: datetime,
    progress: Progress = lambda _done, _all: None,
    commit_every: int = COMMIT_EVERY,
) -> Issued:
    """Sign the batch's credentials into the ledger.

    Args:
        commit_every: credentials a transaction: what is signed again after a crash.

    Raises:
        BatchError: it is not approved, or what was approved has changed.
        CredentialRefusedError: a name or text that may not stand in a credential.
    """
    if batch.state == ISSUED:
        return Issued(0, len(batch.rows))
    if batch.state not in {APPROVED, ISSUING}:
        raise BatchError(
            f"batch {batch.id} is {batch.state}, not approved", remedy=f"Approve it: `patunay batch approve {batch.id[:8]} --by NAME`."
        )
    require_approval(batch, session, two_person=site.settings.approval.two_person, now=now)
    rows = require_unchanged(batch, standing, session, actor=str(batch.approved_by), now=now)
    _turn(batch, session, APPROVED, ISSUING)
    session.commit()

    desk = _Desk(
        batch,
        standing.manifest,
        site,
        identity,
        now,
        TemplateSigner(identity.signer, now),
        signable_achievement(standing.manifest, site.settings.url.rstrip("/")),
    )
    new = _sign_rows(rows, desk, session, progress, commit_every)
    _finish(batch, len(rows), session, now)
    return Issued(new, len(rows) - new)


def _sign_rows(rows: tuple[AwardRow, ...], desk: _Desk, session: Session, progress: Progress, commit_every: int) -> int:
    """Sign who has no credential yet, some at a time; return how many were signed here."""
    new, conflicts = 0, 0
    left, places = _unissued(rows, desk.batch, session), StatusPlaces(session)
    while left:
        signed = []
        for index, row in enumerate(left[:commit_every], start=1):
            signed.append(desk.sign(row, places.take()))
            progress(len(rows) - len(left) + index, len(rows))
        try:
            session.execute(insert(Credential), signed)
            session.commit()
        except IntegrityError:  # another process has signed one of them, or taken a place
            session.rollback()
            conflicts += 1
            if conflicts > _CONFLICTS:
                raise
            left, places = _unissued(rows, desk.batch, session), StatusPlaces(session)
        else:
            new, conflicts, left = new + len(signed), 0, left[commit_every:]
    return new


def _unissued(rows: tuple[AwardRow, ...], batch: Batch, session: Session) -> list[AwardRow]:
    query = select(Credential.learner).where(Credential.course == batch.course, Credential.version == batch.version)
    done = set(session.scalars(query))
    return [row for row in rows if row.learner not in done]


def _turn(batch: Batch, session: Session, before: str, after_: str, **values: str) -> bool:
    """Turn the batch's state from `before` to `after_`; return whether it was `before`. The database decides: of two processes one is told yes."""
    query = update(Batch).where(Batch.id == batch.id, Batch.state == before).values(state=after_, **values).returning(Batch.id)
    changed = session.execute(query).all()
    session.refresh(batch)
    return bool(changed)


def _finish(batch: Batch, count: int, session: Session, now: datetime) -> None:
    if _turn(batch, session, ISSUING, ISSUED, issued_at=now.isoformat()):
        details = {"credentials": count, "content_hash": batch.content_hash}
        append_entry(session, at=now, actor=str(batch.approved_by), action="batch issued", subject=batch.id, details=details)
    session.commit()


class StatusPlaces:
    """Hands out free places in the status lists, at random, so that a place says nothing of who was issued to when (Bitstring Status List 1.0, 5.4)."""

    def __init__(self, session: Session) -> None:
        self._list = session.scalar(select(func.max(Credential.status_list))) or 1
        self._taken = set(session.scalars(select(Credential.status_index).where(Credential.status_list == self._list)))

    def take(self) -> tuple[int, int]:
        """Return a list's number and a place in it that is free."""
        if len(self._taken) >= MIN_ENTRIES // 2:
            self._list, self._taken = self._list + 1, set()
        while (index := secrets.randbelow(MIN_ENTRIES)) in self._taken:
            pass
        self._taken.add(index)
        return self._list, index


def status_list_url(site: Site, number: int) -> str:
    """Return the public address of a status list."""
    return site.published("status", f"{number}.json")


def award_of(row: AwardRow, batch: Batch, manifest: CourseManifest, site: Site, place: tuple[int, int], now: datetime) -> Award:
    """Return what the credential of a batch's row says of the learner.

    Raises:
        CredentialRefusedError: its term leads too far.
    """
    return Award(
        credential_id=f"urn:uuid:{uuid.uuid4()}",
        subject_id=f"urn:uuid:{uuid.uuid4()}",
        learner_email=row.email,
        salt=secrets.token_hex(16),
        learner_name=row.name,
        overall_score=row.overall,
        outcome_results=tuple(OutcomeResult(outcome, score) for outcome, score in row.outcomes),
        evidence=tuple(_evidence(row, manifest)),
        valid_from=now,
        awarded_on=now,
        valid_until=_valid_until(manifest, now),
        status=StatusEntry(status_list_url(site, place[0]), place[1]),
        batch=batch.id,
        approved_by=_approval(batch),
    )


def _valid_until(manifest: CourseManifest, now: datetime) -> datetime | None:
    try:
        return None if manifest.validity == "none" else after(now, manifest.validity)
    except (ValueError, OverflowError) as too_far:
        raise CredentialRefusedError(
            f"{manifest.validity} from now leads beyond the year 9999",
            where="course.toml: validity",
            remedy='Say "none", or a shorter time.',
        ) from too_far


def _approval(batch: Batch) -> str:
    """Return the approver's decision for the credential: no name, but when, by how many persons, and the hash of what was approved."""
    persons = "the preparer alone" if batch.approved_by == batch.prepared_by else "another person than its preparer"
    return f"{persons} on {str(batch.approved_at)[:10]}, content SHA-256 {batch.content_hash}"


def _evidence(row: AwardRow, manifest: CourseManifest) -> list[AssignmentEvidence]:
    found = []
    for item in row.evidence:
        assessment = manifest.assessment(item.assignment)
        assurance: Literal["sealed", "compat"] = "sealed" if item.assurance == "sealed" else "compat"
        found.append(
            AssignmentEvidence(
                assignment=item.assignment,
                title=assessment.title.en if assessment else item.assignment,
                attempt_digest=digest_of_sha256(bytes.fromhex(item.attempt)),
                notebook_digest=digest_of_sha256(bytes.fromhex(item.notebook)),
                source_digest=digest_of_sha256(bytes.fromhex(item.source)),
                grading_run=item.run,
                graded_at=item.graded_at,
                assurance=assurance,
                score=item.score,
                grading_run_digest=digest_of_sha256(bytes.fromhex(item.run_record)),
            )
        )
    return found
