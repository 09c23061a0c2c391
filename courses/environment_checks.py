"""Whether the environment that grades a course has what its notebooks import."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from courses.catalogue import Course
from courses.findings import Finding, blocking
from courses.notebook_imports import imported_modules


def is_installed(module: str) -> bool:
    """Whether this Python finds the top-level `module`."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def check_environment(course: Course, *, installed: Callable[[str], bool] = is_installed) -> list[Finding]:
    """Return a finding for each library that a Python notebook imports and that is not installed here; modules beside the notebook are."""
    findings = []
    for assignment, notebooks in course.notebooks.items():
        local = {path.stem for path in (course.folder / assignment).glob("*.py")}
        wanted = {
            name.partition(".")[0]
            for notebook in notebooks
            if notebook.language == "python"
            for cell in notebook.cells
            if cell.type == "code"
            for name in imported_modules(cell.source)
        }
        findings += [
            blocking(
                "N10",
                f"the notebooks import {name}, which is not installed here",
                f"{course.id}/{assignment}",
                f"Install it where courses are graded (pip install {name}); for the sample courses: pip install 'patunay[courses]'.",
            )
            for name in sorted(wanted - local)
            if not installed(name)
        ]
    return findings
