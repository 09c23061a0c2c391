"""What the issuing commands and the demo do: one function a step, each opens the ledger, does one thing, closes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from courses.databases import without_password
from courses.nbgrader_course import open_course
from courses.settings import Site
from issuer.audit import append_entry
from issuer.award_rows import AwardRow
from issuer.batches import (
    ISSUED,
    VOID,
    Draft,
    approve_batch,
    draft_batch,
    load_batch,
    needs_two_persons,
    prepare_batch,
    return_batch,
    rows_of,
    without,
)
from issuer.checking import Differences, find_differences, find_refusals
from issuer.credential_files import CredentialFiles
from issuer.errors import BatchError
from issuer.identity import load_identity
from issuer.issuing import Issued, count_rows, issue_batch
from issuer.ledger import Batch, BatchRow, Consent, open_ledger, shows_name
from issuer.publishing import publish_site
from issuer.standing import learners_of, read_standing, released_root
from portal.governing import queue_regrades


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch as it was prepared, and who is not in it."""

    batch: str | None
    state: str
    content_hash: str
    new: tuple[str, ...]
    already_issued: tuple[str, ...]
    withdrawn: tuple[str, ...]
    incomplete: tuple[tuple[str, str], ...]
    changed_score: tuple[tuple[str, float, float], ...] = ()
    """Learners with a credential, the overall share in it, and as it is now."""
    changed_name: tuple[tuple[str, str, str], ...] = ()
    """The same of the name; empty where none is shown."""
    would_be_withdrawn: tuple[tuple[str, str, str], ...] = ()
    """Credential, learner, and why they would not get it any more. Nothing is withdrawn by itself."""

    def lines(self) -> list[tuple[str, str, object, object]]:
        """Return a line for each learner and finding: learner, what, as issued, as it is now."""
        return [
            *((learner, "new", "", "") for learner in self.new),
            *((learner, "already issued", "", "") for learner in self.already_issued),
            *((learner, "withdrawn before", "", "") for learner in self.withdrawn),
            *((learner, "incomplete", "", why) for learner, why in self.incomplete),
            *((learner, "changed score", old, new) for learner, old, new in self.changed_score),
            *((learner, "changed name", old, new) for learner, old, new in self.changed_name),
            *((learner, "would be withdrawn", name, why) for name, learner, why in self.would_be_withdrawn),
        ]

    def as_json(self) -> dict[str, object]:
        """Return the fields as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class IssuedFiles:
    """What issuing a batch did, and where its files are."""

    new: int
    before: int
    folder: Path
    refused: tuple[tuple[str, str], ...] = ()
    """Learners of whom no credential can be made, each with the reason."""


def record_consent(site: Site, learner: str, course: str, *, show_name: bool, channel: str, now: datetime) -> None:
    """Record a learner's consent, unless it is what stands there already."""
    released_root(site, course)
    with open_ledger(site.ledger_url) as session:
        if shows_name(session, learner, course) == show_name and session.scalar(
            select(func.count()).select_from(Consent).where(Consent.learner == learner, Consent.course == course)
        ):
            return
        session.add(Consent(learner=learner, course=course, show_name=show_name, given_at=now.isoformat(), channel=channel))
        append_entry(session, at=now, actor=learner, action="consent", subject=course, details={"show_name": show_name, "channel": channel})
        session.commit()


def is_enrolled(site: Site, learner: str, course: str) -> bool:
    """Whether the course's gradebook knows the learner."""
    return learner in learners_of(open_course(released_root(site, course)))


def prepare(site: Site, course: str, *, by: str, now: datetime) -> Prepared:
    """Prepare a batch of the course; whoever would not pass any more waits for a decision."""
    standing, profile = read_standing(site, course), load_identity(site).profile
    with open_ledger(site.ledger_url) as session:
        refusals = find_refusals(draft_batch(standing, session), standing, site, profile, now=now)
        batch = prepare_batch(standing, session, by=by, now=now, refusals=refusals)
        prepared = _prepared(batch, without(draft_batch(standing, session), refusals), find_differences(standing, session))
    queue_regrades(site, prepared.would_be_withdrawn, by=by, now=now)
    return prepared


