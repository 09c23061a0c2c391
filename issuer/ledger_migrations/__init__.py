"""Brings a ledger's tables to the form that this version knows. A new ledger takes the same way as an old one, so that both end alike.

Rules:
1. A ledger of before the migrations (tables, but no version) is taken for `0001`.
2. A ledger that a newer version wrote is refused before anything is read or written.
3. All steps of one upgrade are one transaction, behind a lock: whoever opens the ledger at the same moment waits, then finds nothing left to do.
4. A step only adds. What an older version wrote stays readable.
"""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, inspect

from courses.databases import without_password
from issuer.errors import LedgerError

_BEFORE_MIGRATIONS = "0001"
_LOCK = 0x7061_7475_6E61_79
"""The advisory lock's number on PostgreSQL: "patunay" in ASCII."""

__all__ = ["latest_revision", "upgrade_ledger"]


def latest_revision() -> str:
    """Return the revision that an upgrade ends at."""
    return str(_scripts().get_current_head())


def upgrade_ledger(engine: Engine) -> None:
    """Bring the ledger to the latest form, from nothing if it is empty.

    Raises:
        LedgerError: a newer version of Patunay wrote it.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")  # the driver would begin too late for its own taste
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        _upgrade(connection)
        connection.commit()


def _upgrade(connection: Connection) -> None:
    scripts = _scripts()
    context = MigrationContext.configure(connection)
    current = context.get_current_revision()
    if current is None and inspect(connection).has_table("credential"):
        context.stamp(scripts, _BEFORE_MIGRATIONS)
    elif current is not None and not _knows(scripts, current):
        raise LedgerError(
            f"the ledger is of a form ({current}) that this version of Patunay does not know; the newest it knows is {latest_revision()}",
            where=without_password(str(connection.engine.url)),
            remedy="A newer version wrote it: install that one here too. Nothing was changed.",
        )

    def steps(revision: str, _context: MigrationContext) -> list[object]:
        return list(scripts._upgrade_revs("head", revision))

    environment = EnvironmentContext(Config(), scripts)
    environment.configure(connection=connection, fn=steps)
    environment.run_migrations()


def _knows(scripts: ScriptDirectory, revision: str) -> bool:
    try:
        found: Script | None = scripts.get_revision(revision)
    except (CommandError, ResolutionError):
        return False
    return found is not None and found.revision == revision


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent))
