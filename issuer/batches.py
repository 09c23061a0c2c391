"""The governed path to a signature: a batch is prepared by one person and approved by another, and what was approved is what is signed.

State: prepared -> approved -> issuing -> issued; any change of the results in between makes it void, and so does who returns it with a note.
Rules:
1. A batch holds the learners who are eligible and have no credential of this course version, revoked or not: nothing is issued twice, and a withdrawn
   award does not come back by itself.
2. Its content hash is SHA-256 over the canonical JSON of its rows. It is computed again from the results as they are then, before approval and before
   signing; if it differs, the batch is void and says so. Signing also needs the approval of that hash in the audit log.
3. Preparing the same rows again returns the same batch.
"""

from __future__ import annotations

import json
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from pydantic import ValidationError
from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from courses.manifest import CourseManifest
from courses.settings import Approval
from issuer.audit import append_entry, lock_log
from issuer.award_rows import ROWS_AT_ONCE, AwardRow, DraftRows, RowsHash, hash_rows, stored_rows
from issuer.eligibility import Eligibility, Status
from issuer.errors import BatchError
from issuer.ledger import AuditEntry, Batch, BatchRow, Credential, who_show_their_names
from issuer.standing import CourseStanding

_LONGEST_NAME = 200
_NAMED = 20
_ALTERED = "its rows were altered in the ledger"
PREPARED, APPROVED, ISSUING, ISSUED, VOID = "prepared", "approved", "issuing", "issued", "void"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a batch would hold, and who is left out: nothing is written yet."""

    rows: DraftRows
    already_issued: tuple[str, ...]
    withdrawn: tuple[str, ...]
    """Learners whose award was revoked."""
    incomplete: tuple[tuple[str, str], ...]
    """Eligible learners who cannot be issued to, each with the reason."""

    @property
    def content_hash(self) -> str:
        """SHA-256 over the rows' canonical JSON."""
        return hash_rows(self.rows)


def draft_batch(standing: CourseStanding, session: Session) -> Draft:
    """Return what a batch of the course would hold now."""
    manifest = standing.manifest
    issued = _issued(session, manifest.id, manifest.version)
    chosen: list[Eligibility] = []
    known: list[str] = []
    withdrawn: list[str] = []
    incomplete: list[tuple[str, str]] = []
    for each in standing.eligibility:
        if each.learner in issued:
            (known if issued[each.learner] else withdrawn).append(each.learner)
        elif each.status is Status.ELIGIBLE:
            reason = _why_incomplete(standing, each)
            if reason:
                incomplete.append((each.learner, reason))
            else:
                chosen.append(each)
    rows = DraftRows(standing, chosen, who_show_their_names(session, manifest.id))
    return Draft(rows, tuple(known), tuple(withdrawn), tuple(incomplete))


def _issued(session: Session, course: str, version: str) -> dict[str, bool]:
    """Return who has a credential of this course version, each with whether one of theirs is not revoked."""
    query = select(Credential.learner, Credential.revoked_at).where(Credential.course == course, Credential.version == version)
    issued: dict[str, bool] = {}
    for learner, revoked_at in session.execute(query):
        issued[learner] = issued.get(learner, False) or revoked_at is None
    return issued


def _why_incomplete(standing: CourseStanding, each: Eligibility) -> str:
    learner = standing.learners.get(each.learner)
    if learner is None or not learner.email:
        return "no e-mail address is known: enter it with `nbgrader db student add`"
    if not standing.evidence.get(each.learner):
        return "there is no record of the grading runs"
    return ""


def without(draft: Draft, refusals: Mapping[str, str]) -> Draft:
    """Return the draft without the learners of `refusals`, who are incomplete for the reason given there."""
    left_out = tuple((learner, refusals[learner]) for learner in draft.rows.learners if learner in refusals)
    return replace(draft, rows=draft.rows.without(refusals), incomplete=(*draft.incomplete, *left_out))


def prepare_batch(
    standing: CourseStanding, session: Session, *, by: str, now: datetime, refusals: Mapping[str, str] | None = None
) -> Batch | None:
    """Write down a batch of everyone who can be issued to now; None if there is nobody.

    Args:
        refusals: learners who are left out, because no credential can be built for them.

    An open batch of the same content is returned as it is, and so is one that issuing was interrupted in; another open batch of the course becomes void.
    """
    actor = require_person(by, "preparer")
    draft = without(draft_batch(standing, session), refusals or {})
    content_hash = draft.content_hash
    lock_log(session)
    open_batches = list(
        session.scalars(select(Batch).where(Batch.course == standing.manifest.id, Batch.state.in_([PREPARED, APPROVED, ISSUING])))
    )
    resumable = next((batch for batch in open_batches if _is_unfinished(batch, session) or _holds(batch, content_hash, standing)), None)
    if resumable is not None:
        return resumable
    for batch in open_batches:
        _void(session, batch, actor, now, "a newer batch takes its place")
    if not draft.rows:
        session.commit()
        return None
    batch = Batch(
        id=str(uuid.uuid4()),
        course=standing.manifest.id,
        version=standing.manifest.version,
        release_hash=standing.release.content_hash,
        content_hash=content_hash,
        state=PREPARED,
        prepared_by=actor,
        prepared_at=now.isoformat(),
        approved_by=None,
        approved_at=None,
        issued_at=None,
    )
    session.add(batch)
    session.flush()
    rows = iter(draft.rows)
    while some := [
        {"batch_id": batch.id, "learner": row.learner, "content": row.model_dump_json(), "error": ""} for row in islice(rows, ROWS_AT_ONCE)
    ]:
        session.execute(insert(BatchRow), some)
    details = {"course": batch.course, "version": batch.version, "awards": len(draft.rows), "content_hash": batch.content_hash}
    append_entry(session, at=now, actor=actor, action="batch prepared", subject=batch.id, details=details)
    session.commit()
    return batch


