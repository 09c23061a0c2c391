"""Whose turn it is: so many at once, of one asker fewer, the one who has least at work first; whoever waits too long is told to come back.

However many places some askers hold, who comes newly waits for one turn to end, not for a queue: where all places are taken, the last that waits of who has most of
them gives way (fair queueing; P. E. McKenney, Stochastic Fairness Queueing, 1990, drops from the longest queue).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from portal.web.checking.errors import CheckTooLongError, DeskBusyError


@dataclass(eq=False, slots=True)
class _Ticket:
    asker: str
    turn: asyncio.Future[bool]
    """True: it is their turn. False: they gave way."""
    is_at_work: bool = False


class Turns:
    """Turns at something that takes long. One asker gets at most half of the places, at work and in the queue, unless there is one place only."""

    def __init__(self, *, at_once: int, waiting: int, time_s: float) -> None:
        """Begin with nobody there.

        Args:
            at_once: how many are at work.
            waiting: how many are at work or wait.
            time_s: how long one may take, in seconds, from when it is asked for.
        """
        self._at_once, self._waiting, self._time_s = at_once, waiting, time_s
        self._at_once_of_one, self._waiting_of_one = max(1, at_once // 2), max(1, waiting // 2)
        self._at_work: Counter[str] = Counter()
        self._queue: list[_Ticket] = []
        """Who waits, in the order in which they came."""

    @asynccontextmanager
    async def take(self, asker: str) -> AsyncIterator[None]:
        """Wait until it is the asker's turn; what takes too long then is broken off.

        Raises:
            DeskBusyError: too many wait, or too many of this asker's.
            CheckTooLongError: it took too long once it was begun.
        """
        ticket = self._enter(asker)
        try:
            async with asyncio.timeout(self._time_s):
                if not await ticket.turn:
                    raise DeskBusyError
                yield
        except TimeoutError as late:
            raise (CheckTooLongError if ticket.is_at_work else DeskBusyError) from late
        finally:
            self._leave(ticket)

    def _enter(self, asker: str) -> _Ticket:
        here = self._here()
        if here[asker] >= self._waiting_of_one:
            raise DeskBusyError
        if here.total() >= self._waiting:
            self._make_room(here, asker)
        ticket = _Ticket(asker, asyncio.get_running_loop().create_future())
        self._queue.append(ticket)
        self._begin()
        return ticket

    def _leave(self, ticket: _Ticket) -> None:
        if ticket.is_at_work:
            self._at_work[ticket.asker] -= 1
            self._at_work += Counter()  # forgets who has none
        elif ticket in self._queue:
            self._queue.remove(ticket)
        self._begin()

    def _here(self) -> Counter[str]:
        return self._at_work + Counter(each.asker for each in self._queue)

    def _make_room(self, here: Counter[str], asker: str) -> None:
        """Send away the last that waits of who has most places here.

        Raises:
            DeskBusyError: nobody has more than this asker would have.
        """
        last = max(reversed(self._queue), key=lambda each: here[each.asker], default=None)
        if last is None or here[last.asker] <= here[asker] + 1:
            raise DeskBusyError
        self._queue.remove(last)
        if not last.turn.done():  # otherwise they gave up in this moment
            last.turn.set_result(False)

    def _begin(self) -> None:
        """Let those begin for whom there are places."""
        while self._at_work.total() < self._at_once:
            able = [each for each in self._queue if self._at_work[each.asker] < self._at_once_of_one]
            if not able:
                return
            first = min(able, key=lambda each: self._at_work[each.asker])
            self._queue.remove(first)
            if not first.turn.done():  # otherwise they gave up in this moment
                first.is_at_work = True
                self._at_work[first.asker] += 1
                first.turn.set_result(True)
