"""Opens databases by their SQLAlchemy address, and says in words why one refuses."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.exc import SQLAlchemyError as DatabaseFailure

from courses.errors import StorageError

_BUSY_TIMEOUT_S = 15


def open_engine(url: str) -> Engine:
    """Return an engine for `url`. SQLite is set to write-ahead logging, foreign keys and a patient lock."""
    if not url.startswith("sqlite"):
        return create_engine(url)
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


@contextlib.contextmanager
def diagnosed_database(where: str) -> Iterator[None]:
    """Turn a database's refusals into `StorageError`.

    Args:
        where: the address or file to name; a password in it is not shown.
    """
    try:
        yield
    except DatabaseFailure as failure:
        problem, remedy = _diagnosis(str(getattr(failure, "orig", failure)))
        if problem is None and not isinstance(failure, OperationalError | DatabaseError):
            raise
        raise StorageError(problem or f"the database refuses: {failure}", where=without_password(where), remedy=remedy) from failure


def without_password(url: str) -> str:
    """Return a database address with its password left out."""
    head, at, tail = url.rpartition("@")
    scheme, _, user = head.partition("://")
    return f"{scheme}://{user.partition(':')[0]}@{tail}" if at and "://" in head else url


def _diagnosis(message: str) -> tuple[str | None, str]:
    told = message.lower()
    if "locked" in told or "busy" in told:
        return (
            "the database is locked by another process",
            "Wait until that process is done (another `patunay` or `nbgrader`, a backup) and run the command again.",
        )
    if "disk is full" in told or "no space left" in told:
        return "the disk is full", "Free some space and run the same command again: it goes on where it stopped."
    if "unable to open" in told or "readonly" in told or "read-only" in told:
        return "the database cannot be opened for writing", "Check that its folder exists and that you may write there."
    if "not a database" in told or "malformed" in told:
        return "the file is not a database, or is damaged", "Restore it from a backup."
    if "no such column" in told or "no such table" in told:
        return "the database is of another version", "Back it up, then run `nbgrader db upgrade` in the course directory."
    return None, "Check the address and that the server runs."


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
