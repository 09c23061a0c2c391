"""What a full rehearsal of an assignment gave: plain frozen values with a JSON form, from which findings and pages are made."""

from __future__ import annotations

from pydantic import Field

from autograder.rehearsal.hostile_answers import HostileKind
from autograder.wire_value import WireValue


class CellScore(WireValue):
    """What a test cell earned in one run."""

    notebook: str
    name: str
    points_possible: float
    score: float | None
    """None: no program decided it."""
    told: str = ""
    """What a grader would read of it; empty for full marks."""
    stderr: str = ""
    """What stood on stderr below the test; any of it costs all marks, as in nbgrader."""


class ReferenceRun(WireValue):
    """One run of the reference solution, graded as a learner's submission is."""

    number: int
    """Counted from 1."""
    seed: int
    """What `random` and NumPy's global generator began with."""
    hash_seed: int | None
    """PYTHONHASHSEED of the processes, which orders sets; None: another one in each process."""
    scores: tuple[CellScore, ...]
    stopped: str = ""
    """Why the run did not come to its end; empty if it did."""

    def score_of(self, notebook: str, name: str) -> CellScore | None:
        """Return what a cell earned; None if the run does not know it."""
        return next((each for each in self.scores if (each.notebook, each.name) == (notebook, name)), None)


class PaidForNothing(WireValue):
    """A test that gave marks for an answer that does not work."""

    kind: HostileKind
    answer: str
    """The one answer cell that was replaced; empty: all of them were."""
    notebook: str
    name: str
    score: float
    points_possible: float


class HostileRuns(WireValue):
    """What came of the answers that do not work."""

    kinds: tuple[HostileKind, ...] = ()
    """What was tried in all answer cells at once."""
    submissions: int = 0
    """How many submissions were graded in all."""
    paid: tuple[PaidForNothing, ...] = ()
    broken: tuple[str, ...] = ()
    """Where grading itself failed."""


class CellUse(WireValue):
    """The most that a code cell of the reference solution used in any run."""

    notebook: str
    cell: str
    """Its nbgrader id, or `cell <number>`."""
    seconds: float
    memory_bytes: int


class RehearsalLimits(WireValue):
    """What cells are held against."""

    cell_timeout_s: float
    submission_timeout_s: float
    memory_bytes: int
    """The smaller of what a process and what a submission may have."""


class RehearsalReport(WireValue):
    """All that the rehearsal of an assignment gave."""

    assignment: str
    limits: RehearsalLimits
    runs: tuple[ReferenceRun, ...] = ()
    blank: tuple[CellScore, ...] = ()
    """What the untouched release version earns."""
    blank_stopped: str = ""
    hostile: HostileRuns = Field(default_factory=HostileRuns)
    uses: tuple[CellUse, ...] = ()
    obstacle: str = ""
    """Why nothing could be run; empty if it was."""
    duration_s: float = 0.0

    @property
    def seconds(self) -> float:
        """How long all cells of the reference solution take together, at most."""
        return sum(each.seconds for each in self.uses)
