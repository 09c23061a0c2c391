"""The sealing plan of an assignment: what grading goes by, worked out once from the reference solution (`autograder.rehearsal`) and frozen. Pure.

It holds the hidden tests' perturbed copies, so it lies where learners cannot read, beside the sources.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from autograder.sealed.policy import SealingPolicy
from autograder.wire_value import WireValue

Label = Literal["sealed", "unsealed", "cannot be sealed"]
"""`sealed`: the verdict rests on plain values. `unsealed`: on operators of a class of the learner's that the reference solution defines too. `cannot be
sealed`: run apart, the reference solution does not get what it gets in one process."""
Mode = Literal["sealed", "compat", "manual"]
"""How a test is decided: apart from the learner's code, in its process as nbgrader does, or by a person."""


CONTRARY = "the assertion"
"""What a canary's `change` says was changed where an assertion was made its contrary."""


class Canary(WireValue):
    """A copy of a test cell with one assertion made wrong: whatever answer passes the test must fail this."""

    source: str
    change: str
    """What was changed, for the person who looks at a canary that passed."""

    @property
    def is_contrary(self) -> bool:
        """Whether an assertion was made its contrary: what is equal to everything fails that, as an honest answer does."""
        return f": {CONTRARY} " in self.change


class CellPlan(WireValue):
    """What the rehearsal found of one test cell."""

    notebook: str
    name: str
    label: Label
    causes: tuple[str, ...] = ()
    """Why it is not `sealed`."""
    chosen: Mode | None = None
    """What the author chose in course.toml; None: by the label."""
    allowed_semantics: tuple[str, ...] = ()
    """What of its objects the reference solution's own verdict asks, whose word it rests on first of all; what rests on another's goes to a person."""
    canaries: tuple[Canary, ...] = ()
    """For a test that is not decided on plain values alone; the reference solution fails each."""
    runs_apart: bool = True
    """Whether the test is run apart at all; not if that reached the time limit."""
    reference_score: float | None = None
    """What the reference solution earns in one process."""
    blank_score: float | None = None
    """What the untouched release version earns; anything but 0 is a mistake in the test."""
    seconds_sealed: float = 0.0
    seconds_compat: float = 0.0
    memory_bytes: int = 0
    """The most memory that the process had used when the test was over, in one process."""

    @property
    def mode(self) -> Mode:
        """How the test is decided."""
        return self.chosen or ("compat" if self.label == "cannot be sealed" else "sealed")

    @property
    def is_guarded(self) -> bool:
        """Whether canaries stand by: the verdict does not rest on plain values alone."""
        return self.mode == "compat" or (self.mode == "sealed" and self.label != "sealed")


class NotebookPlan(WireValue):
    """What holds for a notebook."""

    name: str
    policy: SealingPolicy
    seconds_sealed: float = 0.0
    seconds_compat: float = 0.0


class SealingPlan(WireValue):
    """What grading an assignment goes by; the same for every submission and every worker."""

    form: int = 2
    assignment: str
    source_digest: str
    environment_digest: str
    secret: str
    """Chooses a submission's canaries; learners never see it."""
    notebooks: tuple[NotebookPlan, ...]
    cells: tuple[CellPlan, ...]
    failures: tuple[str, ...] = ()
    """What went wrong with the reference solution or the untouched version, for the author."""
    choices: dict[str, Mode] = Field(default_factory=dict)
    """What the author chose, by cell, as course.toml says it."""
    modules: tuple[str, ...] = ()
    """What the reference solution's cells loaded besides what they name: the fork server loads it beforehand."""

    def policy(self, notebook: str) -> SealingPolicy | None:
        """Return what may cross in a notebook, None for one that the plan does not know."""
        return next((each.policy for each in self.notebooks if each.name == notebook), None)

    def cell(self, notebook: str, name: str) -> CellPlan | None:
        """Return what holds for a test cell, None for one that the plan does not know."""
        return next((each for each in self.cells if (each.notebook, each.name) == (notebook, name)), None)

    def count(self, label: Label) -> int:
        """Return how many cells have that label."""
        return sum(each.label == label for each in self.cells)
