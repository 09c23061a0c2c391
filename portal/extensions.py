"""Extensions as teachers grant them and pages show them: a later due date, or more attempts, for one learner at one assignment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import MissingEntry

from autograder.errors import ExtensionError
from autograder.extensions import MOST_EXTRA_ATTEMPTS, Grant, add_grant, due_dates, extra_attempts, load_grants
from autograder.grading import settle_late_penalties
from autograder.nbgrader_database import open_gradebook
from courses.errors import UnknownAssignmentError
from courses.names import path_segment
from courses.nbgrader_course import open_course
from courses.release import find_release, load_released_manifest
from courses.settings import Site
from issuer.standing import released_root

LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one learner at one assignment."""

    due: datetime | None
    """When their work is late; None: never. In UTC."""
    everybodys_due: datetime | None
    attempts: int | None
    """How many of their attempts count, the first ones; None: all."""
    grants: tuple[Grant, ...]
    """What was granted to them here, oldest first: who, when, why."""

    @property
    def is_extended(self) -> bool:
        """Whether they have longer than others."""
        return self.due != self.everybodys_due


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a teacher wants to grant."""

    assignment: str
    learner: str
    until: datetime | None
    attempts: int | None
    reason: str
    by: str


def grant_extension(site: Site, course: str, wanted: Wanted, *, now: datetime) -> Terms:
    """Write an extension down, make late penalties agree with it, and return what holds for the learner now.

    Raises:
        ExtensionError: nothing is granted, it is less than everybody has, no reason or name is given, or the gradebook does not know the learner.
        UnknownAssignmentError: the assignment is not released.
        StorageError: it cannot be written.
    """
    root = _released(site, course, wanted.assignment)
    before = terms_of(site, course, wanted.learner, wanted.assignment)
    grant = _checked(wanted, before, now)
    _require_learner(root, wanted.learner)
    add_grant(root, grant)
    if grant.until is not None:
        settle_late_penalties(open_course(root), (wanted.assignment,))
    return terms_of(site, course, wanted.learner, wanted.assignment)


def terms_of(site: Site, course: str, learner: str, assignment: str) -> Terms:
    """Return what holds for a learner at a released assignment.

    Raises:
        UnknownAssignmentError: it is not released.
        ExtensionError: the record of extensions is damaged.
    """
    root = _released(site, course, assignment)
    assessment = load_released_manifest(root).assessment(assignment)
    grants = load_grants(root)
    due = _due(root, assignment)
    own = due_dates(grants, assignment).get(learner)
    allowed = assessment.attempts if assessment else None
    return Terms(
        due=None if due is None else max(due, own) if own else due,
        everybodys_due=due,
        attempts=None if allowed is None else allowed + extra_attempts(grants, assignment).get(learner, 0),
        grants=tuple(each for each in grants if (each.assignment, each.learner) == (assignment, learner)),
    )


def extensions_of(site: Site, course: str) -> tuple[Grant, ...]:
    """Return everything that was granted in a released course, oldest first."""
    return load_grants(released_root(site, course))


def _due(root: Path, assignment: str) -> datetime | None:
    """Return when everybody's work is late, as the gradebook has it: from the manifest, or set in nbgrader."""
    with open_gradebook(open_course(root)) as gradebook:
        try:
            due: datetime | None = gradebook.find_assignment(assignment).duedate
        except MissingEntry:
            return None
    return None if due is None else due.replace(tzinfo=UTC)


def _checked(wanted: Wanted, terms: Terms, now: datetime) -> Grant:
    where = f"{wanted.assignment}, {wanted.learner}"
    if wanted.until is None and wanted.attempts is None:
        raise ExtensionError("nothing is granted", where=where, remedy="Give a later due date, or a number of more attempts.")
    if wanted.until is not None and terms.everybodys_due is None:
        raise ExtensionError("the assignment has no due date, so nobody needs a later one", where=where, remedy="Leave --until out.")
    if wanted.until is not None and terms.everybodys_due is not None and wanted.until < terms.everybodys_due:
        raise ExtensionError(
            "this is earlier than everybody's due date",
            where=where,
            remedy=f"Give a time after {terms.everybodys_due.isoformat()}, or that very time to take an extension back.",
        )
    if wanted.attempts is not None and terms.attempts is None:
        raise ExtensionError("the number of attempts is not limited here", where=where, remedy="Leave --attempts out.")
    if wanted.attempts is not None and not 0 <= wanted.attempts <= MOST_EXTRA_ATTEMPTS:
        raise ExtensionError(f"{wanted.attempts} more attempts cannot be granted", where=where, remedy=f"Give 0 to {MOST_EXTRA_ATTEMPTS}.")
    reason, by = wanted.reason.strip(), wanted.by.strip()
    if not reason or not by or len(reason) > LONGEST_REASON:
        raise ExtensionError(
            "an extension needs a reason, and the name of who grants it",
            where=where,
            remedy=f"Say why, in at most {LONGEST_REASON} characters, with --reason, and who you are with --by.",
        )
    learner = path_segment(wanted.learner, what="a learner")
    return Grant(assignment=wanted.assignment, learner=learner, until=wanted.until, attempts=wanted.attempts, reason=reason, by=by, at=now)


def _require_learner(root: Path, learner: str) -> None:
    with open_gradebook(open_course(root)) as gradebook:
        try:
            gradebook.find_student(learner)
        except MissingEntry as unknown:
            raise ExtensionError(
                f"the course has no learner {learner!r}", where=root.name, remedy="Check the id: it is the name with which they sign in."
            ) from unknown


def _released(site: Site, course: str, assignment: str) -> Path:
    root = released_root(site, course)
    release = find_release(root)
    if release is None or assignment not in release.assignments:
        raise UnknownAssignmentError(
            f"assignment {assignment!r} is not released",
            where=course,
            remedy=f"Released are: {', '.join(release.assignments) if release else 'none'}.",
        )
    return root
