"""Runs a notebook's cells in a forked kernel and writes into them what nbgrader's Execute would have: outputs, counts, errors.

nbgrader's rules kept here: every cell runs even after an error; a cell at its time limit is interrupted and gets `CellTimeoutError`; an error that the reply
names and the outputs do not show is added, so that hiding the traceback does not hide the failure (nbgrader #1324).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import nbformat

from autograder.execution.fork_server import CellRun, ForkServer, KernelDiedError, KernelStuckError
from autograder.jobs import GradingJob

_TIMEOUT_ERROR = {
    "output_type": "error",
    "ename": "CellTimeoutError",
    "evalue": "",
    "traceback": ["\x1b[0;31mCellTimeoutError\x1b[0m: No reply from kernel before timeout"],
}
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


def run_forked(server: ForkServer, node: Any, folder: Path, job: GradingJob) -> str | None:
    """Run the notebook `node` in place, in a kernel whose working folder is a copy of `folder`.

    Returns:
        None if every cell was run; else why the submission failed, with the cell named.

    Raises:
        SandboxMissingError: no kernel could be forked.
    """
    ends = time.monotonic() + job.limits.submission_timeout_s
    with server.start_kernel(folder, job.limits, KERNEL_ENVIRONMENT) as kernel:
        for index, cell in enumerate(node.cells):
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            if time.monotonic() > ends:
                return f"the submission took longer than the {job.limits.submission_timeout_s:g} s allowed"
            try:
                write_run(cell, kernel.run_cell(cell.source))
            except KernelDiedError:
                return f"{place_of(cell, index)} ended the kernel"
            except KernelStuckError as stuck:
                return f"{place_of(cell, index)} stopped the run: {stuck}"
    return None


def place_of(cell: Any, index: int) -> str:
    """Return how a cell is named to people: its place in the notebook, and its nbgrader id if it has one."""
    name = cell.metadata.get("nbgrader", {}).get("grade_id")
    return f"cell {index + 1}" + (f" ({name})" if name else "")


def write_run(cell: Any, run: CellRun) -> None:
    """Write into `cell` what running it gave."""
    outputs = [{key: value for key, value in output.items() if key != "_display_id"} for output in run.outputs]
    if run.timed_out:
        outputs.append(_TIMEOUT_ERROR)
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
    count = run.reply.get("execution_count")
    cell.execution_count = count if isinstance(count, int) else None