def _holds(batch: Batch, content_hash: str, standing: CourseStanding) -> bool:
    return batch.state != ISSUING and (batch.content_hash, batch.release_hash) == (content_hash, standing.release.content_hash)


def _is_unfinished(batch: Batch, session: Session) -> bool:
    """Whether issuing the batch was interrupted: someone has no credential yet, and was not refused one either."""
    return batch.state == ISSUING and any(not each.error for each in unissued_rows(batch, session))


def unissued_rows(batch: Batch, session: Session) -> list[Row[int, str, str]]:
    """Return id, learner and error of the batch's rows whose learner has no credential of the course version, in the order of the rows."""
    done = set(session.scalars(select(Credential.learner).where(Credential.course == batch.course, Credential.version == batch.version)))
    query = select(BatchRow.id, BatchRow.learner, BatchRow.error).where(BatchRow.batch_id == batch.id).order_by(BatchRow.id)
    return [row for row in session.execute(query) if row.learner not in done]


def approve_batch(batch: Batch, standing: CourseStanding, session: Session, *, by: str, two_person: bool, now: datetime) -> None:
    """Approve the batch's content hash.

    Raises:
        BatchError: the approver is the preparer, the batch is not waiting for approval, or the results changed (then it is void).
    """
    actor = require_person(by, "approver")
    if not _waits_for_approval(batch, session):
        return
    if two_person and is_same_person(actor, batch.prepared_by):
        raise BatchError(
            f"{batch.prepared_by} prepared this batch and cannot approve it too",
            where=batch.id,
            remedy="Let someone else approve it (for practice badges: approval.one_person_types).",
        )
    require_unchanged(batch, standing, session, actor=actor, now=now)
    lock_log(session)
    if not _waits_for_approval(batch, session):  # another process came first while this one read the results
        return
    batch.state, batch.approved_by, batch.approved_at = APPROVED, actor, now.isoformat()
    append_entry(session, at=now, actor=actor, action="batch approved", subject=batch.id, details={"content_hash": batch.content_hash})
    session.commit()


def return_batch(batch: Batch, session: Session, *, by: str, note: str, now: datetime) -> None:
    """Give a batch back to who prepared it: it is void, and the audit log keeps the note.

    Raises:
        BatchError: no note is given, or the batch is issued, being issued or void already.
    """
    actor = require_person(by, "person who returns it")
    if not note.strip():
        raise BatchError("a batch is not returned without a note", where=batch.id, remedy="Say what has to be put right.")
    lock_log(session)
    query = update(Batch).where(Batch.id == batch.id, Batch.state.in_([PREPARED, APPROVED])).values(state=VOID).returning(Batch.id)
    turned = session.execute(query).all()
    session.refresh(batch)
    if not turned:
        raise BatchError(f"batch {batch.id} is {batch.state}", remedy="Only a batch that is not issued yet can be returned.")
    details = {"why": note.strip(), "content_hash": batch.content_hash}
    append_entry(session, at=now, actor=actor, action="batch returned", subject=batch.id, details=details)
    session.commit()


def needs_two_persons(rules: Approval, manifest: CourseManifest) -> bool:
    """Whether a batch of the course is approved by someone else than its preparer; always so where credits count towards another award."""
    return rules.two_person and (bool(manifest.credits) or manifest.achievement_type not in rules.one_person_types)


def _waits_for_approval(batch: Batch, session: Session) -> bool:
    """Whether the batch, as the ledger has it now, waits for approval; False if it was approved already."""
    session.refresh(batch)
    if batch.state not in {PREPARED, APPROVED, ISSUING, ISSUED}:
        raise BatchError(f"batch {batch.id} is {batch.state}", remedy="Prepare a new one: `patunay batch prepare`.")
    return batch.state == PREPARED


def require_unchanged(batch: Batch, standing: CourseStanding, session: Session, *, actor: str, now: datetime) -> None:
    """Return if the batch's rows are those that were written down, and its unissued part is still what the results say.

    Raises:
        BatchError: it is not; the batch is void then, and the learners whose rows changed are named.
    """
    if why := _what_changed(batch, standing, session):
        raise refuse_batch(batch, session, why, actor=actor, now=now)


