"""There is one next step, and the checklist says of every rule where a learner stands."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime, timedelta

import pytest

from courses.manifest import CourseManifest
from courses.release import Release
from issuer.eligibility import Eligibility, Status
from portal.attempt_states import AssignmentState, SeenAttempt, Stage
from portal.learner_work import LearnerCourse, Work, WorkStage
from portal.next_step import NextStep, next_step
from portal.requirements import requirements_of
from tests.small_site import manifest_text

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
MANIFEST = CourseManifest.model_validate_json(json.dumps(tomllib.loads(manifest_text()), default=str))
ATTEMPT = SeenAttempt(1, Stage.GRADED, NOW, "0" * 64, None, "", None)


def work(place: int, stage: WorkStage, *, due: timedelta | None = None) -> Work:
    state = AssignmentState(() if stage is WorkStage.NOT_STARTED else (ATTEMPT,))
    share = {WorkStage.PASSED: 1.0, WorkStage.READY: 0.4}.get(stage)
    return Work(MANIFEST.assessments[place], stage, state, None, NOW + due if due else None, timedelta(), share, 0.0, ())


def course(*works: Work, status: Status = Status.NOT_YET, is_enrolled: bool = True, late: str = "accept") -> LearnerCourse:
    told = Eligibility("ana", status, (), 0.4, (("LO1", 0.4), ("LO2", 1.0)), ())
    manifest = MANIFEST.model_copy(update={"late_policy": late})
    return LearnerCourse(manifest, Release(MANIFEST.id, "1.0.0", "", "", ()), works, told, is_enrolled)


def step(of: LearnerCourse, *, unclaimed: bool = False, awarded: bool = False, named: bool = False, was: bool = False) -> NextStep:
    return next_step(of, has_unclaimed=unclaimed, is_awarded=awarded, has_told_name=named, now=NOW, was_awarded=was)


def test_a_credential_that_waits_comes_before_everything() -> None:
    open_work = course(work(0, WorkStage.FAILED), work(1, WorkStage.NOT_STARTED))
    assert step(open_work, unclaimed=True, awarded=True).kind == "claim"
    assert step(open_work, awarded=True).kind == "done"


def test_who_met_everything_says_first_how_their_name_stands() -> None:
    met = course(work(0, WorkStage.PASSED), work(1, WorkStage.PASSED), status=Status.ELIGIBLE)
    assert step(met).kind == "confirm name"
    assert step(met, named=True).kind == "await award"


def test_who_had_a_credential_that_was_erased_or_withdrawn_is_promised_no_other_one() -> None:
    met = course(work(0, WorkStage.PASSED), work(1, WorkStage.PASSED), status=Status.ELIGIBLE)
    assert step(met, named=True, was=True).kind == "former"
    assert step(met, named=True, was=True, awarded=True).kind == "done", "a newer one counts"
    assert step(course(work(0, WorkStage.NOT_STARTED), work(1, WorkStage.NOT_STARTED)), was=True).kind == "start"


@pytest.mark.parametrize(
    ("first", "second", "kind", "place"),
    [
        (WorkStage.NOT_STARTED, WorkStage.FAILED, "hand in again", 1),
        (WorkStage.READY, WorkStage.NOT_STARTED, "start", 1),
        (WorkStage.READY, WorkStage.PASSED, "try again", 0),
        (WorkStage.PASSED, WorkStage.NEEDS_PERSON, "wait", 1),
        (WorkStage.QUEUED, WorkStage.READY, "try again", 1),
    ],
)
def test_what_went_wrong_comes_first_then_what_is_new_then_what_can_be_better(
    first: WorkStage, second: WorkStage, kind: str, place: int
) -> None:
    told = step(course(work(0, first), work(1, second)))
    assert (told.kind, told.work.id if told.work else "") == (kind, MANIFEST.assessments[place].id)


def test_what_is_due_soonest_comes_first_and_what_earns_nothing_any_more_never() -> None:
    late, soon = work(0, WorkStage.NOT_STARTED, due=timedelta(days=-1)), work(1, WorkStage.NOT_STARTED, due=timedelta(days=1))
    assert step(course(late, soon)).work == late
    assert step(course(late, soon, late="zero")).work == soon
    assert step(course(late, late, late="zero")).kind == "look"
    assert step(course(soon, soon, is_enrolled=False)).kind == "look"


def test_the_checklist_waits_only_for_what_is_handed_in() -> None:
    open_ = requirements_of(course(work(0, WorkStage.READY), work(1, WorkStage.NEEDS_PERSON)), "en")
    assert [each.standing for each in open_.outcomes] == ["waiting", "met"]
    assert [each.standing for each in open_.hand_ins] == ["met", "waiting"]
    decided = requirements_of(course(work(0, WorkStage.READY), work(1, WorkStage.NOT_STARTED)), "fil")
    assert [each.standing for each in decided.outcomes] == ["missing", "met"]
    assert decided.overall.standing == "missing"
    assert decided.missing == 3
