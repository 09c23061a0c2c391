"""Whether the environment that grades a course has what its notebooks import."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from courses.catalogue import Course
from courses.findings import Finding
from courses.notebook import Notebook
from courses.notebook_imports import imported_modules
from courses.static_checks.places import Spot, cell_spot


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
        for name, spot in sorted(_wanted(assignment, notebooks).items()):
            if name not in local and not installed(name):
                findings.append(
                    spot.blocking(
                        "N10",
                        f"the notebooks import {name}, which is not installed here",
                        f"Install it where courses are graded (pip install {name}); for the sample courses: pip install 'patunay[courses]'.",
                    )
                )
    return findings


def _wanted(assignment: str, notebooks: tuple[Notebook, ...]) -> dict[str, Spot]:
    """Return the modules that the notebooks import, each with the first cell that does."""
    wanted: dict[str, Spot] = {}
    for notebook in notebooks:
        for cell in notebook.cells if notebook.language == "python" else ():
            for module in imported_modules(cell.source) if cell.type == "code" else ():
                wanted.setdefault(module.partition(".")[0], cell_spot(assignment, notebook, cell))
    return wanted
