"""The issuer reads the autograder in one place: real nbgrader gradebook and records become standings."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.nbgrader_database import open_gradebook
from courses.errors import ReleaseRefusedError, UnknownCourseError
from courses.nbgrader_course import open_course
from courses.settings import Site
from issuer import standing as standing_module
from issuer.eligibility import Status
from issuer.standing import learners_of, read_standing, released_root
from portal.site_making import make_site
from tests.small_site import COURSE, WANTED, Someone, change_score, enter_results, released_site, write_course

pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return released_site(tmp_path / "site", tmp_path_factory.getbasetemp())


def test_standing_tells_everyone_apart(site: Site) -> None:
    enter_results(
        site,
        (
            Someone("full", "Full Marks"),
            Someone("weak", "Weak Basics", (1.0, 3.0, 6.0, 4.0)),
            Someone("waits", "Waits Still", (2.0, 8.0, 6.0, None)),
            Someone("exact", "Exactly Seventy", (2.0, 8.0, 5.0, 0.0)),
        ),
    )
    standing = read_standing(site, COURSE)
    assert {each.learner: each.status for each in standing.eligibility} == {
        "exact": Status.ELIGIBLE,
        "full": Status.ELIGIBLE,
        "waits": Status.BLOCKED,
        "weak": Status.NOT_YET,
    }
    assert {each.learner: each.overall for each in standing.eligibility}["exact"] == 0.7
    assert standing.learners["full"].name == "Full Marks"
    assert standing.learners["full"].email == "full@Learners.Example"
    assert [each.assignment for each in standing.evidence["full"]] == ["basics", "project"]


def test_a_mark_given_by_hand_changes_the_standing(site: Site) -> None:
    enter_results(site, (Someone("waits", "Waits Still", (2.0, 8.0, 6.0, None)),))
    change_score(site, "waits", "project", "essay", 0.0)
    (after,) = read_standing(site, COURSE).eligibility
    assert (after.status, after.overall) == (Status.ELIGIBLE, 0.76)


def test_a_learner_who_only_enrolled_has_handed_in_nothing(site: Site) -> None:
    directory = open_course(site.course_root(COURSE))
    with open_gradebook(directory) as gradebook:
        gradebook.update_or_create_student("new", first_name=None, last_name=None, email=None)
    (standing,) = read_standing(site, COURSE).eligibility
    assert (standing.status, standing.overall) == (Status.NOT_YET, 0.0)
    assert learners_of(directory)["new"].name is None


def test_a_course_that_is_not_there_is_told_with_the_nearest_name(site: Site) -> None:
    with pytest.raises(UnknownCourseError, match="no course called 'tiny-corse'") as unknown:
        read_standing(site, "tiny-corse")
    assert "Did you mean 'tiny-course'?" in unknown.value.remedy


@pytest.mark.parametrize("name", ["..", "../../etc", ".", "", "work/tiny-course", "../work/tiny-course", "tiny-course/", "tiny-course\n"])
def test_a_name_that_is_a_path_is_no_course(name: str, site: Site) -> None:
    with pytest.raises(UnknownCourseError, match="there is no course called"):
        released_root(site, name)


def test_a_course_that_is_not_released_says_how_to_release_it(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    write_course(site.courses)
    with pytest.raises(ReleaseRefusedError, match="is not released") as refused:
        read_standing(site, COURSE)
    assert refused.value.remedy == f"Run `patunay release {COURSE}` first."


def test_several_processes_read_what_one_reads(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    enter_results(site, (Someone("full", "Full Marks"), Someone("weak", "Weak Basics", (1.0, 3.0, 6.0, 4.0))))
    monkeypatch.setattr(standing_module, "LEARNERS_AT_ONCE", 1)
    alone = read_standing(site, COURSE)
    monkeypatch.setattr(standing_module, "WORTH_FORKING", 1)
    assert read_standing(site, COURSE) == alone
    assert len(alone.eligibility) > 1
