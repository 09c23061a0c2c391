"""Where the learner's code raised what ended a test: lines of their own cells, looked up by who grades, and never one of a test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ipykernel.compiler import get_tmp_hash_seed, murmur2_x86

from autograder.sealed.own_trace import own_trace, places_of, read_places
from autograder.sealed.wire import WireError
from tests.autograder.sealed.examination import Desk, both_servers

CELL = (
    "\n\ndef mean(values):\n    n = len(values)\n    return sum(values) / n  # \u202e\x1b[31m<script>\n\ndef area(v):\n    return mean(v)"
)


def name_of(cell: str) -> str:
    return str(murmur2_x86(cell, get_tmp_hash_seed()))


def raised_at(*places: tuple[str, int]) -> Exception:
    made: Any = ValueError("x")
    made.__sealed_trace__ = places
    return made  # type: ignore[no-any-return]


def test_a_place_is_told_with_the_line_as_it_was_handed_in_and_its_function() -> None:
    told = own_trace(raised_at((name_of(CELL), 6), (name_of(CELL), 3)), [CELL])
    assert told.splitlines() == [
        "Where your code raised it:",
        "  line 8 of the cell, in area",
        "    return mean(v)",
        "  line 5 of the cell, in mean",
        "    return sum(values) / n  # \\u202e\\x1b[31m<script>",
    ]


def test_what_a_test_raises_because_of_the_learners_exception_tells_of_it_too() -> None:
    outer = AssertionError("no luck")
    outer.__context__ = raised_at((name_of(CELL), 1))
    assert "line 3 of the cell, in mean" in own_trace(outer, [CELL])
    outer.__suppress_context__ = True
    assert own_trace(outer, [CELL]) == ""


@given(places=st.lists(st.tuples(st.text(max_size=5) | st.just(name_of(CELL)), st.integers()), max_size=11))
def test_whatever_places_are_claimed_only_lines_of_the_learners_cells_are_shown(places: list[tuple[str, int]]) -> None:
    told = own_trace(raised_at(*read_places([list(each) for each in places])), [CELL])
    shown = [line.strip() for line in told.splitlines()[1:] if line.startswith("    ")]
    own = {line.strip() for line in CELL.replace("\u202e", "\\u202e").replace("\x1b", "\\x1b").splitlines()}
    assert set(shown) <= own
    assert len(told) < 3000


@pytest.mark.parametrize("tree", ["text", [["a"]], [["a", "b"]], [[1, 2]], [["a", True]], [["a", 1]] * 12, [[["a"], 1]], {"a": 1}])
def test_a_malformed_trace_is_an_offence_against_the_wire(tree: Any) -> None:
    with pytest.raises(WireError, match=r"."):
        read_places(tree)


def test_a_deep_recursion_is_told_by_its_ends() -> None:
    names: dict[str, Any] = {}
    exec(compile("def f(n):\n    return 1 / n if n == 0 else f(n - 1)", "/tmp/ipykernel_1/123.py", "exec"), names)
    with pytest.raises(ZeroDivisionError) as caught:
        names["f"](500)
    told = places_of(caught.value)
    assert told == [["123", 2]] * 3 + [["", 0]] + [["123", 2]] * 7
    assert read_places(told)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with both_servers() as servers:
        yield Desk(servers, tmp_path_factory.mktemp("traces"))


def shown_at(desk: Desk, answer: str, test: str) -> str:
    """Return all outputs of the one test as text."""
    result = desk.grade("def area(v):\n    return 3", answer, test)
    node = nbformat.reads(result.notebooks[0].document, as_version=4)
    assert result.cells[0].auto_score == 0
    return "\n".join(str(dict(output)) for output in node.cells[-1].outputs)


@pytest.mark.slow
@pytest.mark.xdist_group("fork-server")
def test_the_learners_own_lines_stand_in_the_graded_notebook_and_no_line_of_the_test(desk: Desk) -> None:
    test = "secret = 77\nassert area([]) == secret, 'area of nothing'"
    shown = shown_at(desk, CELL, test)
    assert "line 5 of the cell, in mean" in shown
    assert "\\\\u202e\\\\x1b[31m<script>" in shown
    assert "secret" not in shown
    caught = shown_at(desk, CELL, "try:\n    area([])\nexcept Exception as e:\n    raise AssertionError('no luck with 77')")
    assert "line 8 of the cell, in area" in caught


@pytest.mark.slow
@pytest.mark.xdist_group("fork-server")
def test_a_learner_who_writes_the_trace_themselves_gets_nothing_that_is_not_theirs(desk: Desk) -> None:
    answer = (
        "import autograder.sealed.exceptions as e\n"
        "e.places_of = lambda raised: [['0', n] for n in range(1, 9)] + [['secret', 1]]\n"
        "def area(v):\n    raise ValueError('mine')"
    )
    shown = shown_at(desk, answer, "secret = 77\nassert area([]) == secret")
    assert "ValueError: mine" in shown
    assert "Where your code" not in shown
    assert "secret" not in shown


@pytest.mark.slow
@pytest.mark.xdist_group("fork-server")
def test_a_failure_without_an_exception_of_the_learners_has_no_trace(desk: Desk) -> None:
    shown = shown_at(desk, "def area(v):\n    return 4", "try:\n    int('x')\nexcept ValueError:\n    pass\nassert area(1) == 3")
    assert "the last value that your code returned was 4" in shown
    assert "Where your code" not in shown
