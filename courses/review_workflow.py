"""Where a course stands on its way: draft, in review, approved, released, retired. Worked out from the record of its reviews; nothing is stored twice.

    draft ── submitted ──▶ in review ── approved by enough people ──▶ approved ── patunay release ──▶ released
      ▲                       │                                        │                                │
      └────── returned ───────┴────────── or the course changed ───────┘          retired ◀── retired ──┘  (and back: reopened)

A step counts for the content hash that it names and for no other. A reviewer is neither an author nor who submitted the course; names are compared without
case, accents, titles and order. A return ends a round: approvals of before it do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from courses.review_record import ReviewStep

_TITLES = frozenset({"dr", "prof", "professor", "mr", "mrs", "ms", "engr", "atty", "phd", "msc", "ma"})


class CourseState(Enum):
    """How far a course is; the value is how it is told."""

    DRAFT = "draft"
    IN_REVIEW = "in review"
    APPROVED = "approved"
    RELEASED = "released"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Demands:
    """What an institution asks for."""

    approvals: int = 1
    """How many people have to approve."""
    roles: tuple[str, ...] = ()
    """In which roles, each by another person."""


@dataclass(frozen=True, slots=True)
class ReviewStatus:
    """Where a course stands, for its present content."""

    state: CourseState
    content_hash: str
    approvals: tuple[ReviewStep, ...]
    """Those that count."""
    missing: tuple[str, ...]
    """What is still asked for, in words; empty if all approvals are there."""
    not_counted: tuple[tuple[ReviewStep, str], ...]
    """Approvals of this content that do not count, each with the reason."""
    outdated: ReviewStep | None
    """The last approval of another content, if this one has none."""
    submitted: ReviewStep | None
    """With what the present round began; None outside a review."""


def review_status(
    steps: Sequence[ReviewStep], content_hash: str, *, authors: Iterable[str], demands: Demands, released_hash: str | None
) -> ReviewStatus:
    """Return where a course stands whose folder has `content_hash` now.

    Args:
        released_hash: the content hash of the sources that are released; None if nothing is.
    """
    present = _present_round(steps, content_hash)
    submitted = next((step for step in reversed(present) if step.action == "submitted"), None)
    approvals, not_counted = _counted(present, {folded_name(name) for name in authors})
    missing = _missing(approvals, demands)
    outdated = next((step for step in reversed(steps) if step.action == "approved" and step.content_hash != content_hash), None)
    state = _state(retired=is_retired(steps), released=released_hash == content_hash, approved=not missing, in_review=submitted is not None)
    return ReviewStatus(state, content_hash, approvals, missing, not_counted, None if approvals else outdated, submitted)


def is_retired(steps: Iterable[ReviewStep]) -> bool:
    """Whether the course was retired and not reopened since."""
    return next((step.action == "retired" for step in reversed(tuple(steps)) if step.action in {"retired", "reopened"}), False)


def folded_name(name: str) -> tuple[str, ...]:
    """Return a name for comparing: its words without case, accents, punctuation and titles, sorted."""
    plain = "".join(character for character in unicodedata.normalize("NFKD", name) if not unicodedata.combining(character)).casefold()
    words = re.findall(r"\w+", plain)
    return tuple(sorted(word for word in words if word not in _TITLES) or sorted(words))


def _state(*, retired: bool, released: bool, approved: bool, in_review: bool) -> CourseState:
    if retired:
        return CourseState.RETIRED
    if released:
        return CourseState.RELEASED
    if approved:
        return CourseState.APPROVED
    return CourseState.IN_REVIEW if in_review else CourseState.DRAFT


def _present_round(steps: Sequence[ReviewStep], content_hash: str) -> list[ReviewStep]:
    """Return the steps about this content since it was last returned."""
    about = [step for step in steps if step.content_hash == content_hash]
    returned = max((place for place, step in enumerate(about) if step.action == "returned"), default=-1)
    return about[returned + 1 :]


def _counted(steps: list[ReviewStep], authors: set[tuple[str, ...]]) -> tuple[tuple[ReviewStep, ...], tuple[tuple[ReviewStep, str], ...]]:
    submitters = {folded_name(step.person) for step in steps if step.action == "submitted"}
    counted: list[ReviewStep] = []
    others: list[tuple[ReviewStep, str]] = []
    for step in (each for each in steps if each.action == "approved"):
        if folded_name(step.person) in authors:
            others.append((step, "is an author of the course"))
        elif folded_name(step.person) in submitters:
            others.append((step, "submitted it"))
        else:
            counted.append(step)
    return tuple(counted), tuple(others)


def _missing(approvals: tuple[ReviewStep, ...], demands: Demands) -> tuple[str, ...]:
    roles = [(folded_name(step.role), folded_name(step.person)) for step in approvals]
    missing = [f"an approval as {role}" for role in demands.roles if folded_name(role) not in {each for each, _ in roles}]
    people = len({person for _, person in roles})
    wanted = max(demands.approvals, len(demands.roles))
    if not missing and people >= wanted and not _can_fill([folded_name(role) for role in demands.roles], roles):
        missing.append("another person for one of the roles: nobody fills two")
    if people < wanted and wanted - people > len(missing):
        more = wanted - people
        missing.append("an approval by another person" if more == 1 else f"{more} approvals by other people")
    return tuple(missing)


def _can_fill(roles: list[tuple[str, ...]], approvals: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> bool:
    """Whether each role can be filled by a person of its own."""
    if not roles:
        return True
    people = {person for role, person in approvals if role == roles[0]}
    return any(_can_fill(roles[1:], [each for each in approvals if each[1] != person]) for person in people)