def check(site: Site, course: str, *, now: datetime) -> Prepared:
    """Return what `prepare` would prepare: every credential is built, nothing is written."""
    standing, profile = read_standing(site, course), load_identity(site).profile
    with open_ledger(site.ledger_url) as session:
        draft = draft_batch(standing, session)
        draft = without(draft, find_refusals(draft, standing, site, profile, now=now))
        return _prepared(None, draft, find_differences(standing, session))


def _prepared(batch: Batch | None, draft: Draft, differences: Differences) -> Prepared:
    return Prepared(
        batch.id if batch else None,
        batch.state if batch else "",
        batch.content_hash if batch else draft.content_hash,
        draft.rows.learners,
        draft.already_issued,
        draft.withdrawn,
        draft.incomplete,
        differences.changed_score,
        differences.changed_name,
        tuple((each.credential, each.learner, each.why) for each in differences.fallen),
    )


def batches(site: Site) -> list[tuple[str, str, str, str, int, str, str, str]]:
    """Return every batch, newest first: id, course, version, state, awards, prepared by, prepared at, approved by."""
    with open_ledger(site.ledger_url) as session:
        counts = dict(session.execute(select(BatchRow.batch_id, func.count()).group_by(BatchRow.batch_id)).all())
        found = session.scalars(select(Batch).order_by(Batch.prepared_at.desc()))
        return [
            (
                each.id,
                each.course,
                each.version,
                each.state,
                counts.get(each.id, 0),
                each.prepared_by,
                each.prepared_at,
                each.approved_by or "",
            )
            for each in found
        ]


def batch_rows(site: Site, name: str) -> list[AwardRow]:
    """Return the awards of a batch.

    Raises:
        BatchError: there is no such batch, or the ledger's rows are not what was prepared.
    """
    with open_ledger(site.ledger_url) as session:
        batch = load_batch(session, name)
        rows = rows_of(batch)
        if rows is None and batch.state in {ISSUED, VOID} and not all(row.content for row in batch.rows):
            raise BatchError(
                f"rows of batch {batch.id} were erased",
                where=without_password(site.ledger_url),
                remedy="The credentials say what was awarded: `patunay register`.",
            )
        if rows is None:
            raise BatchError(
                f"the rows of batch {batch.id} were altered in the ledger",
                where=without_password(site.ledger_url),
                remedy=f"Prepare a new one: `patunay batch prepare {batch.course} --by NAME`. See who can write to the ledger.",
            )
        return list(rows)


def approve(site: Site, name: str, *, by: str, now: datetime) -> tuple[str, str]:
    """Approve a batch; return its id and who approved it: someone else, if it was approved before."""
    with open_ledger(site.ledger_url) as session:
        batch = load_batch(session, name)
        standing = read_standing(site, batch.course)
        approve_batch(batch, standing, session, by=by, two_person=needs_two_persons(site.settings.approval, standing.manifest), now=now)
        return batch.id, str(batch.approved_by)


def send_back(site: Site, name: str, *, by: str, note: str, now: datetime) -> str:
    """Return a batch to who prepared it, with a note on what has to be put right; return its id."""
    with open_ledger(site.ledger_url) as session:
        batch = load_batch(session, name)
        return_batch(batch, session, by=by, note=note, now=now)
        return batch.id


def issue(  # two kinds of progress
    site: Site,
    name: str,
    *,
    now: datetime,
    progress: Callable[[int, int], None],
    drawing: Callable[[int, int], None] = lambda _done, _all: None,
    pictures: bool = False,
) -> IssuedFiles:
    """Issue a batch and publish everything; each credential's JSON file is written as soon as the ledger holds it.

    Args:
        drawing: how far the pictures are.
        pictures: whether the batch's pictures and certificates are drawn, however large it is.
    """
    identity, files = load_identity(site), CredentialFiles(site.root / "credentials")
    with open_ledger(site.ledger_url) as session:
        batch = load_batch(session, name)
        if batch.state == ISSUED:
            issued = Issued(0, count_rows(batch, session))
        else:
            issued = issue_batch(
                batch, read_standing(site, batch.course), session, site, identity, now=now, progress=progress, committed=files.write
            )
        asked = batch.id if pictures else None
        publish_site(site, identity, session, now=now, progress=drawing, files=files, pictures_of=asked)
    return IssuedFiles(issued.new, issued.before, files.folder, issued.refused)
