"""Grades the attempts of an assignment: every one that has no result for this source yet, each exactly once.

Order of writing, so that a crash at any moment loses nothing and the next call goes on: the graded notebooks, then the result's row, then the
gradebook and the `autograded` step, then the mark that these show it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from nbgrader.preprocessors import Execute, LimitOutput
from sqlalchemy.orm import Session

from autograder.crediting import choose_attempts
from autograder.dropped_items import show_points
from autograder.errors import ClusterError
from autograder.evidence import end_interrupted_runs
from autograder.execution.course_steps import replaced_steps
from autograder.execution.engines import Assurance, Engine, EngineRoom, Ready
from autograder.execution.installed import describe_environment
from autograder.jobs import AssignmentSource, GradingJob, GradingResult, Limits, OverLimit, ScoringRule
from autograder.keeping import RunBook, StepwiseBook
from autograder.nbgrader_database import load_source, open_gradebook
from autograder.planning import find_plan, load_or_rehearse
from autograder.recording import apply_late_penalties, record_standings
from autograder.records import (
    Attempt,
    GradingRun,
    attempts_of,
    counted_attempts,
    newest_result,
    open_records,
    utc_text,
    working_alone,
)
from autograder.regrade_decisions import load_decisions
from autograder.scheduling.course_steps import CourseStepsScheduler
from autograder.scheduling.local import LocalScheduler
from autograder.scheduling.protocol import RunStoppedError, Scheduler
from autograder.sealed.grading import SealedServers
from autograder.sealed.plan import Mode
from autograder.submissions import adopt_submitted, show_credited
from autograder.variants import require_variants, variants_digest, work_digest
from courses.attempts import LAST, AttemptRule
from courses.limits import CourseLimits
from courses.nbgrader_course import NbgraderCourse, require_assignment

_AT_WORKERS = Ready("each worker's own: see its results", None)
"""What a run on a cluster is made with: nothing of this machine."""
Progress = Callable[[int, int], None]
"""Called with how many submissions are done and how many there are."""


@dataclass(frozen=True, slots=True)
class GradingOptions:
    """How to grade."""

    workers: int = 0
    force: bool = False
    """Grade again what has a result."""
    only_credited: bool = False
    """Leave alone the attempts that do not count."""
    learners: Collection[str] = ()
    """Only these; empty for all."""
    only: Collection[int] = ()
    """Only these attempts of `learners`, by the ids of their rows, and nothing else is read or shown: for who grades as they come. Empty for all."""
    limits: Limits = field(default_factory=Limits)
    course_limits: CourseLimits = field(default_factory=CourseLimits)
    """What the manifest says of the assignment: over `limits`, and over what nbgrader's configuration says."""
    engine: Engine = "fork"
    """`fork`: Python notebooks run in forks of one kernel; `kernel`: every notebook starts a kernel of its own."""
    assurance: Assurance = "sealed"
    """`compat`: nbgrader's way and scores, tests and answers in one process. `sealed`: tests run apart from the learner's code, see `autograder.sealed`. What has a result already is graded again only with `force`."""
    cluster: str = ""
    """The address of a Dask scheduler; empty to grade on this machine."""
    sandbox_required: bool = False
    sealed_required: bool = False
    """Whether the course demands sealed verdicts: then its own grading steps are refused."""
    attempts: AttemptRule = LAST
    """Which attempt counts; see the manifest."""
    variants_required: bool = False
    """Whether learners have variants; see the manifest. Then nothing is graded without."""
    choices: Mapping[str, Mode] = field(default_factory=dict)
    """How the author wants single test cells decided, by the cell's id; see the manifest. Not heeded in compat."""

    @property
    def scoring(self) -> ScoringRule:
        """How outputs become points: nbgrader's way where its way is asked for, else fail closed."""
        return "nbgrader" if self.assurance == "compat" else "strict"


