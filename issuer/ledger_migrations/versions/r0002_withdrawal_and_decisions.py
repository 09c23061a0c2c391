"""Withdrawal with a code and a public reason, suspension, replacement, erasure, and what waits for a person's decision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add nullable columns to `credential`, and the table `decision`."""
    for column in (
        sa.Column("withdrawal_code", sa.String(40)),
        sa.Column("public_reason", sa.Text()),
        sa.Column("suspended_at", sa.String(40)),
        sa.Column("suspended_by", sa.String(200)),
        sa.Column("suspension_note", sa.Text()),
        sa.Column("superseded_by", sa.String(60)),
        sa.Column("valid_until", sa.String(40)),
        sa.Column("document_sha256", sa.String(64)),
        sa.Column("erased_at", sa.String(40)),
    ):
        op.add_column("credential", column)
    op.create_table(
        "decision",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("course", sa.String(120), nullable=False, index=True),
        sa.Column("learner", sa.String(240), nullable=False, index=True),
        sa.Column("credential_id", sa.String(60), nullable=False, index=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.String(200), nullable=False),
        sa.Column("opened_at", sa.String(40), nullable=False),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("decided_by", sa.String(200)),
        sa.Column("decided_at", sa.String(40)),
        sa.Column("note", sa.Text()),
    )
