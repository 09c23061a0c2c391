"""One submission, graded in a kernel of its own: what the engine itself does. Scores are compared with nbgrader's in `tests/journeys`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.execution.compat import grade_submission, is_forkable
from autograder.execution.fork_server import ForkServer
from autograder.jobs import AssignmentSource, GradingJob, GradingResult, Limits, SourceCell, SourceNotebook
from tests.autograder.test_jobs import example_job

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer([]) as running:
        yield running


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


def grade(
    folder: Path, answer: str, *tests: str, kernel: str = "python3", server: ForkServer | None = None, **limits: Any
) -> GradingResult:
    """Grade `answer` by `tests`, without a server in this process and outside the sandbox."""
    return grade_cells(folder, [("answer", answer), *(("test", test) for test in tests)], kernel=kernel, server=server, **limits)


def grade_cells(
    folder: Path, cells: list[tuple[str, str]], *, kernel: str = "python3", server: ForkServer | None = None, **limits: Any
) -> GradingResult:
    """Grade a notebook of cells, each a kind (setup, answer, test) and a text."""
    folder.mkdir(exist_ok=True)
    sources, handed, tests = [], [], 0
    for place, (kind, text) in enumerate(cells):
        if kind == "answer":
            name = "answer" if place == 0 else f"answer{place}"
            sources.append(ANSWER.model_copy(update={"name": name}))
            handed.append(nbformat.v4.new_code_cell(text, metadata={"nbgrader": {"grade_id": name}}))
        elif kind == "setup":
            sources.append(test_cell(f"setup{place}", text).model_copy(update={"is_grade": False, "points": None}))
        else:
            sources.append(test_cell(f"test{tests}", text))
            tests += 1
    (folder / "p1.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=handed)), encoding="utf-8")
    notebook = SourceNotebook(name="p1", kernelspec={"name": kernel, "display_name": kernel, "language": "python"}, cells=tuple(sources))
    source = AssignmentSource(course="c", assignment="ps1", folder=str(folder / "none"), notebooks=(notebook,), digest="0" * 64)
    job = GradingJob(source=source, learner="ana", submission=str(folder), limits=Limits(**limits), sandbox=False)
    return grade_submission(job, server)


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


def test_a_kernel_that_dies_before_any_verdict_is_a_failure_that_names_the_cell(tmp_path: Path) -> None:
    result = grade(tmp_path / "x", "import os", "os._exit(3)", "assert 1")
    assert (result.status, result.reason) == ("failed", "p1.ipynb: cell 2 (test0) ended the kernel")
    assert result.cells == (), "a failed submission carries no scores"


@pytest.mark.parametrize("is_forked", [True, False])
def test_a_kernel_that_dies_takes_no_verdict_with_it_and_what_follows_is_ungraded(
    tmp_path: Path, server: ForkServer, is_forked: bool
) -> None:
    result = grade(tmp_path / "x", "import os", "assert os", "os._exit(3)", "assert 1", server=server if is_forked else None)
    assert (result.status, result.reason) == ("graded", "p1.ipynb: cell 3 (test1) ended the kernel")
    assert points(result) == [5.0, None, None], "neither zero nor passed"
    assert all("cell 3 (test1) ended the kernel" in str(cell.note) for cell in result.cells[1:])


@pytest.mark.parametrize("is_forked", [True, False])
def test_a_dead_kernel_is_restarted_before_the_next_answer_where_the_author_allows_it(
    tmp_path: Path, server: ForkServer, is_forked: bool
) -> None:
    cells = [("setup", "import math"), ("answer", "import os\nx = 1\nos._exit(1)"), ("test", "assert x"), ("answer", "y = math.pi\nz = 'x' in globals()"), ("test", "assert y > 3 and not z")]  # fmt: skip
    dead = grade_cells(tmp_path / "x", cells, server=server if is_forked else None)
    assert (dead.status, dead.cells) == ("failed", ())
    again = grade_cells(tmp_path / "y", cells, server=server if is_forked else None, restart_after_death=True)
    assert (again.status, points(again)) == ("graded", [None, 5.0])


@pytest.mark.parametrize("is_forked", [True, False])
def test_too_much_output_costs_its_cell_and_long_output_is_cut(tmp_path: Path, server: ForkServer, is_forked: bool) -> None:
    flood = "for i in range(100): print('x' * 100_000)\nfrom IPython.display import clear_output\nclear_output()"
    used = server if is_forked else None
    result = grade(tmp_path / "x", f"x = 1\n{flood}", "assert x == 1", f"{flood}", "assert x == 1", output_bytes=2**20, server=used)
    assert (result.status, result.reason) == ("graded", "")
    assert points(result) == [5.0, 0.0, 5.0]
    assert "printed more than the 1 MiB allowed" in result.notebooks[0].document
    assert len(result.notebooks[0].document) < 2 * 2**20
    cut = grade(tmp_path / "y", "for i in range(5000): print(i)", "assert 1", maximum_output_lines=50, server=used)
    assert cut.status == "graded"
    assert cut.notebooks[0].document.count('\\n"') < 200


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


@pytest.mark.parametrize("is_forked", [True, False])
@pytest.mark.parametrize("name", ["random.py", "re.py", "json.py"])
def test_a_helper_file_named_like_a_library_breaks_nothing(tmp_path: Path, server: ForkServer, name: str, is_forked: bool) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / name).write_text("raise SystemExit", encoding="utf-8")
    result = grade(folder, "import random, re, json\nx = random.random() >= 0", "assert x", server=server if is_forked else None)
    assert (result.reason, points(result)) == ("", [5.0])
