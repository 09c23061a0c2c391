"""Opens databases by their SQLAlchemy address, and says in words why one refuses."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, OperationalError
from sqlalchemy.exc import SQLAlchemyError as DatabaseFailure

from courses.errors import StorageError

_BUSY_TIMEOUT_S = 15


def open_engine(url: str, **how: Any) -> Engine:
    """Return an engine for `url`; `how` goes to `sqlalchemy.create_engine`.

    What a statement was about is not repeated in its errors: it may be somebody's name. SQLite is set to write-ahead logging, foreign keys and a patient lock: 15 s, unless the address ends in `?timeout=SECONDS`.

    Raises:
        StorageError: this is no address, or the database's driver is not installed.
    """
    try:
        if not url.startswith("sqlite"):
            # asked whether it still lives: a server that was started anew is no error of whoever comes next
            return create_engine(url, **{"hide_parameters": True, "pool_pre_ping": True} | how)
        patience = {} if "timeout" in make_url(url).query else {"timeout": _BUSY_TIMEOUT_S}
        engine = create_engine(url, **{"connect_args": patience, "hide_parameters": True} | how)
    except (ArgumentError, ModuleNotFoundError) as unknown:
        raise StorageError(
            f"no database can be opened at this address: {unknown}",
            where=without_password(url),
            remedy="Give one such as sqlite:///ledger.db or postgresql+psycopg://user@host/name, and install its driver.",
        ) from unknown
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
    except IntegrityError as conflict:
        raise StorageError(
            "another process wrote the same rows at the same moment",
            where=without_password(where),
            remedy="Run the command again: what is written is complete, and nothing is written twice.",
        ) from conflict
    except DatabaseFailure as failure:
        problem, remedy = _diagnosis(str(getattr(failure, "orig", failure)))
        if problem is None and not isinstance(failure, OperationalError | DatabaseError):
            raise
        told = str(getattr(failure, "orig", None) or failure)
        raise StorageError(problem or f"the database refuses: {told}", where=without_password(where), remedy=remedy) from failure


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
    if "disk i/o error" in told:
        return (
            "the disk does not take what is written: it is full, or failing",
            "Look with `df -h`, free some space, and run the same command again: it goes on where it stopped.",
        )
    if "unable to open" in told or "readonly" in told or "read-only" in told:
        return "the database cannot be opened for writing", "Check that its folder exists and that you may write there."
    if "not a database" in told or "malformed" in told:
        return "the file is not a database, or is damaged", "Restore it from a backup."
    if "no such column" in told or "no such table" in told:
        return "the database is of another version", "Back it up, then run `nbgrader db upgrade` in the course directory."
    return None, "Check the address and that the server runs."


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    _set_write_ahead(cursor)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _set_write_ahead(cursor: Any) -> None:
    """Set write-ahead logging, as patiently as everything else waits: SQLite itself refuses at once where another has begun to write to a database that is new."""
    (patience_ms,) = cursor.execute("PRAGMA busy_timeout").fetchone()
    until = time.monotonic() + patience_ms / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as refusal:
            if "locked" not in str(refusal) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return