@dataclass(frozen=True, slots=True)
class Graded:
    """One attempt that was graded now."""

    learner: str
    status: str
    reason: str
    score: float | None
    """The sum of the automatic scores; None unless the attempt was graded."""
    points_possible: float
    duration_s: float
    undecided: tuple[tuple[str, str], ...] = ()
    """Test cells without a score: notebook and cell, and why."""
    over_limits: tuple[OverLimit, ...] = ()
    """The first cells that went over a limit."""


@dataclass(frozen=True, slots=True)
class GradingSummary:
    """What one call of `grade_assignment` did."""

    assignment: str
    graded: tuple[Graded, ...]
    skipped: int
    """Attempts that had their result already."""
    sandbox: str
    """What kept learners' code in, in words; on a cluster that of each kind of worker, with `; ` between."""
    course_steps: tuple[str, ...] = ()
    """The settings by which the course replaces nbgrader's grading steps: it was graded through its own, in compat."""


def grade_assignment(
    course: NbgraderCourse,
    assignment: str,
    options: GradingOptions,
    *,
    now: Callable[[], datetime],
    progress: Progress = lambda _done, _all: None,
    room: EngineRoom | None = None,
    book: RunBook | None = None,
) -> GradingSummary:
    """Grade what is not graded yet, make the gradebook show it, and return what was done.

    Args:
        room: engines that the caller keeps for the next assignment; None: they are started and ended here.
        book: how the run is written down; None: step by step.

    Raises:
        UnknownAssignmentError, SourceError: there is nothing to grade against.
        PipelineError: the course replaces nbgrader's grading steps, and demands sealed verdicts or gives learners variants.
        SandboxMissingError: a sandbox is required and not to be had.
        ClusterError: the cluster does not answer, was lost, or has no worker that may grade; what was graded is kept and shown.
        RunStoppedError: `progress` raised it; what was graded is kept and shown.
        StorageError: another process grades or collects in this course, the disk is full, or a database is locked.
    """
    require_assignment(course, assignment)
    steps = replaced_steps(course, sealed_required=options.sealed_required)
    book = book or StepwiseBook()
    source = book.source or load_source(course, assignment)
    require_variants(source, steps, demanded=options.variants_required)
    if steps:  # which are run on this machine, in one process with the learner's code
        options, room = replace(options, assurance="compat", engine="kernel", cluster=""), None
    limits = with_course_limits(configured_limits(course, options.limits), options.course_limits)
    with working_alone(course.root), open_records(course) as session:
        if book.is_shown:
            end_interrupted_runs(session, now=now())
        if book.is_shown and not options.only:
            attempts = adopt_submitted(course, assignment, session, now=now())
        else:
            attempts = attempts_of(session, assignment, options.learners if options.only else None)
        chosen = _chosen(attempts, options)
        due = [each for each in chosen if options.force or _needs_grading(each, source)]
        sandbox, graded = "", list[Graded]()
        if due:
            own = (
                contextlib.nullcontext(room)
                if room
                else EngineRoom(options.engine, sandbox_required=options.sandbox_required, assurance=options.assurance)
            )
            with own as engines:
                engines.refresh()
                source = _with_kept_plan(course, source, options)  # its libraries are loaded at once
                ready = _AT_WORKERS if options.cluster and not _lacks_plan(source, options) else engines.prepare(source)
                source = _with_plan(course, source, ready, limits, options)
                ready = _AT_WORKERS if options.cluster else ready
                call = _Call(options, limits, ready, _scheduler(engines, course, source, options), now, progress, book)
                try:
                    sandbox, graded = _grade(course, source, due, session, call)
                except (ClusterError, RunStoppedError):  # what was graded is shown all the same
                    if book.is_shown:
                        show_results(course, source, session, options, attempts)
                    raise
        if book.is_shown:
            show_results(course, source, session, options, attempts)
    return GradingSummary(assignment, tuple(graded), len(chosen) - len(due), sandbox, steps)


def _chosen(attempts: dict[str, list[Attempt]], options: GradingOptions) -> list[Attempt]:
    """Return the attempts that the caller wants graded, of those that could be taken."""
    chosen: list[Attempt] = []
    for learner, group in attempts.items():
        if options.learners and learner not in options.learners:
            continue
        taken = [each for each in group if not each.refusal and (not options.only or each.id in options.only)]
        if options.only_credited:  # for the best one all that may count have to be known
            counted = counted_attempts(taken, options.attempts)
            taken = counted if options.attempts.credited == "best" else counted[-1:]
        chosen += taken
    return chosen


