from __future__ import annotations

import logging
import math
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.utils import compute_checksum, determine_grade

from autograder.errors import UngradedCellError
from autograder.jobs import ScoringRule
from autograder.scoring import is_unanswered, score_cell
from tests.small_course import nbgrader_cell

_MAXIMUM = 5.0
ERROR = nbformat.v4.new_output("error", ename="AssertionError", evalue="", traceback=[])
STDERR = nbformat.v4.new_output("stream", name="stderr", text="a warning")
STDOUT = nbformat.v4.new_output("stream", name="stdout", text="3")
DISPLAY = nbformat.v4.new_output("display_data", data={"text/plain": "3"})


def result(text: str) -> Any:
    return nbformat.v4.new_output("execute_result", data={"text/plain": text}, execution_count=1)


def cell_with(*outputs: Any) -> Any:
    cell = nbgrader_cell("code", "f(1)", "test", grade=True, locked=True, points=_MAXIMUM)
    cell.outputs = list(outputs)
    return cell


_TRUTH_TABLE: list[tuple[str, list[Any], float]] = [
    ("nothing", [], 5),
    ("stdout", [STDOUT], 5),
    ("display_data 3", [DISPLAY], 5),
    ("error", [ERROR], 0),
    ("stderr", [STDERR], 0),
    ("3", [result("3")], 3),
    ("0", [result("0")], 0),
    ("-1", [result("-1")], 5),
    ("'ok'", [result("'ok'")], 5),
    ("True", [result("True")], 5),
    ("False", [result("False")], 5),
    ("None", [result("None")], 5),
    ("0/5", [result("0/5")], 5),
    ("nan", [result("nan")], 5),
    ("result then error", [result("3"), ERROR], 3),
    ("error then result", [ERROR, result("5")], 0),
    ("result then stderr", [result("'ok'"), STDERR], 5),
    ("NumPy's text of 0", [result("np.float64(0.0)")], 5),
    ("stdout then stderr", [STDOUT, STDERR], 0),
    ("stdout then 2", [STDOUT, result("2")], 2),
    ("display then error", [DISPLAY, ERROR], 0),
    ("two results", [result("1"), result("4")], 1),
    ("a fraction", [result("2.5")], 2.5),
    ("the maximum", [result("5")], 5),
    ("-inf", [result("-inf")], 5),
]


@pytest.mark.parametrize(("outputs", "score"), [row[1:] for row in _TRUTH_TABLE], ids=[row[0] for row in _TRUTH_TABLE])
def test_a_test_cell_scores_as_the_truth_table_says_and_as_nbgrader_does(outputs: list[Any], score: float) -> None:
    assert score_cell(cell_with(*outputs), _MAXIMUM, rule="nbgrader") == score
    assert determine_grade(cell_with(*outputs), logging.getLogger("nbgrader")) == (score, _MAXIMUM)


_RULES: list[ScoringRule] = ["strict", "nbgrader"]


@pytest.mark.parametrize("rule", _RULES)
@pytest.mark.parametrize("text", ["6", "5.0000001"])
def test_more_points_than_there_are_is_the_tests_mistake_and_no_score(text: str, rule: ScoringRule) -> None:
    with pytest.raises(UngradedCellError, match="of 5 points"):
        score_cell(cell_with(result(text)), _MAXIMUM, rule=rule)
    with pytest.raises(ValueError, match="points"):
        determine_grade(cell_with(result(text)), logging.getLogger("nbgrader"))


@pytest.mark.parametrize("rule", _RULES)
@pytest.mark.parametrize("text", ["inf", "1e400"])
def test_endlessly_many_points_are_the_tests_mistake_and_no_score(text: str, rule: ScoringRule) -> None:
    with pytest.raises(UngradedCellError, match="the test gave"):
        score_cell(cell_with(result(text)), _MAXIMUM, rule=rule)
    with pytest.raises(ValueError, match="points"):
        determine_grade(cell_with(result(text)), logging.getLogger("nbgrader"))


@pytest.mark.parametrize("rule", _RULES)
def test_a_result_without_text_is_the_tests_mistake_and_no_score(rule: ScoringRule) -> None:
    html = nbformat.v4.new_output("execute_result", data={"text/html": "<b>5</b>"}, execution_count=1)
    with pytest.raises(UngradedCellError, match="has no text"):
        score_cell(cell_with(html), _MAXIMUM, rule=rule)
    with pytest.raises(KeyError):
        determine_grade(cell_with(html), logging.getLogger("nbgrader"))


_STRICT_TABLE: list[tuple[str, list[Any], float]] = [
    ("nothing", [], 5),
    ("stdout", [STDOUT], 5),
    ("error", [ERROR], 0),
    ("stderr", [STDERR], 0),
    ("3", [result("3")], 3),
    ("0", [result("0")], 0),
    ("0.0", [result("0.0")], 0),
    ("the maximum", [result("5.0")], 5),
    ("result then error", [result("3"), ERROR], 0),
    ("result then stderr", [result("'ok'"), STDERR], 0),
    ("stdout then 2", [STDOUT, result("2")], 2),
    ("a figure", [nbformat.v4.new_output("display_data", data={"text/plain": "<Figure size 1x1>", "image/png": ""})], 5),
]


