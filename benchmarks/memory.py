"""How much memory one more submission at a time costs: the private memory of the kernels of sealed grading, at the end of the notebook.

Run it with `python -m benchmarks.memory`. Private is what no other process shares: what `/proc/PID/smaps_rollup` calls so.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from autograder.execution.fork_server import ForkServer, Kernel
from autograder.execution.forked import KERNEL_ENVIRONMENT
from autograder.jobs import Limits
from benchmarks.classes import CLASSES, ClassWork
from benchmarks.measuring import print_table

_ALIVE = 4


def main() -> None:
    """Measure and print."""
    rows = []
    for work in CLASSES.values():
        rest, used = _private_of_kernels(work)
        rows.append([work.name, f"{rest / 2**20:.0f}", f"{used / 2**20:.0f}", f"{(rest + used) / 2**20:.0f}"])
    print(f"private memory of a kernel in MiB, mean of {_ALIVE} that live at once")  # noqa: T201
    print_table(
        ["notebook", "at its start", "after the cells", "both of a sealed submission, at most"],
        [[*row[:3], f"{2 * int(row[2])}"] for row in rows],
    )


def _private_of_kernels(work: ClassWork) -> tuple[float, float]:
    with ForkServer(work.libraries) as server, tempfile.TemporaryDirectory() as folder:
        kernels = [server.start_kernel(Path(folder), Limits(), KERNEL_ENVIRONMENT) for _ in range(_ALIVE)]
        try:
            rest = sum(map(_private, kernels)) / _ALIVE
            for number, kernel in enumerate(kernels):
                for text in work.plain_cells(number):
                    kernel.run_cell(text)
            return rest, sum(map(_private, kernels)) / _ALIVE
        finally:
            for kernel in kernels:
                kernel.close()


def _private(kernel: Kernel) -> int:
    """Return the private bytes of a kernel's process, found by its handle."""
    about = Path(f"/proc/self/fdinfo/{kernel._handle}").read_text(encoding="ascii")
    found = re.search(r"^Pid:\s+(\d+)$", about, re.MULTILINE)
    if found is None or os.geteuid() != 0:
        sys.exit("only root may read the memory of locked-in kernels")
    rollup = Path(f"/proc/{found[1]}/smaps_rollup").read_text(encoding="ascii")
    return sum(int(size) * 1024 for size in re.findall(r"^Private_\w+:\s+(\d+) kB$", rollup, re.MULTILINE))


if __name__ == "__main__":
    main()
