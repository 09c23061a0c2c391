from __future__ import annotations

import hashlib
import json

import pytest

from autograder.evidence import GradedEvidence, collect_evidence, hash_run
from autograder.records import GradingRun, open_records
from courses.attempts import AttemptRule
from tests.autograder.grading_calls import attempts, grade
from tests.small_course import SQUARE, SmallCourse

pytestmark = pytest.mark.slow


def evidence(course: SmallCourse, allowed: int | None = None) -> dict[str, tuple[GradedEvidence, ...]]:
    with open_records(course.root) as session:
        return collect_evidence(session, {"ps1": AttemptRule(allowed)})


def test_evidence_can_be_recomputed_from_what_is_kept(small_course: SmallCourse) -> None:
    small_course.submit("ana", SQUARE, "found = 3")
    grade(small_course)
    ((found,),) = evidence(small_course).values()
    (attempt,) = attempts(small_course, "ana")
    (result,) = attempt.results
    notebook = small_course.root / "graded" / "ps1" / "ana" / result.run_id / "p1.ipynb"
    assert found.notebook == hashlib.sha256(notebook.read_bytes()).hexdigest()
    assert (found.assignment, found.attempt, found.source, found.run) == ("ps1", attempt.digest, result.run.source_digest, result.run_id)
    with open_records(small_course.root) as session:
        assert found.run_record == hash_run(session.get_one(GradingRun, result.run_id)) == result.run.digest
    assert (found.graded_at.isoformat(), found.assurance) == (result.graded_at, "compat")


def test_there_is_no_evidence_of_what_failed_or_is_not_in_the_gradebook(small_course: SmallCourse) -> None:
    (small_course.submit("ana") / "p1.ipynb").write_text("{", encoding="utf-8")
    small_course.submit("ben", SQUARE, "found = 3")
    grade(small_course)
    assert list(evidence(small_course)) == ["ben"]
    with open_records(small_course.root) as session:
        for attempt in attempts(small_course, "ben"):
            session.get_one(type(attempt.results[0]), attempt.results[0].id).recorded = False
        session.commit()
    assert evidence(small_course) == {}


def test_evidence_is_of_the_attempt_that_counts(small_course: SmallCourse) -> None:
    small_course.submit("ana", SQUARE, "found = 1")
    grade(small_course, attempts=AttemptRule(1))
    small_course.submit("ana", SQUARE, "found = 3", timestamp="2026-11-21 08:00:00 UTC")
    grade(small_course, attempts=AttemptRule(1))
    first, second = attempts(small_course, "ana")
    assert evidence(small_course, 1)["ana"][0].attempt == first.digest
    assert evidence(small_course) == {}, "the gradebook shows the first"
    grade(small_course)
    assert evidence(small_course)["ana"][0].attempt == second.digest


def test_the_hash_of_a_run_of_the_first_version_is_of_what_was_fixed_when_it_started() -> None:
    run = GradingRun(
        id="r", version=1, assignment="ps1", source_digest="s", engine="compat", sandbox="none", environment='{"python": "3.11"}',
        started_at="2026-11-20T08:00:00+00:00", finished_at=None,
    )  # fmt: skip
    record = {
        "assignment": "ps1", "engine": "compat", "environment": {"python": "3.11"}, "id": "r", "sandbox": "none", "source": "s",
        "started_at": "2026-11-20T08:00:00+00:00",
    }  # fmt: skip
    before = hash_run(run)
    assert before == hashlib.sha256(json.dumps(record, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    run.finished_at = "2026-11-20T09:00:00+00:00"
    assert hash_run(run) == before
    for field in ("id", "assignment", "source_digest", "engine", "sandbox", "started_at"):
        kept = getattr(run, field)
        setattr(run, field, "other")
        assert hash_run(run) != before, field
        setattr(run, field, kept)
