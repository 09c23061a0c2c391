"""Signs an approved batch. The ledger is written first; what is published is made from it.

Resumable: every credential is committed with its place in the status list, and only then published. A crash loses at most the signatures that nobody
has seen; running it again signs the rest. Two processes may issue the same batch at once: the ledger refuses a learner's second award, and the process
that comes second goes on with whom is left. A row that no credential can be made of is written down with the reason, and the others are issued.

A large batch is signed in forked processes (`forked_work`), which have the key from this one's memory; what they sign is written by this one.
"""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from courses.manifest import CourseManifest
from courses.settings import Site
from issuer.audit import append_entry
from issuer.award_rows import AwardRow, EvidenceRow, stored_rows
from issuer.batches import APPROVED, ISSUED, ISSUING, needs_two_persons, require_approval, require_unchanged, unissued_rows
from issuer.credential import AssignmentEvidence, Award, OutcomeResult, build_credential, signable_achievement
from issuer.errors import BatchError, CanonicalisationError, CredentialRefusedError, EncodingError
from issuer.forked_work import forked_work
from issuer.identity import FileSigner, IssuerIdentity
from issuer.iso_duration import after
from issuer.keys import KeySigner, Signer
from issuer.ledger import Batch, BatchRow, Credential
from issuer.multibase import digest_of_sha256
from issuer.proof import timestamp
from issuer.standing import CourseStanding
from issuer.status_list import MIN_ENTRIES, StatusEntry
from issuer.template_signing import TemplateSigner

COMMIT_EVERY = 1_000
"""Credentials a transaction."""
WORTH_FORKING = 500
"""Credentials that are signed faster with other processes' help."""
_CONFLICTS = 5
"""How often another process may come first in vain, before it is another fault than that."""

Progress = Callable[[int, int], None]
Committed = Callable[[Sequence[tuple[str, str]]], None]


@dataclass(frozen=True, slots=True)
class Issued:
    """What issuing a batch did."""

    new: int
    before: int
    """Credentials of the batch that an earlier, interrupted run had signed."""
    refused: tuple[tuple[str, str], ...] = ()
    """Learners of whom no credential can be made, each with the reason."""


