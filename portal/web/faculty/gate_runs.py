"""What running the assignments gave, whole, as the gate's page shows it: how each test is decided, the rehearsal, what no test notices. Pure.

It is read from the JSON of a report that lies where teachers can write (`portal.web.faculty.stored_values`); an assignment whose values have another form than
ours is said to be unreadable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.mutation.report import JudgedMutant, MutationReport, NamedScore
from autograder.rehearsal.checks import BLOCKING_SHARE, WARNING_SHARE
from autograder.rehearsal.hostile_answers import KINDS
from autograder.rehearsal.report import CellScore, RehearsalReport
from portal.web.faculty.stored_values import count_of, list_of, number_of, text_of, texts_of

MOST_ROWS = 500
"""Of a table."""
MOST_SURVIVORS = 200
_MOST_ASSIGNMENTS = 50
_LABELS = {"sealed": "sealed", "unsealed": "sealed", "cannot be sealed": "compat"}
"""How a test is decided by its label, where the author chose nothing; see `autograder.sealed.plan`."""
_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class TestLine:
    """How a test is decided."""

    name: str
    notebook: str
    label: str
    """`sealed`, `unsealed` or `cannot be sealed`."""
    chosen: str
    """What the author chose against that: `sealed`, `compat` or `manual`; empty: nothing."""
    causes: tuple[str, ...]
    canaries: int | None
    """None: it needs none."""


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """What a test gave in the rehearsal, in points."""

    name: str
    pays_for_nothing: bool
    """It paid for an answer that does not work."""
    earned: tuple[float | None, ...]
    """By the reference solution, each time; None: no score."""
    untouched: float | None
    possible: float


@dataclass(frozen=True, slots=True)
class UseLine:
    """What a cell of the reference solution took at most."""

    cell: str
    notebook: str
    seconds: float
    seconds_share: float
    """Of what it may take; likewise below."""
    mebibytes: float
    memory_share: float


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The rehearsal of an assignment."""

    obstacle: str
    runs: int
    submissions: int
    """With answers that do not work."""
    kinds: tuple[str, ...]
    """Of these answers, in the core's words."""
    scores: tuple[ScoreLine, ...]
    uses: tuple[UseLine, ...]
    """The slowest first."""
    limit_s: float
    limit_mebibytes: float
    blocking_share: float = BLOCKING_SHARE
    warning_share: float = WARNING_SHARE


