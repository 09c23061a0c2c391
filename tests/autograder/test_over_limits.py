"""Which cells went over a limit: told in the result and kept in its record, whichever way they were run."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest

from autograder.jobs import Limits
from tests.autograder.grading_calls import attempts, by_learner, grade
from tests.small_course import SQUARE, SmallCourse

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fork-server")]
LOOP = "while True:\n    pass"
WAYS = [{"assurance": "sealed"}, {"assurance": "compat"}, {"assurance": "compat", "engine": "kernel"}]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_cell_and_the_limit_are_named_and_kept_in_the_record(small_course: SmallCourse, way: dict[str, Any]) -> None:
    small_course.submit("ana", LOOP, "print('x' * 500_000)\nfound = 3")
    (graded,) = grade(small_course, limits=Limits(cell_timeout_s=5, cell_output_bytes=2**17), **way).graded
    assert [(each.notebook, each.cell, each.limit) for each in graded.over_limits] == [
        ("p1", "cell 2 (square)", "cell_timeout_s"),
        ("p1", "cell 4 (found)", "cell_output_bytes"),
    ]
    (attempt,) = attempts(small_course, "ana")
    kept = json.loads(attempt.results[-1].warnings)
    assert {"p1.ipynb: cell 2 (square) went over cell_timeout_s", "p1.ipynb: cell 4 (found) went over cell_output_bytes"} <= set(kept)


def test_a_test_that_one_process_decides_is_named_by_what_happened_there(small_course: SmallCourse) -> None:
    small_course.submit("ana", f"def square(n):\n    {LOOP.replace(chr(10), chr(10) + '    ')}", "found = 3")
    (graded,) = grade(small_course, assurance="sealed", limits=Limits(cell_timeout_s=5), choices={"test_square": "compat"}).graded
    assert [(each.cell, each.limit) for each in graded.over_limits] == [("cell 3 (test_square)", "cell_timeout_s")]


def test_no_more_than_twenty_cells_are_named_and_the_record_counts_the_others(small_course: SmallCourse) -> None:
    node = small_course.released()
    node.cells += [nbformat.v4.new_code_cell("print('x' * 200_000)") for _ in range(25)]
    small_course.submit_node("ana", node)
    (graded,) = grade(small_course, assurance="sealed", limits=Limits(cell_output_bytes=2**17)).graded
    assert len(graded.over_limits) == 20
    (attempt,) = attempts(small_course, "ana")
    assert "5 more cells went over a limit" in json.loads(attempt.results[-1].warnings)


def test_what_a_learner_writes_into_a_cells_metadata_is_not_believed(small_course: SmallCourse) -> None:
    node = small_course.released()
    for cell in node.cells:
        cell.metadata["patunay_over_limit"] = "cell_timeout_s"
    small_course.submit_node("ana", node)
    small_course.submit("ben", SQUARE, "found = 3")
    assert {name: each.over_limits for name, each in by_learner(grade(small_course)).items()} == {"ana": (), "ben": ()}
