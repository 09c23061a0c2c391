"""What grading takes and gives: plain values that cross a process boundary as JSON.

A job is everything that one submission's result depends on; a result is a pure function of its job. Nothing here is ever pickled.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from autograder.sealed.plan import SealingPlan
from autograder.wire_value import WireValue
from courses.variant_cells import with_values
from courses.variants import Values, VariantPool


class SourceCell(WireValue):
    """An nbgrader cell as the gradebook keeps it: the instructor's text, hidden tests included."""

    name: str
    cell_type: Literal["code", "markdown", "raw"]
    source: str
    checksum: str | None
    locked: bool
    is_grade: bool
    is_solution: bool
    is_task: bool
    points: float | None

    @property
    def is_test(self) -> bool:
        """Whether a program decides its points."""
        return self.is_grade and not self.is_solution


class SourceNotebook(WireValue):
    """A notebook of the assignment."""

    name: str
    kernelspec: dict[str, str] | None
    cells: tuple[SourceCell, ...]

    def with_parameters(self, cell: str | None, values: Values) -> SourceNotebook:
        """Return the notebook with `values` set in its cell of that id; as it is where there is none."""
        return self.model_copy(
            update={"cells": tuple(_with_parameters(each, values) if each.name == cell else each for each in self.cells)}
        )


def _with_parameters(cell: SourceCell, values: Values) -> SourceCell:
    return cell.model_copy(update={"source": with_values(cell.source, values)})


class AssignmentSource(WireValue):
    """What submissions of an assignment are graded against."""

    course: str
    assignment: str
    folder: str
    """Where the helper and data files lie that overwrite the learner's."""
    kept_files: tuple[str, ...] = ()
    """Files that the learner's version keeps (`Autograde.exclude_overwriting`)."""
    ignored: tuple[str, ...] = ()
    notebooks: tuple[SourceNotebook, ...]
    digest: str
    """SHA-256 over the cells, the files and the variants: two sources with one digest grade alike."""
    plan: SealingPlan | None = None
    """How the tests are decided; None: everything that can be is decided sealed, by what the instructor's notebook says."""
    variants: VariantPool | None = None
    """Values of its parameters cells that differ from learner to learner; None: all get the instructor's."""

    def with_variant(self, row: int) -> tuple[SourceNotebook, ...]:
        """Return the notebooks with the values of a row of `variants` in their parameters cells."""
        pool = self.variants
        return tuple(each.with_parameters(pool.cells.get(each.name), pool.rows[row]) for each in self.notebooks) if pool else self.notebooks


class Limits(WireValue):
    """How much a submission may use. A cell over its limit has failed, and the cells after it run; see `autograder.execution.surviving`."""

    cell_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    submission_timeout_s: Annotated[float, Field(gt=0)] = 600.0
    cell_cpu_s: Annotated[float, Field(gt=0)] = 60.0
    """Processor time of one cell, over all threads and programs: sleeping is not counted, two busy threads count twice."""
    submission_cpu_s: Annotated[float, Field(gt=0)] = 600.0
    memory_bytes: Annotated[int, Field(gt=0)] = 4 * 2**30
    """Address space of each process."""
    total_memory_bytes: Annotated[int, Field(gt=0)] = 6 * 2**30
    """What all processes of a kernel may hold together."""
    processes: Annotated[int, Field(gt=0)] = 256
    open_files: Annotated[int, Field(gt=0)] = 512
    file_bytes: Annotated[int, Field(gt=0)] = 128 * 2**20
    """Size of one file."""
    disk_bytes: Annotated[int, Field(gt=0)] = 256 * 2**20
    """All that is written, together with the submission's own files."""
    cell_output_bytes: Annotated[int, Field(gt=0)] = 4 * 2**20
    """What one cell may print and display."""
    output_bytes: Annotated[int, Field(gt=0)] = 16 * 2**20
    """What all cells of a notebook may print and display."""
    restart_after_death: bool = False
    """Whether a kernel that ended is started anew before the next answer cell."""
    kernel_name: str | None = None
    """The kernel to use whatever the notebook says; None: the source notebook's."""
    maximum_output_lines: int = 1000
    maximum_traceback_lines: int = 100


