"""The same submissions to many kinds of assignments, graded by `nbgrader autograde` and by us: the verdicts are the same.

`python -m tests.parity.report` prints the table of these comparisons.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.execution.engines import EngineRoom
from tests.parity.comparing import Comparison, compare
from tests.parity.known import KNOWN
from tests.parity.reading import all_assignments, read_assignment
from tests.parity.report import table

pytestmark = pytest.mark.xdist_group("fork-server")

TEXTS = all_assignments()
REPRESENTATIVE = frozenset({"numpy_arrays", "cheats_collected"})
"""Those that the quick tests grade too."""


@pytest.fixture(scope="module")
def rooms() -> Iterator[dict[str, EngineRoom]]:
    with EngineRoom(assurance="compat") as compat, EngineRoom(assurance="sealed") as sealed:
        yield {"compat": compat, "sealed": sealed}


@pytest.fixture(scope="module")
def seen() -> Iterator[list[Comparison]]:
    """Collect the comparisons; their table is printed when all are done."""
    found: list[Comparison] = []
    yield found
    print(f"\n{table(found)}")  # noqa: T201 - the report of this suite


def _parameter(path: Path, number: int) -> object:
    marks = [pytest.mark.slow] if path.stem in REPRESENTATIVE else [pytest.mark.thorough]
    return pytest.param(path, number, id=path.stem, marks=marks)


@pytest.mark.parametrize(("path", "number"), [_parameter(path, number) for number, path in enumerate(TEXTS)])
def test_every_cell_gets_nbgraders_verdict(
    path: Path, number: int, rooms: dict[str, EngineRoom], seen: list[Comparison], tmp_path: Path
) -> None:
    found = compare(read_assignment(path), number, tmp_path / "courses", rooms)
    seen.append(found)
    assert found.verdicts > 0
    assert found.passed > 0, "nothing passes in nbgrader: the assignment proves nothing"
    assert found.compat_differences == []
    assert found.false_passes == [], "a false pass is never one of the known differences"
    assert [str(each) for each in found.differences if f"{found.assignment}/{each.cell}" not in KNOWN] == []
    assert {key: why for key, why in found.unsealed.items() if f"{found.assignment}/{key.partition('/')[2]}" not in KNOWN} == {}
    assert {name: points for name, points in found.cheats.items() if points[1] > 0} == {}


def test_the_suite_is_as_large_as_it_says() -> None:
    assert {path.stem for path in TEXTS} >= REPRESENTATIVE
    assert len(TEXTS) >= 60
