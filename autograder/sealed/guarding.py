"""Lets canaries decide whether a verdict that does not rest on plain values alone can be believed; see `autograder.sealed.canaries`.

Each round runs the whole submission once more, in a fork of its own, with one canary in the place of each guarded test: what the learner's code learnt in
another round is gone, and it cannot tell a canary from a test. Which canaries, and in which order, follows from a secret of the plan and from the answers,
so that the same submission is graded alike twice and nobody can foresee it. At most `ROUNDS` forks, however many tests there are.
"""

from __future__ import annotations

import copy
import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.errors import UngradedCellError
from autograder.execution.compat import run_notebook
from autograder.execution.fork_server import ForkServer
from autograder.jobs import GradingJob, SourceNotebook
from autograder.scoring import score_cell
from autograder.sealed.deciding import SealedVerdict
from autograder.sealed.plan import Canary

ROUNDS = 4


def guarded(
    found: list[SealedVerdict], node: Any, folder: Path, job: GradingJob, notebook: SourceNotebook, server: ForkServer
) -> list[SealedVerdict]:
    """Return the verdicts with the canaries that the answers passed. Only tests that earned something are tried.

    Args:
        node: the notebook before it ran; it is not changed.
    """
    plan = job.source.plan
    waiting = {each.name: each for each in found if plan and each.plan and each.plan.is_guarded and each.plan.canaries and each.earned}
    if plan is None or not waiting:
        return found
    chance = random.Random(_seed(plan.secret, node))  # noqa: S311 - seeded by a secret; the same submission is graded alike twice
    chosen = {name: choose_canaries(each.plan.canaries, chance) for name, each in waiting.items() if each.plan}
    passed: dict[str, str] = {}
    for number in range(ROUNDS):
        canaries = {name: each[number] for name, each in chosen.items() if number < len(each) and name not in passed}
        if not canaries:
            break
        outcome = scores_of(canaries, node, folder, job, notebook, server, {each.name: each.points_possible for each in found})
        passed |= {name: canaries[name].change for name, score in outcome.items() if score is None or score > 0}
    return [replace(each, passed_canaries=(passed[each.name],)) if each.name in passed else each for each in found]


def scores_of(
    canaries: dict[str, Canary], node: Any, folder: Path, job: GradingJob, notebook: SourceNotebook, server: ForkServer, points: dict[str, float]
) -> dict[str, float | None]:  # fmt: skip
    """Return what each cell earns with its canary in the place of the test: 0 if it fails, as it should; None if that could not be found out."""
    changed = copy.deepcopy(node)
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in changed.cells if cell.metadata.get("nbgrader", {}).get("grade")}
    for name, canary in canaries.items():
        cells[name].source = canary.source
    if run_notebook(changed, folder, notebook, job, server) is not None:
        return dict.fromkeys(canaries)
    return {name: _score(cells[name], points[name] or 1.0) for name in canaries}


def _score(cell: Any, points: float) -> float | None:
    try:
        return score_cell(cell, points)
    except UngradedCellError:
        return None


def choose_canaries(canaries: Sequence[Canary], chance: random.Random) -> list[Canary]:
    """Return one canary a round, at random, but most of them with another value, which what is equal to everything passes; it fails contraries as honest answers do."""
    shuffled = chance.sample(canaries, len(canaries))
    values = [each for each in shuffled if not each.is_contrary]
    contraries = [each for each in shuffled if each.is_contrary][: max(1, ROUNDS - len(values))]
    chosen = [*contraries, *values][:ROUNDS]
    return chance.sample(chosen, len(chosen))


def _seed(secret: str, node: Any) -> str:
    answers = "\0".join(str(cell.source) for cell in node.cells)
    return hashlib.sha256(f"{secret}\0{answers}".encode("utf-8", "surrogatepass")).hexdigest()
