"""The tests of the sample courses notice at least 90 % of the mutants of each assignment, and no accepted mutant is out of date."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograder.execution.engines import EngineRoom
from autograder.jobs import Limits
from autograder.mutation.accepted import load_accepted
from autograder.mutation.findings import MINIMUM
from autograder.mutation.mutating import mutate_assignment
from autograder.mutation.sources import read_source
from courses.catalogue import course_ids, load_course
from courses.samples import samples_folder

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow, pytest.mark.thorough]

_WORK = [
    (course, each.id) for course in course_ids(samples_folder()) for each in load_course(samples_folder(), course).manifest.assessments
]


@pytest.fixture(scope="module")
def room() -> Iterator[EngineRoom]:
    with EngineRoom(assurance="compat") as running:
        yield running


@pytest.mark.parametrize(("name", "assignment"), _WORK)
def test_the_tests_of_a_sample_assignment_notice_nine_mutants_in_ten(room: EngineRoom, name: str, assignment: str) -> None:
    folder = samples_folder() / name
    source = read_source(name, folder / assignment)
    server = room.prepare(source).server
    assert server is not None
    report = mutate_assignment(source, server, Limits(), accepted=load_accepted(folder))
    share = report.score.share
    assert share is not None
    assert share >= MINIMUM, [each.diff for each in report.survivors()]
    assert (report.stale, report.without_tests, report.obstacle) == ((), (), "")
