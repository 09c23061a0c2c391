"""Many assignments, graded by `nbgrader autograde` and by us, cell by cell. Run `python -m tests.parity.report` for the table."""
