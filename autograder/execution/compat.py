"""Grades one submission nbgrader's way: the tests run in the learner's kernel, and its outputs are the verdict.

Same scores as `nbgrader autograde` for honest work (nbgrader's own Execute preprocessor runs the cells, its rule reads the outputs). Because learner
code and tests share a process, a verdict of this engine is of assurance "compat": good for practice, and said so in the credential's evidence.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import DeadKernelError
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader.preprocessors import Execute, LimitOutput

from autograder.errors import SandboxMissingError, UngradedCellError
from autograder.execution.fork_server import ForkServer
from autograder.execution.forked import place_of, run_forked
from autograder.jobs import (
    AssignmentSource,
    CommentedCell,
    GradedCell,
    GradedNotebook,
    GradingJob,
    GradingResult,
    Limits,
    ScoringRule,
    SourceNotebook,
)
from autograder.rebuilding import rebuild_notebook
from autograder.scoring import is_unanswered, score_cell
from courses.content_hash import regular_files
from courses.errors import DiagnosedError

ASSURANCE = "compat"


class TrackedExecute(Execute):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's Execute, which can say in which cell the kernel died, and takes no more output than is allowed."""

    running: int | None = None
    output_bytes: int = 2**63
    printed: int = 0
    """How much was printed, in characters, also what was not taken."""

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        """Take one output; after too much the kernel is killed and the rest is dropped, so that a flood cannot fill the grader's memory."""
        content = msg["content"]
        self.printed += len(content["text"]) if msg["msg_type"] == "stream" else len(str(content))
        if not self.is_flooded:
            return super().output(outs, msg, display_id, cell_index)
        process = getattr(self.km.provisioner, "process", None)
        if process is not None:
            process.kill()
        return None

    @property
    def is_flooded(self) -> bool:
        """Whether more was printed than is taken."""
        return self.printed > self.output_bytes

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> Any:
        """Run one cell."""
        self.running = index
        return super().preprocess_cell(cell, resources, index)


NotebookRun = Callable[[Any, Path, SourceNotebook], tuple[Any, str] | None]
"""Runs a notebook's node in place, in a folder; returns None, or the status and the reason if it did not come to its end."""


