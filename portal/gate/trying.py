"""Runs assignments as deep as is wanted: plan, variants, rehearsal, mutants. What was run before of the very same sources is not run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import SandboxMissingError
from autograder.execution.engines import EngineRoom
from autograder.execution.installed import describe_environment
from autograder.execution.preloading import imports_of
from autograder.jobs import AssignmentSource, Limits
from autograder.mutation.accepted import AcceptedMutant
from autograder.mutation.mutating import mutate_assignment
from autograder.planning import environment_digest
from autograder.rehearsal import rehearse
from autograder.rehearsal.full_rehearsal import RUNS, rehearse_fully
from autograder.rehearsal.seeded_servers import SeededServers, seeded_servers
from autograder.sealed.grading import SealedServers
from autograder.sealed.plan import Mode
from autograder.variant_rehearsal import rehearse_variants
from portal.gate.kept_trials import find_trial, keep_trial, trial_key
from portal.gate.report import DEPTHS, Depth, Trial

Progress = Callable[[int, int], None]


def _silent(_done: int, _all: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Told:
    """Whom to tell how far the gate is."""

    rehearsing: Progress = _silent
    mutating: Progress = _silent
    say: Callable[[str], None] = lambda _: None


NOBODY = Told()


@dataclass(frozen=True, slots=True)
class Work:
    """One assignment to run."""

    source: AssignmentSource
    limits: Limits
    choices: Mapping[str, Mode] = field(default_factory=dict)
    accepted: tuple[AcceptedMutant, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much is run."""

    depth: Depth = "mutation"
    runs: int = RUNS
    """How often the reference solution is run in the rehearsal."""
    is_fresh: bool = False
    """Whether what is kept is left aside."""


def try_assignments(works: Sequence[Work], course_root: Path, wanted: Wanted, told: Told = NOBODY) -> dict[str, Trial]:
    """Return what running each assignment gave, by its name, and keep it in the course directory.

    Raises:
        SandboxMissingError: no kernel can be forked here.
        StorageError: it cannot be kept, or a source holds a link.
    """
    environment = environment_digest(describe_environment())
    keys = [
        trial_key(each.source, each.limits, environment=environment, choices=each.choices, runs=wanted.runs, accepted=each.accepted)
        for each in works
    ]
    kept = [
        None if wanted.is_fresh else find_trial(course_root, each.source.assignment, key) for each, key in zip(works, keys, strict=True)
    ]
    if all(each is not None and _is_enough(each, wanted.depth) for each in kept):
        return {each.plan.assignment: each for each in kept if each is not None}
    found = {}
    with ExitStack() as running:
        servers = _servers(running.enter_context(EngineRoom()), works)
        seeded: tuple[SeededServers, ...] = ()
        if wanted.depth in DEPTHS[2:] and wanted.runs > 1 and not all(each and each.rehearsal for each in kept):
            seeded = running.enter_context(seeded_servers(imports_of([each.source for each in works]), min(2, wanted.runs - 1)))
        for work, key, before in zip(works, keys, kept, strict=True):
            bench = _Bench(servers, seeded, environment, wanted, told)
            trial = before if before is not None and _is_enough(before, wanted.depth) else bench.run(work, key, before)
            keep_trial(course_root, trial)
            found[work.source.assignment] = trial
    return found


def _is_enough(trial: Trial, depth: Depth) -> bool:
    return DEPTHS.index(trial.depth) >= DEPTHS.index(depth)


def _servers(room: EngineRoom, works: Sequence[Work]) -> SealedServers:
    """Return fork servers that have loaded what all of the assignments use."""
    ready = [room.prepare(each.source) for each in (*works, *works)][-1]  # the second time round nothing is started anew
    if ready.server is None or ready.examiner is None:
        raise SandboxMissingError("no kernel can be forked here")
    return SealedServers(ready.server, ready.examiner)


@dataclass(frozen=True, slots=True)
class _Bench:
    """What every assignment is run with."""

    servers: SealedServers
    seeded: tuple[SeededServers, ...]
    environment: str
    wanted: Wanted
    told: Told

    def run(self, work: Work, key: str, before: Trial | None) -> Trial:
        """Return the assignment's trial, with what is known of it already."""
        name, servers, limits = work.source.assignment, self.servers, work.limits
        self.told.say(f"{name}: the reference solution and the untouched notebook are run")
        plan = before.plan if before else rehearse(
            work.source, servers, limits, environment_digest=self.environment, choices=work.choices
        )  # fmt: skip
        source = work.source.model_copy(update={"plan": plan})
        variants = before.variants if before else tuple(rehearse_variants(source, servers, limits))
        trial = Trial(key=key, plan=plan, variants=variants, rehearsal=before.rehearsal if before else None)
        if self.wanted.depth in DEPTHS[2:] and trial.rehearsal is None:
            self.told.say(f"{name}: rehearsed, {self.wanted.runs} times with the reference solution, and with answers that do not work")
            report = rehearse_fully(source, servers, limits, seeded=self.seeded, runs=self.wanted.runs, progress=self.told.rehearsing)
            trial = trial.model_copy(update={"rehearsal": report})
        if self.wanted.depth == "mutation":
            self.told.say(f"{name}: small mistakes are made in the reference solution")
            mutation = mutate_assignment(source, servers, limits, plan, accepted=work.accepted, progress=self.told.mutating)
            trial = trial.model_copy(update={"mutation": mutation})
        return trial
