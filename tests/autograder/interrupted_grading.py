"""A program that grades a small course and says how far it is; a test kills it. `python -m tests.autograder.interrupted_grading COURSE ENGINE [DONE]`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.grading import GradingOptions, grade_assignment
from courses.nbgrader_course import open_course


def main(root: str, engine: Any, held_at: str = "") -> None:
    """Grade `ps1`, one submission at a time; when `held_at` of them are done, wait until stdin is closed."""

    def tell(done: int, _all: int) -> None:
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()
        if held_at and done >= int(held_at):
            sys.stdin.read()

    options = GradingOptions(workers=1, engine=engine, assurance="sealed" if engine == "fork" else "compat")
    grade_assignment(open_course(Path(root)), "ps1", options, now=lambda: datetime.now(UTC), progress=tell)


if __name__ == "__main__":
    main(*sys.argv[1:])
