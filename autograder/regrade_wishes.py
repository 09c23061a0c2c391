"""What somebody wants decided about a regrade, and whether it can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.dropped_items import marked_by_persons
from autograder.errors import RegradeError
from autograder.jobs import AssignmentSource
from autograder.regrade_decisions import OF_ONE_ITEM, POLICIES, Decision, Policy, dropped_items
from courses.nbgrader_course import NbgraderCourse

_NAMED = 5
"""Learners that an error names."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants decided."""

    policy: Policy
    item: str = ""
    reason: str = ""
    by: str = ""
    is_preview: bool = False
    """Whether it is only to be seen what would happen."""
    is_draft: bool = False
    """Whether that is to be seen of the author's source as it is now, be it released or not."""


def require_item(course: NbgraderCourse, wish: Wish, source: AssignmentSource, decisions: Sequence[Decision]) -> None:
    """Refuse what the policy cannot be about.

    Args:
        decisions: about this source, oldest first.

    Raises:
        RegradeError: no such policy, an item too many or none, none that a program marks, or one that cannot be dropped.
    """
    if wish.policy not in POLICIES:
        raise RegradeError(f"there is no policy {wish.policy!r}", where="--policy", remedy=f"There are: {', '.join(POLICIES)}.")
    if wish.policy not in OF_ONE_ITEM:
        if wish.item:
            raise RegradeError(f"{wish.policy} is about all cells", where="--item", remedy="Leave --item out.")
        return
    tests = [cell.name for notebook in source.notebooks for cell in notebook.cells if cell.is_test]
    if wish.item not in tests:
        raise RegradeError(
            f"{wish.item!r} is no test cell of {source.assignment}" if wish.item else f"{wish.policy} is about one item: which test cell?",
            where="--item",
            remedy=f"Its test cells are: {', '.join(tests)}. What a person marks is marked in formgrader.",
        )
    if wish.policy == "drop-item":
        _require_droppable(course, wish.item, source, decisions)


def _require_droppable(course: NbgraderCourse, item: str, source: AssignmentSource, decisions: Sequence[Decision]) -> None:
    gone = {*dropped_items(decisions), item}
    left = sum(cell.points or 0.0 for notebook in source.notebooks for cell in notebook.cells if not (cell.is_test and cell.name in gone))
    if left <= 0:
        raise RegradeError(
            f"without {item!r} no points are possible in {source.assignment}",
            where="--item",
            remedy="An assignment of nothing cannot be passed. Use full-marks, or take it out of the course and release a new version.",
        )
    marked = marked_by_persons(course, source.assignment, item)
    if marked:
        named = ", ".join(marked[:_NAMED]) + (f" and {len(marked) - _NAMED} more" if len(marked) > _NAMED else "")
        raise RegradeError(
            f"persons gave points in {item!r} to {named}: they would count on top of what is possible",
            where="--item",
            remedy="Marks of persons stand over a regrade: take these away in formgrader first, extra credit too.",
        )
