"""Copies a whole ledger into an empty one at another address: the way from SQLite to PostgreSQL, and back."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, Table, func, insert, select, text

from courses.databases import diagnosed_database, open_engine, without_password
from issuer.errors import LedgerError
from issuer.ledger import LedgerRow, open_ledger

_AT_ONCE = 500


def copy_ledger(source: str, target: str) -> dict[str, int]:
    """Copy every row of the ledger at `source` into the empty one at `target`, made if absent; return how many rows each table has.

    All of it is one transaction at the target: it is copied whole, or not at all.

    Raises:
        LedgerError: the target holds rows already, or is the source.
        StorageError: one of them cannot be opened.
    """
    if source == target:
        raise LedgerError("a ledger is not copied onto itself", where=without_password(target), remedy="Give another address.")
    with open_ledger(source), open_ledger(target):
        pass  # both are of the form that this version knows
    with diagnosed_database(without_password(target)):
        old, new = open_engine(source), open_engine(target)
        try:
            return _copy(old, new, without_password(target))
        finally:
            old.dispose()
            new.dispose()


def _copy(old: Engine, new: Engine, where: str) -> dict[str, int]:
    counts = {}
    with old.connect() as reading, new.begin() as writing:
        for table in LedgerRow.metadata.sorted_tables:
            if writing.scalar(select(func.count()).select_from(table)):
                raise LedgerError(
                    f"the ledger there holds rows already (table {table.name})", where=where, remedy="Copy into an empty database."
                )
            counts[table.name] = _copy_table(table, reading, writing)
        if new.dialect.name == "postgresql":
            for name in ("batch_row", "consent"):
                last = writing.scalar(text(f"SELECT MAX(id) FROM {name}")) or 0  # noqa: S608 -- one of two names of ours
                writing.execute(text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :next, false)"), {"name": name, "next": last + 1})
    return counts


def _copy_table(table: Table, reading: Connection, writing: Connection) -> int:
    count = 0
    for part in reading.execute(select(table).order_by(*table.primary_key.columns)).mappings().partitions(_AT_ONCE):
        writing.execute(insert(table), [dict(row) for row in part])
        count += len(part)
    return count
