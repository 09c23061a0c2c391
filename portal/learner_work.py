"""A course as one learner stands in it: each assignment with its state, attempts and due date, the rules of the credential, and the one next step.

Reads what the issuer reads, of one learner: nothing here decides a grade or a pass.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import select

from autograder.extensions import due_dates, extra_attempts, granted_rules, later_than, load_grants
from autograder.gradebook import GRADED, NEEDS_MANUAL, read_learner_slice
from autograder.nbgrader_database import extensions_of, open_gradebook
from autograder.records import Attempt, open_records
from courses.manifest import Assessment, CourseManifest
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.release import Release, find_release, load_released_manifest
from courses.settings import Site
from issuer.eligibility import CellPoints, Eligibility, assess_learners
from issuer.ledger import Credential, open_ledger
from issuer.standing import counted_points, released_points, released_root
from portal.attempt_states import AssignmentState, Stage, read_state


class WorkStage(Enum):
    """How far a learner is with an assignment, as they see it."""

    NOT_STARTED = "not started"
    QUEUED = "queued"
    RUNNING = "being graded"
    NEEDS_PERSON = "waits for a person"
    FAILED = "could not be graded"
    REFUSED = "not taken"
    READY = "feedback ready"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class CellScore:
    """What one graded cell earned, as the gradebook decides it."""

    assignment: str
    notebook: str
    cell: str
    kind: str
    """`test`, `manual` or `task`."""
    possible: float
    score: float | None
    """Points; None while it is not decided."""
    assurance: str
    """sealed, unsealed, compat, person, or empty if it was not recorded."""


@dataclass(frozen=True, slots=True)
class Work:
    """One assignment of the course."""

    assessment: Assessment
    stage: WorkStage
    state: AssignmentState
    credited: int | None
    """The number of the attempt that counts, None if there is none."""
    due: datetime | None
    """With the learner's extension."""
    extension: timedelta
    share: float | None
    """0 to 1, after a late penalty; None while it is not decided."""
    late_penalty: float
    """Points that were taken for lateness."""
    cells: tuple[CellScore, ...]
    extra_attempts: int = 0
    """How many more than others they were granted."""

    @property
    def id(self) -> str:
        """The assignment's name."""
        return self.assessment.id

    @property
    def attempts_left(self) -> int | None:
        """How many more attempts count; None: as many as one likes."""
        allowed = self.assessment.attempts
        if allowed is not None:
            allowed += self.extra_attempts
        used = sum(each.stage is not Stage.REFUSED for each in self.state.attempts)
        return None if allowed is None else max(0, allowed - used)


@dataclass(frozen=True, slots=True)
class LearnerCourse:
    """A released course as one learner stands in it."""

    manifest: CourseManifest
    release: Release
    works: tuple[Work, ...]
    eligibility: Eligibility | None
    """None while the gradebook holds nothing that could be assessed."""
    is_enrolled: bool

    @property
    def id(self) -> str:
        """The course's name."""
        return self.manifest.id

    @property
    def done(self) -> int:
        """How many assignments are decided."""
        return sum(each.stage in {WorkStage.READY, WorkStage.PASSED} for each in self.works)

    def work(self, assignment: str) -> Work | None:
        """Return that assignment, None if the course has none of that name."""
        return next((each for each in self.works if each.id == assignment), None)

    def is_over(self, now: datetime) -> bool:
        """Whether nothing that is handed in earns anything any more."""
        return not self.is_enrolled or all(self.is_closed(each, now) for each in self.works)

    def is_closed(self, work: Work, now: datetime) -> bool:
        """Whether the due date of an assignment has passed and late work earns nothing."""
        return self.manifest.late_policy == "zero" and work.due is not None and work.due < now


def courses_of(site: Site, learner: str, enrolled: Collection[str]) -> tuple[str, ...]:
    """Return the released courses that a learner is in, has handed in for, or has a credential of; sorted.

    Args:
        enrolled: the courses that the hub's groups name.
    """
    with open_ledger(site.ledger_url) as session:
        held = set(session.scalars(select(Credential.course).where(Credential.learner == learner)))
    released = sorted(path.name for path in (site.root / site.settings.paths.work).glob("*") if find_release(path) is not None)
    return tuple(course for course in released if course in enrolled or course in held or _has_attempts(site, course, learner))


def _has_attempts(site: Site, course: str, learner: str) -> bool:
    root = site.course_root(course)
    with open_records(_opened(root, _stamp(root))) as session:
        return session.scalars(select(Attempt.id).where(Attempt.learner == learner).limit(1)).first() is not None


@lru_cache(maxsize=256)
def _opened(root: Path, _stamp: tuple[int, ...]) -> NbgraderCourse:
    return open_course(root)


def _stamp(root: Path) -> tuple[int, ...]:
    """Return what changes when the course's configuration does."""
    files = [folder / "nbgrader_config.py" for folder in (root, *root.parents[:2])]
    return tuple(each.stat().st_mtime_ns if each.is_file() else 0 for each in files)