@pytest.mark.parametrize(("outputs", "score"), [row[1:] for row in _STRICT_TABLE], ids=[row[0] for row in _STRICT_TABLE])
def test_strictly_only_a_number_within_the_points_is_a_score(outputs: list[Any], score: float) -> None:
    assert score_cell(cell_with(*outputs), _MAXIMUM) == score


@pytest.mark.parametrize(
    "text",
    [
        "np.float64(1.5)",
        "np.float64(0.0)",
        "np.False_",
        "False",
        "None",
        "0/5",
        "'ok'",
        "'0/5'",
        "Fraction(1, 2)",
        "50%",
        "-1",
        "-inf",
        "nan",
        "5.1",
    ],
)
def test_strictly_what_is_no_number_within_the_points_is_the_tests_mistake_where_nbgrader_gives_full_marks(text: str) -> None:
    with pytest.raises(UngradedCellError, match="the test gave") as told:
        score_cell(cell_with(result(text)), _MAXIMUM)
    assert "Correct the test" in told.value.remedy


@pytest.mark.parametrize(
    "text", ["True", "np.True_", "[1]", "(150, 5)", "array([0, 1])", "   a  b\n0  1  2", "<function f at 0x7f>", "{'a': 1}", "Point(1, 2)"]
)
def test_strictly_what_nobody_can_mean_as_a_score_is_full_marks_as_in_nbgrader(text: str) -> None:
    assert score_cell(cell_with(result(text)), _MAXIMUM) == _MAXIMUM
    assert determine_grade(cell_with(result(text)), logging.getLogger("nbgrader")) == (_MAXIMUM, _MAXIMUM)


@pytest.mark.parametrize("text", ["3", "0.5", "np.float64(0.5)", "nan"])
def test_strictly_a_displayed_number_is_the_tests_mistake(text: str) -> None:
    with pytest.raises(UngradedCellError, match="displays a number"):
        score_cell(cell_with(nbformat.v4.new_output("display_data", data={"text/plain": text})), _MAXIMUM)


def test_strictly_a_second_result_is_the_tests_mistake() -> None:
    with pytest.raises(UngradedCellError, match="2 results"):
        score_cell(cell_with(result("1"), result("5")), _MAXIMUM)


def test_a_long_result_is_shown_by_its_beginning() -> None:
    with pytest.raises(UngradedCellError) as told:
        score_cell(cell_with(result("'" + "x" * 10_000)), _MAXIMUM)
    assert len(str(told.value)) < 400


def manual_cell(source: str, kind: str = "markdown") -> Any:
    cell = nbgrader_cell(kind, "Write here.", "essay", grade=True, solution=True, points=4)
    cell.metadata.nbgrader["cell_type"] = kind
    cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
    cell.source = source
    return cell


@pytest.mark.parametrize("kind", ["markdown", "code"])
def test_an_untouched_manual_cell_is_zero_and_an_answered_one_waits_for_a_person(kind: str) -> None:
    assert score_cell(manual_cell("Write here.", kind), 4) == 0.0
    assert score_cell(manual_cell("My answer.", kind), 4) is None


def test_a_manual_cell_that_does_not_know_what_was_released_waits_for_a_person() -> None:
    cell = manual_cell("Write here.")
    del cell.metadata.nbgrader["checksum"]
    assert score_cell(cell, 4) is None
    assert not is_unanswered(cell)


def test_a_text_that_is_only_graded_waits_for_a_person() -> None:
    assert score_cell(nbgrader_cell("markdown", "x", "task", grade=True, points=4), 4) is None


_OUTPUTS = st.lists(
    st.one_of(
        st.sampled_from([ERROR, STDERR, STDOUT, DISPLAY]),
        st.floats().map(lambda number: result(repr(number))),
        st.integers(-2, 7).map(lambda number: result(str(number))),
        st.text(min_size=1, max_size=6).map(result),
    ),
    max_size=4,
)


@given(_OUTPUTS)
def test_whatever_a_cell_prints_the_score_is_nbgraders_and_within_the_points(outputs: list[Any]) -> None:
    try:
        theirs, _ = determine_grade(cell_with(*outputs), logging.getLogger("nbgrader"))
    except (ValueError, KeyError):
        with pytest.raises(UngradedCellError):
            score_cell(cell_with(*outputs), _MAXIMUM, rule="nbgrader")
        return
    ours = score_cell(cell_with(*outputs), _MAXIMUM, rule="nbgrader")
    assert ours == theirs
    assert ours is not None
    assert 0 <= ours <= _MAXIMUM
    assert math.isfinite(ours)


@given(_OUTPUTS)
def test_strictly_nothing_earns_more_than_by_nbgraders_rule_and_full_marks_never_rest_on_a_quoted_text(outputs: list[Any]) -> None:
    try:
        strict = score_cell(cell_with(*outputs), _MAXIMUM)
    except UngradedCellError:
        return
    assert strict is not None
    try:
        loose = score_cell(cell_with(*outputs), _MAXIMUM, rule="nbgrader")
    except UngradedCellError:
        assert strict == 0
        return
    assert loose is not None
    assert strict <= loose
    results = [output for output in outputs if output.output_type == "execute_result"]
    if results and strict:
        text = results[0]["data"]["text/plain"]
        assert text[0] not in "'\""
        assert strict in {float(text) if is_number(text) else _MAXIMUM}


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
