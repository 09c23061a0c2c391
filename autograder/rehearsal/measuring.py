"""Runs the reference solution in one process and measures each of its cells: time, memory, what was loaded."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from autograder.execution.compat import grade_submission
from autograder.execution.fork_server import KernelDiedError, KernelStuckError
from autograder.execution.forked import KERNEL_ENVIRONMENT, place_of, write_run
from autograder.execution.preloading import loaded_modules
from autograder.execution.shortening import shorten_outputs
from autograder.jobs import GradingJob, GradingResult, SourceNotebook
from autograder.sealed.grading import SealedServers


@dataclass(frozen=True, slots=True)
class Use:
    """What a cell used in one process."""

    seconds: float = 0.0
    memory_bytes: int = 0
    """The most that the process had used when the cell was over."""

    def most(self, other: Use) -> Use:
        """Return the larger of both, for each."""
        return Use(max(self.seconds, other.seconds), max(self.memory_bytes, other.memory_bytes))


@dataclass(slots=True)
class MeasuredRun:
    """One run in one process."""

    result: GradingResult = field(default_factory=lambda: GradingResult(status="failed"))
    use: dict[tuple[str, str], Use] = field(default_factory=dict)
    """By notebook and cell: its nbgrader id, or `cell <number>` for one that has none."""
    modules: set[str] = field(default_factory=set)
    """What its cells loaded."""


def run_measured(job: GradingJob, servers: SealedServers) -> MeasuredRun:
    """Return what the submission earns with tests and answers in one process, measured."""
    measured = MeasuredRun()
    measured.result = grade_submission(job, run=partial(_run, job=job, servers=servers, measured=measured))
    return measured


def _run(
    node: Any, folder: Path, notebook: SourceNotebook, job: GradingJob, servers: SealedServers, measured: MeasuredRun
) -> tuple[Any, str] | None:
    with servers.candidate.start_kernel(folder, job.limits, KERNEL_ENVIRONMENT) as kernel:
        before = loaded_modules(kernel)
        for index, cell in enumerate(node.cells):
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            began = time.monotonic()
            try:
                write_run(cell, kernel.run_cell(cell.source))
            except (KernelDiedError, KernelStuckError) as stopped:
                return "failed", f"{place_of(cell, index)}: {stopped}"
            name = cell.metadata.get("nbgrader", {}).get("grade_id") or f"cell {index + 1}"
            measured.use[notebook.name, name] = Use(time.monotonic() - began, kernel.peak_memory())
        measured.modules |= loaded_modules(kernel) - before
    shorten_outputs(node, job.limits)
    return None
