from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from autograder.records import (
    Attempt,
    GradingRun,
    Result,
    attempts_of,
    credited_attempt,
    newest_result,
    open_records,
    standing_result,
    utc_text,
)
from courses.attempts import AttemptRule
from courses.errors import StorageError


def make_attempt(learner: str = "ana", submitted_at: str = "2026-11-20T08:00:00+00:00", origin: str = "x") -> Attempt:
    return Attempt(
        assignment="ps1", learner=learner, origin=origin, digest="0" * 64, submitted_at=submitted_at, collected_at=submitted_at, folder="f"
    )


def make_result(status: str) -> Result:
    return Result(status=status, graded_at="2026-11-20T09:00:00+00:00")


def test_what_was_committed_is_there_again_and_what_was_not_is_not(tmp_path: Path) -> None:
    with open_records(tmp_path) as session:
        session.add(make_attempt())
        session.commit()
        session.add(make_attempt("ben"))
    with open_records(tmp_path) as session:
        assert list(attempts_of(session, "ps1")) == ["ana"]
        assert attempts_of(session, "ps2") == {}


def test_attempts_come_oldest_first_whenever_they_were_collected(tmp_path: Path) -> None:
    with open_records(tmp_path) as session:
        for day in (3, 1, 2):
            session.add(make_attempt(submitted_at=f"2026-11-0{day}T08:00:00+00:00", origin=str(day)))
        session.commit()
        assert [attempt.origin for attempt in attempts_of(session, "ps1")["ana"]] == ["1", "2", "3"]


def test_one_submission_cannot_be_recorded_twice(tmp_path: Path) -> None:
    with open_records(tmp_path) as session:
        session.add(make_attempt())
        session.commit()
        session.add(make_attempt())
        with pytest.raises(IntegrityError, match="UNIQUE"):
            session.commit()
        session.rollback()


def test_one_run_cannot_have_two_results_of_one_attempt(tmp_path: Path) -> None:
    with open_records(tmp_path) as session:
        run = GradingRun(
            id="r", assignment="ps1", source_digest="0", engine="compat", sandbox="none", environment="{}", started_at="x", finished_at=None
        )
        attempt = make_attempt()
        for _ in range(2):
            result = make_result("graded")
            result.attempt, result.run = attempt, run
            session.add(result)
        with pytest.raises(IntegrityError, match="UNIQUE"):
            session.commit()
        session.rollback()


def test_a_damaged_file_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "grading.db").write_bytes(b"no database " * 100)
    with pytest.raises(StorageError, match=r"grading\.db: the file is not a database"), open_records(tmp_path):
        pass


def test_a_missing_course_directory_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be opened for writing"), open_records(tmp_path / "none"):
        pass


def test_records_that_another_process_holds_are_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("courses.databases._BUSY_TIMEOUT_S", 0.2)
    with open_records(tmp_path):
        pass
    other = sqlite3.connect(tmp_path / "grading.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StorageError, match="locked by another process"), open_records(tmp_path) as session:
            session.add(make_attempt())
            session.commit()
    finally:
        other.close()


@given(st.integers(0, 6), st.none() | st.integers(1, 6))
def test_the_last_of_the_allowed_attempts_counts(count: int, allowed: int | None) -> None:
    made = [make_attempt(origin=str(number)) for number in range(count)]
    credited = credited_attempt(made, AttemptRule(allowed))
    if count == 0:
        assert credited is None
    else:
        assert credited is made[min(count, allowed or count) - 1]


@given(st.lists(st.sampled_from(["graded", "failed", "broken"]), max_size=5))
def test_a_failed_regrade_never_takes_a_graded_result_away(statuses: list[str]) -> None:
    attempt = make_attempt()
    attempt.results = [make_result(status) for status in statuses]
    standing, newest = standing_result(attempt), newest_result(attempt)
    assert (standing is None) is ("graded" not in statuses)
    assert (newest is None) is (not statuses)
    if standing is not None:
        assert standing.status == "graded"
        assert "graded" not in [result.status for result in attempt.results[attempt.results.index(standing) + 1 :]]


def test_a_moment_is_written_in_utc_whatever_its_zone() -> None:
    manila = datetime(2026, 11, 20, 16, 0, tzinfo=timezone(timedelta(hours=8)))
    assert utc_text(manila) == utc_text(datetime(2026, 11, 20, 8, 0, tzinfo=UTC)) == "2026-11-20T08:00:00+00:00"