ScoringRule = Literal["strict", "nbgrader"]
"""How outputs of a test become points; see `autograder.scoring`."""


class GradingJob(WireValue):
    """One submission to grade."""

    source: AssignmentSource
    learner: str
    submission: str
    """The folder of the attempt. Only read."""
    limits: Limits
    sandbox: bool
    """Whether the kernel runs under bubblewrap."""
    scoring: ScoringRule = "strict"
    variant: int | None = None
    """Which row of the source's variants; None: the learner's."""

    @property
    def notebooks(self) -> tuple[SourceNotebook, ...]:
        """The source's notebooks as they are for this learner: with their own variant, whatever stands in the submission."""
        pool = self.source.variants
        if pool is None:
            return self.source.notebooks
        return self.source.with_variant(pool.row_of(self.learner) if self.variant is None else self.variant)


class Review(WireValue):
    """Both results of a test that a person has to decide, and why."""

    reasons: tuple[str, ...]
    sealed_score: float | None
    """What it earned with the tests run apart; None if it gave no score."""
    sealed_message: str
    """What the learner may read of it; empty for full marks."""
    was_compared: bool
    """Whether it was run with everything in one process too."""
    compat_score: float | None
    compat_message: str


class GradedCell(WireValue):
    """One cell that is worth points, after the run."""

    name: str
    notebook: str
    kind: Literal["test", "manual", "task"]
    points_possible: float
    auto_score: float | None
    """None if no program can decide it (a manual cell that was answered). It is then no zero and no pass."""
    is_unanswered: bool = False
    note: str | None = None
    """What a grader should know, such as a cell that was deleted and put back."""
    is_sealed: bool = False
    """Whether the score rests on nothing that the learner's code could have made up; see `autograder.sealed`."""
    is_apart: bool = False
    """Whether the test that decided was run apart from the learner's code; if it is not sealed all the same, the note says what it rests on."""
    review: Review | None = None
    """What a person has to decide; None if nobody has to."""

    @property
    def assurance(self) -> str:
        """How far the score can be trusted: `sealed`, `unsealed`, `compat`, or `person` where a program may not decide."""
        if self.review is not None or self.kind != "test":
            return "person"
        return "sealed" if self.is_sealed else "unsealed" if self.is_apart else "compat"


class CommentedCell(WireValue):
    """An answer cell, and whether the learner wrote anything into it."""

    name: str
    notebook: str
    is_unanswered: bool


class GradedNotebook(WireValue):
    """A notebook of the submission with the outputs of the run."""

    name: str
    is_missing: bool
    document: str
    """nbformat JSON; empty if the notebook was not submitted."""


class OverLimit(WireValue):
    """A cell that went over a limit, of any kind: an answer, a test, a cell that the learner added."""

    notebook: str
    cell: str
    """Its place in the notebook, and its nbgrader id if it has one."""
    limit: str
    """The field of `Limits`."""


Status = Literal["graded", "failed", "broken"]


class GradingResult(WireValue):
    """What became of one job.

    `graded`: the cells have their verdicts; those without one wait for a person, and if that is because the kernel ended, `reason` says so. `failed`: the
    submission could not be graded because of what is in it. `broken`: grading itself failed (a worker died, the disk was full); it is tried again. Only
    `graded` carries scores.
    """

    status: Status
    reason: str = ""
    cells: tuple[GradedCell, ...] = ()
    answers: tuple[CommentedCell, ...] = ()
    notebooks: tuple[GradedNotebook, ...] = ()
    warnings: tuple[str, ...] = ()
    over_limits: tuple[OverLimit, ...] = ()
    """The first cells that went over a limit, in the order of the notebooks; see `autograder.execution.compat`."""
    duration_s: float = 0.0
    queued_at: str = ""
    """When the coordinator handed the job out; ISO 8601, UTC, as the two below. Empty if it never came to that."""
    started_at: str = ""
    """When a worker began with it, by the worker's clock."""
    finished_at: str = ""
    worker: str = ""
    """Which worker graded it: `local-<number>`, or its address in a cluster."""
    sandbox: str = ""
    """What kept learners' code in there, in words; see `engines.Ready`."""
    tries: int = 1
    """How often the job was begun: more than once if its worker died."""
