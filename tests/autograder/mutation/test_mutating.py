"""Mutation testing of a whole assignment in real kernels: strong tests kill all, weak ones are named, endless mutants end, equivalent ones are recognised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.execution.fork_server import ForkServer
from autograder.jobs import AssignmentSource, Limits
from autograder.mutation.accepted import AcceptedMutant, load_accepted
from autograder.mutation.findings import check_mutations
from autograder.mutation.mutating import Wanted, mutate_assignment
from autograder.mutation.report import MutationReport
from autograder.mutation.sources import read_source
from courses.content_hash import folder_sha256
from courses.errors import MutantsFileError
from tests.small_course import nbgrader_cell

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]

BETWEEN = "def between(values, low, high):\n    found = [each for each in values if low <= each <= high]\n    return sorted(found)"
STRONG = "assert between([3, 1, 4, 2, 5], 2, 4) == [2, 3, 4]\nassert between([2, 1], 5, 9) == []"
WEAK = "assert 3 in between([3, 1], 2, 4)"


FLAGS: dict[str, dict[str, Any]] = {
    "answer": {"solution": True},
    "test": {"grade": True, "locked": True, "points": 2},
    "setup": {"locked": True},
}


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer([]) as running:
        yield running


def written(folder: Path, *cells: tuple[str, str, str]) -> AssignmentSource:
    """Return an assignment with one notebook of `(name, role, text)`; every test is worth 2 points."""
    frame: list[Any] = []
    for name, role, text in cells:
        flags = FLAGS.get(role)
        frame.append(nbgrader_cell("code", text, name, **flags) if flags else nbformat.v4.new_code_cell(text))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "n.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=frame)), encoding="utf-8")
    return read_source("c", folder)


def mutated(server: ForkServer, source: AssignmentSource, *accepted: AcceptedMutant, **wanted: Any) -> MutationReport:
    return mutate_assignment(source, server, Limits(), accepted=accepted, wanted=Wanted(**wanted))


def test_a_strong_test_kills_every_mutant_and_a_weak_ones_survivors_are_named(server: ForkServer, tmp_path: Path) -> None:
    source = written(tmp_path / "a", ("between", "answer", BETWEEN), ("weak", "test", WEAK), ("strong", "test", STRONG))
    told: list[tuple[int, int]] = []
    report = mutate_assignment(source, server, Limits(), progress=lambda done, total: told.append((done, total)))
    assert report.score.share == 1.0
    assert told[-1] == (len(report.mutants), len(report.mutants))
    by_test = {each.cell: each.score for each in report.tests}
    assert by_test["strong"].share == 1.0
    assert by_test["weak"].share is not None
    assert by_test["weak"].share < 0.8
    assert check_mutations(report) == []
    assert MutationReport.model_validate_json(report.model_dump_json()) == report

    alone = mutated(server, written(tmp_path / "b", ("between", "answer", BETWEEN), ("weak", "test", WEAK)))
    survivors = alone.survivors(cell="between")
    assert "boundary" in {each.operator for each in survivors}
    assert {each.slipped_past for each in survivors} == {("weak",)}
    found = {each.code: each for each in check_mutations(alone)}
    assert set(found) == {"M01", "M02"}
    assert found["M01"].where == "b/n.ipynb, weak"
    assert " made `" in found["M01"].problem
    assert not found["M02"].is_blocking
    assert [each.code for each in check_mutations(alone, blocks=True) if each.is_blocking] == ["M02"]


def test_a_mutant_that_never_ends_is_stopped_soon_and_counts_as_killed(server: ForkServer, tmp_path: Path) -> None:
    count = "def count(n):\n    steps = 0\n    while n > 0:\n        n = n - 1\n        steps += 1\n    return steps"
    source = written(tmp_path, ("count", "answer", count), ("test", "test", "assert count(5) == 5\nassert count(0) == 0"))
    report = mutate_assignment(source, server, Limits(cell_cpu_s=600, cell_timeout_s=600))
    endless = [each for each in report.mutants if each.outcome == "timeout"]
    assert endless
    assert all("cell_cpu_s" in each.reason or "cell_timeout_s" in each.reason for each in endless)
    assert {each.killed_by for each in endless} == {("test",)}
    assert report.score.share == 1.0
    allowed = [re.search(r"the ([\d.]+) s (?:of processor time )?allowed", each.reason) for each in endless]
    assert all(each is not None and float(each[1]) < 100 for each in allowed), (
        "soon: by what the reference took, not by the assignment's limits"
    )


def test_equivalent_mutants_are_told_with_the_number_of_inputs_and_count_for_nothing(server: ForkServer, tmp_path: Path) -> None:
    total = "def total(values):\n    result = 0\n    for each in values:\n        if each != 0:\n            result = result + each\n    return result"
    test = "assert total([1, 0, 2]) == 3\nassert total([]) == 0\nassert total([-4, 2]) == -2"
    report = mutated(server, written(tmp_path, ("total", "answer", total), ("test", "test", test)))
    equivalent = [each for each in report.mutants if each.outcome == "equivalent"]
    assert [each.diff.split("\n")[-2] for each in equivalent] == ["+        if True:"]
    assert "no input of" in equivalent[0].reason
    assert report.score.share == 1.0
    assert report.score.strict_share is not None
    assert report.score.strict_share < 1.0


def test_statements_outside_functions_are_equivalent_if_every_name_gets_the_same_value(server: ForkServer, tmp_path: Path) -> None:
    cells = (("low", "answer", "low = min(3, 1)\nhigh = 2"), ("test", "test", "assert low == 1"))
    report = mutated(server, written(tmp_path, *cells))
    outcomes = {each.diff.split("\n")[-2 if each.line == 1 else -1]: each.outcome for each in report.mutants}
    assert outcomes["+low = min(1, 3)"] == "equivalent"
    assert outcomes["+low = max(3, 1)"] == "killed"
    assert {each.outcome for each in report.mutants if each.line == 2} == {"survived"}


def test_only_tests_that_cover_an_answer_are_run_on_its_mutants(server: ForkServer, tmp_path: Path) -> None:
    cells = (
        ("setup", "setup", "import math"),
        ("one", "answer", "def one(x):\n    return math.floor(x) + 1"),
        ("test-one", "test", "assert one(1.5) == 2"),
        ("", "other", "raise RuntimeError('an example that fails')"),
        ("two", "answer", "def two(x):\n    return one(x) * 2"),
        ("test-two", "test", "assert two(2.5) == 6"),
        ("task", "answer", "def nobody_asks(x):\n    return x"),
    )
    report = mutated(server, written(tmp_path, *cells))
    past = {each.cell: {*each.killed_by, *each.slipped_past} for each in report.mutants}
    assert past == {"one": {"test-one", "test-two"}, "two": {"test-two"}}
    assert report.without_tests == ("n.ipynb, task",)
    assert [each.code for each in check_mutations(report)] == ["M04"]


def test_accepted_mutants_count_for_nothing_and_entries_that_no_longer_hold_are_told(server: ForkServer, tmp_path: Path) -> None:
    source = written(tmp_path, ("between", "answer", BETWEEN), ("weak", "test", WEAK))
    before = mutated(server, source)
    survivor, killed = before.survivors()[0], next(each for each in before.mutants if each.is_killed)

    def entry(mutant: str) -> AcceptedMutant:
        return AcceptedMutant(assignment=source.assignment, notebook="n", cell="between", mutant=mutant, reason="Nobody minds this one.")

    report = mutated(server, source, entry(survivor.id), entry(killed.id), entry("0" * 12))
    assert [(each.id, each.reason) for each in report.mutants if each.outcome == "accepted"] == [(survivor.id, "Nobody minds this one.")]
    assert report.score.survived == before.score.survived - 1
    assert sorted(report.stale) == sorted(
        [f"n.ipynb, between: {killed.id} is killed by a test now", f"n.ipynb, between: {'0' * 12} is no mutant of the cell any more"]
    )
    assert [each.code for each in check_mutations(report)].count("M03") == 2


def test_a_test_that_the_reference_fails_is_not_asked(server: ForkServer, tmp_path: Path) -> None:
    report = mutated(
        server, written(tmp_path, ("one", "answer", "one = 1"), ("wrong", "test", "assert one == 2"), ("right", "test", "assert one == 1"))
    )
    assert {each.cell for each in report.tests} == {"right"}


def test_a_notebook_of_another_language_has_no_mutants_and_says_why(server: ForkServer, tmp_path: Path) -> None:
    source = written(tmp_path, ("one", "answer", "one = 1"), ("right", "test", "assert one == 1"))
    notebook = source.notebooks[0].model_copy(update={"kernelspec": {"name": "ir", "language": "R"}})
    report = mutated(server, source.model_copy(update={"notebooks": (notebook,)}))
    assert report.mutants == ()
    assert "not Python's" in report.obstacle
    assert [each.code for each in check_mutations(report)] == ["M04"]


def test_the_file_of_accepted_mutants_needs_reasons_and_is_part_of_the_courses_hash(tmp_path: Path) -> None:
    assert load_accepted(tmp_path) == ()
    before = folder_sha256(tmp_path)
    row = '[[mutants]]\nassignment = "a"\nnotebook = "n"\ncell = "c"\nmutant = "0123456789ab"\n'
    (tmp_path / "equivalent_mutants.toml").write_text(row, encoding="utf-8")
    assert folder_sha256(tmp_path) != before
    with pytest.raises(MutantsFileError, match="reason"):
        load_accepted(tmp_path)
    (tmp_path / "equivalent_mutants.toml").write_text(f'{row}reason = "The same number."\n', encoding="utf-8")
    assert [each.mutant for each in load_accepted(tmp_path)] == ["0123456789ab"]
