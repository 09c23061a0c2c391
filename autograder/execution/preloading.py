"""Which modules a course's notebooks import: what the zygote loads before it forks, so that no submission pays for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autograder.jobs import AssignmentSource
from courses.notebook_imports import imported_modules


def imports_of(sources: Iterable[AssignmentSource]) -> tuple[str, ...]:
    """Return the modules that the sources' code cells import, in order; modules that lie beside a notebook are the learner's and are left out."""
    found: dict[str, None] = {}
    for source in sources:
        local = {path.stem for path in Path(source.folder).glob("*.py")}
        for notebook in source.notebooks:
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    found |= dict.fromkeys(name for name in imported_modules(cell.source) if name.partition(".")[0] not in local)
    return tuple(found)
