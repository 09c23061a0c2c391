"""How long mutation testing of a course takes: 3 assignments, 20 answer cells, 400 mutants, rehearsed and mutated; and nbclient on the same mutants, side by side.

Run it with `make bench-mutation`, or `python -m benchmarks.mutation [--peer 12]`. The peer does what `nbgrader autograde` does for each submission: it starts a
kernel and runs the whole notebook; nbgrader adds its database to that. It runs a few of the same mutants, evenly chosen, as many at once as there are cores.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from autograder.execution.engines import EngineRoom
from autograder.jobs import AssignmentSource, Limits
from autograder.mutation.mutants import columns_of, make_mutants
from autograder.mutation.mutating import Wanted, mutate_assignment
from autograder.mutation.report import MutationReport
from autograder.mutation.sources import read_source
from autograder.rehearsal import rehearse
from autograder.sealed.grading import SealedServers
from benchmarks.measuring import print_table

_MOST = 20
_QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "clean",
        "def clean(table):\n    kept = table.dropna(subset=['mass']).drop_duplicates(subset='bird', keep='last')\n"
        "    kept = kept[(kept['mass'] > 0) & (kept['mass'] <= 100)]\n    return kept.sort_values('bird').reset_index(drop=True)",
        "_found = clean(pd.DataFrame({'bird': [3, 1, 1, 2, 4, 5, 6], 'mass': [5.0, 2.0, 3.0, None, 0.0, 100.0, 101.0]}))\n"
        "assert _found['bird'].tolist() == [1, 3, 5] and _found['mass'].tolist() == [3.0, 5.0, 100.0]\nassert _found.index.tolist() == [0, 1, 2]",
    ),
    (
        "summary",
        "def summary(table):\n    groups = table.groupby('kind')['mass']\n    found = pd.DataFrame({'n': groups.count(), 'mean': groups.mean().round(1)})\n"
        "    found['share'] = (100 * found['n'] / found['n'].sum()).round(1)\n    return found.sort_values('mean', ascending=False)",
        "_found = summary(pd.DataFrame({'kind': list('abaac'), 'mass': [1.0, 5.0, 2.0, 6.25, None]}))\n"
        "assert _found.index.tolist() == ['b', 'a', 'c'] and _found['n'].tolist() == [1, 3, 0]\n"
        "assert _found['mean'].tolist()[:2] == [5.0, 3.1] and _found['share'].tolist() == [25.0, 75.0, 0.0]",
    ),
    (
        "longest",
        "def longest(values, low=3):\n    best, here = 0, 0\n    for place in range(len(values)):\n        if values[place] >= low and values[place] != 9:\n"
        "            here = here + 1\n            best = max(best, here)\n        else:\n            here = 0\n    return best",
        "assert longest([3, 4, 1, 5, 6, 7, 2]) == 3 and longest([]) == 0 and longest([3, 9, 3]) == 1 and longest([1, 2], 1) == 2 and longest([5]) == 1",
    ),
    (
        "interval",
        "def interval(values, k=2):\n    centre = sum(values) / len(values)\n    spread = sum((each - centre) ** 2 for each in values) / (len(values) - 1)\n"
        "    half = k * (spread / len(values)) ** 0.5\n    if half == 0:\n        raise ValueError('no spread')\n    return centre - half, centre + half",
        "_low, _high = interval([1, 2, 3, 6], 1)\nassert abs(_low - 1.91985) < 1e-4 and abs(_high - 4.08015) < 1e-4\n"
        "_low, _high = interval([1, 2, 3, 6])\nassert abs(_low - 0.8397) < 1e-4\n_raised = False\ntry:\n    interval([4, 4])\n"
        "except ValueError:\n    _raised = True\nassert _raised",
    ),
)
_ASSIGNMENTS = (7, 7, 6)
"""How many answer cells each has: 20 in all."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=int, default=12, help="as many mutants are run by nbclient too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, EngineRoom() as room:
        sources = [_written(Path(scratch, f"assignment-{number}"), cells) for number, cells in enumerate(_ASSIGNMENTS)]
        began = time.monotonic()
        ready = room.prepare(sources[0])
        if ready.server is None or ready.examiner is None:
            raise SystemExit("no kernel can be forked here")
        servers = SealedServers(ready.server, ready.examiner)
        started = time.monotonic()
        plans = [rehearse(each, servers, Limits(), environment_digest="") for each in sources]
        rehearsed = time.monotonic()
        reports = [
            mutate_assignment(source, servers, Limits(), plan, wanted=Wanted(most=_MOST))
            for source, plan in zip(sources, plans, strict=True)
        ]
        ended = time.monotonic()
        peer_s = _run_peer(list(_whole_notebooks(sources)), options.peer)
    count = sum(len(each.mutants) for each in reports)
    ours_s = (ended - rehearsed) / count
    cores = len(os.sched_getaffinity(0))
    what = f"{len(sources)} assignments, {sum(_ASSIGNMENTS)} answer cells, {count} mutants"
    print(f"{what}; {cores} cores, load {os.getloadavg()[2]:.1f}")  # noqa: T201
    rows = [
        ("fork servers started", f"{started - began:.1f}", ""),
        ("rehearsed", f"{rehearsed - started:.1f}", ""),
        ("mutated", f"{ended - rehearsed:.1f}", f"{1 / ours_s:.1f}"),
        ("in all", f"{ended - began:.1f}", ""),
        (f"nbclient, {options.peer} of the mutants", f"{peer_s * options.peer:.1f}", f"{1 / peer_s:.2f}"),
        ("nbclient, all (reckoned)", f"{peer_s * count:.0f}", ""),
    ]
    print_table(("", "seconds", "mutants/s"), rows)
    print(f"a mutant takes nbclient {peer_s / ours_s:.1f} times as long as ours")  # noqa: T201
    _print_scores(reports)


