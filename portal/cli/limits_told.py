"""Says at the end of a run whose cells went over a limit: at most so many lines, however many cells there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from portal.cli.output import say

if TYPE_CHECKING:
    from autograder.grading import Graded

_MOST_LINES, _MOST_LEARNERS = 12, 5


def tell_limits(graded: Iterable[Graded]) -> None:
    """Say which cells went over which limit, and by whom, the most frequent first; nothing where none did."""
    for line in limit_lines(graded):
        say(line, style="yellow")


def limit_lines(graded: Iterable[Graded]) -> list[str]:
    """Return a line for each cell and limit, with up to five learners; at most twelve lines, and one that says how many more there are."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in graded:
        for over in each.over_limits:
            found.setdefault((over.notebook, over.cell, over.limit), []).append(each.learner)
    ranked = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    lines = [f"{notebook}.ipynb, {cell}: over {limit}: {_names(learners)}" for (notebook, cell, limit), learners in ranked[:_MOST_LINES]]
    left = len(ranked) - _MOST_LINES
    return [*lines, f"and {left} more such cells; `--json` names those of each submission"] if left > 0 else lines


def _names(learners: list[str]) -> str:
    names = sorted(learners)
    more = len(names) - _MOST_LEARNERS
    return ", ".join(names[:_MOST_LEARNERS]) + (f" and {more} more" if more > 0 else "")
