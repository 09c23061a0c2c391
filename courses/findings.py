"""What a check found: a code that stays the same for ever, a sentence, a place and a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """Whether a finding stops a release."""

    BLOCKING = "blocking"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful."""

    code: str
    severity: Severity
    problem: str
    where: str
    remedy: str

    @property
    def is_blocking(self) -> bool:
        """Whether the release has to wait for this."""
        return self.severity is Severity.BLOCKING


def blocking(code: str, problem: str, where: str, remedy: str) -> Finding:
    """Return a finding that stops a release."""
    return Finding(code, Severity.BLOCKING, problem, where, remedy)


def warning(code: str, problem: str, where: str, remedy: str) -> Finding:
    """Return a finding that an author should look at."""
    return Finding(code, Severity.WARNING, problem, where, remedy)
