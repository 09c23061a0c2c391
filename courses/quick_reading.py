"""Reads one row with one query, for servers that do nothing else a thousand times a second: a session and its transaction cost many times what the database does.

Such connections are their own: each statement is a transaction (nothing is begun, nothing rolled back), so that a read is one way to the server and back.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from courses.databases import open_engine

Values = dict[str, Any]


def open_reading_engine(url: str) -> Engine:
    """Return an engine for `first_row` alone: what it writes would be written at once.

    Raises:
        StorageError: as `courses.databases.open_engine`.
    """
    # not asked beforehand whether the server still lives: `first_row` asks once more
    return open_engine(url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, pool_pre_ping=False)


def first_row(engine: Engine, query: Select[*tuple[Any, ...]], values: Values) -> tuple[Any, ...] | None:
    """Return the first row that a query finds, None if there is none; as the driver gives it: truth values may be 0 and 1.

    Args:
        query: with a `bindparam` for each of `values`, and no other value in it.

    Raises:
        DBAPIError: the database refuses. A connection that broke since it was used last is opened anew first.
    """
    text, places = _compiled(query, engine.dialect)
    given = values if places is None else tuple(values[each] for each in places)
    try:
        return _ask(engine, text, given)
    except DBAPIError as failure:
        if not failure.connection_invalidated:
            raise
    return _ask(engine, text, given)


def _ask(engine: Engine, text: str, given: Values | tuple[Any, ...]) -> tuple[Any, ...] | None:
    connection: PoolProxiedConnection | None = None
    try:
        connection = engine.raw_connection()
        cursor = connection.cursor()
        cursor.execute(text, given)
        row: tuple[Any, ...] | None = cursor.fetchone()
        cursor.close()
    except engine.dialect.loaded_dbapi.Error as failure:
        raise _told(engine, text, failure, connection) from failure
    finally:
        if connection is not None:
            connection.close()
    return row


def _told(engine: Engine, text: str, failure: Any, connection: PoolProxiedConnection | None) -> BaseException:
    """Return SQLAlchemy's own error for one of the driver's; connections to a server that is gone are closed."""
    dialect = engine.dialect
    is_lost = connection is not None and dialect.is_disconnect(failure, connection.driver_connection, None)
    if connection is not None and is_lost:
        connection.invalidate(failure)
        engine.dispose()  # the others are lost as well
    told: BaseException = DBAPIError.instance(
        text, None, failure, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=is_lost, dialect=dialect
    )
    return told


@lru_cache(maxsize=64)
def _compiled(query: Select[*tuple[Any, ...]], dialect: Dialect) -> tuple[str, tuple[str, ...] | None]:
    """Return a query as this driver takes it, and in which order the values; None: by name."""
    compiled = query.compile(dialect=dialect)
    places = getattr(compiled, "positiontup", None)
    return str(compiled), tuple(places) if places is not None else None
