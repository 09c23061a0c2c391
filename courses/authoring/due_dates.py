"""Reads the due dates in an nbgrader gradebook, without changing it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError


def due_dates(database_url: str) -> dict[str, datetime] | None:
    """Return the due date of each assignment that has one, aware; None if there is no gradebook that can be read."""
    try:
        address = make_url(database_url)
        if address.get_backend_name() == "sqlite":
            path = Path(address.database or "").absolute()
            if not path.is_file():
                return None
            address = address.set(database=f"file:{path}", query={"mode": "ro", "uri": "true"})
        engine = create_engine(address)
        try:
            with engine.connect() as connection:
                rows = connection.execute(text("SELECT name, duedate FROM assignment")).all()
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError, OSError):
        return None
    found = {str(name): _moment(due) for name, due in rows if due is not None}
    return {name: due for name, due in found.items() if due is not None}


def _moment(value: object) -> datetime | None:
    """nbgrader keeps moments of UTC without a zone."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
