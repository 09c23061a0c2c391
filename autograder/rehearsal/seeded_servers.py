"""Fork servers whose sets are ordered otherwise: what a solution earns must not depend on the order in which Python happens to keep a set."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from autograder.execution.fork_server import ForkServer
from autograder.sealed.grading import CANDIDATE, EXAMINER, SealedServers

_FIRST_UID, _UIDS = 230_000, 10_000
"""Above those of grading's own candidates and examiners."""


@dataclass(frozen=True, slots=True)
class SeededServers:
    """Both sides' fork servers with one hash seed."""

    hash_seed: int
    servers: SealedServers


@contextlib.contextmanager
def seeded_servers(modules: Sequence[str], count: int) -> Iterator[tuple[SeededServers, ...]]:
    """Yield `count` pairs of fork servers with the hash seeds 1, 2, …

    Args:
        modules: what they load before the first fork.

    Raises:
        SandboxMissingError: one does not start.
    """
    with contextlib.ExitStack() as running:

        def start(number: int) -> ForkServer:
            extension = (CANDIDATE, EXAMINER)[number % 2]
            return ForkServer(modules, extension=extension, first_uid=_FIRST_UID + number * _UIDS, hash_seed=number // 2 + 1)

        with ThreadPoolExecutor(max_workers=max(1, 2 * count)) as pool:
            starting = [pool.submit(start, number) for number in range(2 * count)]
        for each in starting:
            if each.exception() is None:
                running.enter_context(each.result())
        started = [each.result() for each in starting]
        yield tuple(SeededServers(place + 1, SealedServers(started[2 * place], started[2 * place + 1])) for place in range(count))
