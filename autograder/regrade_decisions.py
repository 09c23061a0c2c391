"""What persons decided about a regrade, and what becomes of a result by it. Decisions are only ever added; the database refuses every change.

A decision belongs to one source of an assignment: the fixed tests. It holds for every attempt that was here when it was made, whenever that is graded with this
source, so that `patunay grade --force` does not undo it. What is decided stands in the result itself, with a note at the cell: nbgrader's gradebook, the
frames, crediting, eligibility and the hash of the run all read the same points.

Policies:
- `replace`: the new results stand, whatever was decided about this source before.
- `never-lower`: each test cell keeps the better of what the learner had and what the fixed test gives, as a share of its points if these changed. By the cell
  and not by the total: who worked for a test that stood there loses none of its points because another one was fixed; so the total never falls either.
- `full-marks`: the named test cell gives its points to every attempt that could be graded.
- `drop-item`: the named test cell counts for nobody, whenever they hand in: no points are possible there, and none are given (`autograder.dropped_items`).
Marks that a person gave are nbgrader's manual scores: they are no part of a result, and stand over it whatever is decided.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.jobs import GradedCell, GradingResult
from autograder.records import Attempt, Result
from autograder.records_schema import REGRADES

Policy = Literal["replace", "never-lower", "full-marks", "drop-item"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
OF_ONE_ITEM: frozenset[Policy] = frozenset({"full-marks", "drop-item"})
"""Policies that are about one test cell."""
NOT_YET = "9999"
"""When a decision that is being made was made: after everything."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about the results of an assignment."""

    assignment: str
    source: str
    """The digest of the source that it is about."""
    policy: Policy
    item: str
    """The test cell of `full-marks` and `drop-item`; empty for the others."""
    reason: str
    by: str
    at: str
    """ISO 8601, UTC."""
    run: str = ""
    """The grading run that it was made with."""
    sources_before: tuple[str, ...] = ()
    """The digests of the sources that the standing results were of."""
    counts: tuple[tuple[str, int], ...] = ()
    """How many attempts went up, went down, stayed."""


def load_decisions(session: Session, assignment: str, source: str | None = None) -> tuple[Decision, ...]:
    """Return the decisions about an assignment, oldest first; of one source, or of all."""
    query = select(REGRADES).where(REGRADES.c.assignment == assignment).order_by(REGRADES.c.id)
    rows = session.execute(query if source is None else query.where(REGRADES.c.source_digest == source))
    return tuple(
        Decision(
            assignment=row.assignment,
            source=row.source_digest,
            policy=row.policy,
            item=row.item,
            reason=row.reason,
            by=row.decided_by,
            at=row.decided_at,
            run=row.run_id,
            sources_before=tuple(json.loads(row.sources_before)),
            counts=tuple(json.loads(row.counts).items()),
        )
        for row in rows
    )


def write_decision(session: Session, decision: Decision) -> None:
    """Write a decision down; the caller commits."""
    session.execute(
        REGRADES.insert().values(
            assignment=decision.assignment,
            source_digest=decision.source,
            policy=decision.policy,
            item=decision.item,
            reason=decision.reason,
            decided_by=decision.by,
            decided_at=decision.at,
            run_id=decision.run,
            sources_before=json.dumps(sorted(decision.sources_before)),
            counts=json.dumps(dict(decision.counts), sort_keys=True),
        )
    )


def settle_result(result: GradingResult, attempt: Attempt, decisions: Sequence[Decision]) -> GradingResult:
    """Return what becomes of an attempt's result by what was decided; the result itself where nothing was.

    Args:
        decisions: about the source that it was graded with, oldest first.
    """
    if result.status != "graded":
        return result
    cells = result.cells
    for decision in decisions:
        if attempt.collected_at > decision.at:
            continue
        if decision.policy == "replace":
            cells = result.cells
        elif decision.policy == "full-marks":
            cells = tuple(full_marks(cell, decision) if cell.name == decision.item else cell for cell in cells)
        elif decision.policy == "never-lower":
            before = {(each.notebook, each.name): each for each in cells_before(attempt, decision)}
            cells = tuple(not_lower(cell, before.get((cell.notebook, cell.name))) for cell in cells)
    gone = dropped_items(decisions)
    if gone:
        cells = tuple(without_points(cell, gone[cell.name]) if cell.name in gone else cell for cell in cells)
    return result if cells is result.cells else result.model_copy(update={"cells": cells})


