"""Extensions as a teacher grants them: with a reason, for one learner, never less than everybody has, and shown afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.errors import ExtensionError
from autograder.nbgrader_database import open_gradebook
from courses.errors import UnknownAssignmentError
from courses.nbgrader_course import open_course
from courses.settings import Site
from portal.extensions import Wanted, grant_extension, terms_of
from tests.portal.commands import assert_diagnosed, patunay
from tests.small_site import COURSE, NOW, Someone, enter_results, released_site

pytestmark = pytest.mark.slow
DUE, LATER = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 27, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("extensions")
    site = released_site(folder / "site", tmp_path_factory.getbasetemp())
    enter_results(site, (Someone("ana", "Ana Reyes"), Someone("ben", "Ben Cruz")))
    with open_gradebook(open_course(site.course_root(COURSE))) as gradebook:
        gradebook.update_or_create_assignment("basics", duedate=DUE.replace(tzinfo=None))
    return site


def wanted(
    assignment: str = "basics",
    learner: str = "ana",
    until: datetime | None = None,
    attempts: int | None = None,
    reason: str = "ill",
    by: str = "M. Reyes",
) -> Wanted:
    return Wanted(assignment, learner, until, attempts, reason, by)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (wanted(), "nothing is granted"),
        (wanted(until=datetime(2026, 11, 19, tzinfo=UTC)), "earlier than everybody's due date"),
        (wanted("project", until=LATER), "has no due date"),
        (wanted(attempts=1), "the number of attempts is not limited here"),
        (wanted(until=LATER, reason=" "), "needs a reason"),
        (wanted(until=LATER, by=""), "the name of who grants it"),
        (wanted(until=LATER, reason="x" * 1001), "at most 1000 characters"),
        (wanted(learner="nobody", until=LATER), "no learner 'nobody'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(site: Site, asked: Wanted, told: str) -> None:
    with pytest.raises(ExtensionError, match=told):
        grant_extension(site, COURSE, asked, now=NOW)
    with pytest.raises(UnknownAssignmentError, match="not released"):
        grant_extension(site, COURSE, wanted("nosuch", until=LATER), now=NOW)


def test_a_later_due_date_holds_for_one_learner_until_it_is_taken_back(site: Site) -> None:
    terms = grant_extension(site, COURSE, wanted(until=LATER), now=NOW)
    assert (terms.due, terms.everybodys_due, terms.is_extended) == (LATER, DUE, True)
    assert [(each.by, each.reason, each.at) for each in terms.grants] == [("M. Reyes", "ill", NOW)]
    assert terms_of(site, COURSE, "ben", "basics").due == DUE
    with open_gradebook(open_course(site.course_root(COURSE))) as gradebook:
        assert gradebook.find_submission("basics", "ana").extension == LATER - DUE
    back = grant_extension(site, COURSE, wanted(until=DUE, reason="well again"), now=NOW)
    assert not back.is_extended
    assert len(back.grants) == 2


def test_the_command_grants_shows_and_refuses(site: Site, tmp_path: Path) -> None:
    at = ("--site", str(site.root))
    told = ("--reason", "power cut", "--by", "M. Reyes", *at)
    done = patunay("extend", COURSE, "basics", "ben", "--until", "2026-11-28 17:00", *told, cwd=tmp_path)
    assert done.out.strip() == "ben, basics: due 2026-11-28 09:00 UTC, all attempts count.", done.err
    found = patunay("extend", COURSE, "--json", *at, cwd=tmp_path).json()
    assert [(each["until"], each["reason"]) for each in found if each["learner"] == "ben"] == [("2026-11-28T09:00:00Z", "power cut")]
    assert "power cut" in patunay("extend", COURSE, "basics", *at, cwd=tmp_path).out
    assert_diagnosed(patunay("extend", COURSE, "basics", "ben", *told, cwd=tmp_path), "nothing is granted")
    assert patunay("extend", COURSE, "--until", "2026-11-28 17:00", *at, cwd=tmp_path).code == 2