@dataclass(frozen=True, slots=True)
class Order:
    """One row to sign, with its place in a status list."""

    row: int
    learner: str
    content: str
    """JSON: `issuer.award_rows.AwardRow`."""
    place: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Signed:
    """What became of an order."""

    row: int
    learner: str
    place: tuple[int, int]
    credential: str
    """Its id; empty where there is a refusal."""
    document: str
    refusal: str
    """Why no credential can be made; empty otherwise."""
    name: str | None = None
    """As it stands in the document; None: no name is shown."""
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """What all credentials of a batch are signed with. It holds nothing of the database, so that a forked process can have it."""

    batch: Batch
    manifest: CourseManifest
    site: Site
    identity: IssuerIdentity
    now: datetime
    signer: TemplateSigner
    achievement: dict[str, Any]

    def sign(self, order: Order) -> Signed:
        """Return the signed credential, or why there is none."""
        row, url = AwardRow.model_validate_json(order.content), self.site.settings.url.rstrip("/")
        try:
            award = award_of(row, self.batch, self.manifest, self.site, order.place, self.now)
            document = self.signer.sign(build_credential(self.manifest, self.identity.profile, award, url, achievement=self.achievement))
        except (CredentialRefusedError, CanonicalisationError) as refused:
            return Signed(order.row, order.learner, order.place, "", "", f"{refused.where}: {refused.problem}")
        return Signed(order.row, order.learner, order.place, award.credential_id, document, "", award.learner_name, award.valid_until)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a batch is worked off."""

    commit_every: int = COMMIT_EVERY
    """Credentials a transaction: what is signed again after a crash."""
    processes: int | None = None
    """That sign beside this one, where the key is in memory; None: one a core, if the batch is worth it (writing takes little of one). 0: this one signs."""


def issue_batch(  # noqa: PLR0913  # whom is told what
    batch: Batch,
    standing: CourseStanding,
    session: Session,
    site: Site,
    identity: IssuerIdentity,
    *,
    now: datetime,
    progress: Progress = lambda _done, _all: None,
    committed: Committed = lambda _credentials: None,
    rhythm: Rhythm = Rhythm(),  # frozen
) -> Issued:
    """Sign the batch's credentials into the ledger.

    Args:
        committed: is told of the credentials, id and document, each time that some are in the ledger for good.

    Raises:
        BatchError: it is not approved, or what was approved has changed; or a process that signs was ended.
        CredentialRefusedError: a text of the course that may not stand in a credential.
    """
    if batch.state == ISSUED:
        return Issued(0, count_rows(batch, session))
    if batch.state not in {APPROVED, ISSUING}:
        raise BatchError(
            f"batch {batch.id} is {batch.state}, not approved", remedy=f"Approve it: `patunay batch approve {batch.id[:8]} --by NAME`."
        )
    require_approval(batch, session, two_person=needs_two_persons(site.settings.approval, standing.manifest), now=now)
    require_unchanged(batch, standing, session, actor=str(batch.approved_by), now=now)
    manifest = standing.manifest
    del standing  # what follows reads the ledger alone
    achievement = signable_achievement(manifest, site.settings.url.rstrip("/"))
    _turn(batch, session, APPROVED, ISSUING)
    session.commit()

    desk = Desk(_unbound(batch), manifest, site, identity, now, TemplateSigner(identity.signer, now), achievement)
    new, refused = _sign_rows(batch, desk, session, progress, committed, rhythm)
    count = count_rows(batch, session)
    if not refused:
        _finish(batch, count, session, now)
    return Issued(new, count - new - len(refused), tuple(refused))


def count_rows(batch: Batch, session: Session) -> int:
    """Return how many awards a batch holds."""
    return session.scalar(select(func.count()).select_from(BatchRow).where(BatchRow.batch_id == batch.id)) or 0


def _unbound(batch: Batch) -> Batch:
    """Return a copy that no session knows, with what a credential says of its batch."""
    names = ("id", "course", "version", "content_hash", "prepared_by", "approved_by", "approved_at")
    return Batch(**{name: getattr(batch, name) for name in names})


def _sign_rows(  # what `issue_batch` was given
    batch: Batch, desk: Desk, session: Session, progress: Progress, committed: Committed, rhythm: Rhythm
) -> tuple[int, list[tuple[str, str]]]:
    """Sign who has no credential yet, some at a time; return how many were signed here, and who was refused and why."""
    new, conflicts, count = 0, 0, count_rows(batch, session)
    while True:
        places, refused = StatusPlaces(session), list[tuple[str, str]]()
        left = [row.id for row in unissued_rows(batch, session)]
        orders = (Order(row.id, row.learner, row.content, places.take()) for row in stored_rows(session, left))
        processes = _processes(len(left), desk.identity.signer) if rhythm.processes is None else rhythm.processes
        try:
            with forked_work(desk.sign, processes) as work:
                for done in _committed(_told(work(orders), progress, count - len(left), count), desk, session, rhythm.commit_every):
                    issued = [(each.credential, each.document) for each in done if not each.refusal]
                    refused += [(each.learner, each.refusal) for each in done if each.refusal]
                    new, conflicts = new + len(issued), 0
                    committed(issued)
            return new, refused
        except IntegrityError:  # another process has signed one of them, or taken a place
            session.rollback()
            conflicts += 1
            if conflicts > _CONFLICTS:
                raise


def _told(signed: Iterable[Signed], progress: Progress, before: int, count: int) -> Iterator[Signed]:
    for done, each in enumerate(signed, start=before + 1):
        progress(done, count)
        yield each


def _committed(signed: Iterable[Signed], desk: Desk, session: Session, commit_every: int) -> Iterator[list[Signed]]:
    """Write what is signed into the ledger, a transaction at a time; yield what each has written."""
    pending = iter(signed)
    while some := list(islice(pending, commit_every)):
        if issued := [ledger_columns(each, desk) for each in some if not each.refusal]:
            session.execute(insert(Credential), issued)
        for each in some:
            if each.refusal:
                session.execute(update(BatchRow).where(BatchRow.id == each.row).values(error=each.refusal))
        session.commit()
        yield some


def ledger_columns(signed: Signed, desk: Desk) -> dict[str, Any]:
    """Return the columns of a signed credential's row in the ledger."""
    return {
        "id": signed.credential,
        "course": desk.batch.course,
        "version": desk.batch.version,
        "learner": signed.learner,
        "batch_id": desk.batch.id,
        "status_list": signed.place[0],
        "status_index": signed.place[1],
        "document": signed.document,
        "issued_at": desk.now.isoformat(),
        "holder_name": signed.name,
        "valid_until": timestamp(signed.valid_until) if signed.valid_until is not None else None,
    }


def _processes(count: int, signer: Signer) -> int:
    """Return how many processes sign beside this one. A key that another program keeps is asked by this process alone."""
    if isinstance(signer, FileSigner):
        signer.unlock()
    if count < WORTH_FORKING or not isinstance(signer, KeySigner | FileSigner):
        return 0
    return len(os.sched_getaffinity(0))


def _turn(batch: Batch, session: Session, before: str, after_: str, **values: str) -> bool:
    """Turn the batch's state from `before` to `after_`; return whether it was `before`. The database decides: of two processes one is told yes."""
    query = update(Batch).where(Batch.id == batch.id, Batch.state == before).values(state=after_, **values).returning(Batch.id)
    changed = session.execute(query).all()
    session.refresh(batch)
    return bool(changed)


def _finish(batch: Batch, count: int, session: Session, now: datetime) -> None:
    if _turn(batch, session, ISSUING, ISSUED, issued_at=now.isoformat()):
        session.execute(update(BatchRow).where(BatchRow.batch_id == batch.id, BatchRow.error != "").values(error=""))
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
                attempt_digest=_digest(item.attempt, "attempt", item),
                notebook_digest=_digest(item.notebook, "notebook", item),
                source_digest=_digest(item.source, "source", item),
                grading_run=item.run,
                graded_at=item.graded_at,
                assurance=assurance,
                score=item.score,
                grading_run_digest=_digest(item.run_record, "run_record", item),
            )
        )
    return found


def _digest(hexadecimal: str, what: str, item: EvidenceRow) -> str:
    try:
        return digest_of_sha256(bytes.fromhex(hexadecimal))
    except (ValueError, EncodingError) as wrong:
        raise CredentialRefusedError("this is no SHA-256", where=f"evidence of {item.assignment}: {what}") from wrong
