"""Whose turn it is. Pure: the queue and the clock come in, a batch comes out.

Rules:
1. One attempt of a learner at a time, in all courses together; of one learner's the oldest first.
2. Who has used the least time since their queue began comes first: whoever floods waits for everybody else, and nobody waits for them.
3. Learners whose submissions take long are not graded together with others, who would have to wait for them.
4. An attempt whose grading broke off is tried again after growing pauses, and given up after `MOST_BROKEN` times: then a person has to look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from autograder.arriving import WaitingAttempt

LARGEST_BATCH = 8
SLOW_S = 20.0
"""Who has used more than this is graded alone."""
_PAUSES = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
MOST_BROKEN = len(_PAUSES) + 1


@dataclass(frozen=True, slots=True)
class Batch:
    """What is graded together."""

    assignment: str
    attempts: tuple[WaitingAttempt, ...]


def is_given_up(attempt: WaitingAttempt) -> bool:
    """Whether its grading broke off so often that a person has to look."""
    return attempt.broken >= MOST_BROKEN


def is_ready(attempt: WaitingAttempt, now: datetime) -> bool:
    """Whether it may be graded now."""
    if not attempt.broken:
        return True
    return not is_given_up(attempt) and now >= datetime.fromisoformat(attempt.last_broken_at) + _PAUSES[attempt.broken - 1]


def first_of_each(waiting: Iterable[WaitingAttempt], *, of_one: int, of_all: int) -> tuple[WaitingAttempt, ...]:
    """Return the front of a queue, in its order: so few of each learner's attempts that nobody is hidden behind somebody else's, and none that is given up."""
    counts: dict[str, int] = {}
    front = []
    for attempt in waiting:
        if not is_given_up(attempt) and counts.get(attempt.learner, 0) < of_one:
            counts[attempt.learner] = counts.get(attempt.learner, 0) + 1
            front.append(attempt)
    return tuple(front[:of_all])


def choose_batch(
    waiting: Iterable[WaitingAttempt], used_s: Mapping[str, float], *, now: datetime, busy: Collection[str] = ()
) -> Batch | None:
    """Return what is graded next in a course, None if nothing may be now.

    Args:
        waiting: the course's queue, oldest first.
        used_s: how long learners' attempts took since their queue began.
        busy: learners of whom an attempt is being graded elsewhere.
    """
    firsts: dict[str, WaitingAttempt] = {}
    for attempt in waiting:
        if attempt.learner not in busy and is_ready(attempt, now):
            firsts.setdefault(attempt.learner, attempt)
    if not firsts:
        return None
    ordered = sorted(firsts.values(), key=lambda each: (used_s.get(each.learner, 0.0), each.submitted_at, each.id))
    head = ordered[0]
    if used_s.get(head.learner, 0.0) > SLOW_S:
        return Batch(head.assignment, (head,))
    quick = [each for each in ordered if each.assignment == head.assignment and used_s.get(each.learner, 0.0) <= SLOW_S]
    return Batch(head.assignment, tuple(quick[:LARGEST_BATCH]))


def used_after(used_s: Mapping[str, float], spent: Iterable[tuple[str, float]], waiting: Iterable[WaitingAttempt]) -> dict[str, float]:
    """Return `used_s` with what was spent now, of those who still have something in the queue."""
    still = {each.learner for each in waiting}
    total = dict(used_s)
    for learner, seconds in spent:
        total[learner] = total.get(learner, 0.0) + seconds
    return {learner: seconds for learner, seconds in total.items() if learner in still}