def _scheduler(room: EngineRoom, course: NbgraderCourse, source: AssignmentSource, options: GradingOptions) -> Scheduler:
    if replaced_steps(course):
        return CourseStepsScheduler(course.root, room.prepare(source).sandbox, workers=options.workers)
    if not options.cluster:
        return LocalScheduler(room, workers=options.workers)
    from autograder.scheduling.cluster import ClusterScheduler
    from autograder.scheduling.cluster_worker import Demands
    from autograder.scheduling.environment import worker_environment

    demands = Demands(
        environment=worker_environment(),
        engine=options.engine,
        assurance=options.assurance,
        sandbox_required=options.sandbox_required,
        source=source,
    )
    return ClusterScheduler(options.cluster, demands)


def show_results(
    course: NbgraderCourse, source: AssignmentSource, session: Session, options: GradingOptions, attempts: Mapping[str, list[Attempt]]
) -> None:
    """Make the course directory and the gradebook show what the records hold."""
    show_points(course, source, load_decisions(session, source.assignment, source.digest))
    credited = choose_attempts(course, source.assignment, attempts, options.attempts)
    show_credited(course, credited)
    record_standings(course, source, session, attempts, credited, is_part=bool(options.only))


@dataclass(frozen=True, slots=True)
class _Call:
    options: GradingOptions
    limits: Limits
    ready: Ready
    scheduler: Scheduler
    now: Callable[[], datetime]
    progress: Progress
    book: RunBook


def _is_sealed(options: GradingOptions) -> bool:
    return options.assurance == "sealed" and options.engine == "fork"


def _lacks_plan(source: AssignmentSource, options: GradingOptions) -> bool:
    """Whether a sealing plan has to be made first, for which kernels are forked on this machine whoever grades."""
    return _is_sealed(options) and source.plan is None


def _with_plan(course: NbgraderCourse, source: AssignmentSource, ready: Ready, limits: Limits, options: GradingOptions) -> AssignmentSource:
    """Return `source` with its sealing plan, where tests are to run apart."""
    if source.plan is not None or ready.server is None or ready.examiner is None:
        return source
    servers = SealedServers(ready.server, ready.examiner)
    plan = load_or_rehearse(course.root, source, servers, limits, environment=describe_environment(), choices=options.choices)
    return source.model_copy(update={"plan": plan})


def _with_kept_plan(course: NbgraderCourse, source: AssignmentSource, options: GradingOptions) -> AssignmentSource:
    if not _is_sealed(options):
        return source
    plan = find_plan(course.root, source, environment=describe_environment(), choices=options.choices)
    return source.model_copy(update={"plan": plan})


def _needs_grading(attempt: Attempt, source: AssignmentSource) -> bool:
    newest = newest_result(attempt)
    return newest is None or newest.status == "broken" or newest.run.source_digest != source.digest


