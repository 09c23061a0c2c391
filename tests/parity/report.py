"""`python -m tests.parity.report [--fast] [NAME...]`: compares all assignments, or those named, and prints the table and every exception with its reason.

With `--fast` nbgrader is not run: our compat run, which the tests show to be equal to it, stands for it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from autograder.execution.engines import EngineRoom
from tests.parity.comparing import Comparison, compare
from tests.parity.known import KNOWN
from tests.parity.reading import all_assignments, read_assignment


def table(found: Iterable[Comparison]) -> str:
    """Return the comparisons as a table with their sum, then every exception with its reason."""
    found = list(found)
    lines = [_HEAD]
    lines += [_line(each.assignment, [each]) for each in found]
    lines += [_line(f"{len(found)} assignments", found), ""]
    lines += [f"compat: {each.assignment}/{difference}" for each in found for difference in each.compat_differences]
    lines += [str(difference) for each in found for difference in each.differences]
    lines += [
        f"{each.assignment}/{where}: equal, not sealed: {why}"
        for each in found
        for where, why in (each.unsealed | each.own_operators).items()
    ]
    lines += [f"{each.assignment}/{cell}: rehearsal: {why}" for each in found for cell, why in each.causes.items()]
    lines += [
        f"{each.assignment}/{name}: cheats: nbgrader {theirs:g} points, sealed {ours:g}"
        for each in found
        for name, (theirs, ours) in each.cheats.items()
    ]
    graded = {each.assignment for each in found}
    seen = {f"{each.assignment}/{cell}" for each in found for cell in each.unsealed_cells}
    lines += [
        f"{cell}: known, and not seen any more: {why}"
        for cell, why in KNOWN.items()
        if cell.partition("/")[0] in graded and cell not in seen
    ]
    return "\n".join(lines)


_HEAD = f"{'':30} {'tests':>6} {'subm.':>6} {'verdicts':>9} {'passed':>7} {'equal':>7} {'manual':>7} {'wrong':>6} {'unsealed':>9} {'own op.':>8} {'compat':>7} {'differ':>7}"


def _line(name: str, found: list[Comparison]) -> str:
    differences = [difference for each in found for difference in each.differences]
    manual = sum(difference.outcome == "manual" for difference in differences)
    verdicts = sum(each.verdicts for each in found)
    numbers = (
        (sum(each.test_cells for each in found), 6), (sum(each.submissions for each in found), 6), (verdicts, 9),
        (sum(each.passed for each in found), 7), (verdicts - len(differences), 7), (manual, 7), (len(differences) - manual, 6),
        (sum(len(each.unsealed_cells) for each in found), 9), (sum(len(each.own_operator_cells) for each in found), 8),
        (sum(each.compat_rows for each in found), 7), (sum(len(each.compat_differences) for each in found), 7),
    )  # fmt: skip
    return f"{name:30} " + " ".join(f"{number:{width}d}" for number, width in numbers)


def main(names: list[str]) -> None:
    """Compare and print."""
    is_fast = "--fast" in names
    names = [name for name in names if name != "--fast"]
    found = []
    with EngineRoom(assurance="compat") as compat, EngineRoom(assurance="sealed") as sealed:
        for number, path in enumerate(all_assignments()):
            if names and not any(path.stem.startswith(name) for name in names):
                continue
            with tempfile.TemporaryDirectory(prefix="parity-") as scratch:
                rooms = {"compat": compat, "sealed": sealed}
                found.append(compare(read_assignment(path), number, Path(scratch, "courses"), rooms, is_fast=is_fast))
            print(table(found[-1:]), file=sys.stderr, flush=True)  # noqa: T201 - this is a command
    print(table(found))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
