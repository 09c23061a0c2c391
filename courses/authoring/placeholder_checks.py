"""N60: what a scaffold left for the author to fill in, and nobody did.

In course.toml a placeholder is any text with the word TODO in it, the year 1900 and 999 hours: none of them can be meant, and a credential would carry them.
In a notebook it is `TODO(author)`; a plain `TODO` there may well be said to the learner.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from courses.catalogue import Course
from courses.findings import Finding, Place, blocking
from courses.manifest_file import FILE_NAME
from courses.static_checks.places import cell_spot

TODO = re.compile(r"\bTODO\b")
TODO_IN_NOTEBOOK = "TODO(author)"
PLACEHOLDER_HOURS = 999.0
PLACEHOLDER_YEAR = 1900


def check_placeholders(course: Course) -> list[Finding]:
    """Return a blocking finding for every placeholder in the manifest and the notebooks of `course`."""
    return [*_manifest(course), *_notebooks(course)]


def _manifest(course: Course) -> Iterator[Finding]:
    lines = list(enumerate(_lines(course.folder / FILE_NAME), start=1))
    seen: Counter[str] = Counter()
    for field, value in placeholders_in(course.manifest.model_dump()):
        told = _said(value)
        found = [number for number, text in lines if told in text and not text.lstrip().startswith("#")]
        line = found[min(seen[told], len(found) - 1)] if found else None  # the same words may stand there several times
        seen[told] += 1
        where = f"{FILE_NAME}:{line}, {field}" if line else f"{FILE_NAME}, {field}"
        yield blocking("N60", f"a placeholder was not filled in: {told[:60]}", where, "Write what is meant.", Place(FILE_NAME, line, field))


def _lines(manifest: Path) -> list[str]:
    try:
        return manifest.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _said(value: object) -> str:
    """Return a placeholder as it stands in the file: the first line of a text, a day, a number."""
    if isinstance(value, str):
        return next((line.strip() for line in value.splitlines() if TODO.search(line)), value)
    return value.isoformat() if isinstance(value, date) else f"{value:g}"


def placeholders_in(value: Any, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield the path and the value of every placeholder in a manifest's values, in their order."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from placeholders_in(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            named = inner.get("id") if isinstance(inner, dict) else None
            yield from placeholders_in(inner, f"{path}.{named}" if named else f"{path}[{number + 1}]")
    elif _is_placeholder(value, path):
        yield path, value


def _is_placeholder(value: object, path: str) -> bool:
    if isinstance(value, str):
        return bool(TODO.search(value))
    if isinstance(value, date):
        return value.year == PLACEHOLDER_YEAR
    return path.startswith("notional_hours") and value == PLACEHOLDER_HOURS


def _notebooks(course: Course) -> Iterator[Finding]:
    for assignment, notebooks in course.notebooks.items():
        for notebook in notebooks:
            for cell in notebook.cells:
                if TODO_IN_NOTEBOOK in cell.source:
                    line = next(line.strip() for line in cell.source.splitlines() if TODO_IN_NOTEBOOK in line)
                    spot = cell_spot(assignment, notebook, cell)
                    yield spot.blocking("N60", f"a placeholder was not filled in: {line[:60]}", "Write what is meant.")
