"""Keeps verification of what strangers send from taking the portal away from everybody else: few at once, each for a limited time, each address so often.

A thread cannot be stopped: what takes too long goes on in its thread while its sender is told, which is why verification has threads of its own.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 4
_WAITING = 32
_LIMIT_S = 25.0
_MOST_ADDRESSES = 20_000


class DeskBusyError(Exception):
    """Too many credentials wait to be checked, or this one takes too long."""


class TokenBuckets:
    """So many requests of one address at once, and so many a second from then on."""

    def __init__(self, *, burst: float, per_second: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Tokens left, and when that was so, by address; those not seen for longest first."""

    def take(self, address: str, now_s: float) -> bool:
        """Return whether an address may go on now, and count it.

        Args:
            now_s: seconds of a clock that only goes forward.
        """
        left, then = self._buckets.pop(address, (self._burst, now_s))
        left = min(self._burst, left + (now_s - then) * self._per_second)
        may = left >= 1
        self._buckets[address] = (left - 1 if may else left, now_s)
        while len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return may


class VerificationDesk:
    """Threads of its own for verification."""

    def __init__(self, *, submitting: TokenBuckets | None = None, looking: TokenBuckets | None = None) -> None:
        self._workers = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="verify")
        self._running = 0
        self.submitting = submitting or TokenBuckets(burst=120, per_second=2)
        """For what is sent in, and for links that are fetched."""
        self.looking = looking or TokenBuckets(burst=2000, per_second=500)
        """For what the ledger has."""

    async def work(self, task: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return what `task` returns.

        Raises:
            DeskBusyError: too many wait, or it takes too long.
        """
        if self._running >= _WAITING:
            raise DeskBusyError
        self._running += 1
        future = asyncio.get_running_loop().run_in_executor(self._workers, partial(task, *arguments, **named))
        future.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(future), _LIMIT_S)
        except TimeoutError as slow:
            raise DeskBusyError from slow

    def _done(self, future: asyncio.Future[T]) -> None:
        self._running -= 1
        if not future.cancelled():
            future.exception()  # looked at, so that what fails after its sender left is no warning
