"""What one submission costs when there are many: `patunay grade` on classes of 100, 1,000 and 10,000, each in a course of its own, and on a Dask cluster.

Run it with `python -m benchmarks.scaling --sizes 100 1000 [--dask]`. No two submissions are alike. The notebook is short, so that what is measured is not its cells.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.classes import SHORT
from benchmarks.measuring import PROGRAMS, Cost, print_table, run_measured


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--dask", action="store_true", help="also on a Dask cluster of two workers on this machine")
    options = parser.parse_args()
    rows = [_row("this machine", size, _grade(size)) for size in options.sizes]
    if options.dask:
        with _dask_cluster() as address:
            rows += [_row("2 Dask workers", size, _grade(size, "--cluster", address)) for size in options.sizes]
    print_table(["where", "submissions", "all, s", "each, ms", "CPU of the command each, ms"], rows)


def _row(where: str, size: int, cost: Cost) -> list[str]:
    each = cost.over(size)
    return [where, str(size), f"{cost.wall_s:.1f}", f"{each.wall_s * 1000:.1f}", f"{each.cpu_s * 1000:.1f}"]


def _grade(size: int, *more: str) -> Cost:
    with tempfile.TemporaryDirectory(prefix="patunay-bench-") as folder:
        root = SHORT.make_course(Path(folder, "course"), size)
        run_measured(
            [str(PROGRAMS / "patunay"), "grade", SHORT.name, "--root", ".", "--learner", "learner00000"], root
        )  # the plan is made here
        return run_measured([str(PROGRAMS / "patunay"), "grade", SHORT.name, "--root", ".", *more], root)


@contextlib.contextmanager
def _dask_cluster() -> Iterator[str]:
    """Yield the address of a scheduler with two workers, each one process with one thread."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--nworkers", "1", "--no-dashboard"]
    with contextlib.ExitStack() as started:
        for command in (dask, worker, worker):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            started.callback(process.wait)
            started.callback(process.terminate)
            time.sleep(2)
        yield address


if __name__ == "__main__":
    main()
