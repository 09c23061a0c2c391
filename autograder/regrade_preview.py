"""The gradebook as it would be after a regrade, as frames. Pure: frames in, frames out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from autograder.gradebook import GRADED, NEEDS_MANUAL, GradebookFrames
from autograder.regrading import AttemptChange, Regrade


def frames_after(frames: GradebookFrames, regrade: Regrade) -> GradebookFrames:
    """Return the frames with what the attempts that count would have; columns as in `autograder.gradebook`.

    Marks of persons stand over what a test gives. What could not be graded again keeps what it had.
    """
    cells, assignments = frames.cells.copy(), frames.assignments.copy()
    counting = {each.learner: each for each in regrade.changes if each.is_credited and each.after is not None}
    of_cells = _rows(cells, regrade.assignment)
    cells = _with_cells(cells, of_cells, regrade)
    of_cells = _rows(cells, regrade.assignment)
    _change_points(cells, assignments, regrade)
    for row in assignments.index[assignments["assignment"] == regrade.assignment]:
        change = counting.get(str(assignments.at[row, "learner"]))
        if change is not None:
            mine = of_cells.get(change.learner, [])
            _change_cells(cells, mine, change)
            _change_row(assignments, row, cells.loc[mine])
    return GradebookFrames(cells, assignments)


def _with_cells(cells: pd.DataFrame, of_cells: dict[str, list[int]], regrade: Regrade) -> pd.DataFrame:
    """Return the rows of the cells that there are afterwards: a source that is not released may have new ones, undecided here, and lack others."""
    places = dict(regrade.points)
    added: list[dict[str, Any]] = []
    for learner, mine in of_cells.items():
        known = set(zip(cells.loc[mine, "notebook"], cells.loc[mine, "cell"], strict=True))
        added += [
            {"learner": learner, "assignment": regrade.assignment, "notebook": notebook, "cell": cell, "kind": "test", "state": NEEDS_MANUAL, "assurance": ""}
            for notebook, cell in places
            if (notebook, cell) not in known
        ]  # fmt: skip
    is_gone = [
        assignment == regrade.assignment and (notebook, cell) not in places
        for assignment, notebook, cell in zip(cells["assignment"], cells["notebook"], cells["cell"], strict=True)
    ]
    kept = cells[~pd.Series(is_gone, index=cells.index, dtype=bool)]
    return pd.concat([kept, pd.DataFrame(added)], ignore_index=True).astype(cells.dtypes) if added else kept


def _change_points(cells: pd.DataFrame, assignments: pd.DataFrame, regrade: Regrade) -> None:
    """Give cells and assignment the points that they count afterwards; what counts for nobody has none, also of whom nothing could be graded again."""
    points, at = dict(regrade.points), cells.loc
    for (notebook, cell), worth in points.items():
        chosen = (cells["assignment"] == regrade.assignment) & (cells["notebook"] == notebook) & (cells["cell"] == cell)
        at[chosen, "points_possible"] = worth
    assignments.loc[assignments["assignment"] == regrade.assignment, "points_possible"] = sum(points.values())


def _rows(cells: pd.DataFrame, assignment: str) -> dict[str, list[int]]:
    """Return the labels of each learner's rows in an assignment."""
    chosen = cells[cells["assignment"] == assignment]
    found: dict[str, list[int]] = {}
    for label, learner in zip(chosen.index, chosen["learner"], strict=True):
        found.setdefault(str(learner), []).append(label)
    return found


def _change_cells(cells: pd.DataFrame, mine: Sequence[int], change: AttemptChange) -> None:
    at: Any = cells.at
    new = {(each.notebook, each.cell): each.after for each in change.cells}
    for label in mine:
        place = (str(at[label, "notebook"]), str(at[label, "cell"]))
        if place not in new:
            continue
        score, by_hand, extra = new[place], at[label, "manual_score"], at[label, "extra_credit"]
        at[label, "auto_score"] = float("nan") if score is None else score
        marked = score if pd.isna(by_hand) else float(by_hand)
        at[label, "state"] = NEEDS_MANUAL if marked is None else GRADED
        at[label, "score"] = float("nan") if marked is None else marked + (0.0 if pd.isna(extra) else float(extra))


def _change_row(assignments: pd.DataFrame, row: int, mine: pd.DataFrame) -> None:
    is_decided = bool(len(mine)) and bool((mine["state"] == GRADED).all())
    at: Any = assignments.at
    penalty = at[row, "late_penalty"]
    score = float(mine["score"].sum()) if is_decided else float("nan")
    kept = 0.0 if pd.isna(penalty) else float(penalty)
    waiting = ", ".join(str(each) for each in mine.loc[mine["state"] != GRADED, "cell"])
    values = {
        "state": GRADED if is_decided else NEEDS_MANUAL,
        "reason": "" if is_decided else f"a person has to mark {waiting}",
        "score": score,
        "late_penalty": kept if is_decided else float("nan"),
        "final_score": max(0.0, score - kept) if is_decided else float("nan"),
    }
    for column, value in values.items():
        at[row, column] = value
