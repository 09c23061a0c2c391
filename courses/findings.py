"""What a check found: a code that stays the same for ever, a sentence, a place and a remedy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Severity(Enum):
    """Whether a finding stops a release."""

    BLOCKING = "blocking"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding bites, for a program or a page that leads there. What does not apply is None."""

    file: str | None = None
    """The file's path within the course's folder, with forward slashes: `course.toml`, `ps1/problem1.ipynb`."""
    line: int | None = None
    """The line of course.toml, counted from 1."""
    field: str | None = None
    """The field of course.toml: `outcomes.LO1`, `assessments[ps1].items`."""
    assignment: str | None = None
    notebook: str | None = None
    """The notebook's name without `.ipynb`."""
    cell: str | None = None
    """The cell's nbgrader id."""
    cell_index: int | None = None
    """The cell's place in the notebook, counted from 0."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful."""

    code: str
    severity: Severity
    problem: str
    where: str
    remedy: str
    place: Place | None = None
    """The same as `where`, for programs; None if it is only told in words."""

    @property
    def is_blocking(self) -> bool:
        """Whether the release has to wait for this."""
        return self.severity is Severity.BLOCKING

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON values; `place` has only what applies."""
        place = {key: value for key, value in asdict(self.place).items() if value is not None} if self.place else {}
        told = {"code": self.code, "severity": self.severity.value, "problem": self.problem, "where": self.where, "remedy": self.remedy}
        return {**told, "place": place}


def blocking(code: str, problem: str, where: str, remedy: str, place: Place | None = None) -> Finding:
    """Return a finding that stops a release."""
    return Finding(code, Severity.BLOCKING, problem, where, remedy, place)


def warning(code: str, problem: str, where: str, remedy: str, place: Place | None = None) -> Finding:
    """Return a finding that an author should look at."""
    return Finding(code, Severity.WARNING, problem, where, remedy, place)
