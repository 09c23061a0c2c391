"""Whose cells went over a limit, in few lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.grading import Graded
from autograder.jobs import OverLimit
from portal.cli.app import main
from portal.cli.limits_told import limit_lines
from tests.small_course import SQUARE, make_small_course


def graded(learner: str, *over: tuple[str, str]) -> Graded:
    cells = tuple(OverLimit(notebook="p1", cell=cell, limit=limit) for cell, limit in over)
    return Graded(learner, "graded", "", 1.0, 2.0, 0.1, (), cells)


def test_nothing_is_said_where_no_cell_went_over_a_limit() -> None:
    assert limit_lines([graded("ana"), graded("ben")]) == []


def test_a_line_names_the_cell_the_limit_and_the_learners_most_frequent_first() -> None:
    many = [graded(f"n{number}", ("cell 2 (square)", "cell_timeout_s")) for number in range(7)]
    assert limit_lines([graded("ana", ("cell 9", "output_bytes")), *many]) == [
        "p1.ipynb, cell 2 (square): over cell_timeout_s: n0, n1, n2, n3, n4 and 2 more",
        "p1.ipynb, cell 9: over output_bytes: ana",
    ]


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["cell_timeout_s", "output_bytes"])), max_size=20, unique=True), max_size=40
    )
)
def test_however_many_cells_there_are_it_stays_short_and_counts_all(found: list[list[tuple[int, str]]]) -> None:
    lines = limit_lines(graded(f"learner{place}", *((f"cell {cell}", limit) for cell, limit in each)) for place, each in enumerate(found))
    assert len(lines) <= 13
    all_of_them = {pair for each in found for pair in each}
    told = len(lines) if len(all_of_them) <= 12 else 12 + int(lines[-1].split()[1])
    assert told == len(all_of_them)


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.xdist_group("fork-server")
def test_the_command_says_it_after_its_table_and_for_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small_course = make_small_course(tmp_path / "course")
    config = small_course.root / "nbgrader_config.py"
    config.write_text(config.read_text(encoding="utf-8") + "c.ExecutePreprocessor.timeout = 10\n", encoding="utf-8")
    small_course.submit("ana", "while True:\n    pass", "found = 3")
    small_course.submit("ben", SQUARE, "found = 3")
    small_course.submit("cleo", "def square(n):\n    while True:\n        pass", "found = 3")
    assert main(("grade", "ps1", "--root", str(small_course.root))) == 0
    shown = capsys.readouterr()
    assert "p1.ipynb, cell 2 (square): over cell_timeout_s: ana" in shown.err
    assert "p1.ipynb, cell 3 (test_square): over cell_timeout_s: cleo" in shown.err
    assert "ben" not in "".join(line for line in shown.err.splitlines() if "over cell_timeout_s" in line)
    assert main(("grade", "ps1", "--root", str(small_course.root), "--force", "--json")) == 0
    told = {each["learner"]: each["over_limits"] for each in json.loads(capsys.readouterr().out)["graded"]}
    assert told == {
        "ana": [{"notebook": "p1", "cell": "cell 2 (square)", "limit": "cell_timeout_s"}],
        "ben": [],
        "cleo": [{"notebook": "p1", "cell": "cell 3 (test_square)", "limit": "cell_timeout_s"}],
    }
