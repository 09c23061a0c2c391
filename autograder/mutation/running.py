"""Runs a notebook's cells with one of them changed, in a forked and locked-in kernel, tests and all, and scores the tests by the rule that learners meet.

Limits are short, and follow from what the reference solution took: a mutant in an endless loop costs about a second of processor time and stops there. They
count processor time first, so that a busy machine kills nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograder.errors import UngradedCellError
from autograder.execution.fork_server import ForkServer, KernelDiedError, KernelStuckError
from autograder.execution.forked import KERNEL_ENVIRONMENT, write_run
from autograder.execution.kernel import Kernel
from autograder.execution.limiting import Budget
from autograder.jobs import Limits, SourceNotebook
from autograder.mutation.covering import Names, Role, names_of
from autograder.rebuilding import rebuild_notebook
from autograder.scoring import score_cell
from courses.visible_text import visible

_LEAST_CPU_S, _TIMES = 2.0, 6.0
_WALL = 6.0
"""A cell may take so many times its processor time: others may be busy, and one that sleeps for ever is to end too."""

QUICK_PICTURES = """\
import sys as _sys
if "matplotlib_inline.backend_inline" in _sys.modules:
    def _show(close=None, block=None):
        if "matplotlib.pyplot" in _sys.modules and (close or close is None):
            _sys.modules["matplotlib.pyplot"].close("all")
    _show._draw_called, _show._to_draw = False, []
    _sys.modules["matplotlib_inline.backend_inline"].show = _show
"""
"""Run first: figures are closed at a cell's end as always, and not drawn, which takes longer than most tests."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One notebook with its reference solution, ready to be run."""

    notebook: SourceNotebook
    folder: Path
    """Data and helper files: every kernel gets a copy."""
    cells: tuple[Any, ...]
    """nbformat nodes of the code cells that have text, in order, with trusted metadata."""
    roles: tuple[Role, ...]
    names: tuple[Names, ...]

    def name(self, place: int) -> str:
        """Return nbgrader's id of a cell, "" if it has none."""
        return str(self.cells[place].metadata.get("nbgrader", {}).get("grade_id", ""))

    def places(self, role: Role) -> list[int]:
        """Return where the cells of a role stand."""
        return [place for place, each in enumerate(self.roles) if each == role]


@dataclass(slots=True)
class Run:
    """What one run gave."""

    scores: dict[int, float | None] = field(default_factory=dict)
    """Of each test that was run, by its place; None: it gave no score."""
    failed: dict[int, str] = field(default_factory=dict)
    """The last line of what went wrong in a cell, by its place."""
    seconds: dict[int, float] = field(default_factory=dict)
    stopped: int | None = None
    """The place of the cell that ended the run: by going over a limit, or with its kernel."""
    why: str = ""


def frame_of(text: str, notebook: SourceNotebook, folder: Path) -> Frame:
    """Return the frame of a notebook.

    Args:
        text: the instructor's notebook as JSON.

    Raises:
        NotebookError: it is none.
    """
    node, _ = rebuild_notebook(text, notebook, where=f"{notebook.name}.ipynb")
    reference = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source for cell in nbformat.reads(text, as_version=4).cells}
    cells = []
    for cell in node.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution"):
            cell.source = reference.get(about.get("grade_id"), cell.source)
        if cell.cell_type == "code" and cell.source.strip():
            cells.append(cell)
    return Frame(notebook, folder, tuple(cells), tuple(map(_role, cells)), tuple(names_of(cell.source) for cell in cells))


def _role(cell: Any) -> Role:
    about = cell.metadata.get("nbgrader", {})
    if about.get("solution"):
        return "other" if about.get("grade") else "answer"  # what a person marks has no test
    if about.get("grade"):
        return "test"
    return "setup" if about.get("locked") else "other"


def short_limits(limits: Limits, seconds: Iterable[float]) -> Limits:
    """Return the limits of a mutant's run, by what each cell took in the reference run."""
    cpu = min(limits.cell_cpu_s, max(_LEAST_CPU_S, _TIMES * max(seconds, default=0.0)))
    wall = min(limits.cell_timeout_s, _WALL * cpu)
    return limits.model_copy(update={"cell_cpu_s": cpu, "cell_timeout_s": wall})


def run_cells(frame: Frame, places: Sequence[int], server: ForkServer, limits: Limits, *, changed: Mapping[int, str] | None = None) -> Run:
    """Run the cells at `places` in one new kernel, some of them with another text, until one ends the run.

    Raises:
        SandboxMissingError: no kernel could be forked.
    """
    run = Run()
    with server.start_kernel(frame.folder, limits, KERNEL_ENVIRONMENT, budget=Budget(limits)) as kernel:
        kernel.run_cell(QUICK_PICTURES)
        for place in places:
            if not _run_cell(kernel, frame, place, (changed or {}).get(place), run):
                break
    return run


def _run_cell(kernel: Kernel, frame: Frame, place: int, text: str | None, run: Run) -> bool:
    """Run one cell and note what came of it; return whether the next one may run."""
    cell = nbformat.NotebookNode(frame.cells[place], outputs=[], metadata=nbformat.NotebookNode(frame.cells[place].metadata))
    began = time.monotonic()
    try:
        given = kernel.run_cell(cell.source if text is None else text)
    except (KernelDiedError, KernelStuckError) as gone:
        run.stopped, run.why = place, str(gone)
        return False
    run.seconds[place] = time.monotonic() - began
    write_run(cell, given)
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if errors:
        run.failed[place] = visible(f"{errors[0].ename}: {errors[0].evalue}".split("\n")[0][:200])
    if given.exceeded is not None:
        run.stopped, run.why = place, given.exceeded.told
        return False
    if frame.roles[place] == "test":
        run.scores[place] = _score(cell)
    return True


def _score(cell: Any) -> float | None:
    try:
        return score_cell(cell, cell.metadata.nbgrader.points)
    except UngradedCellError:
        return None
