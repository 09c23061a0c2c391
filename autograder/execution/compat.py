"""Grades one submission nbgrader's way: the tests run in the learner's kernel, and its outputs are the verdict.

Same scores as `nbgrader autograde` for honest work (nbgrader's own Execute preprocessor runs the cells, its rule reads the outputs). Because learner
code and tests share a process, a verdict of this engine is of assurance "compat": good for practice, and said so in the credential's evidence.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from autograder.errors import ForkServerDiedError, KernelMissingError, SandboxMissingError, UngradedCellError
from autograder.execution.fork_server import ForkServer
from autograder.execution.forked import run_forked
from autograder.execution.limiting import Budget
from autograder.execution.own_kernel import run_in_own_kernel
from autograder.execution.shortening import document_of, shorten_outputs
from autograder.execution.surviving import UNGRADED, cells_over_limits
from autograder.jobs import (
    AssignmentSource,
    CommentedCell,
    GradedCell,
    GradedNotebook,
    GradingJob,
    GradingResult,
    OverLimit,
    ScoringRule,
    SourceNotebook,
)
from autograder.rebuilding import rebuild_notebook
from autograder.scoring import is_unanswered, score_cell
from courses.content_hash import regular_files
from courses.errors import DiagnosedError
from courses.scratch import ScratchFolder
from courses.visible_text import visible

ASSURANCE = "compat"
_MOST_OVER_LIMITS = 20
"""As many cells of a submission that went over a limit are named."""


NotebookRun = Callable[[Any, Path, SourceNotebook], tuple[Any, str] | None]
"""Runs a notebook's node in place, in a folder; returns None, or the status and the reason if it did not come to its end.

With the status `graded` the cells that have no verdict say so in their metadata (`autograder.execution.surviving`), and the others stand.
"""


def grade_submission(job: GradingJob, server: ForkServer | None = None, *, run: NotebookRun | None = None) -> GradingResult:
    """Return what the submission earned. Never raises for what is in the submission: that is a `failed` result with its reason.

    Args:
        server: forks the kernels of Python notebooks; None: every notebook gets a kernel of its own from nbclient.
        run: runs each notebook; None: tests run in the learner's kernel.
    """
    started = time.monotonic()
    with ScratchFolder("run") as scratch:
        folder = Path(scratch, "autograded", "learner", job.source.assignment)
        try:
            _lay_out(job, folder)
            try:
                result = _grade_notebooks(job, folder, run or _compat_run(job, server))
            except ForkServerDiedError:  # a fork server is started anew; once more, from the beginning
                result = _grade_notebooks(job, folder, run or _compat_run(job, server))
        except (KernelMissingError, SandboxMissingError) as missing:
            result = GradingResult(status="broken", reason=str(missing))
        except DiagnosedError as refused:
            result = GradingResult(status="failed", reason=str(refused))
    return result.model_copy(update={"duration_s": round(time.monotonic() - started, 3)})


def _compat_run(job: GradingJob, server: ForkServer | None) -> NotebookRun:
    return partial(run_notebook, job=job, server=server, budget=Budget(job.limits))


def _lay_out(job: GradingJob, folder: Path) -> None:
    """Put the learner's files into `folder`, then the instructor's over them."""
    submission = Path(job.submission)
    _copy_files(submission, folder, regular_files(submission, ignored=job.source.ignored))
    copy_own_files(job.source, folder)


def copy_own_files(source: AssignmentSource, folder: Path) -> None:
    """Put the instructor's data and helper files into `folder`, over what is there."""
    own = Path(source.folder)
    if own.is_dir():
        names = regular_files(own, ignored=source.ignored)
        _copy_files(own, folder, [name for name in names if not name.endswith(".ipynb") and name not in source.kept_files])


