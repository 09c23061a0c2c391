"""What the watching process and the process of a course say to each other: JSON, one answer to each order."""

from __future__ import annotations

from typing import Literal

from autograder.arriving import WaitingAttempt
from autograder.wire_value import WireValue

MOST_TOLD, MOST_OF_ONE = 5000, 5
"""How many waiting attempts one answer names, of all learners and of each; of more the number is told."""


class Order(WireValue):
    """`look`: collect, and say what waits. `grade`: grade these attempts at one assignment, and say what waits then."""

    kind: Literal["look", "grade"]
    names: tuple[str, ...] | None = ()
    """To look at: these folders of the exchange; None: everything, after a start or when something went wrong."""
    assignment: str = ""
    attempts: tuple[int, ...] = ()
    learners: tuple[str, ...] = ()
    """Whose the attempts are."""
    jobs: int = 1
    """How many submissions at once."""


class GradedNow(WireValue):
    """One attempt that was graded."""

    learner: str
    status: str
    duration_s: float


class Answer(WireValue):
    """What came of an order."""

    collected: int = 0
    refused: int = 0
    """How many submissions could not be taken."""
    graded: tuple[GradedNow, ...] = ()
    waiting: tuple[WaitingAttempt, ...] = ()
    """Oldest first; see `turns.first_of_each`."""
    waiting_count: int = 0
    given_up: int = 0
    """Of these: those whose grading broke off so often that a person has to look."""
    records_ns: int = 0
    """When the course's records had been changed last before the queue was read; of the file, in nanoseconds. A later time is somebody else's change."""
    problem: str = ""
    """Why it could not be done; empty if it was. What was done before is kept."""
    where: str = ""
    remedy: str = ""
