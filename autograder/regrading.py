"""Grades an assignment again after its tests were mended: first as a preview that writes nothing, then for good, by a policy that a person chose.

A regrade is a new grading run: what was graded before stays as it was. The run, all its results and the decision are written in one transaction when the last
submission is graded, so that a crash leaves the old state or the new one; then the gradebook is made to show it, as after every run, and what a crash left
unshown the next `patunay grade` or the same regrade shows. The same decision is made once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from autograder.errors import RegradeError
from autograder.evidence import hash_result, hash_run
from autograder.execution.engines import EngineRoom
from autograder.grading import GradingOptions, Progress, grade_assignment, show_results
from autograder.jobs import AssignmentSource, GradedCell, GradingResult
from autograder.keeping import keep_notebooks, result_row
from autograder.marks_kept import confirm_marks, read_marks
from autograder.nbgrader_database import load_source
from autograder.records import Attempt, GradingRun, attempts_of, credited_attempt, open_records, standing_result, utc_text, working_alone
from autograder.regrade_decisions import (
    NOT_YET,
    Decision,
    Policy,
    decision_in_force,
    dropped_items,
    load_decisions,
    settle_result,
    write_decision,
)
from autograder.regrade_wishes import Wish, require_item
from courses.nbgrader_course import NbgraderCourse


@dataclass(frozen=True, slots=True)
class CellChange:
    """What one graded cell of an attempt had, and has."""

    notebook: str
    cell: str
    before: float | None
    """None if it had no score."""
    test: float | None
    """What the test gives now; None if it gives no score."""
    after: float | None
    """What stands by the policy."""
    points_possible: float
    """Afterwards."""
    possible_before: float | None = None
    """None if it was not graded."""


@dataclass(frozen=True, slots=True)
class AttemptChange:
    """What becomes of one attempt."""

    learner: str
    attempt: str
    """SHA-256 of the attempt."""
    is_credited: bool
    """Whether it is the one that counts, as things stood before."""
    status: str
    """See `autograder.jobs.GradingResult`."""
    reason: str
    before: float | None
    """Automatic points in all; None if nothing of it was graded."""
    after: float | None
    cells: tuple[CellChange, ...]
    possible_before: float = 0.0
    """Points of its test cells; 0 if nothing of it was graded."""
    possible_after: float = 0.0

    @property
    def direction(self) -> str:
        """`up`, `down`, `same`, `new` (nothing was graded before), or `error`; by the share where other points are possible now than before."""
        if self.after is None:
            return "error"
        if self.before is None:
            return "new"
        had, has = self.before, self.after
        if abs(self.possible_before - self.possible_after) > 1e-9 and self.possible_before > 0 and self.possible_after > 0:
            had, has = had / self.possible_before, has / self.possible_after
        return "same" if abs(has - had) < 1e-9 else "up" if has > had else "down"


@dataclass(frozen=True, slots=True)
class Regrade:
    """What a regrade does, or did."""

    assignment: str
    source: str
    """The digest of the source that it was graded with."""
    policy: Policy
    item: str
    changes: tuple[AttemptChange, ...]
    decision: Decision | None = None
    """None for a preview."""
    is_known: bool = False
    """Whether the same was decided before: nothing was done now."""
    points: tuple[tuple[tuple[str, str], float], ...] = ()
    """The points that each graded cell counts afterwards, by notebook and cell."""

    @property
    def counts(self) -> dict[str, int]:
        """Return how many attempts went which way."""
        return {way: sum(each.direction == way for each in self.changes) for way in ("up", "down", "same", "new", "error")}


def preview_regrade(  # noqa: PLR0913 -- a run, and what it may be of
    course: NbgraderCourse, assignment: str, wish: Wish, options: GradingOptions, *, now: Callable[[], datetime], progress: Progress,
    room: EngineRoom | None = None, source: AssignmentSource | None = None,
) -> Regrade:  # fmt: skip
    """Return what a regrade would do. All attempts are graded; neither records nor gradebook are written.

    Args:
        source: to grade against, such as a draft that is not released; None: what stands released in the course.

    Raises:
        RegradeError: the policy cannot be about this item.
        StorageError: another process grades or collects in this course.
    """
    source = source or load_source(course, assignment)
    require_item(course, wish, source, _decisions_of(course, source))
    book = _Book(_decision(wish, source), options, source)
    grade_assignment(course, assignment, replace(options, force=True), now=now, progress=progress, room=room, book=book)
    return Regrade(assignment, source.digest, wish.policy, wish.item, book.changes(), points=book.points(source))


def apply_regrade(
    course: NbgraderCourse, assignment: str, wish: Wish, options: GradingOptions, *, now: Callable[[], datetime], progress: Progress, room: EngineRoom | None = None
) -> Regrade:  # fmt: skip
    """Grade all attempts again, settle the results by the policy, write both down for good and show them.

    Raises:
        RegradeError: no reason or name is given, or the policy cannot be about this item.
        StorageError: another process grades or collects in this course, or the disk is full; the old state stands.
        RunStoppedError: `progress` raised it; the old state stands.
    """
    if not wish.reason.strip() or not wish.by.strip():
        raise RegradeError(
            "a regrade needs a reason and a name", where="--reason, --by", remedy='Say why, and who decides: `--reason "…" --by "…"`.'
        )
    source = load_source(course, assignment)
    decisions = _decisions_of(course, source)
    known = decision_in_force(decisions, wish.policy, wish.item)
    if known is None:
        require_item(course, wish, source, decisions)
    else:
        _show_again(course, source, options)
        return Regrade(assignment, source.digest, wish.policy, wish.item, (), known, is_known=True)
    book, marks = _FinalBook(_decision(wish, source), options), read_marks(course, assignment)
    grade_assignment(course, assignment, replace(options, force=True), now=now, progress=progress, room=room, book=book)
    confirm_marks(course, assignment, marks)
    decided = decision_in_force(_decisions_of(course, source), wish.policy, wish.item)
    return Regrade(assignment, source.digest, wish.policy, wish.item, book.changes(), decided, points=book.points(source))


def decisions_about(course: NbgraderCourse, assignments: Sequence[str]) -> tuple[Decision, ...]:
    """Return what was decided about assignments, oldest first in each."""
    with open_records(course) as session:
        return tuple(decision for each in assignments for decision in load_decisions(session, each))


def _decision(wish: Wish, source: AssignmentSource) -> Decision:
    return Decision(source.assignment, source.digest, wish.policy, wish.item, wish.reason.strip(), wish.by.strip(), NOT_YET)


def _decisions_of(course: NbgraderCourse, source: AssignmentSource) -> tuple[Decision, ...]:
    with open_records(course) as session:
        return load_decisions(session, source.assignment, source.digest)


def _show_again(course: NbgraderCourse, source: AssignmentSource, options: GradingOptions) -> None:
    """Show what a crash after the decision left unshown."""
    with working_alone(course.root), open_records(course) as session:
        show_results(course, source, session, options, attempts_of(session, source.assignment))


@dataclass(slots=True)
class _Taken:
    attempt: Attempt
    result: GradingResult
    """Settled, without its notebooks."""
    raw: GradingResult
    notebooks: dict[str, str]
    had: tuple[GradedCell, ...] | None
    """What stood before; None if nothing of the attempt was graded."""
    at: datetime


class _Book:
    """Takes results and writes none of them."""

    is_shown = False

    def __init__(self, decision: Decision, options: GradingOptions, source: AssignmentSource | None = None) -> None:
        self._decision, self._options, self.source = decision, options, source
        self._course: NbgraderCourse | None = None
        self._decisions: tuple[Decision, ...] = ()
        self._run: GradingRun | None = None
        self._taken: list[_Taken] = []
        self._credited: set[str] = set()
        self.written = 0

    def begin(self, course: NbgraderCourse, run: GradingRun, session: Session) -> _Book:
        """Begin a run, of which nothing is written yet."""
        self._course, self._run = course, run
        self._decisions = (*load_decisions(session, run.assignment, run.source_digest), self._decision)
        for learner, group in attempts_of(session, run.assignment).items():
            counting = credited_attempt(group, self._options.attempts)
            if counting is not None:
                self._credited.add(f"{learner} {counting.id}")
        return self

    def keep(self, attempts: Sequence[Attempt], result: GradingResult, *, now: datetime) -> tuple[GradingResult, ...]:
        """Take the result of attempts that are alike; return what each has of it by the policy."""
        settled = tuple(settle_result(result, attempt, self._decisions) for attempt in attempts)
        for attempt, each in zip(attempts, settled, strict=True):
            standing = standing_result(attempt)
            had = None if standing is None else tuple(map(GradedCell.model_validate, standing.cell_list()))
            hashes = keep_notebooks(self._course, attempt, self._run, each) if self.is_shown and self._run and self._course else {}
            bare = {"notebooks": ()}
            taken = _Taken(attempt, each.model_copy(update=bare), result.model_copy(update=bare), hashes, had, now)
            self._taken.append(taken)
        self.written += len(attempts)
        return settled

    def settle(self, *, at_once: bool = False) -> None:
        """Nothing waits."""

    def end(self, session: Session, run: GradingRun, *, now: datetime) -> None:
        """Nothing is written."""

    def changes(self) -> tuple[AttemptChange, ...]:
        """Return what becomes of each attempt, by learner and time."""
        ordered = sorted(self._taken, key=lambda each: (each.attempt.learner, each.attempt.submitted_at, each.attempt.id))
        return tuple(self._change(each) for each in ordered)

    def points(self, source: AssignmentSource) -> tuple[tuple[tuple[str, str], float], ...]:
        """Return `Regrade.points`."""
        gone = dropped_items(self._decisions)
        return tuple(
            ((notebook.name, cell.name), 0.0 if cell.is_test and cell.name in gone else cell.points)
            for notebook in source.notebooks
            for cell in notebook.cells
            if cell.points is not None
        )

    def _change(self, taken: _Taken) -> AttemptChange:
        had = {(each.notebook, each.name): each.auto_score for each in taken.had or ()}
        worth = {(each.notebook, each.name): each.points_possible for each in taken.had or ()}
        gives = {(each.notebook, each.name): each.auto_score for each in taken.raw.cells}
        cells = tuple(
            CellChange(each.notebook, each.name, had.get(place), gives.get(place), each.auto_score, each.points_possible, worth.get(place))
            for each in taken.result.cells
            for place in [(each.notebook, each.name)]
            if had.get(place) != each.auto_score
            or gives.get(place) != each.auto_score
            or worth.get(place, each.points_possible) != each.points_possible
        )
        graded = taken.result.status == "graded"
        return AttemptChange(
            learner=taken.attempt.learner,
            attempt=taken.attempt.digest,
            is_credited=f"{taken.attempt.learner} {taken.attempt.id}" in self._credited,
            status=taken.result.status,
            reason=taken.result.reason,
            before=None if taken.had is None else sum(value or 0.0 for value in had.values()),
            after=sum(each.auto_score or 0.0 for each in taken.result.cells) if graded else None,
            cells=cells,
            possible_before=_possible(taken.had or ()),
            possible_after=_possible(taken.result.cells),
        )


def _possible(cells: Sequence[GradedCell]) -> float:
    return sum(each.points_possible for each in cells if each.kind == "test")


class _FinalBook(_Book):
    """Takes results and writes all of them, with the decision, when the run ended."""

    is_shown = True

    def end(self, session: Session, run: GradingRun, *, now: datetime) -> None:
        """Write the run, its results and the decision, all or nothing.

        Raises:
            RegradeError: somebody else made the same decision meanwhile.
        """
        if decision_in_force(self._decisions[:-1], self._decision.policy, self._decision.item) is not None:
            return  # decided while we waited for the lock: theirs stands, nothing is written
        changes = self.changes()
        counts = tuple((way, sum(each.direction == way for each in changes)) for way in ("up", "down", "same", "new", "error"))
        before = {standing.run.source_digest for each in self._taken if (standing := standing_result(each.attempt)) is not None}
        session.add(run)
        rows = [result_row(each.attempt, run, each.result, each.notebooks, now=each.at) for each in self._taken]
        session.add_all(rows)
        session.flush()
        at = utc_text(now)
        write_decision(session, replace(self._decision, at=at, run=run.id, sources_before=tuple(before), counts=counts))
        run.finished_at, run.outcome = at, "finished"
        run.digest = hash_run(run, map(hash_result, rows))
        session.commit()
