"""What learners' failing tests said most often: the message of the failing assertion, from the graded notebooks of the `autograded` step.

A message often says what is misunderstood, or that the test is. Notebooks are read one by one, so of a large course only some are: evenly spread over the
failing learners, so many an assignment as the caller says, and how many were looked at is told.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from courses.nbgrader_course import NbgraderCourse

MESSAGE_COLUMNS = ("assignment", "cell", "message", "learners", "looked_at", "failing")
_LARGEST_BYTES = 32 * 1024 * 1024
_LONGEST = 200


def failing_messages(course: NbgraderCourse, responses: pd.DataFrame, *, notebooks_at_most: int = 300, shown: int = 3) -> pd.DataFrame:
    """Return the commonest messages of each test cell; `MESSAGE_COLUMNS`.

    looked_at: how many graded notebooks in which the cell failed were read; failing: in how many it failed at all.

    Args:
        responses: see `autograder.analysis.item_analysis`.
        shown: how many messages of a cell.
    """
    tests = responses[(responses["kind"] == "test") & (responses["points"] < responses["points_possible"])]
    failing = {key: len(some) for key, some in tests.groupby(["assignment", "notebook", "cell"], sort=True)}
    found: dict[tuple[str, str, str], Counter[str]] = {}
    looked: Counter[tuple[str, str, str]] = Counter()
    for (assignment, notebook), rows in tests.groupby(["assignment", "notebook"], sort=True):
        learners = sorted(set(rows["learner"]))
        for learner in learners[:: max(1, -(-len(learners) // notebooks_at_most))]:
            path = course.autograded(str(learner), str(assignment)) / f"{notebook}.ipynb"
            for cell, message in _messages(path):
                key = (str(assignment), str(notebook), cell)
                if key in failing:
                    found.setdefault(key, Counter())[message] += 1
                    looked[key] += 1
    rows_of = [
        (assignment, cell, message, count, looked[assignment, notebook, cell], failing[assignment, notebook, cell])
        for (assignment, notebook, cell), messages in sorted(found.items())
        for message, count in sorted(messages.items(), key=lambda item: (-item[1], item[0]))[:shown]
    ]
    return pd.DataFrame(rows_of, columns=list(MESSAGE_COLUMNS))


def _messages(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each failing test cell of a graded notebook with its message. What cannot be read says nothing."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST_BYTES:
            return
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return
    for cell in document.get("cells", []) if isinstance(document, dict) else []:
        about = cell.get("metadata", {}).get("nbgrader", {})
        if about.get("grade") and not about.get("solution"):
            error = next((each for each in cell.get("outputs", []) if each.get("output_type") == "error"), None)
            if error is not None:
                yield str(about.get("grade_id")), _message(error)


def _message(error: dict[str, Any]) -> str:
    name, value = str(error.get("ename", "")), " ".join(str(error.get("evalue", "")).split())
    told = value if name == "AssertionError" and value else f"{name}: {value}".removesuffix(": ")
    printable = "".join(letter for letter in told if letter.isprintable())
    return printable if len(printable) <= _LONGEST else printable[: _LONGEST - 1] + "…"
