"""A page that is told of changes does not hold up the end of the portal."""

from __future__ import annotations

import asyncio
import time

from portal.web.learner.events import first_of
from portal.web.learner.live import Seen

SEEN = Seen("a mark", is_done=False)


def waited(*, put: bool, ended: bool, patience_s: float) -> tuple[Seen | None, float]:
    async def wait() -> tuple[Seen | None, float]:
        queue, ending = asyncio.Queue[Seen](), asyncio.Event()
        if put:
            queue.put_nowait(SEEN)
        if ended:
            asyncio.get_running_loop().call_later(0.05, ending.set)
        started = time.monotonic()
        return await first_of(queue, ending, patience_s), time.monotonic() - started

    return asyncio.run(wait())


def test_what_changed_is_told_at_once() -> None:
    assert waited(put=True, ended=False, patience_s=60)[0] == SEEN


def test_the_end_of_the_portal_ends_the_waiting() -> None:
    seen, took_s = waited(put=False, ended=True, patience_s=60)
    assert seen is None
    assert took_s < 30


def test_where_nothing_happens_it_is_told_that_the_line_is_open() -> None:
    assert waited(put=False, ended=False, patience_s=0.05)[0] is None
