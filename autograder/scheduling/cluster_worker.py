"""What runs in a Dask worker: it takes a source once, keeps engines for it, and grades jobs; bytes in, JSON bytes out.

The engines of a source live as long as the worker's process, or until other sources need the room; learners' code runs in their forks, behind the
same layers as on one machine. This file is called by name: Dask sends no code of ours.
"""

from __future__ import annotations

import atexit
import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from autograder.execution.engines import Assurance, Engine, EngineRoom, Ready
from autograder.jobs import AssignmentSource, GradingJob
from autograder.scheduling.environment import differences, worker_environment
from autograder.scheduling.shipping import unpack_folder
from autograder.scheduling.worker import Answer, Order, answer_json
from autograder.wire_value import WireValue
from courses.errors import DiagnosedError
from courses.scratch import ScratchFolder

_KEPT_SOURCES = 3


class Demands(WireValue):
    """What a worker must be and do to take part in a run."""

    environment: dict[str, str]
    engine: Engine
    assurance: Assurance
    sandbox_required: bool
    source: AssignmentSource
    """Its `folder` is the coordinator's; the worker puts its own in place."""


class Admission(WireValue):
    """A worker's answer to the demands."""

    refusal: str = Field(default="", max_length=4000)
    """Why it may not take part; empty if it may."""
    sandbox: str = Field(default="", max_length=1000)


@dataclass(slots=True)
class _Bench:
    """What a source is graded with."""

    scratch: ScratchFolder
    room: EngineRoom
    source: AssignmentSource
    users: int = 0

    def close(self) -> None:
        self.room.close()
        self.scratch.cleanup()


_benches: dict[str, _Bench] = {}
_lock = threading.Lock()


def keep(cargo: bytes) -> bytes:
    """Return `cargo`: as a task of its own it lies on the worker once, and is made again if its worker is lost."""
    return cargo


def admit(demands: bytes, files: bytes) -> bytes:
    """Return the `Admission` as JSON; engines are started on the way, so that the first job need not wait."""
    asked = Demands.model_validate_json(demands)
    differing = differences(asked.environment, worker_environment())
    if differing:
        return Admission(refusal="it has another environment: " + "; ".join(differing)).model_dump_json().encode()
    try:
        with _Use(demands, files) as bench:
            return Admission(sandbox=bench.room.prepare(bench.source).sandbox).model_dump_json().encode()
    except (DiagnosedError, OSError, ValueError) as refused:
        return Admission(refusal=str(refused)[:4000]).model_dump_json().encode()


def grade(demands: bytes, files: bytes, order: bytes, submission: bytes, name: str) -> bytes:
    """Grade one job and return the `Answer` as JSON."""
    asked = Order.model_validate_json(order)
    with _Use(demands, files) as bench, ScratchFolder("job") as scratch:
        try:
            folder = Path(scratch, "submission")
            unpack_folder(submission, folder)
            with _lock:
                ready: Ready = bench.room.prepare(bench.source)
        except (DiagnosedError, OSError, ValueError) as refused:
            return Answer(index=asked.index, lost=f"could not begin: {refused}"[:1000]).model_dump_json().encode()
        job = GradingJob.model_validate({**asked.job, "source": bench.source, "submission": str(folder)})
        return answer_json(asked.index, job, ready, worker=name)


class _Use:
    """A source's bench while something is done on it; the oldest idle ones are given up for new sources."""

    def __init__(self, demands: bytes, files: bytes) -> None:
        self._demands, self._files = demands, files
        self._key = hashlib.sha256(hashlib.sha256(demands).digest() + hashlib.sha256(files).digest()).hexdigest()

    def __enter__(self) -> _Bench:
        with _lock:
            if self._key not in _benches:
                self._make_room()
                _benches[self._key] = self._set_up()
            bench = _benches[self._key]
            bench.users += 1
            return bench

    def __exit__(self, *_: object) -> None:
        with _lock:
            _benches[self._key].users -= 1

    def _make_room(self) -> None:
        if not _benches:
            atexit.register(close_all)
        for key in [key for key, bench in _benches.items() if not bench.users][: max(0, len(_benches) + 1 - _KEPT_SOURCES)]:
            _benches.pop(key).close()

    def _set_up(self) -> _Bench:
        asked = Demands.model_validate_json(self._demands)
        scratch = ScratchFolder("source")
        unpack_folder(self._files, Path(scratch.name, "source"))
        room = EngineRoom(asked.engine, sandbox_required=asked.sandbox_required, assurance=asked.assurance)
        source = asked.source.model_copy(update={"folder": str(Path(scratch.name, "source"))})
        return _Bench(scratch, room, source)


def close_all() -> None:
    """End all engines of this process."""
    with _lock:
        while _benches:
            _benches.popitem()[1].close()
