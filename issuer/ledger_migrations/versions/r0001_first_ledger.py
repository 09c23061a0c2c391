"""The ledger as it was before migrations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the six tables."""
    op.create_table(
        "batch",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("course", sa.String(120), nullable=False, index=True),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("release_hash", sa.String(64), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("prepared_by", sa.String(200), nullable=False),
        sa.Column("prepared_at", sa.String(40), nullable=False),
        sa.Column("approved_by", sa.String(200)),
        sa.Column("approved_at", sa.String(40)),
        sa.Column("issued_at", sa.String(40)),
    )
    op.create_table(
        "batch_row",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("batch_id", sa.String(36), sa.ForeignKey("batch.id"), nullable=False, index=True),
        sa.Column("learner", sa.String(240), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.UniqueConstraint("batch_id", "learner"),
    )
    op.create_table(
        "credential",
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("course", sa.String(120), nullable=False, index=True),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("learner", sa.String(240), nullable=False, index=True),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("batch_id", sa.String(36), sa.ForeignKey("batch.id"), nullable=False, index=True),
        sa.Column("status_list", sa.Integer(), nullable=False),
        sa.Column("status_index", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.String(40), nullable=False),
        sa.Column("revoked_at", sa.String(40)),
        sa.Column("revoked_by", sa.String(200)),
        sa.Column("revocation_reason", sa.Text()),
        sa.UniqueConstraint("course", "version", "learner", "reason", name="uq_award"),
        sa.UniqueConstraint("status_list", "status_index", name="uq_status"),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("learner", sa.String(240), nullable=False, index=True),
        sa.Column("course", sa.String(120), nullable=False),
        sa.Column("show_name", sa.Boolean(), nullable=False),
        sa.Column("given_at", sa.String(40), nullable=False),
        sa.Column("channel", sa.String(120), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(240), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
