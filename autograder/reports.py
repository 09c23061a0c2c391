"""The cohort report: a parametrised notebook that papermill executes and nbconvert prints to one HTML file that needs nothing else.

The numbers are computed in `report_templates/cohort.ipynb`, which faculty may copy and change; here it gets its data (a JSON file beside the output), and
what it printed becomes an accessible page: no script, no request to anywhere, a language, a title, a text for every picture.
"""

from __future__ import annotations

import html
import json
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from autograder.errors import ReportError
from autograder.gradebook import GradebookFrames
from autograder.gradebook_export import frame_as_json
from courses.storage import diagnosed_storage, write_atomically

_TEMPLATES = Path(__file__).resolve().parent / "report_templates"


@dataclass(frozen=True, slots=True)
class ReportSubject:
    """What the report says besides the gradebook's frames."""

    course: str
    title: str
    version: str
    institution: str
    assignments: tuple[tuple[str, str], ...]
    """Id and title, in the order of the course."""
    pass_mark: float
    """Share of the overall score."""
    overall: Mapping[str, float]
    """Each learner's overall share of what is decided."""
    statuses: Mapping[str, tuple[str, str]]
    """Each learner's standing (eligible, not yet, blocked) and why."""
    timezone: str


def make_report(subject: ReportSubject, frames: GradebookFrames, path: Path, *, now: datetime, template: str = "cohort") -> Path:
    """Write the report to `path` (HTML) and the executed notebook beside it (`.ipynb`); return `path`.

    Raises:
        ReportError: the template fails; the executed notebook is kept for looking into.
        StorageError: the disk is full or the folder is not writable.
    """
    with diagnosed_storage(path), tempfile.TemporaryDirectory(prefix="patunay-report-") as scratch:
        data = Path(scratch, "report.json")
        data.write_text(json.dumps(_data(subject, frames, now), ensure_ascii=False), encoding="utf-8")
        executed = Path(scratch, "executed.ipynb")
        _execute(_TEMPLATES / f"{template}.ipynb", executed, data, path)
        page = print_page(executed.read_text(encoding="utf-8"), title=f"{subject.title} {subject.version}: cohort report")
        write_atomically(path.with_suffix(".ipynb"), executed.read_text(encoding="utf-8"))
    write_atomically(path, page)
    return path


def _data(subject: ReportSubject, frames: GradebookFrames, now: datetime) -> dict[str, object]:
    made = now.astimezone(ZoneInfo(subject.timezone))
    return {
        "subject": {**asdict(subject), "made_at": f"{made:%d %B %Y, %H:%M} ({subject.timezone})"},
        "cells": frame_as_json(frames.cells),
        "assignments": frame_as_json(frames.assignments),
    }


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
