"""Runs a notebook's cells, tests and all, in one forked kernel, and writes into them what nbgrader's Execute would have: outputs, counts, errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder.execution.fork_server import ForkServer
from autograder.execution.kernel import Kernel
from autograder.execution.limiting import Budget
from autograder.execution.surviving import place_of, run_through, write_run
from autograder.jobs import GradingJob

__all__ = ["KERNEL_ENVIRONMENT", "place_of", "run_forked", "write_run"]

KERNEL_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/tmp",  # noqa: S108 - the kernel's private one
    "USER": "learner",
    "IPYTHONDIR": "/tmp/ipython",  # noqa: S108
    "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "NBGRADER_EXECUTION": "autograde",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class _OneKernel:
    """A kernel that runs every cell of a notebook."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def run(self, cell: Any) -> None:
        """Run one code cell."""
        write_run(cell, self._kernel.run_cell(cell.source))


def run_forked(server: ForkServer, node: Any, folder: Path, job: GradingJob, budget: Budget | None = None) -> str:
    """Run the notebook `node` in place, in a kernel whose working folder is a copy of `folder`.

    Returns:
        "" if every cell was run; else why not. Cells without a verdict say so; see `autograder.execution.surviving`.

    Raises:
        SandboxMissingError: no kernel could be forked.
    """
    spent = budget or Budget(job.limits)

    @contextmanager
    def open_side() -> Iterator[_OneKernel]:
        with server.start_kernel(folder, job.limits, KERNEL_ENVIRONMENT, budget=spent) as kernel:
            yield _OneKernel(kernel)

    return run_through(node.cells, open_side, spent)
