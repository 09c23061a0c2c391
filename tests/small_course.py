"""A small nbgrader course directory, made as an instructor makes one, and submissions to it as learners hand them in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.apps.api import NbGraderAPI

from courses.nbgrader_course import NbgraderCourse, open_course
from courses.release import nbgrader_environment

SQUARE = "def square(n):\n    return n * n"
TIMESTAMP = "2026-11-20 08:00:00.000000 UTC"


@dataclass(frozen=True)
class SmallCourse:
    """One assignment, `ps1`, with a notebook `p1`: square (2 points, hidden test), a partial-credit cell (3), an essay (4)."""

    root: Path

    def open(self) -> NbgraderCourse:
        return open_course(self.root)

    def submit(self, learner: str, *answers: str, essay: str | None = None, timestamp: str = TIMESTAMP) -> Path:
        """Hand in the released notebook with the answer cells filled in order."""
        node = nbformat.read(self.root / "release" / "ps1" / "p1.ipynb", as_version=4)
        solutions = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("solution") and cell.cell_type == "code"]
        for cell, answer in zip(solutions, answers, strict=False):
            cell.source = answer
        if essay is not None:
            next(cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "essay").source = essay
        return self.submit_node(learner, node, timestamp=timestamp)

    def submit_node(self, learner: str, node: Any, *, timestamp: str = TIMESTAMP) -> Path:
        """Hand in any notebook."""
        folder = self.root / "submitted" / learner / "ps1"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "p1.ipynb").write_text(nbformat.writes(node), encoding="utf-8")
        (folder / "timestamp.txt").write_text(timestamp, encoding="utf-8")
        return folder

    def released(self) -> Any:
        """Return the learner version as a node."""
        return nbformat.read(self.root / "release" / "ps1" / "p1.ipynb", as_version=4)


def nbgrader_cell(kind: str, source: str, grade_id: str, **metadata: object) -> Any:
    """Return a cell with schema-3 metadata."""
    cell = nbformat.v4.new_markdown_cell(source) if kind == "markdown" else nbformat.v4.new_code_cell(source)
    cell.id = grade_id.replace("_", "-")
    cell.metadata["nbgrader"] = {
        "schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False, "grade_id": grade_id, **metadata
    }  # fmt: skip
    return cell


def source_notebook() -> Any:
    """Return the instructor's notebook."""
    node = nbformat.v4.new_notebook()
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    node.cells = [
        nbgrader_cell("code", "import math\nlimit = 10", "setup", locked=True),
        nbgrader_cell("code", f"### BEGIN SOLUTION\n{SQUARE}\n### END SOLUTION", "square", solution=True),
        nbgrader_cell(
            "code",
            "assert square(2) == 4\n### BEGIN HIDDEN TESTS\nassert square(-3) == 9\n### END HIDDEN TESTS",
            "test_square",
            grade=True,
            locked=True,
            points=2,
        ),
        nbgrader_cell("code", "### BEGIN SOLUTION\nfound = 3\n### END SOLUTION", "found", solution=True),
        nbgrader_cell("code", "float(found)", "test_found", grade=True, locked=True, points=3),
        nbgrader_cell("markdown", "Write here.", "essay", grade=True, solution=True, points=4),
    ]
    return node


def make_small_course(root: Path, *, config: str = "") -> SmallCourse:
    """Make the course directory with its learner version generated."""
    folder = root / "source" / "ps1"
    folder.mkdir(parents=True)
    (folder / "p1.ipynb").write_text(nbformat.writes(source_notebook()), encoding="utf-8")
    (folder / "data.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (root / "nbgrader_config.py").write_text(f"c = get_config()\nc.CourseDirectory.course_id = 'small'\n{config}\n", encoding="utf-8")
    course = open_course(root)
    with nbgrader_environment():
        result = NbGraderAPI(coursedir=course.directory, config=course.config).generate_assignment("ps1")
    assert result["success"], result
    return SmallCourse(root)
