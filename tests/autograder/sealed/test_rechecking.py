"""A test that gives less than full marks is tried in the learner's own process at the end, and only where that differs in one that runs everything anew."""

from __future__ import annotations

from typing import Any

import pytest

from tests.autograder.sealed.examination import Desk

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fork-server")]

SOLUTION = "def f():\n    return 2"
SECRET = "8143 pesos"


@pytest.fixture
def forks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The learner's kernels that were forked."""
    seen: list[int] = []
    fork = desk.servers.candidate.start_kernel

    def counted(*arguments: Any, **named: Any) -> Any:
        kernel = fork(*arguments, **named)
        seen.append(kernel.root)
        return kernel

    monkeypatch.setattr(desk.servers.candidate, "start_kernel", counted)
    return seen


@pytest.mark.parametrize("answer", ["def f():\n    return 3", "def f():\n    return 1 / 0", "pass"])
def test_a_failure_that_the_learners_process_confirms_takes_no_further_kernel(desk: Desk, forks: list[int], answer: str) -> None:
    result = desk.grade(SOLUTION, answer, "assert f() == 2", "assert f() < 3, 'too much'")
    assert [cell.auto_score for cell in result.cells] == [0.0, 0.0]
    assert all(cell.is_sealed for cell in result.cells)
    assert len(forks) == 1


def test_where_the_learners_process_says_otherwise_everything_is_run_anew(desk: Desk, forks: list[int]) -> None:
    answer = "calls = 0\ndef f():\n    global calls\n    calls += 1\n    return calls"
    result = desk.grade(SOLUTION, answer, "assert f() == 2")
    assert (result.cells[0].auto_score, result.cells[0].review) == (0.0, None), "in one process it fails the first time too"
    assert len(forks) == 2


def test_another_line_that_fails_is_no_confirmation(desk: Desk, forks: list[int]) -> None:
    answer = "calls = 0\ndef f():\n    global calls\n    calls += 1\n    return calls"
    desk.grade(SOLUTION, answer, "assert f() == 2\nassert f() == 2")
    assert len(forks) == 2


def test_what_the_learners_process_sees_of_a_test_then_stands_nowhere(desk: Desk) -> None:
    answer = (
        "def f():\n    return 3\n"
        "seen = []\n"
        "def look(info):\n    seen.append(info.raw_cell)\n    print(seen)\n    open('seen.txt', 'w').write(str(seen))\n"
        "get_ipython().events.register('pre_run_cell', look)"
    )
    result = desk.grade(SOLUTION, answer, f"price = '{SECRET}'\nassert f() == 2, 'no'", "assert f() == 3")
    assert [cell.auto_score for cell in result.cells] == [0.0, 2.0]
    assert SECRET not in result.model_dump_json().replace(f"price = '{SECRET}'", "", 1), "but for the test itself in the graded notebook"


def test_a_process_that_ends_while_it_is_asked_decides_nothing(desk: Desk, forks: list[int]) -> None:
    answer = (
        "def f():\n    return 3\nimport os\n"
        "get_ipython().events.register('pre_run_cell', lambda info: os._exit(0) if 'f() ==' in info.raw_cell else None)"
    )
    result = desk.grade(SOLUTION, answer, "assert f() == 2")
    assert result.cells[0].auto_score in {0.0, None}
    assert len(forks) == 2
