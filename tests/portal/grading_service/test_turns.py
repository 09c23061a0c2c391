"""Whose turn it is: everybody's in time, whatever others do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from autograder.arriving import WaitingAttempt
from portal.grading_service.turns import (
    LARGEST_BATCH,
    MOST_BROKEN,
    SLOW_S,
    Batch,
    choose_batch,
    first_of_each,
    is_given_up,
    is_ready,
    used_after,
)

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
LEARNERS = ("ana", "ben", "carl", "dora", "ernesto", "fe")


def attempt(number: int, learner: str, assignment: str = "a", *, broken: int = 0) -> WaitingAttempt:
    at = (NOW - timedelta(hours=1) + timedelta(seconds=number)).isoformat()
    return WaitingAttempt(
        id=number, assignment=assignment, learner=learner, submitted_at=at, broken=broken, last_broken_at=NOW.isoformat() if broken else ""
    )


QUEUES = st.lists(st.tuples(st.sampled_from(LEARNERS), st.sampled_from("ab"), st.sampled_from([0, 0, 0, 1, MOST_BROKEN])), max_size=30).map(
    lambda drawn: [attempt(number, learner, assignment, broken=broken) for number, (learner, assignment, broken) in enumerate(drawn)]
)
USED = st.dictionaries(st.sampled_from(LEARNERS), st.floats(0, 3 * SLOW_S))


@given(QUEUES, USED, st.sets(st.sampled_from(LEARNERS)))
def test_a_batch_has_one_attempt_a_learner_the_oldest_that_may_be_graded(
    queue: list[WaitingAttempt], used: dict[str, float], busy: set[str]
) -> None:
    batch = choose_batch(queue, used, now=NOW, busy=busy)
    able = [each for each in queue if each.learner not in busy and is_ready(each, NOW)]
    assert (batch is None) == (not able)
    if batch is None:
        return
    assert 1 <= len(batch.attempts) <= LARGEST_BATCH
    assert len({each.learner for each in batch.attempts}) == len(batch.attempts)
    for each in batch.attempts:
        assert each == next(other for other in able if other.learner == each.learner)
        assert each.assignment == batch.assignment


@given(QUEUES, USED)
def test_nobody_who_used_less_time_waits_for_the_first_of_a_batch(queue: list[WaitingAttempt], used: dict[str, float]) -> None:
    batch = choose_batch(queue, used, now=NOW)
    if batch is not None:
        least = min(used.get(each.learner, 0.0) for each in queue if is_ready(each, NOW))
        assert used.get(batch.attempts[0].learner, 0.0) == least
        if len(batch.attempts) > 1:
            assert all(used.get(each.learner, 0.0) <= SLOW_S for each in batch.attempts)


@given(st.integers(1, 200), st.integers(1, 4), st.floats(0.1, 100))
def test_whoever_floods_delays_others_by_one_attempt_at_most(flood: int, others: int, seconds: float) -> None:
    queue = [attempt(number, "flooder") for number in range(flood)]
    queue += [attempt(1000 + number, LEARNERS[number]) for number in range(others)]
    used: dict[str, float] = {}
    first = choose_batch(queue[:flood], used, now=NOW)
    assert first is not None
    queue, used = _graded(queue, used, first, seconds)
    second = choose_batch(queue, used, now=NOW)
    assert second is not None
    assert {each.learner for each in second.attempts} >= set(LEARNERS[:others])


@given(QUEUES, st.integers(1, 3), st.integers(1, 40))
def test_the_front_of_a_queue_has_everybody_who_may_be_graded(queue: list[WaitingAttempt], of_one: int, of_all: int) -> None:
    front = first_of_each(queue, of_one=of_one, of_all=of_all)
    able = [each for each in queue if not is_given_up(each)]
    assert list(front) == [each for each in able if each in front], "in the order of the queue"
    assert len(front) <= of_all
    if of_all >= of_one * len(LEARNERS):
        assert {each.learner for each in front} == {each.learner for each in able}


@given(QUEUES, st.floats(0, 60))
def test_every_attempt_that_may_be_graded_is_graded_once(queue: list[WaitingAttempt], seconds: float) -> None:
    able = {each.id for each in queue if is_ready(each, NOW)}
    done: list[int] = []
    used: dict[str, float] = {}
    while (batch := choose_batch(queue, used, now=NOW)) is not None:
        done += [each.id for each in batch.attempts]
        queue, used = _graded(queue, used, batch, seconds)
    assert sorted(done) == sorted(able)


@given(st.integers(1, MOST_BROKEN - 1))
def test_what_broke_off_is_tried_again_after_pauses_that_grow_and_then_left_to_people(broken: int) -> None:
    once, again = attempt(1, "ana", broken=broken), attempt(1, "ana", broken=broken + 1)
    wait = next(hours for hours in (0.003, 0.017, 0.17, 1.0) if is_ready(once, NOW + timedelta(hours=hours)))
    assert not is_ready(once, NOW)
    assert not is_ready(again, NOW + timedelta(hours=wait))
    assert is_given_up(again) == (broken + 1 == MOST_BROKEN)


def _graded(
    queue: list[WaitingAttempt], used: dict[str, float], batch: Batch, seconds: float
) -> tuple[list[WaitingAttempt], dict[str, float]]:
    left = [each for each in queue if each not in batch.attempts]
    return left, used_after(used, ((each.learner, seconds) for each in batch.attempts), left)
