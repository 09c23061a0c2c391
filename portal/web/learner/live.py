"""Tells open pages that something of a learner's work changed: one look a second at all that is watched, however many watch it, and none while nobody does.

Where a course's files did not change since the last look, nothing is read.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.extensions import granted_rule
from autograder.records import FILE_NAME, open_records, records_url
from courses.attempts import LAST
from courses.errors import DiagnosedError
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.release import load_released_manifest
from courses.settings import Site
from issuer.standing import released_root
from portal.attempt_states import AssignmentState, read_state

PERIOD_S = 1.0


@dataclass(frozen=True, slots=True)
class Watched:
    """One learner's work at one assignment."""

    course: str
    learner: str
    assignment: str


@dataclass(frozen=True, slots=True)
class Seen:
    """How it stands."""

    mark: str
    """Of `mark_of`: another one means that a page shows something else now."""
    is_done: bool
    """Whether nothing will change until somebody does something, and the gradebook shows it."""


Look = Callable[[Collection[Watched]], Mapping[Watched, Seen]]


def mark_of(state: AssignmentState) -> str:
    """Return a short text that differs where the state differs."""
    told = ";".join(f"{each.number} {each.stage.value} {each.result.id if each.result else ''}" for each in state.attempts)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


class SiteLook:
    """Looks at the courses of a site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._opened: dict[str, tuple[int, NbgraderCourse]] = {}
        self._seen: dict[str, tuple[tuple[int, ...], dict[Watched, Seen]]] = {}

    def __call__(self, watched: Collection[Watched]) -> Mapping[Watched, Seen]:
        """Return how each stands now; what cannot be read is left out."""
        found: dict[Watched, Seen] = {}
        for course in {each.course for each in watched}:
            wanted = [each for each in watched if each.course == course]
            try:
                found |= self._course(course, wanted)
            except DiagnosedError:  # locked, or being released anew: the next look tells
                continue
        return found

    def _course(self, course: str, wanted: Collection[Watched]) -> Mapping[Watched, Seen]:
        root = released_root(self._site, course)
        directory = self._open(course, root)
        files = _changes(directory)
        before, seen = self._seen.get(course, ((), {}))
        known = seen if files and files == before else {}
        missing = [each for each in wanted if each not in known]
        now = {each: known[each] for each in wanted if each in known} | (_read(directory, missing) if missing else {})
        self._seen[course] = (files, now)
        return now

    def _open(self, course: str, root: Path) -> NbgraderCourse:
        release = _ns(root / "current-release.json")
        if course not in self._opened or self._opened[course][0] != release:
            self._opened[course] = (release, open_course(root))
        return self._opened[course][1]


def _read(directory: NbgraderCourse, watched: Collection[Watched]) -> dict[Watched, Seen]:
    manifest = load_released_manifest(directory.root)
    found = {}
    with open_records(directory) as session:
        for each in watched:
            assessment = manifest.assessment(each.assignment)
            rule = granted_rule(directory.root, each.assignment, assessment.attempt_rule if assessment else LAST)
            state = read_state(directory, session, each.learner, each.assignment, rule)
            found[each] = Seen(mark_of(state), state.is_settled)
    return found


def _changes(directory: NbgraderCourse) -> tuple[int, ...]:
    """Return when the files were changed that a state follows from; empty if the records are not in a file."""
    if not records_url(directory).startswith("sqlite"):
        return ()
    records = directory.root / FILE_NAME
    inbound = directory.exchange / directory.course_id / "inbound"
    return (_ns(inbound), _ns(records), _ns(records.with_name(f"{FILE_NAME}-wal")))


def _ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


class LiveStates:
    """Who watches what, and the one task that looks for all of them.

    Args:
        look: blocks; it is called beside the loop.
        compute: runs it there.
    """

    def __init__(self, look: Look, compute: Callable[..., Awaitable[Mapping[Watched, Seen]]], *, period_s: float = PERIOD_S) -> None:
        self._look, self._compute, self._period_s = look, compute, period_s
        self._queues: dict[Watched, list[asyncio.Queue[Seen]]] = {}
        self._last: dict[Watched, Seen] = {}
        self._task: asyncio.Task[None] | None = None

    def streams_of(self, learner: str) -> int:
        """Return how many pages of a learner's are being told."""
        return sum(len(queues) for each, queues in self._queues.items() if each.learner == learner)

    @property
    def streams(self) -> int:
        """How many pages are being told."""
        return sum(map(len, self._queues.values()))

    @asynccontextmanager
    async def watching(self, watched: Watched) -> AsyncIterator[asyncio.Queue[Seen]]:
        """Yield a queue of how it stands: now, and at each change."""
        queue: asyncio.Queue[Seen] = asyncio.Queue()
        self._queues.setdefault(watched, []).append(queue)
        if watched in self._last:
            queue.put_nowait(self._last[watched])
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
        try:
            yield queue
        finally:
            self._queues[watched].remove(queue)
            if not self._queues[watched]:
                del self._queues[watched]
                self._last.pop(watched, None)

    async def _run(self) -> None:
        while self._queues:
            found = await self._compute(self._look, tuple(self._queues))
            for watched, seen in found.items():
                if watched in self._queues and self._last.get(watched) != seen:
                    self._last[watched] = seen
                    for queue in self._queues[watched]:
                        queue.put_nowait(seen)
            await asyncio.sleep(self._period_s)
