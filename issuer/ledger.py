"""The ledger: what was prepared, approved, issued and withdrawn. The files that are published are made from it and can be made again.

A learner has one award of a course version for a reason; the database itself refuses a second (`uq_award`). A status list entry belongs to one credential.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, ForeignKey, Index, Select, String, Text, UniqueConstraint, inspect, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from courses.databases import diagnosed_database, open_engine, without_password
from courses.kept_databases import open_database
from courses.quick_reading import first_row, open_reading_engine

REVISION = "0005"
"""The form of the tables below; `issuer.ledger_migrations` brings older ledgers to it."""
PASSED = "passed the course"
"""The reason of an ordinary award."""
REGISTER_INDEX = "ix_credential_register"
REGISTER_COLUMNS = (
    "issued_at", "id", "course", "version", "learner", "reason", "batch_id", "revoked_at", "suspended_at", "superseded_by", "public_reason",
    "valid_until", "erased_at", "holder_name",
)  # fmt: skip
"""What the register shows. On SQLite an index holds all of it: a row's later columns lie behind its document, which would be read through to get there."""


class LedgerRow(DeclarativeBase):
    """A row of the ledger."""


class Batch(LedgerRow):
    """Awards that are prepared, approved and issued together."""

    __tablename__ = "batch"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    course: Mapped[str] = mapped_column(String(120), index=True)
    version: Mapped[str] = mapped_column(String(40))
    release_hash: Mapped[str] = mapped_column(String(64))
    content_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 over the rows: what the approver approves, computed again before signing."""
    state: Mapped[str] = mapped_column(String(12))
    """prepared, approved, issuing, issued or void."""
    prepared_by: Mapped[str] = mapped_column(String(200))
    prepared_at: Mapped[str] = mapped_column(String(40))
    approved_by: Mapped[str | None] = mapped_column(String(200))
    approved_at: Mapped[str | None] = mapped_column(String(40))
    issued_at: Mapped[str | None] = mapped_column(String(40))
    rows: Mapped[list[BatchRow]] = relationship(back_populates="batch", order_by="BatchRow.id")


class BatchRow(LedgerRow):
    """One award of a batch."""

    __tablename__ = "batch_row"
    __table_args__ = (UniqueConstraint("batch_id", "learner"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id"), index=True)
    learner: Mapped[str] = mapped_column(String(240))
    content: Mapped[str] = mapped_column(Text)
    """JSON: `issuer.batches.AwardRow`."""
    error: Mapped[str] = mapped_column(Text, default="")
    """Why it could not be issued; empty otherwise."""
    batch: Mapped[Batch] = relationship(back_populates="rows")


class Credential(LedgerRow):
    """A credential that was signed."""

    __tablename__ = "credential"
    __table_args__ = (
        UniqueConstraint("course", "version", "learner", "reason", name="uq_award"),
        UniqueConstraint("status_list", "status_index", name="uq_status"),
        Index(REGISTER_INDEX, *REGISTER_COLUMNS).ddl_if(dialect="sqlite"),
    )

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    """`urn:uuid:…`"""
    course: Mapped[str] = mapped_column(String(120), index=True)
    version: Mapped[str] = mapped_column(String(40))
    learner: Mapped[str] = mapped_column(String(240), index=True)
    reason: Mapped[str] = mapped_column(String(60), default=PASSED)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id"), index=True)
    status_list: Mapped[int] = mapped_column()
    status_index: Mapped[int] = mapped_column()
    document: Mapped[str] = mapped_column(Text)
    """The signed JSON, character by character as it is published."""
    issued_at: Mapped[str] = mapped_column(String(40))
    revoked_at: Mapped[str | None] = mapped_column(String(40))
    revoked_by: Mapped[str | None] = mapped_column(String(200))
    revocation_reason: Mapped[str | None] = mapped_column(Text)
    """For the institution; never published."""
    withdrawal_code: Mapped[str | None] = mapped_column(String(40))
    """A code of `issuer.withdrawal.REASONS`, of the revocation or the suspension."""
    public_reason: Mapped[str | None] = mapped_column(Text)
    """What whoever verifies it is told of why it was withdrawn."""
    suspended_at: Mapped[str | None] = mapped_column(String(40))
    """None where it is not suspended now."""
    suspended_by: Mapped[str | None] = mapped_column(String(200))
    suspension_note: Mapped[str | None] = mapped_column(Text)
    """For the institution; never published."""
    superseded_by: Mapped[str | None] = mapped_column(String(60))
    """The id of the credential that took its place."""
    valid_until: Mapped[str | None] = mapped_column(String(40))
    """When its term ends, as ISO 8601; None: never. As the document says it, for who looks at many."""
    holder_name: Mapped[str | None] = mapped_column(Text)
    """As it stands in the document, for who searches; None where no name is shown, and after erasure."""
    document_sha256: Mapped[str | None] = mapped_column(String(64))
    """Of an erased credential: SHA-256 of the file that its holder may still have."""
    erased_at: Mapped[str | None] = mapped_column(String(40))
    """When its document was erased at the holder's wish; `document` is empty then."""

    @property
    def is_withdrawn(self) -> bool:
        """Whether its bit in the status list is set: it is revoked, or suspended now."""
        return self.revoked_at is not None or self.suspended_at is not None


class Consent(LedgerRow):
    """What a learner agreed to show in a course's credential. The newest row counts; none means no."""

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str] = mapped_column(String(240), index=True)
    course: Mapped[str] = mapped_column(String(120))
    show_name: Mapped[bool] = mapped_column()
    given_at: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(120))


