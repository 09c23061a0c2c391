"""Where a sealing plan is kept, and when it is made anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.jobs import AssignmentSource, Limits
from autograder.nbgrader_database import load_source
from autograder.planning import load_or_rehearse, read_plan
from autograder.sealed.grading import SealedServers
from autograder.sealed.plan import Mode, SealingPlan
from tests.autograder.grading_calls import grade
from tests.autograder.sealed.examination import both_servers
from tests.small_course import SQUARE, SmallCourse

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]

PLACE = Path(".patunay", "sealing", "ps1.json")


@pytest.fixture(scope="module")
def servers() -> Iterator[SealedServers]:
    with both_servers() as running:
        yield running


def plan(
    course: SmallCourse, servers: SealedServers, source: AssignmentSource, choices: dict[str, Mode] | None = None, **versions: str
) -> SealingPlan:
    return load_or_rehearse(course.root, source, servers, Limits(), environment={"python": "3", **versions}, choices=choices)


def test_a_plan_is_kept_for_its_owner_and_used_again_until_something_it_depends_on_changes(
    small_course: SmallCourse, servers: SealedServers
) -> None:
    source = load_source(small_course.open(), "ps1")
    first = plan(small_course, servers, source)
    assert (small_course.root / PLACE).stat().st_mode & 0o777 == 0o600
    assert plan(small_course, servers, source) == first
    assert plan(small_course, servers, source, numpy="2").secret != first.secret
    chosen = plan(small_course, servers, source, {"test_square": "manual"}, numpy="2")
    assert chosen.secret != first.secret
    again = plan(small_course, servers, source.model_copy(update={"digest": "other"}), {"test_square": "manual"}, numpy="2")
    assert (again.source_digest, again.secret != chosen.secret) == ("other", True)


def test_a_plan_that_others_could_have_written_is_not_read(small_course: SmallCourse, servers: SealedServers, tmp_path: Path) -> None:
    plan(small_course, servers, load_source(small_course.open(), "ps1"))
    place = small_course.root / PLACE
    assert read_plan(place) is not None
    (tmp_path / "link.json").symlink_to(place)
    assert read_plan(tmp_path / "link.json") is None
    place.chmod(0o666)
    assert read_plan(place) is None
    place.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(place, 12345, -1)
        assert read_plan(place) is None
    place.unlink()
    place.write_text("{}")
    assert read_plan(place) is None


def test_sealed_grading_makes_the_plan_and_goes_by_it(small_course: SmallCourse) -> None:
    small_course.submit("ana", SQUARE, "found = 3")
    (graded,) = grade(small_course, assurance="sealed").graded
    assert graded.score == 5.0
    made = read_plan(small_course.root / PLACE)
    assert made is not None
    assert {each.name: each.label for each in made.cells} == {"test_square": "sealed", "test_found": "sealed"}
    assert not (small_course.root / "autograded" / "ana" / "ps1" / ".patunay").exists()
