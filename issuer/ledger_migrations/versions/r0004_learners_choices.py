"""What learners agree to, with the version of the text that they read, and the links to their records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "learner_consent",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("learner", sa.String(240), nullable=False, index=True),
        sa.Column("course", sa.String(120), nullable=False),
        sa.Column("credential_id", sa.String(60), nullable=False, index=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.String(20), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("given_at", sa.String(40), nullable=False),
    )
    op.create_table(
        "record_link",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("learner", sa.String(240), nullable=False, index=True),
        sa.Column("made_at", sa.String(40), nullable=False),
        sa.Column("expires_at", sa.String(40), nullable=False),
        sa.Column("ended_at", sa.String(40)),
    )