def _copy_files(origin: Path, folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(origin / name, target)


def _grade_notebooks(job: GradingJob, folder: Path, run: NotebookRun) -> GradingResult:
    cells: list[GradedCell] = []
    answers: list[CommentedCell] = []
    notebooks: list[GradedNotebook] = []
    warnings, reasons, over = list[str](), list[str](), list[OverLimit]()
    # All are read before any is run: what runs may put a link to another file in a notebook's place.
    submitted = {path.stem: path.read_text(encoding="utf-8", errors="replace") for path in folder.glob("*.ipynb") if path.is_file()}
    if not submitted.keys() & {notebook.name for notebook in job.source.notebooks}:
        return GradingResult(status="failed", reason=_none_submitted(job.source, sorted(submitted)))
    for notebook in job.notebooks:
        if notebook.name not in submitted:
            cells += _zeroes(notebook)
            notebooks.append(GradedNotebook(name=notebook.name, is_missing=True, document=""))
            warnings.append(f"{notebook.name}.ipynb was not submitted: its cells earn nothing")
            continue
        node, notes = rebuild_notebook(submitted[notebook.name], notebook, where=f"{notebook.name}.ipynb")
        stopped = run(node, folder, notebook)
        over += [OverLimit(notebook=notebook.name, cell=cell, limit=limit) for cell, limit in cells_over_limits(node.cells)]
        if stopped is not None:
            reasons.append(f"{notebook.name}.ipynb: {stopped[1]}")
            if stopped[0] != "graded":
                return GradingResult(status=stopped[0], reason=reasons[-1], warnings=tuple(warnings + notes))
        scored = _scored(node, notebook, job.scoring)
        cells += scored
        answers += [_commented(cell, notebook) for cell in node.cells if cell.metadata.get("nbgrader", {}).get("solution")]
        notebooks.append(GradedNotebook(name=notebook.name, is_missing=False, document=document_of(node)))
        warnings += [f"{notebook.name}.ipynb: {note}" for note in notes + [cell.note for cell in scored if cell.note]]
    warnings += [f"{each.notebook}.ipynb: {each.cell} went over {each.limit}" for each in over[:_MOST_OVER_LIMITS]]
    if len(over) > _MOST_OVER_LIMITS:
        warnings.append(f"{len(over) - _MOST_OVER_LIMITS} more cells went over a limit")
    named = tuple(over[:_MOST_OVER_LIMITS])
    if reasons and not any(cell.kind == "test" and cell.auto_score is not None for cell in cells):
        return GradingResult(status="failed", reason="; ".join(reasons), warnings=tuple(warnings), over_limits=named)
    return GradingResult(
        status="graded",
        reason="; ".join(reasons),
        cells=tuple(cells),
        answers=tuple(answers),
        notebooks=tuple(notebooks),
        warnings=tuple(warnings),
        over_limits=named,
    )


def _none_submitted(source: AssignmentSource, submitted: list[str]) -> str:
    wanted = ", ".join(f"{notebook.name}.ipynb" for notebook in source.notebooks)
    found = visible(", ".join(f"{name}.ipynb" for name in submitted[:5]))
    return f"the submission holds none of the assignment's notebooks ({wanted})" + (f"; it holds {found}" if found else "")


def run_notebook(
    node: Any, folder: Path, notebook: SourceNotebook, job: GradingJob, server: ForkServer | None, budget: Budget | None = None
) -> tuple[Any, str] | None:
    """Run the notebook in place, tests and all, in one kernel; return None, or the status and the reason if it did not come to its end."""
    spent = budget or Budget(job.limits)
    is_forked = server is not None and is_forkable(job, notebook)
    reason = run_forked(server, node, folder, job, spent) if is_forked and server else run_in_own_kernel(node, folder, job, spent)
    shorten_outputs(node, job.limits)
    return ("graded", reason) if reason else None


def is_forkable(job: GradingJob, notebook: SourceNotebook) -> bool:
    """Whether the notebook's kernel is plain Python, which the zygote forks."""
    name = job.limits.kernel_name or (notebook.kernelspec or {}).get("name", "python3")
    return name in {"python3", "python"} and (notebook.kernelspec or {}).get("language", "python") == "python"


def _zeroes(notebook: SourceNotebook) -> list[GradedCell]:
    """nbgrader's rule for a notebook that was not submitted while others were."""
    return [
        GradedCell(
            name=cell.name, notebook=notebook.name, kind=_kind(cell), points_possible=cell.points, auto_score=0.0, is_unanswered=True
        )
        for cell in notebook.cells
        if cell.points is not None
    ]


def _scored(node: Any, notebook: SourceNotebook, rule: ScoringRule) -> list[GradedCell]:
    sources = {cell.name: cell for cell in notebook.cells if cell.points is not None}
    scored = []
    for cell in node.cells:
        source = sources.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        if source is None or source.points is None:
            continue
        score, note = None, cell.metadata.get(UNGRADED)
        try:
            score = None if source.is_task or note else score_cell(cell, source.points, rule=rule)
        except UngradedCellError as undecided:
            score, note = None, str(undecided)
        scored.append(
            GradedCell(
                name=source.name,
                notebook=notebook.name,
                kind=_kind(source),
                points_possible=source.points,
                auto_score=score,
                is_unanswered=is_unanswered(cell) and not source.is_task and source.is_solution,
                note=note,
            )
        )
    return scored


def _commented(cell: Any, notebook: SourceNotebook) -> CommentedCell:
    return CommentedCell(name=cell.metadata.nbgrader.grade_id, notebook=notebook.name, is_unanswered=is_unanswered(cell))


def _kind(cell: Any) -> Any:
    return "task" if cell.is_task else "manual" if cell.is_solution else "test"
