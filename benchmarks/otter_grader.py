"""Grades notebooks with otter-grader's own execution and checks, outside its container: `PYTHON otter_grader.py FOLDER NUMBER...`; PYTHON's environment has otter-grader.

It imports nothing of ours, so that otter-grader can live in an environment of its own. Each notebook costs a kernel, as in `otter run`.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def main() -> None:
    """Grade all notebooks, two at a time, and print the points of the first two."""
    from otter.execute import grade_notebook  # type: ignore[import-not-found]  # a peer, not a dependency

    folder, *numbers = sys.argv[1:]
    tests = sorted(str(path) for path in Path(folder, "tests").glob("*.py"))

    def grade(number: str) -> float:
        return float(
            grade_notebook(str(Path(folder, f"{number}.ipynb")), tests_glob=tests, cwd=folder, test_dir=str(Path(folder, "tests"))).total
        )

    with ThreadPoolExecutor(2) as pool:
        print(list(pool.map(grade, numbers))[:2])  # noqa: T201


if __name__ == "__main__":
    main()
