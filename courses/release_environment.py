"""What a release is made with: Python, this program and the libraries that a course's own code imports, each with its version.

Only these, so that a release stays the same release when something is installed that no notebook of it uses.
"""

from __future__ import annotations

import functools
import platform
from collections.abc import Iterator
from importlib import metadata

from courses.catalogue import Course
from courses.content_hash import regular_files
from courses.notebook_imports import imported_modules

OURSELVES = "patunay"


def release_environment(course: Course) -> dict[str, str]:
    """Return the versions of Python, of patunay, and of the distributions that the course's notebooks and helper files import, by name."""
    owners = _owners()
    names = {name for module in _imports(course) for name in owners.get(module.partition(".")[0], ())}
    return {"python": platform.python_version(), **{name: _version(name) for name in sorted(names | {OURSELVES})}}


@functools.cache
def _owners() -> dict[str, list[str]]:
    """Return which distributions a module comes from; the standard library's come from none."""
    return {module: sorted({name.lower() for name in names}) for module, names in metadata.packages_distributions().items()}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _imports(course: Course) -> Iterator[str]:
    for assignment, notebooks in course.notebooks.items():
        for notebook in notebooks:
            for cell in notebook.cells:
                if cell.type == "code":
                    yield from imported_modules(cell.source)
        folder = course.folder / assignment
        for name in regular_files(folder) if folder.is_dir() else ():
            if name.endswith(".py"):
                yield from imported_modules((folder / name).read_text(encoding="utf-8", errors="replace"))
