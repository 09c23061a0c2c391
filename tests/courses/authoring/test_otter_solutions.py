from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.authoring.otter.solutions import converted_solution, without_ignored

REGION = re.compile(r"[ \t]*### BEGIN SOLUTION\n.*?### END SOLUTION", re.DOTALL)


def learners_see(source: str) -> str:
    """Return what nbgrader releases of a converted cell."""

    def stub(match: re.Match[str]) -> str:
        margin = match[0][: len(match[0]) - len(match[0].lstrip())]
        return f"{margin}raise NotImplementedError()"

    return REGION.sub(stub, converted_solution(source).source)


@pytest.mark.parametrize(
    ("otter", "nbgrader"),
    [
        ("x = 2 # SOLUTION", "# x = ...\n### BEGIN SOLUTION\nx = 2\n### END SOLUTION"),
        ("x = 2 #SOLUTION", "# x = ...\n### BEGIN SOLUTION\nx = 2\n### END SOLUTION"),
        ("a, b = 1, 2 # SOLUTION", "# a, b = ...\n### BEGIN SOLUTION\na, b = 1, 2\n### END SOLUTION"),
        ("d['x'] = 3 # SOLUTION", "# d['x'] = ...\n### BEGIN SOLUTION\nd['x'] = 3\n### END SOLUTION"),
        ("plot(x) # SOLUTION", "### BEGIN SOLUTION\nplot(x)\n### END SOLUTION"),
        ("x == 2 # SOLUTION", "### BEGIN SOLUTION\nx == 2\n### END SOLUTION"),
        ("plot(x); # SOLUTION NO PROMPT", "### BEGIN SOLUTION\nplot(x);\n### END SOLUTION"),
        ("seed(1) # SEED\nx = 2 # SOLUTION", "# x = ...\n### BEGIN SOLUTION\nseed(1) # SEED\nx = 2\n### END SOLUTION"),
        ("a = 1 # SOLUTION\n\nb = 2 # SOLUTION", "# a = ...\n# b = ...\n### BEGIN SOLUTION\na = 1\n\nb = 2\n### END SOLUTION"),
        ("# BEGIN SOLUTION\nx = 1\n# END SOLUTION\nx", "### BEGIN SOLUTION\nx = 1\n### END SOLUTION\nx"),
        ('""" # BEGIN PROMPT\nx = ...\n""" # END PROMPT', "# x = ..."),
        ("given()", "given()"),
        ("## solution ##\nx = 1 # SOLUTION NO PROMPT", "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"),
    ],
)
def test_each_mark_becomes_a_region(otter: str, nbgrader: str) -> None:
    assert converted_solution(otter).source == nbgrader


def test_a_region_that_goes_back_to_the_left_begins_anew_so_that_the_release_is_python() -> None:
    seen = learners_see("def total(values):\n    t = 0\n    for v in values:\n        t += v # SOLUTION\n    return t # SOLUTION")
    ast.parse(seen)
    assert seen.count("raise NotImplementedError()") == 2


def test_a_block_within_the_solution_is_one_region() -> None:
    seen = learners_see("if a: # SOLUTION\n    b = 1 # SOLUTION\nelse: # SOLUTION\n    b = 2 # SOLUTION\nprint(b)")
    assert seen == "raise NotImplementedError()\nprint(b)"


def test_what_is_marked_ignore_is_in_no_output() -> None:
    assert without_ignored("a\nb # IGNORE\n# BEGIN IGNORE\nc\n# END IGNORE\nd") == "a\nd"


def test_a_block_that_is_not_closed_is_told() -> None:
    assert converted_solution("# BEGIN SOLUTION\nx = 1").unclosed == "BEGIN SOLUTION"
    assert converted_solution('""" # BEGIN PROMPT\nx').unclosed == "BEGIN PROMPT"


def test_a_cell_without_a_mark_has_no_region() -> None:
    assert not converted_solution("x = 1").has_region


_BODIES = st.lists(st.sampled_from(["x = 1", "y = x", "f(x)", "", "return_value = [1, 2]"]), min_size=1, max_size=6)
_MARKS = st.sampled_from(["", " # SOLUTION", " # SOLUTION NO PROMPT"])


@given(st.lists(st.tuples(_BODIES, _MARKS), min_size=1, max_size=6), st.sampled_from(["", "    "]))
def test_every_line_is_kept_in_order_and_no_marked_line_is_seen(blocks: list[tuple[list[str], str]], margin: str) -> None:
    marked = [
        (f"{margin}{line}{number}" if line else "", mark if line else "") for number, (body, mark) in enumerate(blocks) for line in body
    ]
    source = "\n".join(line + mark for line, mark in marked)
    converted = converted_solution(source).source
    kept = [line for line in converted.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert kept == [line for line, _ in marked if line]
    seen = [line for line in learners_see(source).splitlines() if line.strip() and not line.lstrip().startswith(("#", "raise"))]
    assert seen == [line for line, mark in marked if line and not mark]
    assert converted.count("### BEGIN SOLUTION") == converted.count("### END SOLUTION")
