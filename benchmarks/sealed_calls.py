"""How long the tests wait for one answer of the learner's side in sealed grading: medians of one run, between two real processes, without the sandbox.

Run it with `python -m benchmarks.sealed_calls`. "floor" is the bare socket, 60 bytes there and back; "same work, one process" is what a test pays unsealed.
"""

from __future__ import annotations

import argparse
import ast
import os
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pandas as pd

from autograder.sealed.candidate import Candidate
from autograder.sealed.examiner import Examiner
from autograder.sealed.loop_syntax import MARK, LoopSyntax
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
def ordered(things, key):
    # orders a little by exchanging neighbours, five rounds: a key is asked for at each comparison
    found = list(things)
    for _ in range(5):
        for place in range(len(found) - 1):
            if key(found[place]) > key(found[place + 1]):
                found[place], found[place + 1] = found[place + 1], found[place]
    return found
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
    """Measure whole tests: what each takes sealed, its calls asked for ahead or one by one, and in one process."""
    heads = f"{'ahead, s':>10}{'one by one, s':>15}{'one process, s':>16}{'calls a second':>16}{'ratio':>8}"
    print(f"\n{'a test that makes its calls':46}{heads}")  # noqa: T201
    for title, text, calls in _tests(count):
        ahead, alone, together = _sealed(text, goes_ahead=True), _sealed(text, goes_ahead=False), _together(text)
        print(f"{title:46}{ahead:10.2f}{alone:15.2f}{together:16.3f}{calls / ahead:16,.0f}{ahead / together:8.0f}")  # noqa: T201


def _tests(count: int) -> list[tuple[str, str, int]]:
    fewer = count // 10
    return [
        (f"in a loop, {count:,}", f"for number in range({count}):\n    assert f(number) == number * number - 2", count),
        (
            f"in a loop that fails halfway, {count // 2:,}",
            f"for number in range({count}):\n    assert f(number) != {(count // 2) ** 2 - 2}",
            count // 2,
        ),
        (f"with data, {fewer:,}", f"for number in np.random.default_rng(3).integers(0, 9, {fewer}):\n    f(int(number))", fewer),
        (f"by a helper of the instructor's, {fewer:,}", f"assert helper(f, {fewer}) == {fewer}", fewer),
        (f"of the test's own key by the learner's class, {fewer:,}", f"assert ordered(range({fewer // 10}), lambda x: -abs(x))", fewer),
    ]


def _sealed(text: str, *, goes_ahead: bool) -> float:
    with _examiner(goes_ahead=goes_ahead, test=text) as names:
        code = compile(LoopSyntax().visit(ast.parse(text)), "<test>", "exec")
        return _time_of(lambda: exec(code, names))  # noqa: S102 - our own text


def _together(text: str) -> float:
    names: dict[str, Any] = {"np": np, "pd": pd, "helper": _helper}
    exec(SOLUTION, names)  # noqa: S102 - our own text
    return _time_of(lambda: exec(text, names))  # noqa: S102 - our own text


def _time_of(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    with suppress(AssertionError):
        run()
    return time.perf_counter() - started


def _helper(function: Callable[[int], object], calls: int) -> int:
    done = 0
    while done < calls:
        function(done)
        done += 1
    return done


def _show(title: str, call: Callable[[], object], times: int) -> None:
    spans = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        spans.append(time.perf_counter() - started)
    print(f"{title:46}{1e6 * statistics.median(spans):12.1f} µs")  # noqa: T201


@contextmanager
def _examiner(*also_used: str, goes_ahead: bool = False, test: str = "") -> Iterator[dict[str, Any]]:
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
    policy = policy_of([PolicyCell(name="a", source=SOLUTION, role="answer"), PolicyCell(name="b", source=test, role="test")])
    examiner = Examiner(Channel(ours), {"np": np, "helper": _helper}, policy, goes_ahead=goes_ahead)
    dict.__setitem__(examiner.names_here, MARK, examiner.calls_ahead.loop)
    examiner.begin_cell(test or "f, same, box" + "".join(f", {name}" for name in also_used), trusted=False, forget=[])
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
