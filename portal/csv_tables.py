"""Tables as CSV files: RFC 4180, UTF-8, and nothing in them that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.gradebook_export import without_formula
from courses.storage import write_atomically


def table_as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the table with a header line: CRLF, quotes where needed, None as nothing."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([without_formula(value) if isinstance(value, str) else "" if value is None else value for value in row])
    return stream.getvalue()


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write the table to `path`, whole or not at all.

    Raises:
        StorageError: it cannot be written there.
    """
    write_atomically(path, table_as_csv(columns, rows))
