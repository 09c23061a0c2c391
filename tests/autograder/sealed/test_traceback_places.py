"""Where the learner's code failed in a test that ran in one process with it: lines of their own cells, whatever the traceback says."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.feedback import HideTests
from autograder.sealed.traceback_places import cells_by_number, trace_in_one_process
from tests.autograder.grading_calls import grade
from tests.small_course import SmallCourse, nbgrader_cell

FAILING = "def half(n):\n    return n / 0\n\ndef square(n):\n    return half(n)"


def error(*lines: str) -> Any:
    return nbformat.v4.new_output("error", ename="ValueError", evalue="x", traceback=list(lines))


def ran(cell: Any, number: int) -> Any:
    cell.execution_count = number
    return cell


def notebook() -> list[Any]:
    """Return cells that ran as 1 to 5: read-only, an answer, a free one, a test, one that is marked by hand."""
    return [
        ran(nbgrader_cell("code", "secret_setup = 1", "setup", locked=True), 1),
        ran(nbgrader_cell("code", FAILING, "answer", solution=True), 2),
        ran(nbformat.v4.new_code_cell("mine = 5"), 3),
        ran(nbgrader_cell("code", "assert secret_test", "test", grade=True, locked=True, points=1), 4),
        ran(nbgrader_cell("code", "by_hand = 6", "hand", grade=True, solution=True, points=1), 5),
        nbformat.v4.new_markdown_cell("text"),
    ]


def test_only_cells_that_the_learner_wrote_can_be_shown() -> None:
    assert cells_by_number(notebook()) == {"2": FAILING, "3": "mine = 5", "5": "by_hand = 6"}


def test_a_traceback_of_ipythons_is_told_in_the_learners_lines() -> None:
    told = trace_in_one_process(
        [error("\x1b[31mCell\x1b[39m \x1b[32mIn[4]\x1b[39m, line 1\n----> assert secret_test", "Cell In[2], line 5, in square(n)", "Cell In[2], line 2, in half(n)")],
        cells_by_number(notebook()),
    )  # fmt: skip
    assert told.splitlines()[1:] == [
        "  line 5 of the cell, in square",
        "    return half(n)",
        "  line 2 of the cell, in half",
        "    return n / 0",
    ]


def test_without_an_error_or_a_line_of_theirs_nothing_is_told() -> None:
    cells = cells_by_number(notebook())
    assert trace_in_one_process([nbformat.v4.new_output("stream", text="Cell In[2], line 2")], cells) == ""
    assert trace_in_one_process([error("Cell In[4], line 1", "Cell In[2], line 99", "Cell In[7], line 1")], cells) == ""


@given(st.lists(st.text() | st.builds("Cell In[{}], line {}".format, st.integers(0, 12), st.integers(0, 10**12)), max_size=40))
def test_whatever_a_traceback_says_only_lines_of_the_learners_cells_are_shown(lines: list[str]) -> None:
    told = trace_in_one_process([error(*lines)], cells_by_number(notebook()))
    shown = {line.strip() for line in told.splitlines()[1:] if line.startswith("    ")}
    assert shown <= {line.strip() for text in (FAILING, "mine = 5", "by_hand = 6") for line in text.splitlines()}
    assert len(told) < 3000


def feedback_of(course: SmallCourse, learner: str) -> str:
    """Return the outputs of the test cells as the learner's feedback shows them."""
    graded = nbformat.read(course.root / "autograded" / learner / "ps1" / "p1.ipynb", as_version=4)
    cleaned, _ = HideTests().preprocess(graded, {})
    return "\n".join(
        "\n".join([*output.get("traceback", ()), output.get("data", {}).get("text/plain", "")])
        for cell in cleaned.cells
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code"
        for output in cell.outputs
    )


@pytest.mark.slow
@pytest.mark.xdist_group("fork-server")
@pytest.mark.parametrize("options", [{"assurance": "sealed", "choices": {"test_square": "compat"}}, {"assurance": "compat"}], ids=str)
def test_the_feedback_of_a_test_that_ran_in_one_process_names_the_learners_own_lines_and_no_hidden_one(
    small_course: SmallCourse, options: dict[str, Any]
) -> None:
    small_course.submit("ana", "def half(n):\n    return n / (n + 3)\n\ndef square(n):\n    return 4 if n == 2 else half(n)", "found = 3")
    (graded,) = grade(small_course, **options).graded
    assert graded.score == 3, "the hidden test divides by zero"
    told = feedback_of(small_course, "ana")
    assert "ZeroDivisionError" in told
    assert (
        "line 5 of the cell, in square\n    return 4 if n == 2 else half(n)\n  line 2 of the cell, in half\n    return n / (n + 3)" in told
    )
    assert "square(-3)" not in told