def read_learner(site: Site, course: str, learner: str, *, is_enrolled: bool) -> LearnerCourse:
    """Return a released course as a learner stands in it.

    Raises:
        UnknownCourseError: the site has no such course.
        ReleaseRefusedError: it is not released.
        StorageError: a database is locked, full, damaged or of another version.
    """
    root = released_root(site, course)
    release, manifest, directory = find_release(root), load_released_manifest(root), _opened(root, _stamp(root))
    assert release is not None  # `released_root` looked
    rules = granted_rules(root, manifest.attempt_rules)
    part = read_learner_slice(directory, learner, attempt_rules=rules)
    [eligibility] = assess_learners(manifest, part.frames, counted_points(directory, _points(root, release))) or (None,)
    with open_gradebook(directory) as gradebook:
        extensions = extensions_of(gradebook, learner)
    with open_records(directory) as session:
        states = {each.id: read_state(directory, session, learner, each.id, rules[each.id]) for each in manifest.assessments}
    rows = part.frames.assignments.set_index("assignment") if len(part.frames.assignments) else None
    cells = _cells(part.frames.cells)
    grants = [each for each in load_grants(root) if each.learner == learner]
    works = []
    for each in manifest.assessments:
        decided = _Decided.of(rows, each.id)
        longer = later_than(_due(each, decided), due_dates(grants, each.id)).get(learner, extensions.get(each.id, timedelta()))
        work = _work(each, states[each.id], decided, longer, cells, manifest)
        works.append(replace(work, extra_attempts=extra_attempts(grants, each.id).get(learner, 0)))
    return LearnerCourse(manifest, release, tuple(works), eligibility, is_enrolled)


def _points(root: Path, release: Release) -> CellPoints:
    return _points_of(root, release.content_hash)


@lru_cache(maxsize=256)
def _points_of(root: Path, content_hash: str) -> CellPoints:
    release = find_release(root)
    assert release is not None and release.content_hash == content_hash
    return released_points(root, release, load_released_manifest(root))


@dataclass(frozen=True, slots=True)
class _Decided:
    """What the gradebook says of an assignment."""

    state: str
    final: float
    possible: float
    penalty: float
    due: datetime | None
    digest: str

    @classmethod
    def of(cls, rows: pd.DataFrame | None, assignment: str) -> _Decided | None:
        if rows is None or assignment not in rows.index:
            return None
        row: dict[str, Any] = dict(rows.loc[assignment])
        due: datetime | None = None if pd.isna(row["due"]) else row["due"].to_pydatetime()
        numbers = [float(row[name]) for name in ("final_score", "points_possible", "late_penalty")]
        return cls(str(row["state"]), numbers[0], numbers[1], numbers[2], due, str(row["attempt"]))


def _due(assessment: Assessment, decided: _Decided | None) -> datetime | None:
    """Return everybody's due date: nbgrader's, which somebody may have set there, or the manifest's."""
    return decided.due if decided is not None and decided.due is not None else assessment.due


def _work(
    assessment: Assessment,
    state: AssignmentState,
    decided: _Decided | None,
    extension: timedelta,
    cells: dict[str, tuple[CellScore, ...]],
    manifest: CourseManifest,
) -> Work:
    is_decided = decided is not None and decided.state == GRADED and decided.possible > 0
    share = min(1.0, max(0.0, decided.final / decided.possible)) if decided is not None and is_decided else None
    due = _due(assessment, decided)
    return Work(
        assessment=assessment,
        stage=_stage(state, decided, share, manifest.pass_rule.overall),
        state=state,
        credited=next(
            (each.number for each in reversed(state.attempts) if decided and each.digest and each.digest == decided.digest), None
        ),
        due=None if due is None else due.astimezone(UTC) + extension,
        extension=extension,
        share=share,
        late_penalty=decided.penalty if decided is not None and is_decided else 0.0,
        cells=cells.get(assessment.id, ()),
    )


_OPEN = {
    Stage.QUEUED: WorkStage.QUEUED,
    Stage.RUNNING: WorkStage.RUNNING,
    Stage.FAILED: WorkStage.FAILED,
    Stage.REFUSED: WorkStage.REFUSED,
    Stage.NOT_STARTED: WorkStage.NOT_STARTED,
}


def _stage(state: AssignmentState, decided: _Decided | None, share: float | None, mark: float) -> WorkStage:
    """Return how far the newest attempt is; where it is graded, what the gradebook decides of the one that counts."""
    if state.stage is not Stage.GRADED and not (state.stage is Stage.NOT_STARTED and share is not None):
        return _OPEN[state.stage]
    if share is not None:
        return WorkStage.PASSED if share >= mark else WorkStage.READY
    if decided is not None and decided.state == NEEDS_MANUAL:
        return WorkStage.NEEDS_PERSON
    return WorkStage.QUEUED


def _cells(frame: pd.DataFrame) -> dict[str, tuple[CellScore, ...]]:
    found: dict[str, list[CellScore]] = {}
    columns = ("assignment", "notebook", "cell", "kind", "points_possible", "score", "assurance")
    for row in zip(*(frame[name] for name in columns), strict=True):
        score = None if pd.isna(row[5]) else float(row[5])
        cell = CellScore(str(row[0]), str(row[1]), str(row[2]), str(row[3]), float(row[4]), score, str(row[6]))
        found.setdefault(cell.assignment, []).append(cell)
    return {name: tuple(cells) for name, cells in found.items()}