def refuse_batch(batch: Batch, session: Session, why: str, *, actor: str, now: datetime) -> BatchError:
    """Make the batch void, and return the error that says why."""
    _void(session, batch, actor, now, why)
    session.commit()
    return BatchError(f"batch {batch.id} is void: {why}", remedy=f"Prepare a new one: `patunay batch prepare {batch.course} --by NAME`.")


def rows_of(batch: Batch) -> tuple[AwardRow, ...] | None:
    """Return the batch's awards as they were prepared; None if what the ledger holds is not that any more."""
    try:
        rows = tuple(AwardRow.model_validate_json(row.content) for row in batch.rows)
    except ValidationError:
        return None
    return rows if hash_rows(rows) == batch.content_hash else None


def _what_changed(batch: Batch, standing: CourseStanding, session: Session) -> str:
    """Return what is not as it was when the batch was prepared; empty if all is."""
    draft = draft_batch(standing, session)
    elsewhere = {*draft.already_issued, *draft.withdrawn}
    issued = set(session.scalars(select(Credential.learner).where(Credential.batch_id == batch.id)))
    names = session.execute(select(BatchRow.learner, BatchRow.id).where(BatchRow.batch_id == batch.id))
    found, changed = RowsHash(), list[str]()
    for stored in stored_rows(session, [place for _, place in sorted((str(learner), int(place)) for learner, place in names)]):
        current = draft.rows.find(stored.learner)
        row = _read_row(stored, current)
        if row is None:
            return _ALTERED
        found.add(row)
        if row != current and row.learner not in issued:
            changed.append(row.learner)
    if found.hexdigest() != batch.content_hash:
        return _ALTERED
    if twice := [learner for learner in changed if learner in elsewhere]:
        return f"{listed(twice)} got a credential from another batch since it was prepared"
    if changed:
        return f"the results, name, address or consent of {listed(changed)} changed since it was prepared"
    if (batch.release_hash, batch.version) != (standing.release.content_hash, standing.manifest.version):
        return "the course was released anew since it was prepared"
    return ""


def _read_row(stored: Row[int, str, str, str], current: AwardRow | None) -> AwardRow | None:
    """Return the award that a row of the ledger holds; None if it is none of that learner's."""
    if current is not None and stored.content == current.model_dump_json():
        return current
    try:
        row = AwardRow.model_validate_json(stored.content)
    except ValidationError:
        return None
    return row if row.learner == stored.learner else None


def listed(learners: Sequence[str]) -> str:
    """Return the learners with commas, at most twenty by name."""
    more = len(learners) - _NAMED
    return ", ".join(learners[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def require_approval(batch: Batch, session: Session, *, two_person: bool, now: datetime) -> None:
    """Return if the audit log holds an approval of exactly this content, by someone who may give it.

    Raises:
        BatchError: it does not; the batch is void then.
    """
    entries = session.scalars(select(AuditEntry).where(AuditEntry.subject == batch.id, AuditEntry.action == "batch approved"))
    approvers = {entry.actor for entry in entries if json.loads(entry.details).get("content_hash") == batch.content_hash}
    actor = batch.approved_by or ""
    if actor not in approvers:
        raise refuse_batch(batch, session, "the audit log holds no approval of what it holds now", actor=actor or "(nobody)", now=now)
    if two_person and is_same_person(actor, batch.prepared_by):
        raise refuse_batch(batch, session, "who prepared it approved it too, which this site does not allow", actor=actor, now=now)


def load_batch(session: Session, name: str) -> Batch:
    """Return the batch with this id, or the only one that begins with it.

    Raises:
        BatchError: there is none, or there are several.
    """
    found = list(session.scalars(select(Batch).where(Batch.id.startswith(name, autoescape=True)).limit(2))) if name else []
    if len(found) != 1:
        raise BatchError(f"there is {'no batch' if not found else 'more than one batch'} {name!r}", remedy="See `patunay batch list`.")
    return found[0]


def require_person(name: str, role: str) -> str:
    """Return the name of who acts.

    Raises:
        BatchError: there is none.
    """
    remedy = "Say who you are with `--by NAME`."
    if not _bare(name):
        raise BatchError(f"the {role} has no name", remedy=remedy)
    if len(name.strip()) > _LONGEST_NAME or any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in name.strip()):
        raise BatchError(f"the {role}'s name holds a line break or half a character, or is longer than {_LONGEST_NAME}", remedy=remedy)
    return name.strip()


def is_same_person(one: str, other: str) -> bool:
    """Whether two names are one person's, however they are written."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    """Return the letters of a name, however it is written: without case, spaces, and characters that do not show."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(character for character in folded if not character.isspace() and unicodedata.category(character) not in {"Cf", "Cc"})


def _void(session: Session, batch: Batch, actor: str, now: datetime, why: str) -> None:
    batch.state = VOID
    append_entry(session, at=now, actor=actor, action="batch void", subject=batch.id, details={"why": why})
