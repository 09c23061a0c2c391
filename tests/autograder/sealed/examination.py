"""Examines answers as grading does: a notebook with an answer cell and a test, in real kernels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat

from autograder.execution.compat import grade_submission
from autograder.execution.fork_server import ForkServer
from autograder.jobs import AssignmentSource, GradedCell, GradingJob, GradingResult, Limits, SourceCell, SourceNotebook
from autograder.sealed.grading import CANDIDATE, EXAMINER, EXAMINER_UID, SealedServers, grade_sealed
from tests.small_course import nbgrader_cell

LIMITS = Limits(cell_timeout_s=20)
"""Cells may load libraries that no fork server has, on a machine that is busy with other tests."""
SHORT_LIMITS = Limits(cell_timeout_s=4)
"""For cells that never end: each of them takes all of this time."""


@contextmanager
def both_servers(*preload: str) -> Iterator[SealedServers]:
    """Yield the fork servers of both sides."""
    with ForkServer(preload, extension=CANDIDATE) as candidate, ForkServer(preload, extension=EXAMINER, first_uid=EXAMINER_UID) as examiner:
        yield SealedServers(candidate, examiner)


class Desk:
    """Where one answer after another is examined."""

    def __init__(self, servers: SealedServers, folder: Path) -> None:
        self.servers, self._folder, self._count = servers, folder, 0

    def grade(self, solution: str, answer: str, *tests: str, setup: str = "", limits: Limits = LIMITS) -> GradingResult:
        """Return what `answer` earns where the instructor's notebook has `solution`; every test is worth 2 points."""
        return grade_sealed(self.job(solution, answer, *tests, setup=setup, limits=limits), self.servers)

    def in_one_process(self, solution: str, answer: str, *tests: str, setup: str = "", limits: Limits = LIMITS) -> GradingResult:
        """Return what `answer` earns where the tests run in the learner's kernel, as nbgrader runs them."""
        return grade_submission(self.job(solution, answer, *tests, setup=setup, limits=limits), self.servers.candidate)

    def job(self, solution: str, answer: str, *tests: str, setup: str = "", limits: Limits = LIMITS) -> GradingJob:
        """Return the job, its source and its submission written."""
        self._count += 1
        source, submission = self._folder / f"source-{self._count}", self._folder / f"submission-{self._count}"
        frame: list[Any] = [nbgrader_cell("code", setup, "setup", locked=True)] if setup else []
        frame.append(nbgrader_cell("code", solution, "answer", solution=True))
        frame += [nbgrader_cell("code", test, f"test-{place}", grade=True, locked=True, points=2) for place, test in enumerate(tests)]
        _write(source, frame)
        for cell in frame:
            cell.source = answer if cell.metadata.nbgrader.solution else "pass"
        _write(submission, frame)
        cells = tuple(
            SourceCell(
                name=name, cell_type="code", source=text, checksum=None, locked=name != "answer", is_grade=name.startswith("test"),
                is_solution=name == "answer", is_task=False, points=2 if name.startswith("test") else None,
            )
            for name, text in [*([("setup", setup)] if setup else []), ("answer", ""), *((f"test-{place}", test) for place, test in enumerate(tests))]
        )  # fmt: skip
        notebook = SourceNotebook(name="n", kernelspec=None, cells=cells)
        return GradingJob(
            source=AssignmentSource(course="c", assignment="a", folder=str(source), notebooks=(notebook,), digest=str(source)),
            learner="l", submission=str(submission), limits=limits, sandbox=False,
        )  # fmt: skip

    def cell(self, solution: str, answer: str, test: str, *, setup: str = "") -> GradedCell:
        """Return what became of the one test."""
        result = self.grade(solution, answer, test, setup=setup)
        assert result.status == "graded", result.reason
        return result.cells[0]


def _write(folder: Path, cells: list[Any]) -> None:
    folder.mkdir(parents=True)
    (folder / "n.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)), encoding="utf-8")
