"""Mutates an assignment's reference solution and says which of its tests notice: the mutants are graded in forked kernels, on every core.

What is run for a mutant is the answer cell that it lies in, the tests that cover it, and the cells that these need (`autograder.mutation.covering`). The
reference solution is run the same way first: where it does not earn in this excerpt what it earns in the whole notebook, whole notebooks are run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from autograder.execution.compat import copy_own_files, is_forkable
from autograder.execution.fork_server import ForkServer
from autograder.jobs import AssignmentSource, GradingJob, Limits
from autograder.mutation.accepted import AcceptedMutant
from autograder.mutation.covering import covered, needed
from autograder.mutation.mutants import MOST_PER_CELL, Mutant, columns_of, make_mutants
from autograder.mutation.report import JudgedMutant, MutationReport, NamedScore, score_of, test_score
from autograder.mutation.running import Frame, Run, frame_of, run_cells, short_limits
from autograder.mutation.telling_apart import Suspects, find_equivalent
from autograder.sealed.grading import SealedServers
from autograder.sealed.plan import SealingPlan
from courses.scratch import ScratchFolder

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mutants are made."""

    seed: int = 0
    """Which are taken where there are more than `most` in a cell."""
    most: int = MOST_PER_CELL
    cell: str | None = None
    """nbgrader's id of one answer cell; None: of all."""


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class _Task:
    """An answer cell with its mutants and the tests that shall notice them."""

    frame: Frame
    place: int
    tests: tuple[int, ...]
    """Those that the reference solution passes."""
    mutants: tuple[Mutant, ...]


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """What is run for the mutants of an answer cell."""

    places: tuple[int, ...]
    expected: dict[int, float]
    """What the reference solution earns, by the place of the test."""
    limits: Limits


def tell_nobody(_done: int, _total: int) -> None:
    """Tell nobody."""


