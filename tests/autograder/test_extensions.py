"""Extensions hold for whom they were granted, and for nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbgrader.api import Gradebook

from autograder.attempt_rows import AttemptRow
from autograder.errors import ExtensionError
from autograder.extensions import (
    FILE_NAME,
    Grant,
    add_grant,
    due_dates,
    extra_attempts,
    granted_rules,
    later_than,
    load_grants,
    with_extra_attempts,
)
from autograder.records import counted_attempts, credited_attempt
from courses.attempts import AttemptRule
from tests.autograder.grading_calls import grade, state
from tests.small_course import SQUARE, make_small_course

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
LEARNERS = st.sampled_from(["ana", "ben", "Ñiña \u2028 Cruz"])
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware by `timezones`
GRANTS = st.builds(
    Grant,
    assignment=st.sampled_from(["a", "b"]),
    learner=LEARNERS,
    until=st.none() | MOMENTS,
    attempts=st.none() | st.integers(0, 5),
    reason=st.text(min_size=1, max_size=20),
    by=st.just("reyes"),
    at=st.just(AT),
)

ALL_IS_LOST_WHEN_LATE = """
from nbgrader.plugins import LateSubmissionPlugin


class AllIsLost(LateSubmissionPlugin):
    def late_submission_penalty(self, learner, score, late):
        return score


c.AssignLatePenalties.plugin_class = AllIsLost
"""


def row(number: int, learner: str, *, refused: bool = False) -> AttemptRow:
    return AttemptRow(number, "a", learner, str(number), (AT + timedelta(hours=number)).isoformat(), "", "too large" if refused else "")


@given(st.lists(GRANTS, max_size=6), st.integers(1, 4), st.lists(st.booleans(), max_size=9), LEARNERS)
def test_the_first_attempts_count_as_many_as_the_course_allows_and_the_learner_was_granted(
    grants: list[Grant], allowed: int, refused: list[bool], learner: str
) -> None:
    rule = with_extra_attempts(AttemptRule(allowed), extra_attempts(grants, "a"))
    attempts = [row(number, learner, refused=each) for number, each in enumerate(refused)]
    taken = [each for each in attempts if not each.refusal]
    said = [each.attempts for each in grants if each.learner == learner and each.assignment == "a" and each.attempts is not None]
    expected = taken[: allowed + (said[-1] if said else 0)]
    assert counted_attempts(attempts, rule) == expected
    assert credited_attempt(attempts, rule) == (expected[-1] if expected else None)


@given(st.lists(GRANTS, max_size=6), st.lists(st.booleans(), max_size=9))
def test_where_all_attempts_count_more_change_nothing(grants: list[Grant], refused: list[bool]) -> None:
    attempts = [row(number, "ana", refused=each) for number, each in enumerate(refused)]
    assert counted_attempts(attempts, with_extra_attempts(AttemptRule(), extra_attempts(grants, "a"))) == counted_attempts(
        attempts, AttemptRule()
    )


@given(st.lists(GRANTS, max_size=6), st.integers(1, 4), st.integers(0, 9))
def test_a_grant_to_others_changes_nothing_for_a_learner(grants: list[Grant], allowed: int, count: int) -> None:
    attempts = [row(number, "zoe") for number in range(count)]
    assert counted_attempts(attempts, with_extra_attempts(AttemptRule(allowed), extra_attempts(grants, "a"))) == attempts[:allowed]


@given(st.lists(GRANTS, max_size=6), st.none() | MOMENTS)
def test_nobody_ever_has_less_time_than_others(grants: list[Grant], due: datetime | None) -> None:
    longer = later_than(None if due is None else due.replace(tzinfo=None), due_dates(grants, "a"))
    assert all(each >= timedelta() for each in longer.values())
    assert longer.keys() == (set() if due is None else {each.learner for each in grants if each.assignment == "a" and each.until})


@settings(max_examples=15)
@given(grants=st.lists(GRANTS, max_size=4))
def test_what_was_granted_is_read_as_it_was_written(grants: list[Grant], tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("course")
    for each in grants:
        add_grant(root, each)
    assert load_grants(root) == tuple(grants)


def test_a_changed_or_removed_line_shows(tmp_path: Path) -> None:
    for number in range(3):
        add_grant(tmp_path, Grant(assignment="a", learner="ana", attempts=number, reason="ill", by="reyes", at=AT))
    path = tmp_path / FILE_NAME
    first, second, third = path.read_text(encoding="utf-8").splitlines()
    for text in (f"{first}\n{third}\n", f"{first.replace('ill', 'kind')}\n{second}\n{third}\n", f"{first}\n{{}}\n", "\n", "\ud800"):
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        with pytest.raises(ExtensionError, match=r"line [12] of the extensions"):
            load_grants(tmp_path)
        with pytest.raises(ExtensionError, match=r"line [12] of the extensions"):
            add_grant(tmp_path, Grant(assignment="a", learner="ana", attempts=1, reason="ill", by="reyes", at=AT))


@pytest.mark.slow
def test_a_later_due_date_takes_the_penalty_away_and_more_attempts_count(tmp_path: Path) -> None:
    course = make_small_course(tmp_path / "course", config=ALL_IS_LOST_WHEN_LATE)
    with Gradebook(course.open().database_url) as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate=datetime(2026, 11, 21))  # noqa: DTZ001 - nbgrader's own are naive
    for learner in ("ana", "ben"):
        course.submit(learner, SQUARE, "found = 1", timestamp="2026-11-22 08:00:00.000000 UTC")
    add_grant(
        course.root, Grant(assignment="ps1", learner="ana", until=datetime(2026, 11, 23, tzinfo=UTC), reason="ill", by="reyes", at=AT)
    )
    grade(course)
    assert (state(course, "ana")["late_penalty"], state(course, "ben")["late_penalty"]) == (0.0, 3.0)
    with Gradebook(course.open().database_url) as gradebook:
        assert gradebook.find_submission("ps1", "ana").extension == timedelta(days=2)
        assert gradebook.find_submission("ps1", "ben").extension is None
    for learner in ("ana", "ben"):
        course.submit(learner, SQUARE, "found = 2", timestamp="2026-11-22 09:00:00.000000 UTC")
    add_grant(course.root, Grant(assignment="ps1", learner="ana", attempts=1, reason="ill", by="reyes", at=AT))
    rules = granted_rules(course.root, {"ps1": AttemptRule(1)})
    grade(course, attempts=rules["ps1"])
    table = {learner: state(course, learner, attempt_rules=rules) for learner in ("ana", "ben")}
    assert (table["ana"]["score"], table["ben"]["score"]) == (4.0, 3.0)