class SharedPage(LedgerRow):
    """A page that shows a credential to whoever has its address, because its holder wants it. One at a time for a credential."""

    __tablename__ = "shared_page"

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    """What makes the address unguessable."""
    credential_id: Mapped[str | None] = mapped_column(String(60), index=True)
    """None: the holder took the page down; the token stays only so that the page can say so."""
    show_grade: Mapped[bool] = mapped_column()
    show_evidence: Mapped[bool] = mapped_column()
    give_file: Mapped[bool] = mapped_column()
    """Whether who sees the page may take the signed file, which says all that the credential says."""
    shared_at: Mapped[str] = mapped_column(String(40))
    ended_at: Mapped[str | None] = mapped_column(String(40))


class LearnerConsent(LedgerRow):
    """One thing that a learner agreed to, or not, or no more, and which text they read. The newest row of a kind counts; none means no."""

    __tablename__ = "learner_consent"

    id: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str] = mapped_column(String(240), index=True)
    course: Mapped[str] = mapped_column(String(120))
    credential_id: Mapped[str] = mapped_column(String(60), index=True)
    """Empty where it is about a credential that is not issued yet."""
    kind: Mapped[str] = mapped_column(String(20))
    """One of `portal.claiming.KINDS`."""
    given: Mapped[bool] = mapped_column()
    text_version: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(8))
    given_at: Mapped[str] = mapped_column(String(40))


class RecordLink(LedgerRow):
    """A link by which others see a learner's record until it expires, because the learner made it."""

    __tablename__ = "record_link"

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    learner: Mapped[str] = mapped_column(String(240), index=True)
    made_at: Mapped[str] = mapped_column(String(40))
    expires_at: Mapped[str] = mapped_column(String(40))
    ended_at: Mapped[str | None] = mapped_column(String(40))
    """When the learner took it back."""


class Decision(LedgerRow):
    """Something that a person has to decide; nothing happens before."""

    __tablename__ = "decision"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    """One of `issuer.decisions.KINDS`."""
    course: Mapped[str] = mapped_column(String(120), index=True)
    learner: Mapped[str] = mapped_column(String(240), index=True)
    credential_id: Mapped[str] = mapped_column(String(60), index=True)
    """Empty where it is about several."""
    content: Mapped[str] = mapped_column(Text)
    """JSON: what is asked for."""
    opened_by: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(12), index=True)
    """open, granted or refused."""
    decided_by: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(Text)


class AuditEntry(LedgerRow):
    """A line of the audit log; see `issuer.audit`."""

    __tablename__ = "audit"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(240))
    details: Mapped[str] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


@contextlib.contextmanager
def open_ledger(url: str) -> Iterator[Session]:
    """Yield a session on the ledger at the database address `url`, made if absent, upgraded if an older version made it.

    What is not committed is rolled back.

    Raises:
        StorageError: locked, full or unreadable.
        LedgerError: a newer version of Patunay wrote it.
    """
    with (
        diagnosed_database(without_password(url)),
        open_database(url, kind="ledger", prepare=_prepare) as engine,
        Session(engine, expire_on_commit=False) as session,
    ):
        yield session


def read_ledger_row(url: str, query: Select[*tuple[Any, ...]], **values: Any) -> tuple[Any, ...] | None:
    """Return the first row that `query` finds in the ledger at `url`, None if there is none (see `courses.quick_reading.first_row`).

    Raises:
        StorageError, LedgerError: as `open_ledger`.
    """
    with (
        diagnosed_database(without_password(url)),
        open_database(url, kind="ledger, one row", prepare=_prepare_beside, make=open_reading_engine) as engine,
    ):
        return first_row(engine, query, values)


def _prepare(engine: Engine) -> None:
    if _revision_of(engine) != REVISION:
        from issuer.ledger_migrations import upgrade_ledger

        upgrade_ledger(engine)


def _prepare_beside(engine: Engine) -> None:
    """Prepare the database of an engine that only reads."""
    if _revision_of(engine) != REVISION:
        writing = open_engine(engine.url.render_as_string(hide_password=False))
        try:
            _prepare(writing)
        finally:
            writing.dispose()


def _revision_of(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return None if found is None else str(found)


def find_credential(session: Session, name: str) -> Credential | None:
    """Return the credential whose id is `name`, with or without `urn:uuid:`; None if there is none."""
    wanted = name if name.startswith("urn:uuid:") else f"urn:uuid:{name}"
    return session.get(Credential, wanted)


def credentials_of(session: Session, course: str | None = None) -> list[Credential]:
    """Return the credentials of a course (of all, if None), by time of issue; those of one moment by course and learner."""
    query = select(Credential).order_by(Credential.issued_at, Credential.course, Credential.learner, Credential.id)
    return list(session.scalars(query if course is None else query.where(Credential.course == course)))


def who_show_their_names(session: Session, course: str) -> frozenset[str]:
    """Return the learners who agreed that their name stands in the credential of `course`: the newest consent of each counts."""
    query = select(Consent.learner, Consent.show_name).where(Consent.course == course).order_by(Consent.id)
    newest = {row.learner: row.show_name for row in session.execute(query)}
    return frozenset(learner for learner, agreed in newest.items() if agreed)


def shows_name(session: Session, learner: str, course: str) -> bool:
    """Whether the learner agreed that their name stands in the credential of `course`."""
    query = select(Consent).where(Consent.learner == learner, Consent.course == course).order_by(Consent.id.desc()).limit(1)
    consent = session.scalars(query).first()
    return consent is not None and consent.show_name
