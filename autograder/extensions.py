"""Extensions: a later due date, or more attempts, that a teacher granted one learner at one assignment.

Kept in `extensions.jsonl` in the course directory, one JSON object a line, oldest first; lines are added, never changed, and each holds the SHA-256 of the line
before it, so that a changed or removed one shows. Of several grants to one learner the last that says a thing holds: a mistake is put right by granting anew.

nbgrader has a place for the later due date, `extension` of a submission: it is written there, so that its late penalties agree. More attempts it does not know.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from nbgrader.api import Assignment, Gradebook, SubmittedAssignment
from pydantic import AwareDatetime, Field, ValidationError
from sqlalchemy import select

from autograder.errors import ExtensionError
from autograder.wire_value import WireValue
from courses.attempts import AttemptRule, AttemptRules
from courses.storage import diagnosed_storage, held_alone, write_atomically

FILE_NAME = "extensions.jsonl"
MOST_EXTRA_ATTEMPTS = 100
_LOCK = ".extensions.lock"
_GENESIS = "0" * 64


class Grant(WireValue):
    """What one learner was granted at one assignment."""

    assignment: Annotated[str, Field(min_length=1)]
    learner: Annotated[str, Field(min_length=1)]
    until: AwareDatetime | None = None
    """Their due date in place of everybody's; None: nothing is said of it."""
    attempts: Annotated[int, Field(ge=0, le=MOST_EXTRA_ATTEMPTS)] | None = None
    """How many attempts more than others they have, all together; None: nothing is said of it."""
    reason: Annotated[str, Field(min_length=1)]
    by: Annotated[str, Field(min_length=1)]
    at: AwareDatetime


class _Line(WireValue):
    grant: Grant
    previous: str
    """SHA-256 of the line before; zeros for the first."""


def load_grants(course_root: Path) -> tuple[Grant, ...]:
    """Return what was granted in a course, oldest first.

    Raises:
        ExtensionError: the file is damaged, or a line was changed or taken out.
    """
    return tuple(_read(_text(course_root), course_root / FILE_NAME))


def add_grant(course_root: Path, grant: Grant) -> None:
    """Write `grant` down; what stands there stays letter for letter.

    Raises:
        ExtensionError: the file that is there is damaged.
        StorageError: it cannot be written, or another process writes one at this moment.
    """
    path = course_root / FILE_NAME
    with held_alone(course_root / _LOCK, "another process is writing down an extension in this course"):
        before = _text(course_root)
        list(_read(before, path))
        last = before.removesuffix("\n").rpartition("\n")[2]
        line = _Line(grant=grant, previous=_digest(last) if last else _GENESIS)
        write_atomically(path, f"{before}{json.dumps(line.model_dump(mode='json'), ensure_ascii=False)}\n", mode=0o640)


def due_dates(grants: Iterable[Grant], assignment: str) -> dict[str, datetime]:
    """Return who has another due date at `assignment`, and which."""
    return {each.learner: each.until for each in grants if each.assignment == assignment and each.until is not None}


def extra_attempts(grants: Iterable[Grant], assignment: str) -> dict[str, int]:
    """Return who has more attempts at `assignment` than others, and how many more."""
    found = {each.learner: each.attempts for each in grants if each.assignment == assignment and each.attempts is not None}
    return {learner: count for learner, count in found.items() if count}


def later_than(due: datetime | None, dates: Mapping[str, datetime]) -> dict[str, timedelta]:
    """Return how much longer than others learners have; never less than nothing. Without a due date nobody needs longer.

    Args:
        due: everybody's; without a zone it is UTC, as nbgrader keeps it.
    """
    if due is None:
        return {}
    everybody = due if due.tzinfo else due.replace(tzinfo=UTC)
    return {learner: max(timedelta(), own - everybody) for learner, own in dates.items()}


def granted_rules(course_root: Path, rules: AttemptRules) -> dict[str, AttemptRule]:
    """Return the manifest's rules of attempts with what was granted to learners.

    Raises:
        ExtensionError: the record of extensions is damaged.
    """
    grants = load_grants(course_root)
    return {name: with_extra_attempts(rule, extra_attempts(grants, name)) for name, rule in rules.items()}


def granted_rule(course_root: Path, assignment: str, rule: AttemptRule) -> AttemptRule:
    """Return the manifest's rule of one assignment with what was granted to learners."""
    return granted_rules(course_root, {assignment: rule})[assignment]


def with_extra_attempts(rule: AttemptRule, extra: Mapping[str, int]) -> AttemptRule:
    """Return `rule` with more attempts for some learners."""
    return replace(rule, extra=tuple(sorted(extra.items())))


def show_extensions(gradebook: Gradebook, course_root: Path, assignment: str) -> None:
    """Write later due dates into nbgrader's rows of submissions, of those who have one; the caller commits.

    An extension that was set in nbgrader stays where we granted nothing.
    """
    dates = due_dates(load_grants(course_root), assignment)
    if not dates:
        return
    longer = later_than(gradebook.find_assignment(assignment).duedate, dates)
    rows = gradebook.db.scalars(
        select(SubmittedAssignment)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .where(Assignment.name == assignment, SubmittedAssignment.student_id.in_(longer))
    )
    for row in rows:
        if row.extension != longer[row.student_id]:
            row.extension = longer[row.student_id]
    gradebook.db.flush()


def _text(course_root: Path) -> str:
    path = course_root / FILE_NAME
    with diagnosed_storage(path):
        try:
            return path.read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return ""


def _read(text: str, path: Path) -> Iterable[Grant]:
    previous = _GENESIS
    for number, written in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
        try:
            line = _Line.model_validate_json(written.encode("utf-8", "surrogateescape"))
        except (ValidationError, ValueError) as damaged:
            raise _damaged(path, number, "cannot be read") from damaged
        if line.previous != previous:
            raise _damaged(path, number, "does not follow on the one before it: a line was changed, or taken out")
        previous = _digest(written)
        yield line.grant


def _damaged(path: Path, number: int, how: str) -> ExtensionError:
    return ExtensionError(
        f"line {number} of the extensions {how}",
        where=str(path),
        remedy="Restore the file from a backup; until then nobody is graded by it.",
    )


def _digest(line: str) -> str:
    return hashlib.sha256(line.encode("utf-8", "surrogateescape")).hexdigest()
