"""What learners handed in and earned is read from the records as seldom as can be: for thousands of attempts it takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.autograder.grading_calls import attempts, grade, scores
from tests.small_course import SQUARE, SmallCourse


@contextmanager
def statements() -> Iterator[list[str]]:
    """Yield the list of all SQL statements from now on."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def readings(seen: list[str]) -> int:
    return sum("FROM attempt WHERE" in each and "ORDER BY attempt.learner" in each for each in seen)


@pytest.mark.slow
@pytest.mark.xdist_group("fork-server")
def test_attempts_are_read_once_a_run_and_once_more_where_some_were_new(small_course: SmallCourse) -> None:
    small_course.submit("ana", SQUARE, "found = 3")
    with statements() as seen:
        grade(small_course)
    assert readings(seen) == 2
    assert scores(small_course, "ana")["test_found"][0] == 3
    with statements() as seen:
        grade(small_course, force=True)
    assert readings(seen) == 1
    (attempt,) = attempts(small_course, "ana")
    assert [result.recorded for result in attempt.results] == [False, True]
    with statements() as seen:
        assert grade(small_course).skipped == 1
    assert readings(seen) == 1
