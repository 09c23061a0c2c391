"""Runs grading jobs on a Dask cluster: each on a worker that has shown that it may, handed out by us one by one, begun anew when its worker is lost.

Dask carries bytes and calls two functions by name; which worker gets which job, how often and how long is decided here, by the same rules as on one
machine. Only this file imports Dask.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.errors import ClusterError
from autograder.jobs import AssignmentSource, GradingJob, GradingResult
from autograder.scheduling import cluster_worker
from autograder.scheduling.cluster_worker import Admission, Demands
from autograder.scheduling.dispatch import Dispatch, Errand, deadline_s
from autograder.scheduling.protocol import Tick
from autograder.scheduling.shipping import pack_folder
from autograder.scheduling.worker import Answer, broken, maximum_answer_bytes, order_json
from courses.errors import DiagnosedError

_TICK_S, _LOOK_S, _CONNECT_S, _ANSWER_S = 0.2, 1.0, 10.0, 60.0
_ADMISSION_S = 180.0
_GO_ON = "What was graded is kept: run the same command again to go on."


Future = Any
"""Dask's; it has no types."""


@dataclass(slots=True)
class _Worker:
    address: str
    threads: int
    is_good: bool = False
    refusal: str = ""
    since: float = field(default_factory=time.monotonic)
    """When it last answered, or was given something to do while idle."""


class ClusterScheduler:
    """Grades on the Dask cluster whose scheduler listens at `address`.

    Args:
        demands: what workers must be; the source in it is replaced by that of each call.
        patience_s: how long to wait for a worker where there is none (any more).
    """

    def __init__(self, address: str, demands: Demands, *, patience_s: float = 30.0) -> None:
        self._address, self._demands, self._patience_s = address, demands, patience_s

    def grade(
        self, source: AssignmentSource, jobs: Iterable[GradingJob], *, tick: Tick = lambda: None
    ) -> Generator[tuple[int, GradingResult], None, None]:
        """Yield each job's index and result; see `Scheduler`."""
        client = _connect(self._address)
        try:
            demands = self._demands.model_copy(update={"source": source})
            yield from _Run(client, self._address, demands, Dispatch(jobs), self._patience_s).go(tick)
        finally:
            client.close(timeout=2)


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as missing:
        raise ClusterError(
            "grading on a cluster needs Dask, which is not installed here", where="--cluster", remedy="pip install 'patunay[cluster]'"
        ) from missing
    try:
        client: Any = Client  # it has no types
        return client(address, timeout=_CONNECT_S, set_as_default=False, direct_to_workers=False)
    except (OSError, ValueError, TimeoutError) as silent:
        raise ClusterError(
            f"no Dask scheduler answers at {address!r}: {str(silent) or type(silent).__name__}",
            where="--cluster",
            remedy="Start one with `dask scheduler`, check the address, or leave --cluster out to grade on this machine.",
        ) from silent


