"""Whose turn it is: so many at once, of one asker fewer, and whoever waits too long is told to come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from portal.web.checking.errors import CheckTooLongError, DeskBusyError


@dataclass(slots=True)
class _Asker:
    slots: asyncio.Semaphore
    here: int = 0
    """What of theirs is done or waits."""


class Turns:
    """Turns at something that takes long. One asker gets at most half of the places, at work and in the queue, unless there is one place only."""

    def __init__(self, *, at_once: int, waiting: int, time_s: float) -> None:
        """Begin with nobody there.

        Args:
            at_once: how many are at work.
            waiting: how many are at work or wait.
            time_s: how long one may take, in seconds, from when it is asked for.
        """
        self._slots, self._waiting, self._time_s = asyncio.Semaphore(at_once), waiting, time_s
        self._slots_of_one, self._waiting_of_one = max(1, at_once // 2), max(1, waiting // 2)
        self._here = 0
        self._askers: dict[str, _Asker] = {}

    @asynccontextmanager
    async def take(self, asker: str) -> AsyncIterator[None]:
        """Wait until it is the asker's turn; what takes too long then is broken off.

        Raises:
            DeskBusyError: too many wait, or too many of this asker's.
            CheckTooLongError: it took too long once it was begun.
        """
        mine = self._askers.get(asker) or _Asker(asyncio.Semaphore(self._slots_of_one))
        if self._here >= self._waiting or mine.here >= self._waiting_of_one:
            raise DeskBusyError
        self._askers[asker] = mine
        self._here += 1
        mine.here += 1
        is_begun = False
        try:
            async with asyncio.timeout(self._time_s), mine.slots, self._slots:
                is_begun = True
                yield
        except TimeoutError as late:
            raise (CheckTooLongError if is_begun else DeskBusyError) from late
        finally:
            self._here -= 1
            mine.here -= 1
            if not mine.here:
                del self._askers[asker]
