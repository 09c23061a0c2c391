"""Runs a notebook's code cells in order, through limits and deaths: what one cell does to its kernel is not to cost the verdicts before it.

Rules:
1. A cell over a limit has failed: its outputs begin with an error that names the limit. The next cell runs.
2. A cell that ends its kernel has no verdict, and neither have the cells after it: they are *ungraded*, never zero and never passed, and wait for a person.
3. Where the author allows it (`restart_after_death`), a new kernel is started before the next answer cell. It knows nothing of the old one but the read-only
   cells that are no tests, which it runs first. Tests between the death and that answer cell stay ungraded.
4. A submission that has used up its time or its processor time runs no further cell; what did not run is ungraded.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import nbformat

from autograder.execution.kernel import CellRun, KernelDiedError, KernelStuckError
from autograder.execution.limiting import Budget, Exceeded

UNGRADED = "patunay_ungraded"
"""The key in a cell's metadata that says why it has no verdict. Written by the grader after a run; what a learner puts there is dropped before it."""
OVER_LIMIT = "patunay_over_limit"
"""The key in a cell's metadata that says which field of `Limits` it went over. Written and dropped like `UNGRADED`."""


class Side(Protocol):
    """What runs cells one after another and writes their outputs into them."""

    def run(self, cell: Any) -> None:
        """Run one code cell.

        Raises:
            KernelDiedError, KernelStuckError: the kernel is gone.
        """


def run_through(cells: Sequence[Any], open_side: Callable[[], AbstractContextManager[Side]], budget: Budget) -> str:
    """Run `cells` in place and return why not all of them could be, "" if they could.

    Args:
        open_side: starts a kernel, or both sides of a sealed run.

    Raises:
        SandboxMissingError: no kernel could be started.
    """
    first_reason, position = "", 0
    while position < len(cells) or not cells:  # a kernel that there is not is told of even where nothing is to be run
        with open_side() as side:
            stopped, reason = _run_from(position, cells, side, budget)
        if stopped is None:
            break
        first_reason = first_reason or reason
        following = _next_answer(cells, stopped) if budget.limits.restart_after_death and not budget.is_spent else len(cells)
        for cell in cells[stopped + 1 : following]:
            if cell.cell_type == "code":
                _leave_ungraded(cell, reason)
        position = following
    return first_reason


def _run_from(position: int, cells: Sequence[Any], side: Side, budget: Budget) -> tuple[int | None, str]:
    """Run the cells from `position` on; return where the kernel ended and why, None and "" if it did not."""
    try:
        for cell in cells[:position]:
            if _is_code(cell) and _is_setup(cell):
                side.run(copy.deepcopy(cell))
    except (KernelDiedError, KernelStuckError):
        reason = "a new kernel ended while it ran the read-only cells before"
        _leave_ungraded(cells[position], reason)
        return position, f"{place_of(cells[position], position)} did not run: {reason}"
    for index in range(position, len(cells)):
        cell = cells[index]
        if not _is_code(cell):
            continue
        if budget.is_spent:
            _leave_ungraded(cell, budget.told)
            return index, budget.told
        try:
            side.run(cell)
        except KernelDiedError:
            reason = f"{place_of(cell, index)} ended the kernel"
            _leave_ungraded(cell, reason)
            cell.outputs = [
                nbformat.from_dict(
                    _error("KernelDied", "this cell ended the kernel: it exited, crashed, ran out of memory, or filled its disk")
                )
            ]
            return index, reason
        except KernelStuckError as stuck:
            write_run(cell, stuck.run or CellRun(exceeded=Exceeded("cell_timeout_s", str(stuck))))
            return index, f"{place_of(cell, index)} stopped the run: {stuck}"
    return None, ""


def _is_code(cell: Any) -> bool:
    return bool(cell.cell_type == "code" and cell.source.strip())


def _about(cell: Any) -> Any:
    return cell.metadata.get("nbgrader", {})


def _is_setup(cell: Any) -> bool:
    return bool(_about(cell).get("locked")) and not _about(cell).get("grade") and not _about(cell).get("solution")


def _next_answer(cells: Sequence[Any], stopped: int) -> int:
    return next(
        (index for index in range(stopped + 1, len(cells)) if cells[index].cell_type == "code" and _about(cells[index]).get("solution")),
        len(cells),
    )


def _leave_ungraded(cell: Any, reason: str) -> None:
    cell.metadata[UNGRADED] = reason
    cell.outputs, cell.execution_count = [], None


def place_of(cell: Any, index: int) -> str:
    """Return how a cell is named to people: its place in the notebook, and its nbgrader id if it has one."""
    name = _about(cell).get("grade_id")
    return f"cell {index + 1}" + (f" ({name})" if name else "")


def write_run(cell: Any, run: CellRun) -> None:
    """Write into `cell` what running it gave, as nbgrader's Execute does: an error that the reply names and the outputs do not show is added."""
    outputs = [{key: value for key, value in output.items() if key != "_display_id"} for output in run.outputs]
    if run.exceeded is not None:
        outputs.insert(0, limit_error(run.exceeded))
    elif run.reply.get("status") == "error" and not any(output.get("ename") == run.reply.get("ename") for output in outputs):
        lines = run.reply.get("traceback")
        traceback = (
            [str(line) for line in lines]
            if isinstance(lines, list) and lines
            else ["ERROR: An error occurred while showtraceback was disabled"]
        )
        name, value = str(run.reply.get("ename")), str(run.reply.get("evalue"))
        outputs.append({"output_type": "error", "ename": name, "evalue": value, "traceback": traceback})
    cell.outputs = [nbformat.from_dict(output) for output in outputs]
    if run.exceeded is not None:
        cell.metadata[OVER_LIMIT] = run.exceeded.limit
    count = run.reply.get("execution_count")
    cell.execution_count = count if isinstance(count, int) else None


def cells_over_limits(cells: Sequence[Any]) -> list[tuple[str, str]]:
    """Return the place of each cell that went over a limit, and which."""
    return [(place_of(cell, index), cell.metadata[OVER_LIMIT]) for index, cell in enumerate(cells) if OVER_LIMIT in cell.metadata]


def limit_error(exceeded: Exceeded) -> dict[str, Any]:
    """Return the error output of a cell that went over a limit."""
    return _error("CellTimeoutError" if exceeded.limit.endswith("timeout_s") else "LimitExceeded", exceeded.told)


def _error(name: str, told: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": told, "traceback": [f"\x1b[0;31m{name}\x1b[0m: {told}"]}
