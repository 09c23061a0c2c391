"""Grades answers that do not work, as submissions, and says which tests gave marks for them.

All answer cells are replaced at once, by each kind; and one cell at a time, beside the right other answers, by the kinds that lie. Of a single replaced answer
only those tests are looked at that are about it: whose nearest answer above, of those that they cannot do without, it is. What a test can do without is
found out by leaving it empty, and only where lies alone do not tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from autograder.jobs import GradedCell, GradingResult, Limits, SourceNotebook
from autograder.rehearsal.hostile_answers import DISHONEST, KINDS, AnswerCell, HostileKind
from autograder.rehearsal.report import HostileRuns, PaidForNothing
from autograder.rehearsal.stage import Counted, Stage
from autograder.rehearsal.versions import CellKey

_Alone = dict[CellKey, dict[HostileKind, GradingResult]]
"""By answer and kind, what a submission earned in which that answer alone was replaced."""


@dataclass(frozen=True, slots=True)
class HostileLimits:
    """What these submissions may use."""

    usual: Limits
    endless: Limits
    """Of the answers that never end: every one of them costs its whole time."""


def kinds_alone(stage: Stage, notebook: str) -> tuple[HostileKind, ...]:
    """Return the kinds that are tried in one answer at a time: what meddles with the process of the tests only where some test shares it."""
    cells = stage.source.plan.cells if stage.source.plan else ()
    return DISHONEST if any(cell.notebook == notebook and cell.is_guarded for cell in cells) else DISHONEST[:1]


def count_hostile(stage: Stage) -> int:
    """Return how many submissions are graded at least."""
    return len(KINDS) + sum(len(kinds_alone(stage, each.notebook)) for each in stage.answers) if stage.answers else 0


def run_hostile(stage: Stage, limits: HostileLimits, counted: Counted) -> HostileRuns:
    """Grade the answers that do not work."""
    if not stage.answers:
        return HostileRuns()
    with ThreadPoolExecutor(max_workers=1) as waiting:  # an endless loop costs time and hardly any processor: it has a thread of its own
        endless = waiting.submit(stage.grade, stage.hostile("endless-loop"), limits.endless)
        endless.add_done_callback(counted.count)
        others = {kind: counted.submit(stage.grade, stage.hostile(kind), limits.usual) for kind in KINDS if kind != "endless-loop"}
        trying = {
            (each.notebook, each.name): {
                kind: counted.submit(stage.grade, stage.hostile(kind, each), limits.usual, notebook=each.notebook)
                for kind in kinds_alone(stage, each.notebook)
            }
            for each in stage.answers
        }
        alone: _Alone = {key: {kind: each.result() for kind, each in kinds.items()} for key, kinds in trying.items()}
        together: dict[HostileKind, GradingResult] = {kind: each.result() for kind, each in others.items()}
        together["endless-loop"] = endless.result()
    empty = _Without(stage, limits.usual)
    paid = [_paid(kind, "", cell) for kind, result in together.items() for cell in result.cells if _pays(cell)]
    for notebook in stage.source.notebooks:
        paid += _paid_alone(notebook, stage.answers, alone, empty)
    return HostileRuns(
        kinds=tuple(together),
        submissions=len(together) + sum(map(len, alone.values())) + empty.submissions,
        paid=tuple(paid),
        broken=tuple(_broken(together, alone)),
    )


def _broken(together: Mapping[HostileKind, GradingResult], alone: _Alone) -> Iterator[str]:
    for kind, result in together.items():
        if result.status == "broken":
            yield f"{KINDS[kind]}: {result.reason}"
    for (_, answer), kinds in alone.items():
        for kind, result in kinds.items():
            if result.status == "broken":
                yield f"{KINDS[kind]} in {answer}: {result.reason}"


def _pays(cell: GradedCell) -> bool:
    return cell.kind == "test" and bool(cell.auto_score)


def _paid(kind: HostileKind, answer: str, cell: GradedCell) -> PaidForNothing:
    return PaidForNothing(
        kind=kind, answer=answer, notebook=cell.notebook, name=cell.name, score=cell.auto_score or 0.0, points_possible=cell.points_possible
    )


class _Without:
    """Says what a notebook earns without one of its answers; each is run once at most."""

    def __init__(self, stage: Stage, limits: Limits) -> None:
        self._stage, self._limits = stage, limits
        self._known: dict[CellKey, dict[str, GradedCell]] = {}
        self.submissions = 0

    def pays(self, answer: AnswerCell, test: str) -> bool:
        """Whether the test gives marks although the answer is empty: it is about another one."""
        key = (answer.notebook, answer.name)
        if key not in self._known:
            result = self._stage.grade(self._stage.hostile("empty", answer), self._limits, notebook=answer.notebook)
            self._known[key] = {cell.name: cell for cell in result.cells}
            self.submissions += 1
        cell = self._known[key].get(test)
        return cell is not None and _pays(cell)


def _paid_alone(notebook: SourceNotebook, answers: tuple[AnswerCell, ...], alone: _Alone, empty: _Without) -> Iterator[PaidForNothing]:
    """Yield what the notebook's tests gave for a lie in the answer that they are about."""
    mine = {each.name: each for each in answers if each.notebook == notebook.name}
    above: list[AnswerCell] = []
    for cell in notebook.cells:
        if cell.name in mine:
            above.insert(0, mine[cell.name])
        elif cell.is_grade:
            yield from _paid_by_test(cell.name, above, alone, empty)


def _paid_by_test(test: str, above: list[AnswerCell], alone: _Alone, empty: _Without) -> Iterator[PaidForNothing]:
    """Yield what a test gave; `above` are the answers above it, the nearest first."""
    for answer in above:
        scores = {kind: cell for kind, result in alone[answer.notebook, answer.name].items() for cell in result.cells if cell.name == test}
        paying = [_paid(kind, answer.name, cell) for kind, cell in scores.items() if _pays(cell)]
        if len(paying) < len(scores) or not empty.pays(answer, test):
            yield from paying
            return