def _print_scores(reports: Sequence[MutationReport]) -> None:
    rows = [
        (
            each.assignment,
            *map(str, (each.score.killed, each.score.survived, each.score.equivalent)),
            f"{100 * (each.score.share or 0):.0f} %",
        )
        for each in reports
    ]
    print_table(("assignment", "killed", "survived", "equivalent", "score"), rows)


def _cells(count: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Return an assignment's cells: a set-up, some examples, answers with their tests."""
    cells: list[tuple[str, str, dict[str, Any]]] = [
        ("setup", "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt", {"locked": True})
    ]
    for number in range(count):
        name, answer, test = _QUESTIONS[number % len(_QUESTIONS)]
        own = f"{name}_{number}"
        cells.append((f"q{number}", answer.replace(f"def {name}(", f"def {own}("), {"solution": True}))
        cells.append((f"test-q{number}", test.replace(f"{name}(", f"{own}("), {"grade": True, "locked": True, "points": 2}))
        cells.append(("", "fig, ax = plt.subplots()\nax.plot(np.arange(10))\nax.set_title('an example')", {}))
    return cells


def _written(folder: Path, count: int) -> AssignmentSource:
    cells = []
    for name, text, flags in _cells(count):
        cell = nbformat.v4.new_code_cell(text)
        if name:
            about = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, "grade_id": name}
            cell.metadata["nbgrader"] = about | flags
        cells.append(cell)
    folder.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": _KERNEL}), folder / "work.ipynb")
    return read_source("benchmark", folder)


_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def _whole_notebooks(sources: Sequence[AssignmentSource]) -> Iterator[Any]:
    """Yield the same mutants as whole notebooks."""
    for source in sources:
        node = nbformat.read(Path(source.folder, "work.ipynb"), as_version=4)
        columns = columns_of([cell.source for cell in node.cells])
        for place, cell in enumerate(node.cells):
            if cell.metadata.get("nbgrader", {}).get("solution"):
                for mutant in make_mutants(cell.source, cell.metadata.nbgrader.grade_id, most=_MOST, columns=columns):
                    changed = nbformat.from_dict(node)
                    changed.cells[place].source = mutant.source
                    yield nbformat.reads(nbformat.writes(changed), as_version=4)
                    changed.cells[place].source = cell.source


def _run_peer(notebooks: Sequence[Any], count: int) -> float:
    """Return how many seconds nbclient takes for a mutant, on all cores."""
    chosen = notebooks[:: max(1, len(notebooks) // count)][:count]
    began = time.monotonic()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(lambda node: NotebookClient(node, timeout=10, allow_errors=True, kernel_name="python3").execute(), chosen))
    return (time.monotonic() - began) / len(chosen)


if __name__ == "__main__":
    main()