def dropped_items(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """Return the items that count for nobody, with the decision, by decisions about one source, oldest first: those dropped since the last `replace`."""
    found: dict[str, Decision] = {}
    for decision in decisions:
        if decision.policy == "replace":
            found.clear()
        elif decision.policy == "drop-item":
            found[decision.item] = decision
    return found


def decision_in_force(decisions: Sequence[Decision], policy: Policy, item: str) -> Decision | None:
    """Return the decision that stands already, of decisions about one source, oldest first; None if it was never made, or others have taken it back."""
    for place in range(len(decisions) - 1, -1, -1):
        each, later = decisions[place], decisions[place + 1 :]
        if (each.policy, each.item) == (policy, item):
            is_over = bool(later) if policy == "replace" else any(one.policy == "replace" for one in later)
            return None if is_over else each
    return None


def cells_before(attempt: Attempt, decision: Decision) -> tuple[GradedCell, ...]:
    """Return what the attempt had when the decision was made: of the last result of another source; nothing if there was none."""
    standing = result_before(attempt, decision)
    return tuple(map(GradedCell.model_validate, standing.cell_list())) if standing else ()


def result_before(attempt: Attempt, decision: Decision) -> Result | None:
    """Return the result that stood before the decision, of another source; None if there was none."""
    earlier = [
        each
        for each in attempt.results
        if each.status == "graded" and each.run.source_digest != decision.source and each.run.started_at <= decision.at
    ]
    whole = [each for each in earlier if not each.reason]
    return next(reversed(whole or earlier), None)


def not_lower(cell: GradedCell, before: GradedCell | None) -> GradedCell:
    """Return the better of two results of a test cell."""
    if before is None or before.auto_score is None or cell.kind != "test" or before.kind != "test":
        return cell
    had = before.auto_score if before.points_possible == cell.points_possible else _scaled(before, cell.points_possible)
    if cell.auto_score is not None and cell.auto_score >= had:
        return cell
    gave = "no score" if cell.auto_score is None else f"{cell.auto_score:g}"
    note = f"regrade, never lower: the fixed test gives {gave}; the {had:g} points of before stand"
    return cell.model_copy(
        update={
            "auto_score": had, "review": None, "note": _with(cell.note, note), "is_sealed": before.is_sealed, "is_apart": before.is_apart,
        }
    )  # fmt: skip


def full_marks(cell: GradedCell, decision: Decision) -> GradedCell:
    """Return the cell with all its points: a person's decision, which nothing of the learner's can have made up."""
    if cell.kind != "test" or cell.auto_score == cell.points_possible:
        return cell
    gave = "no score" if cell.auto_score is None else f"{cell.auto_score:g}"
    note = f"regrade, full marks for everybody, decided by {decision.by}: the test gave {gave}"
    return cell.model_copy(update={"auto_score": cell.points_possible, "review": None, "note": _with(cell.note, note), "is_sealed": True})


def without_points(cell: GradedCell, decision: Decision) -> GradedCell:
    """Return the cell as one that counts for nobody."""
    if cell.kind != "test":
        return cell
    gave = "no score" if cell.auto_score is None else f"{cell.auto_score:g}"
    note = f"regrade, dropped for everybody, decided by {decision.by}: the test gave {gave} of {cell.points_possible:g}"
    nothing = {"points_possible": 0.0, "auto_score": 0.0, "review": None, "is_sealed": True}
    return cell.model_copy(update={**nothing, "note": _with(cell.note, note)})


def _scaled(before: GradedCell, possible: float) -> float:
    share = (before.auto_score or 0.0) / before.points_possible if before.points_possible else 0.0
    return share * possible


def _with(note: str | None, more: str) -> str:
    return f"{note}; {more}" if note else more
