"""Tables that people take along: CSV for every program (with a mark that tells Excel it is UTF-8), XLSX for spreadsheets; no text in them is a formula."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from portal.csv_tables import table_as_csv

MIME_TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]


def table_as(table: Table, form: str) -> bytes:
    """Return the table as a file, in a form of `MIME_TYPES`."""
    if form == "csv":
        return b"\xef\xbb\xbf" + table_as_csv(table.columns, table.rows).encode("utf-8")
    import pandas as pd

    from autograder.gradebook_export import export_frame

    frame = pd.DataFrame([list(row) for row in table.rows], columns=list(table.columns))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.xlsx"
        export_frame(frame, path, "xlsx")
        return path.read_bytes()
