"""Pages that holders share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of shared pages."""
    op.create_table(
        "shared_page",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("credential_id", sa.String(60), index=True),
        sa.Column("show_grade", sa.Boolean(), nullable=False),
        sa.Column("show_evidence", sa.Boolean(), nullable=False),
        sa.Column("give_file", sa.Boolean(), nullable=False),
        sa.Column("shared_at", sa.String(40), nullable=False),
        sa.Column("ended_at", sa.String(40)),
    )
