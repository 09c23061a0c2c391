"""The root of every error that we raise on purpose, and the errors of `courses`.

    DiagnosedError                    problem, where, remedy
    ├── SettingsError                 patunay.toml is absent or wrong
    ├── ManifestError                 course.toml is absent or wrong
    ├── NotebookError                 a notebook cannot be read, or its nbgrader metadata is wrong
    ├── VariantError                  the variants of an assignment do not fit its parameters cell, or are damaged
    ├── MutantsFileError              equivalent_mutants.toml is wrong
    ├── UnknownCourseError            no course of that name in the site
    ├── UnknownAssignmentError        no assignment of that name in the course
    ├── NameRefusedError              a name that is unsafe as a file name or an identifier
    ├── ReviewError                   a step of a course's review is not allowed, or its record is wrong
    ├── ReleaseRefusedError           blocking findings, or nbgrader could not make the learner version
    ├── ExchangeError                 the exchange is missing or not writable
    ├── StorageError                  disk full, read-only, or a database that is locked
    └── EnvironmentTooOldError        Python or a library is older than what works

The other packages grow their own branches from `DiagnosedError`.
"""

from __future__ import annotations


class DiagnosedError(Exception):
    """A problem whose cause we know. Says what is wrong, where, and what to do about it.

    Attributes:
        problem: one sentence, no trailing advice.
        where: a file, a command, a field; empty if the problem says it already.
        remedy: what the reader can do next.
    """

    def __init__(self, problem: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.problem}" if self.where else self.problem]
        if self.remedy:
            parts.append(self.remedy)
        return "\n".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        """Let an error cross a process boundary with its three parts."""
        return (_rebuild, (type(self), self.problem, self.where, self.remedy))


def _rebuild(kind: type[DiagnosedError], problem: str, where: str, remedy: str) -> DiagnosedError:
    return kind(problem, where=where, remedy=remedy)


class SettingsError(DiagnosedError):
    """patunay.toml is absent, unreadable or says something it may not."""


class ManifestError(DiagnosedError):
    """course.toml is absent, unreadable or says something it may not."""


class NotebookError(DiagnosedError):
    """A notebook cannot be read, or its nbgrader metadata is wrong."""


class VariantError(DiagnosedError):
    """The variants of an assignment do not fit its parameters cell, or are missing or damaged."""


class MutantsFileError(DiagnosedError):
    """equivalent_mutants.toml is unreadable or says something it may not."""


class UnknownCourseError(DiagnosedError):
    """No course of that name in the site."""


class UnknownAssignmentError(DiagnosedError):
    """No assignment of that name in the course."""


class NameRefusedError(DiagnosedError):
    """A name that is unsafe as a file name or an identifier."""


class ReviewError(DiagnosedError):
    """A step of a course's review is not allowed, or the record of its reviews cannot be read."""


class ReleaseRefusedError(DiagnosedError):
    """Blocking findings, or nbgrader could not make the learner version."""


class ExchangeError(DiagnosedError):
    """The exchange is missing or not writable."""


class StorageError(DiagnosedError):
    """The disk is full or read-only, or a database is locked by another process."""


class EnvironmentTooOldError(DiagnosedError):
    """Python or a library is older than what works."""
