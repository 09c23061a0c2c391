"""How fast a class is graded, side by side in one run on this machine: nbgrader, nbclient alone, ours compat and sealed, and the floor.

Run it with `make bench`, or `python -m benchmarks.grading --submissions 40 --rounds 3 [--otter PYTHON]`. Every grader is started as a user starts it. "each"
is the cost of one more submission: the whole command's less the same command's on one submission. Rates and ratios use that; the whole is printed too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.classes import CLASSES, ClassWork
from benchmarks.measuring import PROGRAMS, Cost, print_table, run_measured

_PATUNAY = str(PROGRAMS / "patunay")


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to grade a class."""

    name: str
    run: Callable[[ClassWork, Path, int], Cost]
    """Given the class, a scratch folder and how many submissions."""


def _in_course(*command: str) -> Callable[[ClassWork, Path, int], Cost]:
    def run(work: ClassWork, scratch: Path, count: int) -> Cost:
        copy = scratch / "copy"
        shutil.copytree(scratch / f"course-{count}", copy)
        try:
            return run_measured([part.replace("CLASS", work.name) for part in command], copy)
        finally:
            shutil.rmtree(copy)

    return run


def _peer(name: str) -> Callable[[ClassWork, Path, int], Cost]:
    def run(work: ClassWork, scratch: Path, count: int) -> Cost:
        return run_measured([sys.executable, "-m", "benchmarks.peers", name, work.name, *map(str, range(count))], scratch)

    return run


def _otter(python: str) -> Callable[[ClassWork, Path, int], Cost]:
    program = str(Path(__file__).with_name("otter_grader.py"))

    def run(_work: ClassWork, scratch: Path, count: int) -> Cost:
        return run_measured([python, program, str(scratch / "otter"), *map(str, range(count))], scratch)

    return run


def contenders(otter: str | None) -> list[Contender]:
    """Return who is measured.

    Args:
        otter: the Python of an environment with otter-grader; None: it is left out.
    """
    found = [
        Contender("nbgrader autograde", _in_course(str(PROGRAMS / "nbgrader"), "autograde", "CLASS", "--log-level=ERROR")),
        Contender("nbclient alone, 2 at a time", _peer("nbclient")),
        Contender("patunay grade --compat", _in_course(_PATUNAY, "grade", "CLASS", "--root", ".", "--compat")),
        Contender("patunay grade (sealed)", _in_course(_PATUNAY, "grade", "CLASS", "--root", ".")),
        Contender("floor: fork and exec, 2 at a time", _peer("floor")),
    ]
    return [*found, Contender("otter-grader, 2 at a time", _otter(otter))] if otter else found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--classes", nargs="+", default=list(CLASSES), choices=list(CLASSES))
    parser.add_argument("--otter", metavar="PYTHON", help="the Python of an environment where otter-grader is installed")
    options = parser.parse_args()
    otter = _usable(options.otter)
    for name in options.classes:
        _measure(CLASSES[name], options.submissions, options.rounds, contenders(otter))


def _usable(otter: str | None) -> str | None:
    """Return the Python of an environment that has otter-grader; None, and say so, if it is left out."""
    if otter is None:
        print("otter-grader is left out: install it in an environment of its own and name its Python with --otter")  # noqa: T201
        return None
    found = subprocess.run([otter, "-c", "import otter"], capture_output=True, check=False) if shutil.which(otter) else None
    if found is None or found.returncode:
        print(f"otter-grader is left out: {otter} is no Python that can import it")  # noqa: T201
        return None
    return otter


def _measure(work: ClassWork, count: int, rounds: int, who: list[Contender]) -> None:
    whole: dict[str, list[Cost]] = {each.name: [] for each in who}
    one_more: dict[str, list[Cost]] = {each.name: [] for each in who}
    with tempfile.TemporaryDirectory(prefix="patunay-bench-") as folder:
        scratch = Path(folder)
        for size in (1, count):
            work.make_course(scratch / f"course-{size}", size)
        work.write_for_otter(scratch / "otter", range(count))
        for round_ in range(rounds):
            for each in who if round_ % 2 == 0 else reversed(who):
                start, all_ = each.run(work, scratch, 1), each.run(work, scratch, count)
                whole[each.name].append(all_)
                one_more[each.name].append(all_.minus(start).over(count - 1))
    _print(
        work,
        count,
        rounds,
        {name: _median(costs) for name, costs in whole.items()},
        {name: _median(costs) for name, costs in one_more.items()},
    )


def _median(costs: list[Cost]) -> Cost:
    return Cost(statistics.median(each.wall_s for each in costs), statistics.median(each.cpu_s for each in costs))


def _print(work: ClassWork, count: int, rounds: int, whole: dict[str, Cost], one_more: dict[str, Cost]) -> None:
    peer, floor = next(iter(whole)), next(name for name in whole if name.startswith("floor"))
    print(f"\n{work.name}: {count} submissions of a 20-cell notebook, median of {rounds} rounds, {len(os.sched_getaffinity(0))} cores")  # noqa: T201
    rows = [
        [
            name,
            f"{whole[name].wall_s:.2f}",
            f"{whole[peer].wall_s / whole[name].wall_s:.1f}",
            f"{each.wall_s * 1000:.0f}",
            f"{each.cpu_s * 1000:.0f}",
            f"{60 / each.wall_s:.0f}",
            f"{one_more[peer].wall_s / each.wall_s:.1f}",
            f"{each.cpu_s / one_more[floor].cpu_s:.1f}",
        ]
        for name, each in one_more.items()
    ]
    print_table(["", "all, s", "x nbgrader", "each, ms", "CPU, ms", "a minute", "x nbgrader", "CPU x floor"], rows)


if __name__ == "__main__":
    main()
