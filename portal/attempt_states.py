"""What has become of a learner's attempts at an assignment, from our records and the exchange: waiting, being graded, graded, not taken.

Everything is read anew at each call, so a service that asks again and again tells what is so now. An attempt is graded when the gradebook shows what follows from it: a
moment before, its scores are in our records and the old ones still count.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.crediting import choose_attempts
from autograder.extensions import granted_rule
from autograder.records import Attempt, GradingRun, Result, attempts_of, newest_result, open_records, standing_result
from autograder.submissions import waiting_in_exchange
from courses.attempts import LAST, AttemptRule
from courses.content_hash import folder_sha256, regular_files
from courses.errors import StorageError
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.release import load_released_manifest
from courses.settings import Site
from issuer.standing import released_root

_NOT_CONTENT = ("timestamp.txt", "submission_secret.txt")


class Stage(Enum):
    """How far an attempt is."""

    NOT_STARTED = "not started"
    QUEUED = "queued"
    RUNNING = "being graded"
    GRADED = "graded"
    FAILED = "could not be graded"
    REFUSED = "not taken"


@dataclass(frozen=True, slots=True)
class SeenAttempt:
    """One attempt."""

    number: int
    """From 1, in the order of time."""
    stage: Stage
    submitted_at: datetime
    digest: str
    """SHA-256 over its files: the receipt. Empty where it was not taken, or is too large to be hashed while it waits."""
    folder: Path | None
    """Where its files are kept, never to be changed; None while it waits in the exchange, and where it was refused."""
    reason: str
    """Why it was not taken or not graded; empty otherwise."""
    result: Result | None
    """What its scores stand in; read only. None until it is graded."""


@dataclass(frozen=True, slots=True)
class AssignmentState:
    """All attempts of one learner at one assignment, oldest first."""

    attempts: tuple[SeenAttempt, ...]

    @property
    def newest(self) -> SeenAttempt | None:
        """The last attempt, None if there is none."""
        return self.attempts[-1] if self.attempts else None

    @property
    def stage(self) -> Stage:
        """How far the last attempt is."""
        return self.newest.stage if self.newest else Stage.NOT_STARTED

    @property
    def is_settled(self) -> bool:
        """Whether nothing will change until the learner or a person does something."""
        return not any(each.stage in {Stage.QUEUED, Stage.RUNNING} for each in self.attempts)


def state_of(site: Site, course: str, learner: str, assignment: str) -> AssignmentState:
    """Return what has become of a learner's attempts.

    Raises:
        UnknownCourseError: the site has no such course.
        ReleaseRefusedError: it is not released.
    """
    directory = open_course(released_root(site, course))
    assessment = load_released_manifest(directory.root).assessment(assignment)
    rule = granted_rule(directory.root, assignment, assessment.attempt_rule if assessment else LAST)
    with open_records(directory) as session:
        return read_state(directory, session, learner, assignment, rule)


def read_state(course: NbgraderCourse, session: Session, learner: str, assignment: str, rule: AttemptRule) -> AssignmentState:
    """Return what `state_of` returns, of a course whose records are open.

    Args:
        rule: which attempt counts, with what was granted.
    """
    kept = attempts_of(session, assignment, [learner]).get(learner, [])
    running, unshown = _being_graded(session, assignment), _unshown(course, assignment, learner, kept, rule)
    seen = [_seen(course, each, running, is_shown=each is not unshown) for each in kept]
    seen += _waiting(course, learner, assignment, {each.origin for each in kept})
    ordered = sorted(seen, key=lambda each: each.submitted_at)
    return AssignmentState(tuple(replace(each, number=number) for number, each in enumerate(ordered, start=1)))


def _being_graded(session: Session, assignment: str) -> frozenset[str]:
    """Return the hashes of the attempts that runs which have not ended are to grade."""
    open_runs = select(GradingRun.submissions).where(
        GradingRun.assignment == assignment, GradingRun.outcome == "", GradingRun.finished_at.is_(None)
    )
    return frozenset(digest for told in session.scalars(open_runs) for digest in json.loads(told))


def _unshown(course: NbgraderCourse, assignment: str, learner: str, kept: list[Attempt], rule: AttemptRule) -> Attempt | None:
    """Return the attempt that counts from now on and that the gradebook does not show yet, None if it shows what it should."""
    graded = [found for each in kept if (found := standing_result(each))]
    if not graded or graded[-1].recorded:
        return None
    credited = choose_attempts(course, assignment, {learner: kept}, rule).get(learner)
    standing = standing_result(credited) if credited else None
    return credited if standing and not standing.recorded else None


def _seen(course: NbgraderCourse, attempt: Attempt, running: frozenset[str], *, is_shown: bool) -> SeenAttempt:
    newest, standing = newest_result(attempt), standing_result(attempt)
    reason = attempt.refusal
    if attempt.refusal:
        stage = Stage.REFUSED
    elif standing is not None:
        stage = Stage.GRADED if is_shown else Stage.RUNNING
    elif newest is not None:
        stage, reason = Stage.FAILED, newest.reason
    else:
        stage = Stage.RUNNING if attempt.digest in running else Stage.QUEUED
    folder = course.root / attempt.folder if attempt.folder and not attempt.refusal else None
    return SeenAttempt(0, stage, datetime.fromisoformat(attempt.submitted_at), attempt.digest, folder, reason, standing)


def _waiting(course: NbgraderCourse, learner: str, assignment: str, known: set[str]) -> Iterator[SeenAttempt]:
    """Yield what was handed in and has not been collected."""
    for each in waiting_in_exchange(course, assignment, learner, known):
        yield SeenAttempt(0, Stage.QUEUED, each.submitted_at, _digest(each.folder, course), None, "", None)


def _digest(folder: Path, course: NbgraderCourse) -> str:
    """Return the hash that the receipt will have; empty if there is more than is taken, or what is never taken."""
    ignored = (*course.ignored, *_NOT_CONTENT)
    try:
        size = sum((folder / name).lstat().st_size for name in regular_files(folder, ignored=ignored))
        return folder_sha256(folder, ignored=ignored) if size <= course.largest_submission_bytes else ""
    except (OSError, StorageError):
        return ""