def mutate_assignment(
    source: AssignmentSource,
    servers: SealedServers | ForkServer,
    limits: Limits,
    plan: SealingPlan | None = None,
    *,
    accepted: Sequence[AcceptedMutant] = (),
    progress: Progress = tell_nobody,
    wanted: Wanted = EVERYTHING,
) -> MutationReport:
    """Return what became of the mutants of the assignment's reference solution.

    Args:
        plan: of the assignment: what it was made in stands in the report; it decides nothing here.
        accepted: of the whole course.
        progress: told how many mutants are done, and of how many.

    Raises:
        SandboxMissingError: a kernel could not be forked.
        StorageError: a file of the source is a link.
    """
    began = time.monotonic()
    server = servers if isinstance(servers, ForkServer) else servers.candidate
    obstacle = _obstacle(source, limits)
    judged: list[JudgedMutant] = []
    tasks: list[_Task] = []
    if not obstacle:
        with ScratchFolder("mutation") as scratch, ThreadPoolExecutor(_cores()) as pool:
            copy_own_files(source, Path(scratch))
            frames = [_frame(source, place, Path(scratch)) for place in range(len(source.notebooks))]
            whole = list(pool.map(lambda frame: run_cells(frame, range(len(frame.cells)), server, limits), frames))
            for frame, run in zip(frames, whole, strict=True):
                tasks += _tasks(frame, run, wanted)
            known = frozenset((each.notebook, each.mutant) for each in accepted if each.assignment == source.assignment)
            judged = _judge_all(_Work(server, limits, pool, progress, known), [task for task in tasks if task.tests])
    judged, stale = _with_accepted(judged, [each for each in accepted if each.assignment == source.assignment], only=wanted.cell)
    return MutationReport(
        assignment=source.assignment,
        source_digest=source.digest,
        environment_digest=plan.environment_digest if plan else "",
        seed=wanted.seed,
        mutants=tuple(judged),
        answers=tuple(_answer_score(task, judged) for task in tasks if task.tests),
        tests=tuple(_test_scores(tasks, judged)),
        without_tests=tuple(f"{task.frame.notebook.name}.ipynb, {task.frame.name(task.place)}" for task in tasks if not task.tests),
        stale=tuple(stale),
        obstacle=obstacle,
        seconds=round(time.monotonic() - began, 1),
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _obstacle(source: AssignmentSource, limits: Limits) -> str:
    job = GradingJob(source=source, learner="reference", submission=source.folder, limits=limits, sandbox=False)
    for notebook in source.notebooks:
        if not is_forkable(job, notebook):
            return f"the kernel of {notebook.name}.ipynb is not Python's"
        if not Path(source.folder, f"{notebook.name}.ipynb").is_file():
            return f"there is no reference solution: {notebook.name}.ipynb is not in the source folder"
    return ""


def _frame(source: AssignmentSource, place: int, folder: Path) -> Frame:
    notebook = source.notebooks[place]
    text = Path(source.folder, f"{notebook.name}.ipynb").read_text(encoding="utf-8")
    return frame_of(text, notebook, folder)


def _tasks(frame: Frame, whole: Run, wanted: Wanted) -> Iterable[_Task]:
    columns = columns_of([cell.source for cell in frame.cells])
    covering = {test: covered(frame.names, frame.roles, test) for test in frame.places("test") if whole.scores.get(test)}
    for place in frame.places("answer"):
        name = frame.name(place)
        if wanted.cell in {None, name}:
            mutants = make_mutants(frame.cells[place].source, name, most=wanted.most, seed=wanted.seed, columns=columns)
            tests = tuple(test for test, answers in covering.items() if place in answers)
            yield _Task(frame, place, tests, tuple(mutants))


@dataclass(frozen=True, slots=True)
class _Work:
    """What it is done with."""

    server: ForkServer
    limits: Limits
    pool: ThreadPoolExecutor
    progress: Progress
    accepted: frozenset[tuple[str, str]]
    """Notebook and mutant: of these nobody asks any more whether they are equivalent."""


def _judge_all(work: _Work, tasks: Sequence[_Task]) -> list[JudgedMutant]:
    server, pool = work.server, work.pool
    excerpts = list(pool.map(lambda task: _excerpt(task, server, work.limits), tasks))
    each_one = [(task, excerpt, mutant) for task, excerpt in zip(tasks, excerpts, strict=True) for mutant in task.mutants]
    judged: list[JudgedMutant] = []
    for each in pool.map(lambda one: _judge(one[0], one[1], one[2], server), each_one):
        judged.append(each)
        work.progress(len(judged), len(each_one))
    pairs = list(zip(tasks, excerpts, strict=True))
    alive = frozenset((each.notebook, each.id) for each in judged if each.outcome == "survived") - work.accepted
    found = list(pool.map(lambda pair: _excuses(pair[0], pair[1], alive, server), pairs))
    excuses = {key: why for each in found for key, why in each.items()}
    return [
        each.model_copy(update={"outcome": "equivalent", "reason": excuses[each.notebook, each.id]})
        if (each.notebook, each.id) in excuses
        else each
        for each in judged
    ]


def _excerpt(task: _Task, server: ForkServer, limits: Limits) -> _Excerpt:
    """Return what is run, after the reference solution has been: an excerpt in which it earns what it earns in the whole notebook."""
    frame = task.frame
    whole = tuple(range(len(frame.cells)))
    run = Run()
    for places in (tuple(needed(frame.names, frame.roles, [task.place, *task.tests])), whole):
        run = run_cells(frame, places, server, limits)
        expected = {test: score for test in task.tests if (score := run.scores.get(test))}
        if len(expected) == len(task.tests):
            return _Excerpt(places, expected, short_limits(limits, run.seconds.values()))
    return _Excerpt(
        whole, {test: score for test in task.tests if (score := run.scores.get(test))}, short_limits(limits, run.seconds.values())
    )


def _judge(task: _Task, excerpt: _Excerpt, mutant: Mutant, server: ForkServer) -> JudgedMutant:
    run = run_cells(task.frame, excerpt.places, server, excerpt.limits, changed={task.place: mutant.source})
    stopped = run.stopped
    tests = list(excerpt.expected)
    killed = [test for test in tests if test in run.scores and (run.scores[test] or 0.0) < excerpt.expected[test]]
    if stopped is not None:
        killed += [test for test in tests if test == stopped or (stopped <= task.place and test > stopped)]
        tests = [test for test in tests if test in run.scores or test in killed]
        if (
            not killed and task.place < stopped
        ):  # a cell between them that needs the answer: no test of its own, and nothing else came of it
            killed = tests = [test for test in excerpt.expected if test > stopped]
    name = task.frame.name
    return JudgedMutant(
        id=mutant.id,
        notebook=task.frame.notebook.name,
        cell=mutant.cell,
        operator=mutant.operator,
        line=mutant.line,
        diff=mutant.diff,
        outcome="timeout" if stopped is not None and killed else "killed" if killed else "survived",
        reason=run.why if stopped is not None else next((run.failed[test] for test in killed if test in run.failed), ""),
        killed_by=tuple(map(name, killed)),
        slipped_past=tuple(name(test) for test in tests if test not in killed),
    )


def _excuses(task: _Task, excerpt: _Excerpt, alive: frozenset[tuple[str, str]], server: ForkServer) -> dict[tuple[str, str], str]:
    """Return why survivors of an answer cell are taken for equivalent.

    Args:
        alive: notebook and id of the mutants that are asked about.
    """
    notebook = task.frame.notebook.name
    survivors = tuple(each for each in task.mutants if (notebook, each.id) in alive)
    if not survivors:
        return {}
    before = tuple(place for place in excerpt.places if place < task.place and task.frame.roles[place] != "test")
    found = find_equivalent(Suspects(task.frame, task.place, task.tests, before, survivors, excerpt.limits), server)
    return {(notebook, key): why for key, why in found.items()}


def _with_accepted(
    judged: list[JudgedMutant], accepted: Sequence[AcceptedMutant], *, only: str | None
) -> tuple[list[JudgedMutant], list[str]]:
    """Return the mutants with those accepted that survived, and the entries that stand for none."""
    entries = {(each.notebook, each.cell, each.mutant): each for each in accepted if only in {None, each.cell}}
    found: list[JudgedMutant] = []
    used: set[tuple[str, str, str]] = set()
    for mutant in judged:
        key = (mutant.notebook, mutant.cell, mutant.id)
        if key in entries and not mutant.is_killed:
            used.add(key)
            found.append(mutant.model_copy(update={"outcome": "accepted", "reason": entries[key].reason}))
        else:
            found.append(mutant)
    killed = {(each.notebook, each.cell, each.id) for each in judged if each.is_killed}
    stale = [
        f"{key[0]}.ipynb, {key[1]}: {key[2]} is killed by a test now"
        if key in killed
        else f"{key[0]}.ipynb, {key[1]}: {key[2]} is no mutant of the cell any more"
        for key in entries
        if key not in used
    ]
    return found, stale


def _answer_score(task: _Task, judged: Sequence[JudgedMutant]) -> NamedScore:
    notebook, cell = task.frame.notebook.name, task.frame.name(task.place)
    own = [each for each in judged if (each.notebook, each.cell) == (notebook, cell)]
    return NamedScore(notebook=notebook, cell=cell, score=score_of(own))


def _test_scores(tasks: Sequence[_Task], judged: Sequence[JudgedMutant]) -> Iterable[NamedScore]:
    names = dict.fromkeys((task.frame.notebook.name, task.frame.name(test)) for task in tasks for test in task.tests)
    for notebook, name in names:
        yield NamedScore(notebook=notebook, cell=name, score=test_score(name, notebook, judged))