def _grade(course: NbgraderCourse, source: AssignmentSource, due: list[Attempt], session: Session, call: _Call) -> tuple[str, list[Graded]]:
    """Grade what is due; return what kept learners' code in, and what was graded."""
    run = GradingRun(
        id=str(uuid.uuid4()),
        assignment=source.assignment,
        source_digest=source.digest,
        engine=call.options.assurance,
        execution="course-steps" if replaced_steps(course) else call.options.engine,
        scoring=call.options.scoring,
        sandbox=call.ready.sandbox,
        layers=json.dumps(call.ready.server.layers if call.ready.server else {}),
        limits=call.limits.model_dump_json(),
        environment=json.dumps(describe_environment() | _plan_digest(source) | variants_digest(source)),
        submissions=json.dumps(sorted(attempt.digest for attempt in due)),
        started_at=utc_text(call.now()),
        finished_at=None,
    )
    keeper = call.book.begin(course, run, session)
    alike: dict[
        str, list[Attempt]
    ] = {}  # the same files give the same result, where no step of the course's own asks whose they are: they are graded once
    for attempt in due:
        alike.setdefault(attempt.learner + attempt.digest if replaced_steps(course) else work_digest(attempt, source), []).append(attempt)
    groups = list(alike.values())
    jobs = (_job(course, source, group[0], call) for group in groups)
    graded, sandboxes = list[Graded](), set[str]()

    def tell() -> None:
        keeper.settle()
        call.progress(keeper.written, len(due))

    call.progress(0, len(due))
    with contextlib.closing(call.scheduler.grade(source, jobs, tick=tell)) as finished:
        try:
            for index, result in finished:
                kept = keeper.keep(groups[index], result, now=call.now())
                graded += [_told(attempt, each) for attempt, each in zip(groups[index], kept, strict=True)]
                sandboxes.add(result.sandbox)
        finally:
            keeper.settle(at_once=True)
    call.progress(keeper.written, len(due))
    call.book.end(session, run, now=call.now())
    return "; ".join(sorted(sandboxes - {""})) if call.ready is _AT_WORKERS else call.ready.sandbox, graded


def _plan_digest(source: AssignmentSource) -> dict[str, str]:
    """Return the SHA-256 of the sealing plan, which the verdicts depend on too; nothing where there is none."""
    return {} if source.plan is None else {"sealing_plan_sha256": hashlib.sha256(source.plan.model_dump_json().encode()).hexdigest()}


def _job(course: NbgraderCourse, source: AssignmentSource, attempt: Attempt, call: _Call) -> GradingJob:
    submission = str(course.root / attempt.folder)
    return GradingJob(
        source=source,
        learner=attempt.learner,
        submission=submission,
        limits=call.limits,
        sandbox=False,
        scoring=call.options.scoring,
    )


def settle_late_penalties(course: NbgraderCourse, assignments: tuple[str, ...]) -> None:
    """Work out the late penalties of all submissions anew: after marks were given by hand, nbgrader's are those of before."""
    with open_gradebook(course) as gradebook:
        for assignment in assignments:
            apply_late_penalties(gradebook, course, assignment)


def _told(attempt: Attempt, result: GradingResult) -> Graded:
    score = sum(cell.auto_score or 0.0 for cell in result.cells) if result.status == "graded" else None
    possible = sum(cell.points_possible for cell in result.cells)
    undecided = tuple(
        (f"{cell.notebook}.ipynb, {cell.name}", cell.note or "no score")
        for cell in result.cells
        if cell.kind == "test" and cell.auto_score is None
    )
    return Graded(attempt.learner, result.status, result.reason, score, possible, result.duration_s, undecided, result.over_limits)


def configured_limits(course: NbgraderCourse, limits: Limits) -> Limits:
    """Return `limits` with what the course's own nbgrader configuration says: time-out, kernel, lines of output."""
    found: dict[str, object] = {}
    execute, limiter = Execute(config=course.config), LimitOutput(config=course.config)  # they know every spelling, of command lines too
    if _says(course, "timeout"):  # nbclient's "no limit" is None, or not above 0
        found["cell_timeout_s"] = float(execute.timeout) if execute.timeout and execute.timeout > 0 else limits.submission_timeout_s
    if _says(course, "kernel_name") and execute.kernel_name:
        found["kernel_name"] = str(execute.kernel_name)
    if "LimitOutput" in course.config:
        found |= {"maximum_output_lines": int(limiter.max_lines), "maximum_traceback_lines": int(limiter.max_traceback)}
    return limits.model_copy(update=found)


def with_course_limits(limits: Limits, said: CourseLimits) -> Limits:
    """Return `limits` with what the manifest says of the assignment."""
    return limits.model_copy(update=said.said())


def _says(course: NbgraderCourse, option: str) -> bool:
    """Whether the course sets `option` of the executing of notebooks, under its new name or its old one."""
    return any(option in course.config.get(section, {}) for section in ("ExecutePreprocessor", "Execute"))
