"""How fast a class is graded: `patunay grade` against `nbgrader autograde` on the same submissions, alternately, on this machine.

Run it with `make bench`, or `python -m benchmarks.grading --submissions 20 --rounds 3`. Both are started as a user starts them, so both pay for their imports.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.small_course import SQUARE, SmallCourse, make_small_course

_PROGRAMS = Path(sys.executable).parent
_COMMANDS = {
    "nbgrader autograde": [str(_PROGRAMS / "nbgrader"), "autograde", "ps1", "--log-level=ERROR"],
    "patunay grade": [sys.executable, "-m", "portal.cli", "grade", "ps1", "--root", "."],
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        course = make_small_course(Path(scratch, "course"))
        _hand_in(course, options.submissions)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in _COMMANDS}
        for round_ in range(options.rounds):
            for name, command in _COMMANDS.items():
                copy = Path(scratch, f"{name.split()[0]}-{round_}")
                shutil.copytree(course.root, copy)
                times[name].append(_measure(command, copy))
    print(f"{options.submissions} submissions of one small notebook, {options.rounds} rounds, {os.cpu_count()} cores; median of the rounds")  # noqa: T201
    medians = {}
    for name, pairs in times.items():
        wall, cpu = (statistics.median(column) for column in zip(*pairs, strict=True))
        medians[name] = wall, cpu
        print(f"{name:20} {wall:7.2f} s wall {cpu:7.2f} s CPU {options.submissions / wall:7.2f} submissions/s")  # noqa: T201
    peer, ours = medians["nbgrader autograde"], medians["patunay grade"]
    print(f"ratio                {peer[0] / ours[0]:7.2f} x wall {peer[1] / ours[1]:6.2f} x CPU")  # noqa: T201


def _hand_in(course: SmallCourse, count: int) -> None:
    """Let every second learner be right; no two hand in the same text."""
    for index in range(count):
        answer = SQUARE if index % 2 else SQUARE.replace("n * n", "n + n")
        course.submit(f"learner{index:03}", f"{answer}  # {index}", "found = 2", essay=f"Answer {index}.")


def _measure(command: list[str], folder: Path) -> tuple[float, float]:
    """Return wall and CPU seconds of a command with its children."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {**os.environ, "PATH": f"{_PROGRAMS}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
