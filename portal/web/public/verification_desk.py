"""Keeps look-ups and drawings from taking the portal away from everybody else: few at once, each for a limited time, each address so often.

What is done in these threads is the site's own: they cannot be stopped, so no stranger's file comes here. Those have processes (`portal.web.checking`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from portal.web.checking.errors import DeskBusyError

__all__ = ["DeskBusyError", "TokenBuckets", "VerificationDesk"]

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 4
_WAITING = 32
_LOOKING_THREADS, _LOOKING_WAITING = 2, 200
"""For what the ledger has: it takes milliseconds, and waits for no drawing."""
_LIMIT_S = 25.0
_MOST_ADDRESSES = 20_000


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
    """Threads for what the site itself has: drawings, and look-ups in the ledger."""

    def __init__(self, *, submitting: TokenBuckets | None = None, looking: TokenBuckets | None = None) -> None:
        self._drawing = _Queue(_THREADS, _WAITING, "draw")
        self._own = _Queue(_LOOKING_THREADS, _LOOKING_WAITING, "look")
        self.submitting = submitting or TokenBuckets(burst=120, per_second=2)
        """For what is sent in, and for links that are fetched."""
        self.looking = looking or TokenBuckets(burst=2000, per_second=500)
        """For what the ledger has."""

    async def work(self, task: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return what `task` returns, which draws.

        Raises:
            DeskBusyError: too many wait, or it takes too long.
        """
        return await self._drawing.work(partial(task, *arguments, **named))

    async def look(self, task: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return what `task` returns, which checks a credential of the ledger.

        Raises:
            DeskBusyError: too many wait, or it takes too long.
        """
        return await self._own.work(partial(task, *arguments, **named))


class _Queue:
    """Threads, and who waits for them."""

    def __init__(self, threads: int, waiting: int, name: str) -> None:
        self._workers = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._most, self._running = waiting, 0

    async def work(self, task: Callable[[], T]) -> T:
        if self._running >= self._most:
            raise DeskBusyError
        self._running += 1
        future = asyncio.get_running_loop().run_in_executor(self._workers, task)
        future.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(future), _LIMIT_S)
        except TimeoutError as slow:
            raise DeskBusyError from slow

    def _done(self, future: asyncio.Future[T]) -> None:
        self._running -= 1
        if not future.cancelled():
            future.exception()  # looked at, so that what fails after its sender left is no warning
