"""Open pages are told what changes: only their owner's, cheaply, and in a real browser."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from courses.settings import Site
from portal.web.learner.events import MOST_OF_ONE
from portal.web.learner.live import LiveStates, Seen, Watched
from portal.web.portal_site import Person
from tests.portal.grading_service.working_site import running_service, submit
from tests.portal.web.browser import running_browser
from tests.portal.web.running import RunningPortal, running_portal
from tests.small_site import COURSE

PEOPLE = (
    Person("ana", "learner", (f"nbgrader-{COURSE}",)),
    Person("ben", "learner", (f"nbgrader-{COURSE}",)),
    Person("mallory", "learner elsewhere", ("nbgrader-other",)),
)
ANA = Watched(COURSE, "ana", "basics")
BEN = Watched(COURSE, "ben", "basics")
PAGE = f"my/{COURSE}/basics"


class Board:
    """How things stand, and how often somebody looked."""

    def __init__(self) -> None:
        self.now: dict[Watched, Seen] = {}
        self.looks: list[set[Watched]] = []

    def look(self, watched: Collection[Watched]) -> Mapping[Watched, Seen]:
        self.looks.append(set(watched))
        return {each: self.now[each] for each in watched if each in self.now}


async def directly(look: Callable[[Collection[Watched]], Mapping[Watched, Seen]], watched: Collection[Watched]) -> Mapping[Watched, Seen]:
    return look(watched)


def live(board: Board) -> LiveStates:
    compute: Callable[..., Awaitable[Mapping[Watched, Seen]]] = directly
    return LiveStates(board.look, compute, period_s=0.01)


def test_each_watcher_hears_how_it_stands_and_then_each_change_once() -> None:
    async def scenario() -> None:
        board = Board()
        board.now[ANA] = Seen("queued", is_done=False)
        states = live(board)
        async with states.watching(ANA) as first, states.watching(ANA) as second:
            for queue in (first, second):
                assert (await asyncio.wait_for(queue.get(), 60)).mark == "queued"
            await asyncio.sleep(0.05)
            board.now[ANA] = Seen("graded", is_done=True)
            for queue in (first, second):
                assert await asyncio.wait_for(queue.get(), 60) == Seen("graded", is_done=True)
                assert queue.empty()
            assert (states.streams, states.streams_of("ana"), states.streams_of("ben")) == (2, 2, 0)
        assert states.streams == 0

    asyncio.run(scenario())


def test_one_look_is_for_all_and_nobody_looks_while_nobody_watches() -> None:
    async def scenario() -> None:
        board = Board()
        states = live(board)
        async with states.watching(ANA), states.watching(BEN), states.watching(ANA):
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.05)
        count = len(board.looks)
        assert {frozenset(each) for each in board.looks} == {frozenset({ANA, BEN})}
        await asyncio.sleep(0.1)
        assert len(board.looks) == count
        board.now[ANA] = Seen("queued", is_done=False)
        async with states.watching(ANA) as again:
            assert (await asyncio.wait_for(again.get(), 60)).mark == "queued"

    asyncio.run(scenario())


@pytest.fixture
def portal(site: Site) -> Iterator[RunningPortal]:
    with running_portal(site, people=PEOPLE) as running:
        yield running


def events(client: httpx.Client, address: str, count: int) -> list[str]:
    """Return the first events of a stream."""
    found: list[str] = []
    with client.stream("GET", address) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("event: "):
                found.append(line.removeprefix("event: "))
                if len(found) == count:
                    break
    return found


@pytest.mark.slow
def test_a_page_is_told_of_what_is_handed_in_and_nobody_hears_of_others(site: Site, portal: RunningPortal) -> None:
    ana = portal.visitor("ana")
    assert "data-live" not in ana.get(PAGE).text, "nothing will change by itself"
    assert events(ana, f"{PAGE}/events", 1) == ["done"]
    submit(site, "ana")
    page = ana.get(PAGE).text
    assert f'data-live="/{PAGE}/events?seen=' in page
    assert "Load this page again" in page
    assert events(ana, f"{PAGE}/events?seen=older", 1) == ["changed"]
    assert events(portal.visitor("ben"), f"{PAGE}/events?seen=", 1) == ["done"]
    assert portal.visitor("mallory").get(f"{PAGE}/events").status_code == 404
    assert portal.visitor("ana").get(f"my/{COURSE}/nosuch/events").status_code == 404
    assert "event:" not in portal.visitor().get(f"{PAGE}/events").text


@pytest.mark.slow
def test_who_opens_many_pages_is_told_in_a_few_of_them(site: Site, portal: RunningPortal) -> None:
    submit(site, "ana")
    ana = portal.visitor("ana")
    streams = [ana.stream("GET", f"{PAGE}/events") for _ in range(MOST_OF_ONE)]
    try:
        assert [each.__enter__().status_code for each in streams] == [200] * MOST_OF_ONE
        assert ana.get(f"{PAGE}/events").status_code == 429
    finally:
        for each in streams:
            each.__exit__(None, None, None)


@pytest.mark.slow
def test_in_a_browser_queued_becomes_a_score_without_loading_the_page_again(site: Site, portal: RunningPortal, tmp_path: Path) -> None:
    submit(site, "ana")
    with running_browser() as browser:
        _watch_the_page(browser, site, portal, tmp_path / "log")


def _watch_the_page(browser: Browser, site: Site, portal: RunningPortal, log: Path) -> None:
    page = browser.new_page()
    page.goto(f"{portal.address}sign-in")
    page.get_by_role("radio", name="ana").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Go on").click()
    page.goto(f"{portal.address}{PAGE}")
    state = page.locator("#state")
    expect(state).to_contain_text("waits to be graded")
    with running_service(site, log):
        expect(state).to_contain_text("100 %", timeout=240_000)
        expect(page.locator("#state[data-live]")).to_have_count(0)