def grade_submission(job: GradingJob, server: ForkServer | None = None, *, run: NotebookRun | None = None) -> GradingResult:
    """Return what the submission earned. Never raises for what is in the submission: that is a `failed` result with its reason.

    Args:
        server: forks the kernels of Python notebooks; None: every notebook gets a kernel of its own from nbclient.
        run: runs each notebook; None: tests run in the learner's kernel.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="patunay-run-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch, "autograded", "learner", job.source.assignment)
        try:
            _lay_out(job, folder)
            result = _grade_notebooks(job, folder, run or partial(run_notebook, job=job, server=server))
        except SandboxMissingError as missing:
            result = GradingResult(status="broken", reason=str(missing))
        except DiagnosedError as refused:
            result = GradingResult(status="failed", reason=str(refused))
    return result.model_copy(update={"duration_s": round(time.monotonic() - started, 3)})


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
    warnings: list[str] = []
    # All are read before any is run: what runs may put a link to another file in a notebook's place.
    submitted = {path.stem: path.read_text(encoding="utf-8", errors="replace") for path in folder.glob("*.ipynb") if path.is_file()}
    if not submitted.keys() & {notebook.name for notebook in job.source.notebooks}:
        return GradingResult(status="failed", reason=_none_submitted(job.source, sorted(submitted)))
    for notebook in job.source.notebooks:
        if notebook.name not in submitted:
            cells += _zeroes(notebook)
            notebooks.append(GradedNotebook(name=notebook.name, is_missing=True, document=""))
            warnings.append(f"{notebook.name}.ipynb was not submitted: its cells earn nothing")
            continue
        node, notes = rebuild_notebook(submitted[notebook.name], notebook, where=f"{notebook.name}.ipynb")
        failure = run(node, folder, notebook)
        if failure is not None:
            return GradingResult(status=failure[0], reason=f"{notebook.name}.ipynb: {failure[1]}", warnings=tuple(warnings + notes))
        scored = _scored(node, notebook, job.scoring)
        cells += scored
        answers += [_commented(cell, notebook) for cell in node.cells if cell.metadata.get("nbgrader", {}).get("solution")]
        notebooks.append(GradedNotebook(name=notebook.name, is_missing=False, document=_document(node)))
        warnings += [f"{notebook.name}.ipynb: {note}" for note in notes + [cell.note for cell in scored if cell.note]]
    return GradingResult(status="graded", cells=tuple(cells), answers=tuple(answers), notebooks=tuple(notebooks), warnings=tuple(warnings))


def _none_submitted(source: AssignmentSource, submitted: list[str]) -> str:
    wanted = ", ".join(f"{notebook.name}.ipynb" for notebook in source.notebooks)
    found = ", ".join(f"{name}.ipynb" for name in submitted[:5])
    return f"the submission holds none of the assignment's notebooks ({wanted})" + (f"; it holds {found}" if found else "")


def run_notebook(node: Any, folder: Path, notebook: SourceNotebook, job: GradingJob, server: ForkServer | None) -> tuple[Any, str] | None:
    """Run the notebook in place, tests and all, in one kernel; return None, or the status and the reason if it did not come to its end."""
    return _run_forked(server, node, folder, job) if server and is_forkable(job, notebook) else _run(node, folder, job)


def _run(node: Any, folder: Path, job: GradingJob) -> tuple[Any, str] | None:
    """Run the notebook in place; return None, or the status and reason if it did not come to its end."""
    limits = job.limits
    execute = TrackedExecute(timeout=max(1, round(limits.cell_timeout_s)), kernel_name=limits.kernel_name or "")
    execute.output_bytes = limits.output_bytes
    resources = ResourcesDict(metadata={"path": str(folder)})
    try:
        execute.preprocess(node, resources)
    except NoSuchKernel as missing:
        return "broken", f"the kernel {missing.name!r} is not installed on this machine; install it and grade again"
    except (DeadKernelError, nbformat.ValidationError, RuntimeError, TimeoutError) as failure:
        if execute.running is None:
            return "broken", f"the kernel did not start: {failure}"
        place = place_of(node.cells[execute.running], execute.running)
        if execute.is_flooded:
            return _flooded(execute.printed, limits)
        return "failed", f"{place} ended the kernel" if isinstance(failure, DeadKernelError) else f"{place} stopped the run: {failure}"
    return _flooded(execute.printed, limits) if execute.is_flooded else limit_output(node, resources, limits)


def _run_forked(server: ForkServer, node: Any, folder: Path, job: GradingJob) -> tuple[Any, str] | None:
    reason = run_forked(server, node, folder, job)
    return ("failed", reason) if reason is not None else limit_output(node, ResourcesDict(), job.limits)


def is_forkable(job: GradingJob, notebook: SourceNotebook) -> bool:
    """Whether the notebook's kernel is plain Python, which the zygote forks."""
    name = job.limits.kernel_name or (notebook.kernelspec or {}).get("name", "python3")
    return name in {"python3", "python"} and (notebook.kernelspec or {}).get("language", "python") == "python"


def limit_output(node: Any, resources: Any, limits: Limits) -> tuple[Any, str] | None:
    """Shorten the outputs in place; return None, or the status and the reason if they are too large all the same."""
    limiter = LimitOutput(max_lines=limits.maximum_output_lines, max_traceback=limits.maximum_traceback_lines)
    limiter.preprocess(node, resources)
    written = len(_document(node).encode("utf-8"))
    return _flooded(written, limits) if written > limits.output_bytes else None


def _flooded(printed: int, limits: Limits) -> tuple[Any, str]:
    return "failed", f"the notebook printed {printed // 2**20} MiB, more than the {limits.output_bytes // 2**20} MiB allowed"


def _document(node: Any) -> str:
    """Return the notebook as compact JSON that is UTF-8: half characters (lone surrogates), which any program may print, stand there as escapes.

    It was built here from checked parts, so nbformat's validation, which takes longer than a short notebook's run, would find nothing.
    """
    return json.dumps(node, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace").decode()


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
        note = None
        try:
            score = None if source.is_task else score_cell(cell, source.points, rule=rule)
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
