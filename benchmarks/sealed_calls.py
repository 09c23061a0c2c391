"""How long the tests wait for one answer of the learner's side in sealed grading: medians of one run, between two real processes, without the sandbox.

Run it with `python -m benchmarks.sealed_calls`. "floor" is the bare socket, 60 bytes there and back; "same work, one process" is what a test pays unsealed.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from autograder.sealed.candidate import Candidate
from autograder.sealed.examiner import Examiner
from autograder.sealed.policy import PolicyCell, policy_of
from autograder.sealed.wire import Channel

SOLUTION = """
class Box:
    def __init__(self):
        self.side = 4
box = Box()
def f(x):
    return x * x - 2
def same(thing):
    return thing
rows = 100_000
big = pd.DataFrame({"a": np.arange(rows), "b": np.arange(rows) / 3, "c": [str(n % 1000) for n in range(rows)],
                    "d": np.ones(rows), "e": np.zeros(rows), "g": ["x"] * rows})
grid = np.random.default_rng(1).random(1_000_000)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=97_000, help="how many calls the long loop makes")
    options = parser.parse_args()
    print(f"{'floor: 60 bytes there and back':46}{1e6 * _floor():12.0f} µs")  # noqa: T201
    frame = pd.DataFrame(np.random.default_rng(2).random((1000, 5)), columns=list("abcde"))
    frame["e"] = [f"row {n}" for n in range(1000)]
    array, numbers = np.arange(1000.0), list(range(1000))
    with _examiner() as names:
        f, same, box = names["f"], names["same"], names["box"]
        _show("name look-up", lambda: names["f"], 2000)
        _show("f(3)", lambda: f(3), 3000)
        _show("f(3), a seeded generator drawn from before", lambda: f(np.random.rand()), 1000)
        _show("box.side", lambda: box.side, 2000)
        _show("same(list of 1000)", lambda: same(numbers.copy()), 300)
        _show("same(array of 8 kB)", lambda: same(array.copy()), 500)
        _show("same(frame of 1000 x 5)", lambda: same(frame.copy()), 100)
    with _examiner("big") as names:
        f = names["f"]
        _show("f(3) beside that frame, unchanged", lambda: f(3), 30)
    with _examiner("grid") as names:
        f = names["f"]
        _show("f(3) beside that array, unchanged", lambda: f(3), 30)
    _loops(options.calls)


def _loops(count: int) -> None:
    local = eval("lambda x: x * x - 2")  # noqa: S307 - a plain function, for comparison
    with _examiner() as names:
        f = names["f"]
        found = {}
        for title, each in (("one process", local), ("sealed", f)):
            started = time.perf_counter()
            for number in range(count):
                each(number)
            found[title] = time.perf_counter() - started
    print(f"{count:,} calls one by one: {found['sealed']:.2f} s sealed, {found['one process']:.3f} s in one process")  # noqa: T201


def _show(title: str, call: Callable[[], object], times: int) -> None:
    spans = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        spans.append(time.perf_counter() - started)
    print(f"{title:46}{1e6 * statistics.median(spans):12.1f} µs")  # noqa: T201


@contextmanager
def _examiner(*also_used: str) -> Iterator[dict[str, Any]]:
    """Yield the names of a test cell beside a candidate in a process of its own."""
    ours, theirs = socket.socketpair()
    process = os.fork()
    if not process:
        ours.close()
        names: dict[str, Any] = {"__name__": "__main__", "np": np, "pd": pd}
        exec(SOLUTION, names)  # noqa: S102 - our own text
        Candidate(Channel(theirs), names).examine()
        os._exit(0)
    theirs.close()
    examiner = Examiner(Channel(ours), {}, policy_of([PolicyCell(name="a", source=SOLUTION, role="answer")]))
    examiner.begin_cell("f, same, box" + "".join(f", {name}" for name in also_used), trusted=False, forget=[])
    try:
        yield examiner.names_here
    finally:
        examiner.end_cell()
        ours.close()
        os.waitpid(process, 0)


def _floor() -> float:
    ours, theirs = socket.socketpair()
    process = os.fork()
    if not process:
        ours.close()
        while data := theirs.recv(4096):
            theirs.sendall(data)
        os._exit(0)
    theirs.close()
    spans = []
    for _ in range(3000):
        started = time.perf_counter()
        ours.sendall(b"x" * 60)
        ours.recv(4096)
        spans.append(time.perf_counter() - started)
    ours.close()
    os.waitpid(process, 0)
    return statistics.median(spans)


if __name__ == "__main__":
    main()