class _Run:
    """One call of `grade`."""

    def __init__(self, client: Any, address: str, demands: Demands, dispatch: Dispatch, patience_s: float) -> None:
        self._client, self._address, self._dispatch, self._patience_s = client, address, dispatch, patience_s
        source = demands.source
        self._cargo = (
            client.submit(cluster_worker.keep, demands.model_dump_json().encode()),
            client.submit(cluster_worker.keep, pack_folder(Path(source.folder), ignored=source.ignored)),
        )
        self._ignored = source.ignored
        self._workers: dict[str, _Worker] = {}
        self._answers: queue.SimpleQueue[tuple[str, int | None, Future]] = queue.SimpleQueue()
        """Address, index of the job (None: an admission), future."""
        self._futures: dict[tuple[str, int | None], Future] = {}
        self._limit_s, self._answer_bytes = 0.0, 0
        self._looked, self._had_worker = 0.0, time.monotonic()

    def go(self, tick: Tick) -> Iterator[tuple[int, GradingResult]]:
        """Yield results until every job has one."""
        while not self._dispatch.is_done:
            tick()
            if time.monotonic() - self._looked >= _LOOK_S:
                yield from self._look()
            for worker in [each for each in self._workers.values() if each.is_good]:
                yield from self._fill(worker)
            yield from self._hear()

    def _look(self) -> Iterator[tuple[int, GradingResult]]:
        """See which workers came and went, which hang, and whether there is any."""
        threads = self._ask_scheduler()
        self._looked = time.monotonic()
        for address in [each for each in self._workers if each not in threads]:
            yield from self._lose(address, "left the cluster, or died")
            del self._workers[address]
        for address, count in threads.items():
            if address not in self._workers:
                self._workers[address] = _Worker(address, count)
                self._submit(address, None, cluster_worker.admit)
        for worker in self._workers.values():
            limit = self._limit_s if worker.is_good else _ADMISSION_S
            is_asked = self._dispatch.held_by(worker.address) > 0 if worker.is_good else not worker.refusal
            if is_asked and self._looked - worker.since > limit:
                worker.is_good, worker.refusal = False, "it did not answer in time"
                yield from self._lose(worker.address, "did not answer in time")
        self._require_worker()

    def _ask_scheduler(self) -> dict[str, int]:
        """Return the threads of each worker of the cluster.

        Raises:
            ClusterError: the scheduler cannot be reached any more.
        """
        try:
            if self._client.status != "running":
                raise OSError(f"the connection is {self._client.status}")
            return dict(self._client.sync(self._client.scheduler.ncores, callback_timeout=_ANSWER_S))
        except (OSError, TimeoutError) as lost:
            raise ClusterError(
                f"the connection to the Dask scheduler at {self._address} was lost: {str(lost) or type(lost).__name__}",
                where="--cluster",
                remedy=_GO_ON,
            ) from lost

    def _require_worker(self) -> None:
        now = time.monotonic()
        if any(not worker.refusal for worker in self._workers.values()):
            self._had_worker = now
        elif now - self._had_worker > self._patience_s:
            told = "\n".join(f"- {worker.address}: {worker.refusal}" for worker in self._workers.values())
            raise ClusterError(
                f"no worker of the cluster may grade:\n{told}" if told else "the cluster has no workers (any more)",
                where=self._address,
                remedy=f"Start workers with the environment of this machine: `dask worker {self._address}`. {_GO_ON}",
            )

    def _fill(self, worker: _Worker) -> Iterator[tuple[int, GradingResult]]:
        while (held := self._dispatch.held_by(worker.address)) <= worker.threads:
            errand = self._dispatch.hand_out(worker.address, now=datetime.now(UTC).isoformat())
            if errand is None:
                return
            if not held:
                worker.since = time.monotonic()
            self._limit_s, self._answer_bytes = deadline_s(errand.job), maximum_answer_bytes(errand.job)
            try:
                submission = pack_folder(Path(errand.job.submission), ignored=self._ignored)
            except DiagnosedError as refused:
                yield from self._finish(worker, errand, GradingResult(status="failed", reason=str(refused)))
            except OSError as unreadable:
                yield from self._finish(worker, errand, broken(unreadable))
            else:
                order = order_json(errand.index, errand.job)
                self._submit(worker.address, errand.index, cluster_worker.grade, order, submission, worker.address)

    def _finish(self, worker: _Worker, errand: Errand, result: GradingResult) -> Iterator[tuple[int, GradingResult]]:
        if self._dispatch.finish(worker.address, errand.index) is not None:
            yield errand.index, errand.stamped(result)

    def _submit(self, address: str, index: int | None, task: Callable[..., bytes], *more: Any) -> None:
        future = self._client.submit(task, *self._cargo, *more, workers=[address], allow_other_workers=False, pure=False, retries=0)
        self._futures[address, index] = future
        future.add_done_callback(lambda done: self._answers.put((address, index, done)))

    def _hear(self) -> Iterator[tuple[int, GradingResult]]:
        """Wait a moment for answers, and take what there is."""
        try:
            address, index, future = self._answers.get(timeout=_TICK_S)
        except queue.Empty:
            return
        worker, expected = self._workers.get(address), self._futures.get((address, index))
        if worker is None or expected is None or expected is not future:
            return  # of a job that was taken back, or a worker that was lost
        del self._futures[address, index]
        worker.since = time.monotonic()
        if index is None:
            self._admit(worker, future)
            return
        try:
            data = future.result(timeout=_ANSWER_S)
            if not isinstance(data, bytes) or len(data) > self._answer_bytes:
                raise ValueError("not the bytes of an answer")
            answer = Answer.model_validate_json(data)
        except Exception as failure:  # noqa: BLE001 - whatever a task raised, or Dask when its worker went; the job is begun anew elsewhere
            yield from self._lose(address, f"failed: {type(failure).__name__}: {failure}"[:500])
            return
        if answer.result is None or answer.index != index:
            yield from self._lose(address, answer.lost or "gave no result")
        elif (errand := self._dispatch.finish(address, index)) is not None:
            yield index, errand.stamped(answer.result)

    def _admit(self, worker: _Worker, future: Future) -> None:
        try:
            admission = Admission.model_validate_json(future.result(timeout=_ANSWER_S))
        except Exception as failure:  # noqa: BLE001 - a worker without patunay, or of another version, raises what it likes
            admission = Admission(refusal=f"it cannot run patunay: {type(failure).__name__}: {failure}"[:2000])
        worker.refusal, worker.is_good = admission.refusal, not admission.refusal

    def _lose(self, address: str, why: str) -> Iterator[tuple[int, GradingResult]]:
        """Take back what a worker held."""
        for key in [key for key in self._futures if key[0] == address]:
            self._futures.pop(key).cancel()
        for errand in self._dispatch.lose(address, why):
            yield errand.index, errand.given_up()
