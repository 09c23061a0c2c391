"""One file a step, in order; each is loaded by alembic."""
