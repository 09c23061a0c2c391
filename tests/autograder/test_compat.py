"""One submission, graded in a kernel of its own: what the engine itself does. Scores are compared with nbgrader's in `tests/journeys`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.execution.compat import grade_submission, is_forkable
from autograder.jobs import AssignmentSource, GradingJob, GradingResult, Limits, SourceCell, SourceNotebook
from tests.autograder.test_jobs import example_job

ANSWER = SourceCell(
    name="answer",
    cell_type="code",
    source="",
    checksum="0" * 32,
    locked=False,
    is_grade=False,
    is_solution=True,
    is_task=False,
    points=None,
)


def test_cell(name: str, source: str, points: float = 5.0) -> SourceCell:
    return SourceCell(
        name=name, cell_type="code", source=source, checksum="0" * 32, locked=True, is_grade=True, is_solution=False, is_task=False,
        points=points,
    )  # fmt: skip


test_cell.__test__ = False  # type: ignore[attr-defined]  # a maker of test cells, no test


def grade(folder: Path, answer: str, *tests: str, kernel: str = "python3", **limits: Any) -> GradingResult:
    """Grade `answer` by `tests`, in this process and outside the sandbox."""
    folder.mkdir(exist_ok=True)
    cell = nbformat.v4.new_code_cell(answer, metadata={"nbgrader": {"grade_id": "answer"}})
    (folder / "p1.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])), encoding="utf-8")
    cells = (ANSWER, *(test_cell(f"test{number}", source) for number, source in enumerate(tests)))
    notebook = SourceNotebook(name="p1", kernelspec={"name": kernel, "display_name": kernel, "language": "python"}, cells=cells)
    source = AssignmentSource(course="c", assignment="ps1", folder=str(folder / "none"), notebooks=(notebook,), digest="0" * 64)
    return grade_submission(GradingJob(source=source, learner="ana", submission=str(folder), limits=Limits(**limits), sandbox=False))


def points(result: GradingResult) -> list[float | None]:
    return [cell.auto_score for cell in result.cells]


def test_a_tests_own_mistake_leaves_its_cell_to_a_person_and_the_others_stand(tmp_path: Path) -> None:
    result = grade(
        tmp_path / "x",
        "x = 6",
        "x",
        "from IPython.display import HTML\nget_ipython().display_formatter.format = lambda *a, **k: ({'text/html': 'x'}, {})\nx",
        "assert x == 6",
    )
    assert result.status == "graded"
    assert points(result) == [None, None, 5.0]
    assert [bool(cell.note) for cell in result.cells] == [True, True, False]
    assert "gave 6 of 5 points" in str(result.cells[0].note)


def test_cells_are_run_in_one_kernel_and_all_of_them_after_an_error(tmp_path: Path) -> None:
    result = grade(tmp_path / "x", "x = 1\n1 / 0", "assert x == 1", "assert x == 2", "x + 2")
    assert points(result) == [5.0, 0.0, 3.0]
    assert result.duration_s > 0


def test_an_exit_is_an_error_of_its_cell_and_the_kernel_lives(tmp_path: Path) -> None:
    assert points(grade(tmp_path / "x", "x = 1\nimport sys; sys.exit()", "assert x == 1", "exit()", "assert x == 1")) == [5.0, 5.0, 5.0]


def test_a_kernel_that_is_not_installed_is_our_problem_and_tried_again(tmp_path: Path) -> None:
    result = grade(tmp_path / "x", "x = 1", "assert x", kernel="none-such")
    assert (result.status, result.cells) == ("broken", ())
    assert "'none-such' is not installed" in result.reason


def test_a_kernel_that_dies_names_the_cell(tmp_path: Path) -> None:
    result = grade(tmp_path / "x", "import os", "os._exit(3)", "assert 1")
    assert (result.status, result.reason) == ("failed", "p1.ipynb: cell 2 (test0) ended the kernel")
    assert result.cells == (), "a failed submission carries no scores"


def test_too_much_output_is_a_failure_and_long_output_is_cut(tmp_path: Path) -> None:
    result = grade(tmp_path / "x", "print('x' * 3_000_000)", "assert 1", output_bytes=2**21)
    assert (result.status, "printed" in result.reason) == ("failed", True)
    cut = grade(tmp_path / "y", "for i in range(5000): print(i)", "assert 1", maximum_output_lines=50)
    assert cut.status == "graded"
    assert cut.notebooks[0].document.count('\\n"') < 200


def test_what_is_printed_beyond_the_limit_is_dropped_at_once(tmp_path: Path) -> None:
    result = grade(
        tmp_path / "x",
        "for i in range(100): print('x' * 100_000)\nfrom IPython.display import clear_output\nclear_output()",
        "assert 1",
        output_bytes=2**20,
    )
    assert (result.status, result.reason) == ("failed", result.reason)
    assert result.reason.endswith("MiB, more than the 1 MiB allowed")


def test_files_of_the_instructor_overwrite_the_learners_except_the_kept_ones(tmp_path: Path) -> None:
    own, handed = tmp_path / "own", tmp_path / "handed"
    for folder, text in ((own, "instructor"), (handed, "learner")):
        folder.mkdir()
        for name in ("a.txt", "b.txt"):
            (folder / name).write_text(text, encoding="utf-8")
    (own / "p1.ipynb").write_text("the solution", encoding="utf-8")
    cell = nbformat.v4.new_code_cell("x = open('a.txt').read() + open('b.txt').read()", metadata={"nbgrader": {"grade_id": "answer"}})
    (handed / "p1.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])), encoding="utf-8")
    notebook = SourceNotebook(name="p1", kernelspec=None, cells=(ANSWER, test_cell("t", "assert x == 'instructorlearner'")))
    source = AssignmentSource(course="c", assignment="ps1", folder=str(own), kept_files=("b.txt",), notebooks=(notebook,), digest="0")
    job = GradingJob(source=source, learner="ana", submission=str(handed), limits=Limits(), sandbox=False)
    assert points(grade_submission(job)) == [5.0]


def test_only_plain_python_is_forked() -> None:
    job = example_job()
    notebook = job.source.notebooks[0]
    assert is_forkable(job, notebook)
    assert not is_forkable(job, notebook.model_copy(update={"kernelspec": {"name": "ir", "language": "R"}}))
    assert not is_forkable(job.model_copy(update={"limits": Limits(kernel_name="conda-env")}), notebook)


@pytest.mark.parametrize("name", ["random.py", "re.py"])
def test_a_helper_file_named_like_a_library_makes_no_score_out_of_nothing(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / name).write_text("raise SystemExit", encoding="utf-8")
    result = grade(folder, "x = 1", "assert x == 1")
    if result.status == "graded":
        assert points(result) == [5.0]
    else:
        assert (result.cells, result.reason) == ((), "p1.ipynb: the kernel did not start: Kernel died before replying to kernel_info")
