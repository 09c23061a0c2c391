"""Brings the tables of our records to the version that this program knows, and has the database itself refuse what is never done.

A database says its version in the table `records_version`; one without that table is of version 1 (or new). A step leads from each version to the next, on
SQLite and PostgreSQL alike, in one transaction that other processes wait for: either all of a step is there afterwards, or nothing.

Refused by triggers, whoever asks: changing or deleting an attempt or a result (but for the mark that the gradebook shows it), changing how a run was
started, changing or deleting a finished run, and adding results to it; changing or deleting a decision of a regrade.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, Text, inspect, text

from courses.errors import StorageError

VERSION = 3
_LOCK = 0x70617475  # of PostgreSQL's advisory locks: ours

_RUN_COLUMNS = (
    "version INTEGER NOT NULL DEFAULT 1",
    "execution VARCHAR(20) NOT NULL DEFAULT ''",
    "scoring VARCHAR(20) NOT NULL DEFAULT 'nbgrader'",
    "layers TEXT NOT NULL DEFAULT '{}'",
    "limits TEXT NOT NULL DEFAULT '{}'",
    "submissions TEXT NOT NULL DEFAULT '[]'",
    "outcome VARCHAR(20) NOT NULL DEFAULT ''",
    "digest VARCHAR(64) NOT NULL DEFAULT ''",
)
_RESULT_COLUMNS = (
    "queued_at VARCHAR(40) NOT NULL DEFAULT ''",
    "started_at VARCHAR(40) NOT NULL DEFAULT ''",
    "finished_at VARCHAR(40) NOT NULL DEFAULT ''",
    "worker VARCHAR(240) NOT NULL DEFAULT ''",
    "sandbox VARCHAR(200) NOT NULL DEFAULT ''",
    "tries INTEGER NOT NULL DEFAULT 1",
)
_MAY_CHANGE = {"grading_run": {"finished_at", "outcome", "digest"}, "result": {"recorded"}, "attempt": set[str]()}

REGRADES = Table(
    "regrade",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("assignment", String(240), nullable=False),
    Column("source_digest", String(64), nullable=False),
    Column("policy", String(20), nullable=False),
    Column("item", String(240), nullable=False, default=""),
    Column("reason", Text, nullable=False),
    Column("decided_by", String(240), nullable=False),
    Column("decided_at", String(40), nullable=False),
    Column("run_id", String(36), nullable=False),
    Column("sources_before", Text, nullable=False, default="[]"),
    Column("counts", Text, nullable=False, default="{}"),
)
"""Decisions about regrades, since version 3; see `autograder.regrade_decisions`."""


def prepare_records(engine: Engine, metadata: MetaData) -> None:
    """Make the tables, or bring them to this program's version; nothing is done where all is as it should be.

    Raises:
        StorageError: a newer Patunay made the database.
    """
    with engine.connect() as connection:
        if _version(connection) == VERSION:
            return
    with _alone(engine) as connection:
        found = _version(connection)
        if found == VERSION:  # another process was first
            return
        if found == 0:
            metadata.create_all(connection)
            REGRADES.create(connection)
        elif found > VERSION:
            raise StorageError(
                f"a newer Patunay made these records (version {found}; this one knows {VERSION})",
                where=engine.url.render_as_string(hide_password=True),
                remedy="Install that version again; going back is not possible without losing what it recorded.",
            )
        for version in range(max(found, 1), VERSION):
            if found:
                _STEPS[version](connection)
        if found < 2:
            _guard(connection, metadata)
        _guard_regrades(connection)
        if found < 2:
            connection.execute(text("CREATE TABLE records_version (version INTEGER NOT NULL)"))
            connection.execute(text("INSERT INTO records_version VALUES (:version)"), {"version": VERSION})
        connection.execute(text("UPDATE records_version SET version = :version"), {"version": VERSION})


def _version(connection: Connection) -> int:
    """Return the version of the tables, 0 if there are none."""
    inspector = inspect(connection)
    if inspector.has_table("records_version"):
        return int(connection.execute(text("SELECT version FROM records_version")).scalar_one())
    return 1 if inspector.has_table("attempt") else 0


class _alone:  # noqa: N801 - a context manager
    """One transaction that other processes which do the same wait for."""

    def __init__(self, engine: Engine) -> None:
        self._is_sqlite = engine.dialect.name == "sqlite"
        # Python's sqlite3 begins no transaction before a change of tables: we begin it ourselves.
        self._connection = (engine.execution_options(isolation_level="AUTOCOMMIT") if self._is_sqlite else engine).connect()

    def __enter__(self) -> Connection:
        if self._is_sqlite:
            self._connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            self._connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        return self._connection

    def __exit__(self, kind: object, *_: object) -> None:
        if self._is_sqlite:
            self._connection.exec_driver_sql("COMMIT" if kind is None else "ROLLBACK")
        elif kind is None:
            self._connection.commit()
        self._connection.close()


def _second(connection: Connection) -> None:
    """From version 1: runs with all that was fixed at their start, results with their times. What was not written down then stays empty."""
    for table, columns in (("grading_run", _RUN_COLUMNS), ("result", _RESULT_COLUMNS)):
        for column in columns:
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column}"))
    connection.execute(text("UPDATE grading_run SET outcome = 'finished' WHERE finished_at IS NOT NULL"))


def _third(connection: Connection) -> None:
    """From version 2: decisions about regrades."""
    REGRADES.create(connection)


_STEPS: dict[int, Callable[[Connection], None]] = {1: _second, 2: _third}


def _guard(connection: Connection, metadata: MetaData) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    differs = "IS NOT" if is_sqlite else "IS DISTINCT FROM"
    for table, free in _MAY_CHANGE.items():
        fixed = [column.name for column in metadata.tables[table].columns if column.name not in free]
        changed = " OR ".join(f"OLD.{name} {differs} NEW.{name}" for name in fixed)
        _refuse(connection, f"{table}_stays", f"DELETE ON {table}", "TRUE", f"a {table} is never deleted")
        _refuse(connection, f"{table}_is_fixed", f"UPDATE ON {table}", changed, f"a {table} is never changed")
    _refuse(connection, "grading_run_is_final", "UPDATE ON grading_run", "OLD.finished_at IS NOT NULL", "a finished run is never changed")
    finished = "EXISTS (SELECT 1 FROM grading_run WHERE id = NEW.run_id AND finished_at IS NOT NULL)"
    _refuse(connection, "result_is_in_time", "INSERT ON result", finished, "a finished run takes no more results")


def _guard_regrades(connection: Connection) -> None:
    _refuse(connection, "regrade_stays", "DELETE ON regrade", "TRUE", "a decision is never deleted")
    _refuse(connection, "regrade_is_fixed", "UPDATE ON regrade", "TRUE", "a decision is never changed")


def _refuse(connection: Connection, name: str, event: str, condition: str, words: str) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"CREATE TRIGGER {name} BEFORE {event} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{words}'); END")
        return
    kept = "OLD" if event.startswith("DELETE") else "NEW"
    connection.exec_driver_sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{words}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {kept}; END $$"
    )
    connection.exec_driver_sql(f"CREATE TRIGGER {name} BEFORE {event} FOR EACH ROW EXECUTE FUNCTION {name}()")
