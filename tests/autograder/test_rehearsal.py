"""The rehearsal with the reference solution: labels, causes, canaries that hold, mistakes of the author."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.jobs import AssignmentSource, Limits, SourceCell, SourceNotebook
from autograder.rehearsal import rehearse
from autograder.sealed.canaries import canaries_of
from autograder.sealed.deciding import SealedVerdict
from autograder.sealed.grading import SealedServers
from autograder.sealed.plan import CellPlan, Mode, SealingPlan
from tests.autograder.sealed.examination import both_servers
from tests.small_course import nbgrader_cell

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]

SQUARE = "def square(n):\n    return n * n"
POINT = "class Point:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, other):\n        return self.x == other.x"
PROGRAM = "import subprocess\nassert subprocess.run(['true']).returncode == 0\nassert Point(3).x == 3"


@pytest.fixture(scope="module")
def servers() -> Iterator[SealedServers]:
    with both_servers() as running:
        yield running


def source(folder: Path, solution: str, *tests: str, blank: str = "pass", kernelspec: dict[str, str] | None = None) -> AssignmentSource:
    """Return an assignment with one answer cell; every test is worth 2 points."""
    frame: list[Any] = [nbgrader_cell("code", solution, "answer", solution=True)]
    frame += [nbgrader_cell("code", test, f"test-{place}", grade=True, locked=True, points=2) for place, test in enumerate(tests)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "n.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=frame)), encoding="utf-8")
    texts = [("answer", blank), *((f"test-{place}", test) for place, test in enumerate(tests))]
    cells = tuple(
        SourceCell(
            name=name, cell_type="code", source=text, checksum=None, locked=name != "answer", is_grade=name != "answer", is_solution=name == "answer",
            is_task=False, points=2 if name != "answer" else None,
        )
        for name, text in texts
    )  # fmt: skip
    notebook = SourceNotebook(name="n", kernelspec=kernelspec, cells=cells)
    return AssignmentSource(course="c", assignment="a", folder=str(folder), notebooks=(notebook,), digest="d")


def plan(servers: SealedServers, of: AssignmentSource, choices: dict[str, Mode] | None = None) -> SealingPlan:
    return rehearse(of, servers, Limits(), environment_digest="e", choices=choices)


def cell(found: SealingPlan, place: int = 0) -> CellPlan:
    named = found.cell("n", f"test-{place}")
    assert named is not None
    return named


def test_each_test_gets_its_label_with_the_cause(servers: SealedServers, tmp_path: Path) -> None:
    found = plan(servers, source(tmp_path, f"{SQUARE}\n{POINT}", "assert square(3) == 9", "assert Point(1) == Point(1)", PROGRAM))
    assert [each.label for each in found.cells] == ["sealed", "unsealed", "cannot be sealed"]
    assert cell(found, 1).allowed_semantics == ("`eq` of the learner's own class Point",)
    assert "earns 0 points run apart and 2 points in one process" in cell(found, 2).causes[0]
    assert [each.mode for each in found.cells] == ["sealed", "sealed", "compat"]
    assert [bool(each.canaries) for each in found.cells] == [False, True, True]
    assert [(each.reference_score, each.blank_score) for each in found.cells] == [(2, 0)] * 3
    assert all(each.memory_bytes > 2**20 for each in found.cells)
    assert found.failures == ()


VECTOR = (
    "class Vector:\n    def __init__(self, x):\n        self.x = x\n    def __add__(self, other):\n        return Vector(self.x + other.x)"
)


def test_arithmetic_of_an_expected_class_gives_values_and_is_sealed_but_no_more_than_the_reference_uses(
    servers: SealedServers, tmp_path: Path
) -> None:
    found = plan(servers, source(tmp_path, VECTOR, "assert (Vector(1) + Vector(2)).x == 3"))
    assert (cell(found).label, cell(found).allowed_semantics) == ("sealed", ("`add` of the learner's own class Vector",))
    verdict = SealedVerdict("t", 2.0, 2.0, (), (), "", plan=cell(found), operators=cell(found).allowed_semantics)
    assert verdict.is_sealed
    other = replace(verdict, operators=("`rsub` of the learner's own class Vector",))
    assert other.needs_person
    assert not other.is_sealed


def test_the_plan_crosses_as_json_and_holds_the_policy(servers: SealedServers, tmp_path: Path) -> None:
    found = plan(servers, source(tmp_path, SQUARE, "assert square(3) == 9"))
    assert SealingPlan.model_validate_json(found.model_dump_json()) == found
    policy = found.policy("n")
    assert policy is not None
    assert policy.served == ("square",)


def test_only_canaries_that_the_reference_solution_fails_are_kept(servers: SealedServers, tmp_path: Path) -> None:
    loose = "import subprocess\nsubprocess.run(['true'])\nassert abs(square(3) - 9) < 10**6"
    assert any("'9' made" in each.change for each in canaries_of(loose, ["square"]))
    found = plan(servers, source(tmp_path, f"{SQUARE}\n{POINT}", loose))
    assert [each.change for each in cell(found).canaries] == [
        "line 3: the assertion 'abs(square(3) - 9) < 10**6' made 'not (abs(square(3) - 9) < 10**6)'"
    ]


def test_mistakes_of_the_author_are_told(servers: SealedServers, tmp_path: Path) -> None:
    found = plan(servers, source(tmp_path, SQUARE, "assert square(3) == 10", "assert True"))
    assert found.failures == (
        "n.ipynb, test-0: the reference solution earns 0 of 2 points",
        "n.ipynb, test-1: the untouched notebook earns 2 of 2 points",
    )
    assert [each.label for each in found.cells] == ["sealed", "sealed"]


def test_a_test_that_the_author_gives_to_one_process_is_guarded_too(servers: SealedServers, tmp_path: Path) -> None:
    found = plan(servers, source(tmp_path, SQUARE, "assert square(3) == 9"), {"test-0": "compat"})
    assert (cell(found).label, cell(found).mode, bool(cell(found).canaries)) == ("sealed", "compat", True)


def test_another_kernel_than_pythons_cannot_be_sealed_and_is_not_run(servers: SealedServers, tmp_path: Path) -> None:
    found = plan(servers, source(tmp_path, "x", "stopifnot(TRUE)", kernelspec={"name": "ir", "language": "R", "display_name": "R"}))
    assert cell(found).label == "cannot be sealed"
    assert "kernel of n.ipynb is R" in cell(found).causes[0]


def test_without_a_reference_solution_nothing_counts_as_sealed(servers: SealedServers, tmp_path: Path) -> None:
    bare = source(tmp_path, SQUARE, "assert square(3) == 9")
    (tmp_path / "n.ipynb").unlink()
    found = plan(servers, bare)
    assert cell(found).label == "unsealed"
    assert "no reference solution" in cell(found).causes[0]


def test_a_reference_solution_that_ends_its_kernel_is_told_and_labels_everything(servers: SealedServers, tmp_path: Path) -> None:
    found = plan(servers, source(tmp_path, "import os\nos._exit(1)", "assert square(3) == 9"))
    assert cell(found).label == "cannot be sealed"
    assert any("ended the kernel" in each for each in found.failures)
