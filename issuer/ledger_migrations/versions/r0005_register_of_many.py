"""The end of the term and the holder's name beside each document, so that the register of many credentials does not read every one of them."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_AT_ONCE = 500
_CREDENTIAL = sa.table(
    "credential", sa.column("id"), sa.column("document"), sa.column("valid_until"), sa.column("holder_name"), sa.column("erased_at")
)
_COLUMNS = [
    "issued_at", "id", "course", "version", "learner", "reason", "batch_id", "revoked_at", "suspended_at", "superseded_by", "public_reason",
    "valid_until", "erased_at", "holder_name",
]  # fmt: skip


def upgrade() -> None:
    """Add the name, fill it and the end of the term from the documents, and on SQLite make the index that the register is read from."""
    op.add_column("credential", sa.Column("holder_name", sa.Text()))
    connection, last = op.get_bind(), ""
    table = _CREDENTIAL
    query = sa.select(table.c.id, table.c.document, table.c.valid_until).order_by(table.c.id).limit(_AT_ONCE)
    while rows := connection.execute(query.where(table.c.id > last, table.c.document != "")).all():
        values = [{"wanted": row.id, "until": row.valid_until, **_told(row.document)} for row in rows]
        change = table.update().where(table.c.id == sa.bindparam("wanted"))
        connection.execute(
            change.values(holder_name=sa.bindparam("name"), valid_until=sa.func.coalesce(sa.bindparam("until"), sa.bindparam("told"))),
            values,
        )
        last = rows[-1].id
    if connection.dialect.name == "sqlite":
        op.create_index("ix_credential_register", "credential", _COLUMNS)


def _told(document: str) -> dict[str, str | None]:
    said = json.loads(document)
    return {"name": said.get("credentialSubject", {}).get("name") or None, "told": said.get("validUntil")}
