"""How much memory one more submission at a time costs: the private memory of kernels, and that of all processes of `patunay grade` with one worker and with three.

Run it as root with `python -m benchmarks.memory`. Private is what no other process shares: what `/proc/PID/smaps_rollup` calls so.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from autograder.execution.fork_server import ForkServer, Kernel
from autograder.execution.forked import KERNEL_ENVIRONMENT
from autograder.jobs import Limits
from benchmarks.classes import CLASSES, ClassWork
from benchmarks.measuring import PROGRAMS, print_table

_ALIVE = 4
_SUBMISSIONS, _MORE = 24, 2


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
    print("\nprivate memory in MiB that one more worker of `patunay grade` costs, with the kernels of its submission")  # noqa: T201
    print_table(["notebook", "in the mean", "at the highest"], [_of_one_more_worker(work) for work in CLASSES.values()])


def _of_one_more_worker(work: ClassWork) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="patunay-bench-") as folder:
        root = work.make_course(Path(folder, "course"), _SUBMISSIONS)
        (one_mean, one_peak), (more_mean, more_peak) = (_private_of_grading(work, root, jobs) for jobs in (1, 1 + _MORE))
    return [work.name, *(f"{(more - one) / _MORE / 2**20:.0f}" for more, one in ((more_mean, one_mean), (more_peak, one_peak)))]


def _private_of_grading(work: ClassWork, root: Path, jobs: int) -> tuple[float, float]:
    """Return the mean and the highest private memory of all processes of a command that grades the class, while all its workers are at it."""
    command = [str(PROGRAMS / "patunay"), "grade", work.name, "--root", ".", "--force", "--jobs", str(jobs)]
    process = psutil.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen: list[int] = []
    while process.poll() is None:
        tree = [process.pid, *(child.pid for child in process.children(recursive=True))]
        if len(tree) > 3 + 2 * jobs:  # the command, the fork servers, and for each worker itself and a kernel
            seen.append(sum(map(_private_bytes, tree)))
        time.sleep(0.05)
    if process.returncode or not seen:
        sys.exit("grading failed, or was over before anybody looked")
    return sum(seen) / len(seen), max(seen)


def _private_bytes(pid: int) -> int:
    """Return the private bytes of a process, 0 if it has ended."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return sum(int(size) * 1024 for size in re.findall(r"^Private_\w+:\s+(\d+) kB$", rollup, re.MULTILINE))


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
    return _private_bytes(int(found[1]))


if __name__ == "__main__":
    main()
