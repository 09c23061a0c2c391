"""The good course: one assignment, in two languages, with everything that a rule looks at. No rule finds anything in it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from courses.catalogue import Course, load_course
from tests.small_course import nbgrader_cell

MANIFEST = """
id = "good-course"
version = "1.0.0"
code = "G 1"
type = "non-credit"
languages = ["en", "fil"]
licence = "CC-BY-4.0"
not_levelled = "It is an example."
evidence_of_need = "A survey of employers."
title = { en = "Squares", fil = "Mga parisukat" }
summary = { en = "Square a number.", fil = "I-square ang isang numero." }
prerequisites = { en = "None.", fil = "Wala." }
awarding_body = { name = "Example State University", country = "PH", url = "https://uni.example" }
authors = [{ name = "M. Reyes", role = "author" }]
participation = { mode = "online", pacing = "self-paced" }
technology = { device = "any computer", bandwidth = "1 Mbit/s" }
pass_rule = { overall = 0.5, per_outcome = 0.5, mandatory = ["ps1"] }
supervision = "none"
identity_assurance = "account"
integrity = { ai = "Your own work.", collaboration = "Discuss, do not share." }
change_log = [{ version = "1.0.0", date = 2026-01-10, kind = "outcome", text = "First version." }]
stackability = { standalone = true }
validity = "P3Y"
renewal = "Submit the current version again."
rpl = "none"
contact = { email = "help@uni.example", appeals_days = 14 }
evidence_policy = "Kept for five years."
privacy_notice = "https://uni.example/privacy"

[[outcomes]]
id = "squares"
text = { en = "Compute squares.", fil = "Kuwentahin ang mga square." }
bloom = "apply"

[notional_hours]
total = 2.0
modules = { ps1 = 2.0 }

[qa]
scheme = "Peer review"
body = "Quality office"
statement_url = "https://uni.example/quality"
reviewed_by = "A. Santos"
reviewed_on = 2026-10-05
review_by = 2027-10-05

[[assessments]]
id = "ps1"
title = { en = "First", fil = "Una" }
weight = 100
type = "performance"
items = [
  { cell = "test_square", outcomes = ["squares"] },
  { cell = "test_total", outcomes = ["squares"] },
  { cell = "essay", outcomes = ["squares"] },
]
"""

_INTRODUCTION = """# Squares

Read [how squares were first drawn](https://uni.example/squares). ![A square with a side of three small squares: nine of them](square.png)

## Part 1

| number | square |
|---|---|
| 2 | 4 |

Write `square(n)`, which returns n times n.
"""
_SETUP = "import csv\n\nwith open('data.csv', newline='') as file:\n    rows = list(csv.DictReader(file))"
_SQUARE = 'def square(n):\n    """Return n times n."""\n    ### BEGIN SOLUTION\n    return n * n\n    ### END SOLUTION'
_TEST = "assert square(2) == 4, 'Try 2.'\n### BEGIN HIDDEN TESTS\nassert square(-13) == 169, 'Try a negative number.'\n### END HIDDEN TESTS"
_TOTAL = "total = None\n### BEGIN SOLUTION\ntotal = sum(square(int(row['a'])) for row in rows)\n### END SOLUTION"
_PIXEL = base64.b64decode(b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")


@dataclass
class Draft:
    """A course that can still be edited."""

    manifest: str = MANIFEST
    notebook: Any = field(default_factory=lambda: _notebook())
    files: dict[str, bytes] = field(
        default_factory=lambda: {"data.csv": b"a,b\n1,2\n", "square.png": _PIXEL, "DATA.md": b"# Data\n\nInvented; CC0-1.0.\n"}
    )
    has_notebook: bool = True

    def cell(self, name: str) -> Any:
        """Return the cell of that id (nbformat's, which is nbgrader's with hyphens)."""
        return next(cell for cell in self.notebook.cells if cell.id == name.replace("_", "-"))

    def write(self, root: Path) -> Course:
        """Write the course into `root`, and load it."""
        folder = root / "good-course" / "ps1"
        folder.mkdir(parents=True)
        (folder.parent / "course.toml").write_text(self.manifest, encoding="utf-8")
        if self.has_notebook:
            (folder / "p1.ipynb").write_text(nbformat.writes(self.notebook), encoding="utf-8")
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return load_course(root, "good-course")


def _notebook() -> Any:
    node = nbformat.v4.new_notebook()
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    introduction = nbformat.v4.new_markdown_cell(_INTRODUCTION)
    introduction.id = "introduction"
    demonstration = nbformat.v4.new_code_cell("print(square(3))")
    demonstration.id = "demonstration"
    node.cells = [
        introduction,
        nbgrader_cell("code", _SETUP, "setup", locked=True),
        nbgrader_cell("code", _SQUARE, "square", solution=True),
        nbgrader_cell("code", _TEST, "test_square", grade=True, locked=True, points=3),
        demonstration,
        nbgrader_cell("code", _TOTAL, "total", solution=True),
        nbgrader_cell("code", "assert total == 1", "test_total", grade=True, locked=True, points=3),
        nbgrader_cell("markdown", "### BEGIN SOLUTION\nBecause.\n### END SOLUTION", "essay", grade=True, solution=True, points=4),
    ]
    return node
