"""Reads `equivalent_mutants.toml`: surviving mutants that an author has looked at and accepts, each with the reason.

The file lies in the course's folder, beside `course.toml` and in no assignment: what lies in an assignment is released to learners.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from courses.errors import MutantsFileError
from courses.typed_toml import TypedTable, load_typed

FILE_NAME = "equivalent_mutants.toml"


class AcceptedMutant(TypedTable):
    """A mutant that may survive."""

    assignment: Annotated[str, Field(min_length=1)]
    notebook: Annotated[str, Field(min_length=1)]
    cell: Annotated[str, Field(min_length=1)]
    mutant: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    """Its id, as `patunay mutants` prints it."""
    reason: Annotated[str, Field(min_length=10)]
    """Why no test can or should notice it."""


class _AcceptedFile(TypedTable):
    mutants: tuple[AcceptedMutant, ...] = ()


def load_accepted(course_folder: Path) -> tuple[AcceptedMutant, ...]:
    """Return the accepted mutants of a course; none if there is no such file.

    Raises:
        MutantsFileError: the file does not fit.
    """
    path = course_folder / FILE_NAME
    return load_typed(path, _AcceptedFile, MutantsFileError).mutants if path.is_file() else ()
