"""The errors of `autograder`.

    DiagnosedError
    ├── SubmissionError               a submission cannot be taken as it is
    ├── SourceError                   the gradebook does not hold what grading needs
    ├── UngradedCellError             a score was asked of a cell that has no verdict
    ├── PipelineError                 the course replaces nbgrader's grading steps, and demands sealed verdicts
    ├── AssuranceError                the course demands more assurance than was asked for
    ├── SandboxMissingError           the site demands a sandbox that this machine does not give
    │   └── ForkServerDiedError       the process that forks kernels ended; the job is run again
    ├── KernelMissingError            a notebook's kernel is not installed, or does not start
    ├── RecordChangedError            the record of a finished grading run is not what it was
    ├── ClusterError                  the cluster does not answer, or none of its workers may grade
    ├── GradebookError                the gradebook cannot be read or written
    ├── SimilarityError               what was said of a pair of answers cannot be written down or read
    ├── RegradeError                  a regrade cannot be decided as it was asked for
    ├── ExtensionError                an extension cannot be granted like this, or their record is damaged
    ├── ReportError                   the cohort report could not be made
    └── ExportError                   a table cannot be written in that format

What goes wrong inside one submission is no exception but a result with its reason: one bad notebook never stops a run.
"""

from __future__ import annotations

from courses.errors import DiagnosedError


class SubmissionError(DiagnosedError):
    """A submission cannot be taken as it is."""


class SourceError(DiagnosedError):
    """The gradebook does not hold what grading needs."""


class UngradedCellError(DiagnosedError):
    """A score was asked of a cell that has no verdict. An absent verdict is never a number."""


class PipelineError(DiagnosedError):
    """The course replaces nbgrader's grading steps by its own, and demands sealed verdicts, which these cannot give."""


class AssuranceError(DiagnosedError):
    """The course demands sealed verdicts, and something else was asked for."""


class SandboxMissingError(DiagnosedError):
    """The site demands a sandbox that this machine does not give."""


class RecordChangedError(DiagnosedError):
    """The record of a finished grading run is not what it was when the run ended."""


class ClusterError(DiagnosedError):
    """The cluster does not answer, or none of its workers may grade. What was graded before is kept."""


class ForkServerDiedError(SandboxMissingError):
    """The process that forks kernels ended in mid-run; the job is run again once."""


class KernelMissingError(DiagnosedError):
    """A notebook's kernel is not installed on this machine, or does not start."""


class GradebookError(DiagnosedError):
    """The gradebook cannot be read or written."""


class ExtensionError(DiagnosedError):
    """An extension cannot be granted as it was asked for, or the record of extensions is damaged."""


class ReportError(DiagnosedError):
    """The cohort report could not be made."""


class ExportError(DiagnosedError):
    """A table cannot be written in that format."""


class SimilarityError(DiagnosedError):
    """What was said of a pair of answers cannot be written down or read."""


class RegradeError(DiagnosedError):
    """A regrade cannot be decided as it was asked for. Nothing was changed."""
