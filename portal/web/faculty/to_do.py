"""What a teacher has to do in a course, the most urgent first. Pure: the words are the template's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from portal.course_insight import CourseInsight
from portal.course_readiness import Readiness

Kind = Literal["unreadable", "returned", "review overdue", "failing", "tests", "by hand", "review due", "at risk", "unreleased", "changed"]


@dataclass(frozen=True, slots=True)
class ToDo:
    """One thing to do."""

    kind: Kind
    page: str
    """The page of the course where it is done; empty: its dashboard."""
    count: int = 0
    day: date | None = None
    told: str = ""
    """What somebody wrote."""


def to_do(insight: CourseInsight | None, readiness: Readiness | None) -> tuple[ToDo, ...]:
    """Return what is to be done.

    Args:
        insight: None if the course is not released.
        readiness: None if the sources are no longer there.
    """
    return (*_sources(readiness), *_learners(insight))


def _sources(readiness: Readiness | None) -> Iterator[ToDo]:
    if readiness is None:
        return
    overview = readiness.overview
    if overview is None:
        yield ToDo("unreadable", "release", told=str(readiness.problem.problem) if readiness.problem else "")
        return
    last = overview.history[-1] if overview.history else None
    if last is not None and last.action == "returned" and last.content_hash == overview.content_hash:
        yield ToDo("returned", "release", told=last.note or "")
    if overview.review == "overdue":
        yield ToDo("review overdue", "release", day=overview.review_by)
    if readiness.blocking:
        yield ToDo("failing", "release", count=readiness.blocking)
    if overview.review == "due soon":
        yield ToDo("review due", "release", day=overview.review_by)
    if not overview.released:
        yield ToDo("unreleased", "release")
    elif overview.state not in {"released", "retired"}:
        yield ToDo("changed", "release")


def _learners(insight: CourseInsight | None) -> Iterator[ToDo]:
    if insight is None:
        return
    waiting = {"tests": len(insight.undecided_tests), "by hand": len(insight.by_hand)}
    if waiting["tests"]:
        yield ToDo("tests", "grading", count=waiting["tests"])
    if waiting["by hand"]:
        yield ToDo("by hand", "grading", count=waiting["by hand"])
    if len(insight.tables["at_risk"]):
        yield ToDo("at risk", "", count=len(insight.tables["at_risk"]))
