"""Writes a frame as CSV (RFC 4180, UTF-8), XLSX, JSON lines or Parquet for people and programs that are not ours.

Spreadsheets run text that begins like a formula, and learners choose some of this text: such text gets an apostrophe in front (OWASP, "CSV
injection"). Times are ISO 8601 with their zone, missing values are empty, never 0.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd

from autograder.errors import ExportError
from courses.storage import diagnosed_storage, write_atomically

FORMATS = ("csv", "xlsx", "json", "parquet")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def export_frame(frame: pd.DataFrame, path: Path, form: str) -> None:
    """Write `frame` to `path` in one of `FORMATS`.

    Raises:
        ExportError: another format, or what it needs is not installed.
        StorageError: the disk is full or the folder is not writable.
    """
    if form == "csv":
        write_atomically(path, frame_as_csv(frame))
    elif form == "json":
        write_atomically(path, frame.to_json(orient="records", lines=True, date_format="iso", force_ascii=False))
    elif form == "xlsx":
        write_atomically(path, _xlsx(frame))
    elif form == "parquet":
        _parquet(frame, path)
    else:
        raise ExportError(f"there is no format {form!r}", remedy=f"Choose one of {', '.join(FORMATS)}.")


def frame_as_csv(frame: pd.DataFrame) -> str:
    """Return `frame` as RFC 4180 text: CRLF, quotes where needed, a header line."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(list(frame.columns))
    writer.writerows([_plain(value) for value in row] for row in frame.itertuples(index=False, name=None))
    return stream.getvalue()


def without_formula(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _plain(value: object) -> object:
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return without_formula(value) if isinstance(value, str) else value


def _xlsx(frame: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    shown = frame.copy()
    for column in shown.columns:
        if isinstance(shown[column].dtype, pd.DatetimeTZDtype):
            shown[column] = shown[column].dt.strftime("%Y-%m-%dT%H:%M:%SZ").fillna("")
        elif not pd.api.types.is_numeric_dtype(shown[column]):
            shown[column] = pd.Series([_plain(value) for value in shown[column]], index=shown.index, dtype=object)
    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}}
    with pd.ExcelWriter(stream, engine="xlsxwriter", engine_kwargs=options) as writer:
        shown.to_excel(writer, sheet_name="gradebook", index=False, freeze_panes=(1, 1))
        sheet = writer.sheets["gradebook"]
        for index, column in enumerate(shown.columns):
            longest = max([len(str(column)), *(len(str(value)) for value in shown[column].head(200))])
            sheet.set_column(index, index, min(48, longest + 2))
    return stream.getvalue()


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    with diagnosed_storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            frame.to_parquet(path, index=False)
        except ImportError as missing:
            raise ExportError(
                "Parquet needs the library pyarrow", where=str(path), remedy="Run `pip install pyarrow`, or use csv."
            ) from missing


def frame_as_json(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return `frame` as a list of plain rows for `--json`: missing values are None, times ISO 8601."""
    return list(json.loads(frame.to_json(orient="records", date_format="iso", force_ascii=False)))
