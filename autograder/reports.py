"""Reports: tables become a page that needs nothing else, by a notebook that papermill executes and nbconvert prints; the numbers lie beside it.

A notebook of `report_templates/` gets its tables as JSON and shows them; faculty may copy and change it. What it printed becomes an accessible page: no script, no
request to anywhere, a language, a title, a text for every picture, a table for every chart. Beside `NAME.html` stand `NAME.ipynb`, the executed notebook,
and `NAME.json`, the tables; on request each table as Parquet in the folder `NAME-tables`.
"""

from __future__ import annotations

import html
import json
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from autograder.errors import ReportError
from autograder.gradebook_export import export_frame, frame_as_json
from courses.scratch import ScratchFolder
from courses.storage import diagnosed_storage, write_atomically

_TEMPLATES = Path(__file__).resolve().parent / "report_templates"


@dataclass(frozen=True, slots=True)
class ReportContent:
    """What a report's notebook gets."""

    title: str
    """Of the page."""
    subject: Mapping[str, object]
    """Plain values that are in no table: the course's title, its pass mark …"""
    tables: Mapping[str, pd.DataFrame]
    timezone: str


def make_report(content: ReportContent, path: Path, *, now: datetime, template: str = "cohort", parquet: bool = False) -> Path:
    """Write the report to `path` (HTML), the executed notebook and the tables (JSON) beside it; return `path`.

    Args:
        parquet: whether to write the tables as Parquet too, in the folder `<name>-tables` beside it.

    Raises:
        ReportError: the template fails; the executed notebook is kept for looking into.
        ExportError: Parquet is asked for, and pyarrow is not installed.
        StorageError: the disk is full or the folder is not writable.
    """
    made = now.astimezone(ZoneInfo(content.timezone))
    subject = {**content.subject, "made_at": f"{made:%d %B %Y, %H:%M} ({content.timezone})"}
    tables = {name: frame_as_json(table) for name, table in content.tables.items()}
    told = json.dumps({"subject": subject, "tables": tables}, ensure_ascii=False)
    with diagnosed_storage(path), ScratchFolder("report") as scratch:
        data, executed = Path(scratch, "report.json"), Path(scratch, "executed.ipynb")
        data.write_text(told, encoding="utf-8")
        _execute(_TEMPLATES / f"{template}.ipynb", executed, data, path)
        page = print_page(executed.read_text(encoding="utf-8"), title=content.title)
        write_atomically(path.with_suffix(".ipynb"), executed.read_text(encoding="utf-8"))
    write_atomically(path.with_suffix(".json"), told)
    if parquet:
        _write_parquet(content.tables, path.with_name(f"{path.stem}-tables"))
    write_atomically(path, page)
    return path


def _write_parquet(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    with diagnosed_storage(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for name, table in tables.items():
        export_frame(table, folder / f"{name}.parquet", "parquet")


def _execute(template: Path, executed: Path, data: Path, path: Path) -> None:
    import papermill

    with warnings.catch_warnings(action="ignore"):  # papermill's and its kernel's talk of coming versions
        try:
            papermill.execute_notebook(
                str(template),
                str(executed),
                parameters={"data_file": str(data)},
                kernel_name="python3",
                progress_bar=False,
                log_output=False,
                extra_arguments=["--IPKernelApp.log_level=40"],
            )
        except papermill.PapermillExecutionError as failure:
            kept = path.with_suffix(".failed.ipynb")
            write_atomically(kept, executed.read_text(encoding="utf-8"))
            raise ReportError(
                f"the report's notebook fails: {failure.ename}: {failure.evalue}", where=str(kept), remedy="Look into that notebook."
            ) from failure


def print_page(executed: str, *, title: str) -> str:
    """Return the outputs of an executed notebook as one HTML page."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="basic", exclude_input=True, exclude_input_prompt=True, exclude_output_prompt=True)
    exporter.anchor_link_text = ""
    import nbformat

    node: Any = nbformat.reads(executed, as_version=4)
    node.cells = [
        cell
        for cell in node.cells
        if "parameters" not in cell.metadata.get("tags", []) and "injected-parameters" not in cell.metadata.get("tags", [])
    ]
    body, _ = exporter.from_notebook_node(node)
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
