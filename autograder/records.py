"""Our own record of grading, beside nbgrader's gradebook: every attempt, every grading run, every result. Nothing is ever overwritten.

nbgrader keeps one submission a learner, no hash, no state of the grading job; a submission that failed to grade looks there like a score. Here a
result says which attempt (by content hash), which source, which engine, and whether it came to its end. Kept in `grading.db` in the course directory, or
where `c.GradingRecords.url` in the course's nbgrader configuration says: a SQLAlchemy database address, of a database (or schema) for this course alone.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Engine, ForeignKey, String, Text, UniqueConstraint, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

from autograder.records_schema import VERSION, prepare_records
from courses.attempts import LAST, AttemptRule
from courses.databases import diagnosed_database
from courses.kept_databases import open_database
from courses.nbgrader_course import NbgraderCourse
from courses.storage import held_alone

FILE_NAME = "grading.db"
FOUND = "submitted@"
"""How the origin of an attempt begins that was found in the `submitted` step."""
LOCK_NAME = ".grading.lock"

_OneResult = TypeVar("_OneResult", bound="ReadResult", covariant=True)
_OneAttempt = TypeVar("_OneAttempt", bound="ReadAttempt[ReadResult]")


class Record(DeclarativeBase):
    """A row of grading.db."""


class Attempt(Record):
    """One submission as it was handed in. Its folder is never changed."""

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("assignment", "learner", "origin"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment: Mapped[str] = mapped_column(String(240), index=True)
    learner: Mapped[str] = mapped_column(String(240), index=True)
    origin: Mapped[str] = mapped_column(String(600))
    """The name of its folder in the exchange; `submitted@<time>` if it was found in the course directory."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 over its files without timestamp.txt and submission_secret.txt."""
    submitted_at: Mapped[str] = mapped_column(String(40))
    """ISO 8601, UTC; from timestamp.txt, or when it was found."""
    collected_at: Mapped[str] = mapped_column(String(40))
    folder: Mapped[str] = mapped_column(Text)
    """Relative to the course directory."""
    refusal: Mapped[str] = mapped_column(Text, default="")
    """Why it could not be taken; empty if it was."""
    results: Mapped[list[Result]] = relationship(back_populates="attempt", order_by="Result.id")

    @property
    def has_no_time(self) -> bool:
        """Whether the submission did not say when it was handed in: `submitted_at` is then when it was found."""
        return self.origin.startswith(f"{FOUND}unknown-")


class GradingRun(Record):
    """One call of grading: what was graded with what. All but its end is written when it starts; finished, it is never changed."""

    __tablename__ = "grading_run"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    assignment: Mapped[str] = mapped_column(String(240))
    source_digest: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=VERSION)
    """Of the form of this record: 1 before there was a `digest`."""
    engine: Mapped[str] = mapped_column(String(20))
    """The assurance that was asked for, `sealed` or `compat`; in records of version 1, what was reached."""
    execution: Mapped[str] = mapped_column(String(20), default="")
    """How kernels were started: `fork` or `kernel`; `course-steps` if the course's own grading steps did it."""
    scoring: Mapped[str] = mapped_column(String(20), default="strict")
    """See `autograder.scoring`."""
    sandbox: Mapped[str] = mapped_column(String(200))
    layers: Mapped[str] = mapped_column(Text, default="{}")
    """JSON: each layer of the sandbox, and what became of it."""
    limits: Mapped[str] = mapped_column(Text, default="{}")
    """JSON: `autograder.jobs.Limits`."""
    environment: Mapped[str] = mapped_column(Text)
    """JSON: Python, the versions of the libraries, a hash over all that is installed, and, sealed, that of the sealing plan."""
    submissions: Mapped[str] = mapped_column(Text, default="[]")
    """JSON: the hashes of the attempts that were to be graded, sorted."""
    started_at: Mapped[str] = mapped_column(String(40))
    finished_at: Mapped[str | None] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(20), default="")
    """`finished`; `interrupted` if the process ended before; empty while it runs."""
    digest: Mapped[str] = mapped_column(String(64), default="")
    """SHA-256 of the run with its results, see `autograder.evidence.hash_run`; empty until it ended, and in records of version 1."""
    results: Mapped[list[Result]] = relationship(back_populates="run")


