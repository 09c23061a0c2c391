"""Asks the learner's own process, when everything is over, whether it fails the same tests in the same way.

A test that gives less than full marks run apart has to be compared with one process that holds everything (`autograder.sealed.deciding`, rule 2). Most often the
learner's process is that already, but for the tests: so once all the learner's outputs and all verdicts are taken, the tests are run in it, and what it says is used for
nothing but this: where score, error and line are the same, there is no need to run the whole notebook once more. Nothing that the process learns of a test
leaves it: what it prints is dropped, and it is killed. Where anything differs, the notebook is run again from its beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import nbformat

from autograder.execution.kernel import Kernel, KernelDiedError, KernelStuckError
from autograder.execution.limiting import Budget
from autograder.execution.surviving import write_run
from autograder.sealed.deciding import SealedVerdict
from autograder.sealed.verdicts import message_of, score_of


def recheck(candidate: Kernel, cells: Sequence[Any], found: list[SealedVerdict], budget: Budget) -> list[SealedVerdict]:
    """Return the verdicts, those with what one process gives that the learner's process confirms.

    Args:
        cells: the notebook's, after the run; they are not changed.
    """
    asked = {each.name: each for each in found if each.is_short}
    if not asked or budget.is_spent or not all(map(_may_be_confirmed, found)):
        return found
    confirmed: dict[str, SealedVerdict] = {}
    try:
        for cell in cells:
            about = cell.metadata.get("nbgrader", {})
            if cell.cell_type == "code" and about.get("grade") and not about.get("solution"):
                name = about.get("grade_id")
                if _fails_alike(candidate, cell, asked.get(name)):
                    confirmed[name] = replace(
                        asked[name], compat_score=asked[name].score, compat_message=asked[name].failed_at[0], was_compared=True
                    )
                if len(confirmed) == len(asked):
                    break
    except (KernelDiedError, KernelStuckError):
        return found
    return [confirmed.get(each.name, each) for each in found]


def _may_be_confirmed(verdict: SealedVerdict) -> bool:
    """Whether the verdict needs no comparison, or one that its failure in the learner's process settles; an endless test is not run once more."""
    if verdict.timed_out or verdict.mode != "sealed":
        return False
    return not verdict.is_short or not (verdict.score is None or verdict.refused or verdict.hidden)


def _fails_alike(candidate: Kernel, cell: Any, verdict: SealedVerdict | None) -> bool:
    again = nbformat.NotebookNode(cell, outputs=[], execution_count=None)
    run = candidate.run_cell(cell.source, around=({"briefly": True}, {"line": True}))
    if verdict is None or run.timed_out:
        return False
    write_run(again, run)
    line = run.extension.get("line")
    return score_of(again, verdict.points_possible) == verdict.score and (message_of(again), line) == verdict.failed_at
