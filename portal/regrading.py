"""Regrades an assignment of a released course: what it does to results, to who may have the credential, and to credentials that were issued.

Nothing that was issued is changed: what would not be given any more becomes a decision that waits for a person (`patunay decisions`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from autograder.execution.engines import EngineRoom
from autograder.gradebook import read_gradebook
from autograder.grading import Progress
from autograder.regrade_decisions import Decision
from autograder.regrade_preview import frames_after
from autograder.regrading import Regrade, Wish, apply_regrade, decisions_about, preview_regrade
from courses.errors import UnknownAssignmentError
from courses.nbgrader_course import open_course
from courses.release import Release, find_release
from courses.settings import Site
from issuer.checking import Fallen, find_fallen
from issuer.eligibility import Eligibility, assess_learners
from issuer.ledger import open_ledger
from issuer.standing import CourseStanding, read_standing, released_points, released_root
from portal.course_work import GradeRequest, grading_options
from portal.governing import queue_regrades


@dataclass(frozen=True, slots=True)
class Turn:
    """A learner whose standing towards the credential changes."""

    learner: str
    before: str
    """See `issuer.eligibility.Status`."""
    after: str
    overall_before: float
    """Share 0 to 1."""
    overall_after: float


@dataclass(frozen=True, slots=True)
class CourseRegrade:
    """What a regrade does to a course, or did."""

    regrade: Regrade
    turns: tuple[Turn, ...]
    fallen: tuple[Fallen, ...]
    """Credentials that are valid and would not be given any more."""
    waiting: int = 0
    """How many such credentials wait for a decision now; 0 in a preview."""


def regrade_course(
    site: Site, course: str, assignment: str, wish: Wish, request: GradeRequest, *, now: Callable[[], datetime], progress: Progress
) -> CourseRegrade:
    """Grade an assignment again, as a preview or for good.

    Raises:
        UnknownAssignmentError: it is not released.
        AssuranceError: the course demands sealed verdicts, and compat was asked for.
        RegradeError, StorageError, RunStoppedError: see `autograder.regrading`.
    """
    root = released_root(site, course)
    _require_released(root, assignment)
    before, directory = read_standing(site, course), open_course(root)
    options = grading_options(site, before.manifest, assignment, request)
    run = preview_regrade if wish.is_preview else apply_regrade
    with EngineRoom(request.engine, sandbox_required=options.sandbox_required, assurance=request.assurance) as room:
        done = run(directory, assignment, wish, options, now=now, progress=progress, room=room)
    after = _foreseen(root, before, done) if wish.is_preview else read_standing(site, course)
    with open_ledger(site.ledger_url) as session:
        fallen = find_fallen(after, session)
    waiting = 0
    if not wish.is_preview:
        named = [(each.credential, each.learner, each.why) for each in fallen]
        waiting = queue_regrades(site, named, by=wish.by, now=now())
    return CourseRegrade(done, _turns(before.eligibility, after.eligibility), fallen, waiting)


def course_decisions(site: Site, course: str, assignment: str) -> tuple[Decision, ...]:
    """Return what was decided about regrades of an assignment."""
    root = released_root(site, course)
    _require_released(root, assignment)
    return decisions_about(open_course(root), [assignment])


def _foreseen(root: Path, before: CourseStanding, regrade: Regrade) -> CourseStanding:
    """Return the standing as it would be after a regrade."""
    manifest = before.manifest
    frames = frames_after(read_gradebook(open_course(root), attempt_rules=manifest.attempt_rules), regrade)
    return replace(before, eligibility=assess_learners(manifest, frames, released_points(root, before.release, manifest)))


def _turns(before: tuple[Eligibility, ...], after: tuple[Eligibility, ...]) -> tuple[Turn, ...]:
    now = {each.learner: each for each in after}
    return tuple(
        Turn(each.learner, each.status.value, now[each.learner].status.value, each.overall, now[each.learner].overall)
        for each in before
        if each.learner in now and now[each.learner].status is not each.status
    )


def _require_released(root: Path, assignment: str) -> None:
    release: Release | None = find_release(root)
    released = release.assignments if release else ()
    if assignment not in released:
        raise UnknownAssignmentError(
            f"assignment {assignment!r} is not released", where=root.name, remedy=f"Released are: {', '.join(released)}."
        )
