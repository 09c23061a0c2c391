"""What the gate says of a course: one frozen value with a JSON form, for terminals, pages, programs and the release that keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from autograder.mutation.report import MutationReport
from autograder.rehearsal.report import RehearsalReport
from autograder.sealed.plan import SealingPlan
from autograder.wire_value import WireValue
from courses.findings import Finding
from courses.rules import RULES

Depth = Literal["static", "plan", "rehearsal", "mutation"]
"""How much is run: nothing; what grading needs (the reference solution twice, the untouched notebook once); the full rehearsal; mutants too."""
DEPTHS: tuple[Depth, ...] = ("static", "plan", "rehearsal", "mutation")


class Trial(WireValue):
    """What running one assignment gave. It depends on its sources, limits and libraries alone, and is kept by them."""

    key: str
    """SHA-256 over what it depends on."""
    plan: SealingPlan
    rehearsal: RehearsalReport | None = None
    mutation: MutationReport | None = None
    variants: tuple[Finding, ...] = ()

    @property
    def depth(self) -> Depth:
        """How much was run."""
        if self.mutation is not None:
            return "mutation"
        return "rehearsal" if self.rehearsal is not None else "plan"


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A cell that is worth points, with the outcomes that it gives evidence of."""

    assignment: str
    notebook: str
    cell: str
    kind: str
    """`test`, `manual` or `task`."""
    points: float
    outcomes: tuple[str, ...]
    """Their ids; empty: of none."""


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate says."""

    course: str
    version: str
    """Empty for a course directory without a manifest."""
    title: str
    content_hash: str
    """SHA-256 over the course's folder; see `courses.content_hash`."""
    checked_at: str
    """ISO 8601, UTC."""
    depth: Depth
    findings: tuple[Finding, ...]
    """Blocking ones first."""
    trials: dict[str, Trial]
    """By assignment; empty where nothing was run."""
    outcomes: tuple[tuple[str, str], ...] = ()
    """Id and text."""
    matrix: tuple[MatrixRow, ...] = ()
    obstacle: str = ""
    """Why nothing was run although it was wanted; empty if it was."""
    seconds: float = 0.0

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that stop a release."""
        return tuple(each for each in self.findings if each.is_blocking)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that an author should look at."""
        return tuple(each for each in self.findings if not each.is_blocking)

    @property
    def plans(self) -> dict[str, SealingPlan]:
        """How the tests of each assignment are decided."""
        return {name: trial.plan for name, trial in self.trials.items()}

    @property
    def verdict(self) -> str:
        """The whole in one sentence."""
        blocking, warnings = len(self.blocking), len(self.warnings)
        if blocking:
            told = f"The course {self.course} cannot be released: {_blocking(blocking)} it"
        elif self.obstacle or self.depth == "static":
            told = f"Nothing stands against releasing the course {self.course} as far as it was read; it was not rehearsed"
            if self.obstacle:
                told = f"Nothing stands against releasing the course {self.course} as far as it was read; it was not rehearsed ({self.obstacle})"
        else:
            told = f"The course {self.course} can be released"
        return f"{told}, and {_warnings(warnings)} for your judgement." if warnings else f"{told}."

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values. Hidden tests and canaries are left out; survivors of mutation show lines of the solution."""
        return {
            "course": self.course,
            "version": self.version,
            "content_hash": self.content_hash,
            "checked_at": self.checked_at,
            "depth": self.depth,
            "verdict": self.verdict,
            "is_releasable": not self.blocking,
            "obstacle": self.obstacle,
            "seconds": self.seconds,
            "findings": [{**each.as_json(), "rule": _rule(each.code)} for each in self.findings],
            "outcomes": [{"id": id_, "text": text} for id_, text in self.outcomes],
            "matrix": [
                {"assignment": row.assignment, "notebook": row.notebook, "cell": row.cell, "kind": row.kind, "points": row.points,
                 "outcomes": list(row.outcomes)}
                for row in self.matrix
            ],
            "assignments": {name: _trial(trial) for name, trial in self.trials.items()},
        }  # fmt: skip


def sorted_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return the findings without doubles, blocking ones first."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda each: (not each.is_blocking, each.code, each.where)))


def _blocking(number: int) -> str:
    return "1 finding blocks" if number == 1 else f"{number} findings block"


def _warnings(number: int) -> str:
    return "1 warning is" if number == 1 else f"{number} warnings are"


def _rule(code: str) -> dict[str, str]:
    rule = RULES.get(code)
    return {"name": rule.name, "why": rule.why} if rule else {"name": code, "why": ""}


def _trial(trial: Trial) -> dict[str, Any]:
    plan, mutation = trial.plan, trial.mutation
    return {
        "sealing": [
            {"notebook": each.notebook, "cell": each.name, "label": each.label, "mode": each.mode, "causes": list(each.causes),
             "canaries": len(each.canaries), "seconds_sealed": each.seconds_sealed, "seconds_compat": each.seconds_compat,
             "memory_bytes": each.memory_bytes}
            for each in plan.cells
        ],
        "rehearsal": trial.rehearsal.model_dump(mode="json") if trial.rehearsal else None,
        "mutation": None
        if mutation is None
        else {**mutation.model_dump(mode="json"), "score": mutation.score.share, "strict_score": mutation.score.strict_share},
    }  # fmt: skip
