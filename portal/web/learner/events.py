"""Server-sent events of one assignment: `changed` when its state changed, `done` when nothing more will happen by itself; a comment now and then keeps the line open.

See WHATWG HTML, 9.2 Server-sent events. A page works without: it says that it can be loaded again.
"""

from __future__ import annotations

import asyncio
import time

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated

from portal.learner_work import Work, WorkStage
from portal.web.learner.learner_handler import LearnerHandler
from portal.web.learner.live import LiveStates, Seen, SiteLook, Watched, mark_of

LONGEST_S = 600.0
"""Then the browser asks anew, a while later."""
_AGAIN_MS = 15_000
_HEARTBEAT_S = 20.0
"""Proxies close a line on which nothing comes for a minute."""
MOST_STREAMS, MOST_OF_ONE = 1000, 4
_KEY = "live states"


def live_address(prefix_address: str, work: Work) -> str:
    """Return where a page's changes are told, empty where none will come by itself.

    Args:
        prefix_address: the address of the assignment's page.
    """
    is_open = work.stage in {WorkStage.QUEUED, WorkStage.RUNNING} or not work.state.is_settled
    return f"{prefix_address}/events?seen={mark_of(work.state)}" if is_open else ""


class EventsHandler(LearnerHandler):
    """The events of an assignment of the visitor's own."""

    is_live = True

    @authenticated
    async def get(self, course: str, assignment: str) -> None:
        """Tell what changes, for some minutes."""
        await self.own_work(course, assignment)
        states = self._states()
        if states.streams_of(self.learner) >= MOST_OF_ONE or states.streams >= MOST_STREAMS:
            raise HTTPError(429)
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        self.set_header("X-Accel-Buffering", "no")  # nginx
        self.set_header("Content-Encoding", "identity")  # a compressor would keep events back
        async with states.watching(Watched(course, self.learner, assignment)) as queue:
            await self._tell(queue, self.get_query_argument("seen", ""))

    async def _tell(self, queue: asyncio.Queue[Seen], shown: str) -> None:
        ends_at = time.monotonic() + LONGEST_S
        try:
            await self._send(f"retry: {_AGAIN_MS}\n\n")
            while (left := ends_at - time.monotonic()) > 0 and not self.portal.ending.is_set():
                seen = await first_of(queue, self.portal.ending, min(left, _HEARTBEAT_S))
                if seen is None:
                    await self._send(": still here\n\n")
                    continue
                if seen.is_done:
                    await self._send("event: done\ndata: done\n\n")
                    return
                if seen.mark != shown:
                    shown = seen.mark
                    await self._send(f"event: changed\ndata: {shown}\n\n")
        except StreamClosedError:
            return  # the page was closed

    async def _send(self, text: str) -> None:
        self.write(text)
        await self.flush()

    def _states(self) -> LiveStates:
        states = self.settings.get(_KEY)
        if not isinstance(states, LiveStates):
            states = self.settings[_KEY] = LiveStates(SiteLook(self.portal.site), self.compute)
        return states


async def first_of(queue: asyncio.Queue[Seen], ending: asyncio.Event, patience_s: float) -> Seen | None:
    """Return what comes next, None if nothing came so long, or the portal is told to end."""
    told, ended = asyncio.create_task(queue.get()), asyncio.create_task(ending.wait())
    try:
        await asyncio.wait((told, ended), timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        return told.result() if told.done() else None
    finally:
        told.cancel()
        ended.cancel()
