"""The site of the whole journey: one course that is not released yet, with one assignment that a person solves by typing a line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat

from autograder.nbgrader_database import open_gradebook
from courses.nbgrader_course import open_course
from courses.settings import Site, load_site
from portal.site_making import make_site
from tests.small_course import nbgrader_cell
from tests.small_site import COURSE, WANTED, manifest_text

MESSAGE = "Look at a number below zero."
"""What the author says to who fails the hidden test."""
NAMES = {"ana": "Ana Peña-Ñuñez", "ben": "Ben Cruz"}
_ASSESSMENT = """[[assessments]]
id = "squares"
title = { en = "Squares", fil = "Mga parisukat" }
weight = 100
type = "performance"
attempts = 5
credited = "best"
items = [{ cell = "test_square", outcomes = ["LO1"] }, { cell = "test_below_zero", outcomes = ["LO2"] }]
"""


def unreleased_site(folder: Path) -> Site:
    """Make the site; its releases run the reference solutions and no mutants."""
    site = make_site(folder, WANTED)
    with (folder / "patunay.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[gate]\ndepth = "plan"\n')
    course = site.courses / COURSE
    (course / "squares").mkdir(parents=True)
    manifest, _ = re.split(r"(?=\[\[assessments\]\])", manifest_text(), maxsplit=1)
    (course / "course.toml").write_text(
        manifest.replace('mandatory = ["basics"]', 'mandatory = ["squares"]') + _ASSESSMENT, encoding="utf-8"
    )
    (course / "squares" / "squares.ipynb").write_text(nbformat.writes(_notebook()), encoding="utf-8")
    return load_site(folder)


def _notebook() -> Any:
    node = nbformat.v4.new_notebook()
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    node.cells = [
        nbformat.v4.new_markdown_cell("# Squares\n\nWrite `square(n)`, which returns `n` times `n`."),
        nbgrader_cell("code", "### BEGIN SOLUTION\ndef square(n):\n    return n * n\n### END SOLUTION", "square", solution=True),
        nbgrader_cell("code", "assert square(2) == 4, 'Two times two is four.'", "test_square", grade=True, locked=True, points=4),
        nbgrader_cell(
            "code",
            f"assert callable(square)\n### BEGIN HIDDEN TESTS\nassert square(-3) == 9, '{MESSAGE}'\n### END HIDDEN TESTS",
            "test_below_zero",
            grade=True,
            locked=True,
            points=6,
        ),
    ]
    return node


def enter_names(site: Site) -> None:
    """Write the learners' names and addresses into the gradebook, as `nbgrader db student add` does."""
    with open_gradebook(open_course(site.course_root(COURSE))) as gradebook:
        for learner, name in NAMES.items():
            first, _, last = name.partition(" ")
            gradebook.update_or_create_student(learner, first_name=first, last_name=last, email=f"{learner}@learners.example")
        gradebook.db.commit()