@dataclass(frozen=True, slots=True)
class NoticedLine:
    """What became of the mutants of a test or an answer cell."""

    cell: str
    killed: int
    survived: int
    equivalent: int
    accepted: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Survivor:
    """A small mistake that no test noticed."""

    id: str
    cell: str
    line: int
    kind: str
    slipped_past: tuple[str, ...]
    diff: tuple[tuple[str, str], ...]
    """Lines, each with `+`, `-` or nothing."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """The small mistakes that were made in a solution."""

    obstacle: str
    mutants: int
    share: float | None
    survived: int
    equivalent: int
    accepted: int
    tests: tuple[NoticedLine, ...]
    answers: tuple[NoticedLine, ...]
    survivors: tuple[Survivor, ...]
    left_out: int
    """How many survivors more there are."""


@dataclass(frozen=True, slots=True)
class AssignmentRun:
    """What running an assignment gave."""

    assignment: str
    is_readable: bool
    tests: tuple[TestLine, ...] = ()
    rehearsal: Rehearsal | None = None
    mutation: Mutation | None = None

    def count(self, label: str) -> int:
        """Return how many tests have a label."""
        return sum(each.label == label for each in self.tests)


def gate_runs(told: Any) -> tuple[AssignmentRun, ...]:
    """Return what the JSON values of a report say of each assignment; nothing if they are none."""
    assignments = told.get("assignments") if isinstance(told, dict) else None
    if not isinstance(assignments, dict):
        return ()
    return tuple(_run(text_of(name), trial) for name, trial in list(assignments.items())[:_MOST_ASSIGNMENTS])


def _run(name: str, trial: Any) -> AssignmentRun:
    try:
        rehearsal, mutation = trial["rehearsal"], trial["mutation"]
        return AssignmentRun(
            assignment=name,
            is_readable=True,
            tests=tuple(_test(each) for each in list_of(trial["sealing"])[:MOST_ROWS]),
            rehearsal=None if rehearsal is None else _rehearsal(RehearsalReport.model_validate(rehearsal)),
            mutation=None if mutation is None else _mutation(MutationReport.model_validate(_without_scores(mutation))),
        )
    except (KeyError, TypeError, ValueError, AttributeError):  # what pydantic refuses is a ValueError
        return AssignmentRun(name, is_readable=False)


def _without_scores(mutation: Any) -> dict[str, Any]:
    return {name: value for name, value in mutation.items() if name not in {"score", "strict_score"}}


def _test(told: Mapping[str, Any]) -> TestLine:
    label, mode = text_of(told["label"]), text_of(told["mode"])
    own = _LABELS[label]
    if mode not in {"sealed", "compat", "manual"}:
        raise ValueError("no mode")
    is_guarded = mode == "compat" or (mode == "sealed" and label != "sealed")
    return TestLine(
        name=text_of(told["cell"]),
        notebook=text_of(told["notebook"]),
        label=label,
        chosen="" if mode == own else mode,
        causes=texts_of(told["causes"]),
        canaries=count_of(told["canaries"]) if is_guarded else None,
    )


def _rehearsal(report: RehearsalReport) -> Rehearsal:
    limits = report.limits
    uses = sorted(report.uses, key=lambda each: -number_of(each.seconds))[:MOST_ROWS]
    seconds, memory = number_of(limits.cell_timeout_s), number_of(limits.memory_bytes)
    return Rehearsal(
        obstacle=text_of(report.obstacle),
        runs=len(report.runs),
        submissions=count_of(report.hostile.submissions),
        kinds=tuple(KINDS[kind] for kind in dict.fromkeys(report.hostile.kinds)),
        scores=tuple(_scores(report)),
        uses=tuple(
            UseLine(
                text_of(each.cell), text_of(each.notebook), number_of(each.seconds), _share(each.seconds, seconds),
                number_of(each.memory_bytes) / _MEBIBYTE, _share(each.memory_bytes, memory),
            )
            for each in uses
        ),
        limit_s=seconds,
        limit_mebibytes=memory / _MEBIBYTE,
    )  # fmt: skip


def _scores(report: RehearsalReport) -> Iterator[ScoreLine]:
    blank = {(each.notebook, each.name): each for each in report.blank}
    paid = {(each.notebook, each.name) for each in report.hostile.paid}
    runs = [{(each.notebook, each.name): each for each in run.scores} for run in report.runs[:MOST_ROWS]]
    for key, cell in list(runs[0].items())[:MOST_ROWS] if runs else ():
        yield ScoreLine(
            name=text_of(cell.name),
            pays_for_nothing=key in paid,
            earned=tuple(_points(run.get(key)) for run in runs),
            untouched=_points(blank.get(key)),
            possible=number_of(cell.points_possible),
        )


def _points(cell: CellScore | None) -> float | None:
    return None if cell is None or cell.score is None else number_of(cell.score)


def _share(part: float, whole: float) -> float:
    return number_of(part) / whole if whole > 0 else 1.0


def _mutation(report: MutationReport) -> Mutation:
    score, survivors = report.score, report.survivors()
    return Mutation(
        obstacle=text_of(report.obstacle),
        mutants=len(report.mutants),
        share=score.share,
        survived=score.survived,
        equivalent=score.equivalent,
        accepted=score.accepted,
        tests=tuple(_noticed(report.tests)),
        answers=tuple(_noticed(report.answers)),
        survivors=tuple(_survivor(each) for each in survivors[:MOST_SURVIVORS]),
        left_out=len(survivors[MOST_SURVIVORS:]),
    )


def _noticed(cells: Sequence[NamedScore]) -> Iterator[NoticedLine]:
    for each in cells[:MOST_ROWS]:
        score = each.score
        killed, survived, equivalent, accepted = map(count_of, (score.killed, score.survived, score.equivalent, score.accepted))
        yield NoticedLine(text_of(each.cell), killed, survived, equivalent, accepted, score.share)


def _survivor(mutant: JudgedMutant) -> Survivor:
    lines = text_of(mutant.diff).split("\n")
    return Survivor(
        id=text_of(mutant.id),
        cell=text_of(mutant.cell),
        line=count_of(mutant.line),
        kind=text_of(mutant.operator),
        slipped_past=texts_of(mutant.slipped_past[:MOST_ROWS]),
        diff=tuple((line[:1] if line[:1] in {"+", "-"} else "", line) for line in lines if not line.startswith(("---", "+++", "@@"))),
    )
