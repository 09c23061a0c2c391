"""The sample courses graded sealed: every test cell of every kind of submission gets the score that it gets in one process, and is sealed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from autograder.execution.compat import grade_submission
from autograder.jobs import AssignmentSource, GradingJob, Limits, SourceCell, SourceNotebook
from autograder.sealed.grading import SealedServers, grade_sealed, load_policy
from portal.demonstration.answers import Quality, load_bank
from tests.autograder.sealed.examination import both_servers

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]

SOURCES = Path(__file__).parents[3] / "source_notebooks"
ASSIGNMENTS = sorted(path.parent for path in SOURCES.glob("*/*/*.ipynb"))
_SOLUTION = re.compile(r"(?ms)^( *)### BEGIN SOLUTION.*?### END SOLUTION")


@pytest.fixture(scope="module")
def servers() -> Iterator[SealedServers]:
    with both_servers("numpy", "pandas", "matplotlib.pyplot", "scipy.stats") as running:
        yield running


def released(folder: Path) -> list[Any]:
    """Return the assignment's cells as learners get them, hidden tests left in: only the frame of answers is taken from what they hand in."""
    cells = nbformat.read(folder / f"{folder.name}.ipynb", as_version=4).cells
    for cell in cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = _SOLUTION.sub(r"\1raise NotImplementedError()", cell.source)
    return list(cells)


def source_of(folder: Path) -> AssignmentSource:
    """Return what submissions of a sample assignment are graded against."""
    kept = []
    for cell in released(folder):
        about = cell.metadata.get("nbgrader")
        if about:
            points = float(about["points"]) if about["grade"] or about.get("task") else None
            kept.append(
                SourceCell(
                    name=about["grade_id"], cell_type=cell.cell_type, source=cell.source, checksum=compute_checksum(cell), locked=about["locked"],
                    is_grade=about["grade"], is_solution=about["solution"], is_task=about.get("task", False), points=points,
                )
            )  # fmt: skip
    notebook = SourceNotebook(name=folder.name, kernelspec=None, cells=tuple(kept))
    return AssignmentSource(course="c", assignment=folder.name, folder=str(folder), notebooks=(notebook,), digest=str(folder))


def hand_in(folder: Path, quality: Quality | None, target: Path) -> None:
    """Write a submission with answers of that quality; None: nothing was answered."""
    answers = load_bank(folder.parent.name)[folder.name]
    cells = released(folder)
    for cell in cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if quality and name in answers:
            cell.source = answers[name].text(quality)
    (target / f"{folder.name}.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)), encoding="utf-8")


@pytest.mark.parametrize("quality", [*(pytest.param(each, marks=pytest.mark.thorough) for each in ("correct", "wrong")), "partial", None])
@pytest.mark.parametrize("folder", ASSIGNMENTS, ids=[folder.name for folder in ASSIGNMENTS])
def test_every_test_cell_gets_the_same_score_sealed(servers: SealedServers, folder: Path, quality: Quality | None, tmp_path: Path) -> None:
    hand_in(folder, quality, tmp_path)
    job = GradingJob(source=source_of(folder), learner="l", submission=str(tmp_path), limits=Limits(), sandbox=False)
    sealed, compat = grade_sealed(job, servers), grade_submission(job, servers.candidate)
    assert [(cell.name, cell.auto_score) for cell in sealed.cells] == [(cell.name, cell.auto_score) for cell in compat.cells]
    assert [cell.name for cell in sealed.cells if cell.kind == "test" and not cell.is_sealed] == []
    earned = sum(cell.auto_score or 0 for cell in sealed.cells)
    assert (earned > 0) is (quality in {"correct", "partial"})


@pytest.mark.parametrize("folder", ASSIGNMENTS, ids=[folder.name for folder in ASSIGNMENTS])
def test_the_reference_solutions_are_known(folder: Path) -> None:
    policy = load_policy(source_of(folder), folder.name)
    assert policy.is_known
    assert policy.classes == ()
    assert {cell.name for cell in source_of(folder).notebooks[0].cells if cell.is_solution and cell.cell_type == "code"} <= set(
        policy.rebound
    )
