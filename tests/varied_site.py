"""A site with one course whose learners have variants: a number `n` and a name, set in a read-only cell tagged `parameters`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat

from courses.catalogue import load_course
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.release import release_course
from courses.settings import Site, load_site
from courses.variants import VariantPool
from tests.courses.tiny_site import MANIFEST, SETTINGS
from tests.small_course import TIMESTAMP, nbgrader_cell

COURSE, ASSIGNMENT, NOTEBOOK = "tiny-course", "ps1", "p1"
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
DRAWN = '{ drawn = { n = { integer = [5, 90] }, name = { choice = ["ana", "ben", "cora", "dino"] } }, pool = 6 }'
FIXED = '{ fixed = [{ n = 4, name = "ana" }, { n = 7, name = "ben" }] }'
PARAMETERS = "# What this is about.\nn = 3  # how many\nname: str = 'nobody'\ntwice = 2 * n"


def manifest_text(variants: str | None = DRAWN, *, promised: bool = True, is_changed: bool = False) -> str:
    """Return the course.toml; without variants where None is given.

    Args:
        is_changed: whether it is the next version, for a change of the assessment.
    """
    items = """items = [
  { cell = "test_total", outcomes = ["squares"] },
  { cell = "test_scaled", outcomes = ["squares"] },
]"""
    text = MANIFEST.partition("items = [")[0] + items + "\n" + (f"variants = {variants}\n" if variants else "")
    if is_changed:
        line = '{ version = "1.1.0", date = 2026-10-06, kind = "assessment", text = "Other values." }, '
        text = text.replace('version = "1.0.0"', 'version = "1.1.0"', 1).replace("change_log = [", f"change_log = [{line}")
    return text.replace('Discuss, do not share." }', f'Discuss, do not share.", variants = {str(promised).lower()} }}')


def varied_notebook(parameters: str = PARAMETERS, *, tags: tuple[str, ...] = ("parameters",), locked: bool = True) -> Any:
    """Return the instructor's notebook."""
    node = nbformat.v4.new_notebook()
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    node.cells = [
        nbgrader_cell("code", parameters, "values", locked=locked),
        nbgrader_cell("code", "numbers = list(range(n))", "setup", locked=True),
        nbgrader_cell("code", "total = 0  # the sum of all numbers\n### BEGIN SOLUTION\ntotal = sum(numbers)\n### END SOLUTION", "total", solution=True),
        nbgrader_cell(
            "code", "### BEGIN HIDDEN TESTS\nassert total == n * (n - 1) // 2, 'not the sum'\n### END HIDDEN TESTS", "test_total",
            grade=True, locked=True, points=2,
        ),
        nbgrader_cell("code", "def scaled(x):\n    ### BEGIN SOLUTION\n    return x * n\n    ### END SOLUTION", "scaled", solution=True),
        nbgrader_cell("code", "assert scaled(2) == twice", "test_scaled", grade=True, locked=True, points=3),
    ]  # fmt: skip
    node.cells[0].metadata["tags"] = list(tags)
    return node


def write_course(folder: Path, *, manifest: str | None = None, notebook: Any = None) -> None:
    """Write the course's source into the folder `folder`."""
    (folder / ASSIGNMENT).mkdir(parents=True, exist_ok=True)
    (folder / "course.toml").write_text(manifest or manifest_text(), encoding="utf-8")
    (folder / ASSIGNMENT / f"{NOTEBOOK}.ipynb").write_text(nbformat.writes(notebook or varied_notebook()), encoding="utf-8")


def make_varied_site(root: Path, *, manifest: str | None = None, notebook: Any = None) -> Site:
    """Make the site in `root`; nothing is released."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "patunay.toml").write_text(SETTINGS, encoding="utf-8")
    site = load_site(root)
    write_course(site.courses / COURSE, manifest=manifest, notebook=notebook)
    return site


def release(site: Site) -> NbgraderCourse:
    """Release the course and return its course directory."""
    release_course(site, load_course(site.courses, COURSE), (), now=NOW)
    return open_course(site.course_root(COURSE))


def learner_with(pool: VariantPool, row: int, *, but: tuple[str, ...] = ()) -> str:
    """Return the name of a learner who has that row."""
    return next(name for number in range(10_000) if (name := f"learner{number}") not in but and pool.row_of(name) == row)


def learner_version(course: NbgraderCourse) -> Any:
    """Return the released notebook as a node."""
    return nbformat.read(course.release(ASSIGNMENT) / f"{NOTEBOOK}.ipynb", as_version=4)


def cell_of(node: Any, grade_id: str) -> Any:
    """Return a cell by its nbgrader id."""
    return next(cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def submit(course: NbgraderCourse, learner: str, node: Any, *, timestamp: str = TIMESTAMP) -> None:
    """Hand in a notebook, as `nbgrader collect` leaves it."""
    folder = course.submitted(learner, ASSIGNMENT)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NOTEBOOK}.ipynb").write_text(nbformat.writes(node), encoding="utf-8")
    (folder / "timestamp.txt").write_text(timestamp, encoding="utf-8")


def answered(course: NbgraderCourse, total: str, scaled: str = "def scaled(x):\n    return x * n") -> Any:
    """Return the released notebook with answers."""
    node = learner_version(course)
    cell_of(node, "total").source, cell_of(node, "scaled").source = total, scaled
    return node