class Result(Record):
    """What became of one attempt in one run."""

    __tablename__ = "result"
    __table_args__ = (UniqueConstraint("attempt_id", "run_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("grading_run.id"), index=True)
    status: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text, default="")
    cells: Mapped[str] = mapped_column(Text, default="[]")
    """JSON: `autograder.jobs.GradedCell` each."""
    answers: Mapped[str] = mapped_column(Text, default="[]")
    warnings: Mapped[str] = mapped_column(Text, default="[]")
    notebooks: Mapped[str] = mapped_column(Text, default="{}")
    """JSON: name to SHA-256 of the graded notebook's file."""
    queued_at: Mapped[str] = mapped_column(String(40), default="")
    started_at: Mapped[str] = mapped_column(String(40), default="")
    finished_at: Mapped[str] = mapped_column(String(40), default="")
    graded_at: Mapped[str] = mapped_column(String(40))
    """When it was written down."""
    worker: Mapped[str] = mapped_column(String(240), default="")
    sandbox: Mapped[str] = mapped_column(String(200), default="")
    """What kept learners' code in at the worker."""
    tries: Mapped[int] = mapped_column(default=1)
    duration_s: Mapped[float] = mapped_column(default=0.0)
    recorded: Mapped[bool] = mapped_column(default=False)
    """Whether the gradebook shows it."""
    attempt: Mapped[Attempt] = relationship(back_populates="results")
    run: Mapped[GradingRun] = relationship(back_populates="results")

    @property
    def assurance(self) -> str:
        """`sealed` if every test's verdict was made out of reach of the learner's code, else `compat`."""
        return assurance_of(self.cells)

    def cell_list(self) -> list[dict[str, Any]]:
        """Return the graded cells as plain values."""
        return list(json.loads(self.cells))


@lru_cache(maxsize=1024)
def assurance_of(cells: str) -> str:
    """Return `Result.assurance` of a result with these cells; the texts of many learners' are alike."""
    tests = [cell for cell in json.loads(cells) if cell["kind"] == "test"]
    return "sealed" if tests and all(cell.get("is_sealed", False) for cell in tests) else "compat"


def records_url(place: NbgraderCourse | Path) -> str:
    """Return the database address of a course's records; a path stands for a course directory that says nothing about it."""
    if isinstance(place, Path):
        return f"sqlite:///{place / FILE_NAME}"
    return str(place.option("GradingRecords", "url") or records_url(place.root))


@contextlib.contextmanager
def open_records(place: NbgraderCourse | Path) -> Iterator[Session]:
    """Yield a session on the course's records, made if absent. What is not committed is rolled back.

    Raises:
        StorageError: locked, full, unreadable, or made by a newer version.
    """
    url = records_url(place)
    with (
        diagnosed_database(url.removeprefix("sqlite:///")),
        open_database(url, kind="records", prepare=_prepare) as engine,
        Session(engine, expire_on_commit=False) as session,
    ):
        yield session


def _prepare(engine: Engine) -> None:
    prepare_records(engine, Record.metadata)


def working_alone(course_root: Path) -> contextlib.AbstractContextManager[None]:
    """Keep other processes from grading or collecting in the course meanwhile.

    Raises:
        StorageError: another process does.
    """
    return held_alone(course_root / LOCK_NAME, "another process is grading or collecting in this course")


def utc_text(moment: datetime) -> str:
    """Return `moment` as the records write it: ISO 8601, UTC, whole microseconds only where there are some."""
    return moment.astimezone(UTC).isoformat()


def attempts_of(session: Session, assignment: str, learners: Collection[str] | None = None) -> dict[str, list[Attempt]]:
    """Return each learner's attempts at `assignment`, oldest first.

    Args:
        learners: whose, at most some thousand; None: everybody's.
    """
    wanted = select(Attempt).where(Attempt.assignment == assignment)
    rows = session.scalars(
        (wanted if learners is None else wanted.where(Attempt.learner.in_(learners)))
        .order_by(Attempt.learner, Attempt.submitted_at, Attempt.id)
        .options(selectinload(Attempt.results).selectinload(Result.run))
        .execution_options(populate_existing=True)
    )
    grouped: dict[str, list[Attempt]] = {}
    for attempt in rows:
        grouped.setdefault(attempt.learner, []).append(attempt)
    return grouped


class ReadResult(Protocol):
    """What the rules of this file ask of a result; a `Result` or a row that was read of one."""

    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def recorded(self) -> bool: ...  # noqa: D102


class ReadAttempt(Protocol[_OneResult]):
    """What the rules of this file ask of an attempt."""

    @property
    def learner(self) -> str: ...  # noqa: D102
    @property
    def refusal(self) -> str: ...  # noqa: D102
    @property
    def results(self) -> Sequence[_OneResult]: ...  # noqa: D102


def credited_attempt(attempts: Iterable[_OneAttempt], rule: AttemptRule = LAST) -> _OneAttempt | None:
    """Return the attempt that counts of one learner's, of those that could be taken; None if there is none.

    Of the best one it is what was found when the gradebook was written (`autograder.crediting`): the attempt that the gradebook shows; before that, the last one.
    """
    counted = counted_attempts(attempts, rule)
    shown = [each for each in counted if any(result.recorded for result in each.results)] if rule.credited == "best" else []
    return shown[-1] if shown else counted[-1] if counted else None


def counted_attempts(attempts: Iterable[_OneAttempt], rule: AttemptRule) -> list[_OneAttempt]:
    """Return the attempts of one learner that may count, oldest first."""
    taken = [each for each in attempts if not each.refusal]
    return taken[: rule.allowed_for(taken[0].learner)] if taken else []


def newest_result(attempt: ReadAttempt[_OneResult]) -> _OneResult | None:
    """Return what the last run made of the attempt, None if it was never graded."""
    return attempt.results[-1] if attempt.results else None


def standing_result(attempt: ReadAttempt[_OneResult]) -> _OneResult | None:
    """Return the last result that carries scores, of those that came to their end if there are any: a failed regrade never takes a graded result away."""
    graded = [result for result in reversed(attempt.results) if result.status == "graded"]
    return next((result for result in graded if not result.reason), graded[0] if graded else None)
