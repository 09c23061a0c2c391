"""Regrades an assignment of a released course: what it does to results, to who may have the credential, and to credentials that were issued.

Nothing that was issued is changed: what would not be given any more becomes a decision that waits for a person (`patunay decisions`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from autograder.errors import RegradeError
from autograder.execution.engines import EngineRoom
from autograder.extensions import granted_rules
from autograder.gradebook import read_gradebook
from autograder.grading import Progress
from autograder.jobs import AssignmentSource
from autograder.nbgrader_database import load_source
from autograder.regrade_decisions import Decision
from autograder.regrade_preview import frames_after
from autograder.regrade_wishes import Wish
from autograder.regrading import Regrade, apply_regrade, decisions_about, preview_regrade
from courses.catalogue import load_course, require_assessment
from courses.errors import UnknownAssignmentError
from courses.nbgrader_course import open_course
from courses.release import Release, draft_course, find_release
from courses.scratch import ScratchFolder
from courses.settings import Site
from issuer.checking import Fallen, find_fallen
from issuer.eligibility import CellPoints, Eligibility, assess_learners
from issuer.ledger import open_ledger
from issuer.standing import CourseStanding, counted_points, read_standing, released_points, released_root
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
        ReleaseRefusedError: the author's source is asked for, and nbgrader cannot make a learner version of it.
        RegradeError, StorageError, RunStoppedError: see `autograder.regrading`.
    """
    root = released_root(site, course)
    _require_released(root, assignment)
    if wish.is_draft and not wish.is_preview:
        raise RegradeError(
            "what is decided is about released tests", where="--source", remedy="Look with --preview, or release the course first."
        )
    before, directory = read_standing(site, course), open_course(root)
    if wish.policy == "drop-item":
        _require_outcomes(before, counted_points(directory, released_points(root, before.release, before.manifest)), assignment, wish.item)
    options = grading_options(site, before.manifest, assignment, request)
    with ExitStack() as open_things:
        source = open_things.enter_context(_draft(site, course, assignment)) if wish.is_draft else None
        room = open_things.enter_context(EngineRoom(request.engine, sandbox_required=options.sandbox_required, assurance=request.assurance))
        if wish.is_preview:
            done = preview_regrade(directory, assignment, wish, options, now=now, progress=progress, room=room, source=source)
        else:
            done = apply_regrade(directory, assignment, wish, options, now=now, progress=progress, room=room)
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


@contextmanager
def _draft(site: Site, course: str, assignment: str) -> Iterator[AssignmentSource]:
    """Yield the author's source of an assignment as a release would make it; it lies in a folder that is gone afterwards."""
    author = load_course(site.courses, course)
    require_assessment(author, assignment)
    with ScratchFolder("draft") as scratch:
        yield load_source(draft_course(site, author, (assignment,), Path(scratch)), assignment)


def _foreseen(root: Path, before: CourseStanding, regrade: Regrade) -> CourseStanding:
    """Return the standing as it would be after a regrade."""
    manifest = before.manifest
    frames = frames_after(read_gradebook(open_course(root), attempt_rules=granted_rules(root, manifest.attempt_rules)), regrade)
    points = {
        **released_points(root, before.release, manifest),
        **{(regrade.assignment, cell): worth for (_, cell), worth in regrade.points},
    }
    return replace(before, eligibility=assess_learners(manifest, frames, points))


def _require_outcomes(standing: CourseStanding, points: CellPoints, assignment: str, item: str) -> None:
    """Refuse to drop the last item that shows an outcome: nobody could have the credential any more."""
    for outcome in standing.manifest.outcomes:
        shown = {(each.id, one.cell) for each in standing.manifest.assessments for one in each.items if outcome.id in one.outcomes}
        if (assignment, item) in shown and not any(points.get(place) for place in shown - {(assignment, item)}):
            raise RegradeError(
                f"{item!r} is the last item that shows outcome {outcome.id}: without it nobody could pass",
                where="--item",
                remedy="Use full-marks, or give the outcome another item and release a new version.",
            )


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
