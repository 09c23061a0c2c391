"""Turns: nobody takes all places, and whoever waits too long is told so. Pure asyncio, no process."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.checking.errors import CheckTooLongError, DeskBusyError
from portal.web.checking.turns import Turns


def _run(turns: Turns, askers: list[str]) -> tuple[list[str], Counter[str], int]:
    """Let everybody ask at once; return how each fared in turn, the most of each asker and the most of all that were at work together."""
    working: Counter[str] = Counter()
    most: Counter[str] = Counter()
    peak = itertools.count()
    peaks = [0]

    async def one(asker: str) -> str:
        try:
            async with turns.take(asker):
                working[asker] += 1
                most[asker] = max(most[asker], working[asker])
                peaks[0] = max(peaks[0], working.total())
                await asyncio.sleep(0)
                working[asker] -= 1
                return f"done {next(peak)}"
        except DeskBusyError:
            return "busy"

    async def whole() -> list[str]:
        return await asyncio.gather(*map(one, askers))

    return asyncio.run(whole()), most, peaks[0]


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(1, 6), st.integers(1, 12))
def test_no_asker_has_more_than_half_of_the_places_and_all_together_no_more_than_there_are(
    askers: list[str], at_once: int, waiting: int
) -> None:
    turns = Turns(at_once=at_once, waiting=waiting, time_s=60)
    fared, most, peak = _run(turns, askers)
    assert all(count <= max(1, at_once // 2) for count in most.values())
    assert peak <= at_once
    for asker, count in Counter(askers).items():
        served = sum(how.startswith("done") for each, how in zip(askers, fared, strict=True) if each == asker)
        assert served <= min(count, max(1, waiting // 2))
    assert sum(how.startswith("done") for how in fared) <= waiting
    again, _, _ = _run(turns, ["a"])  # nothing is counted for ever
    assert again == ["done 0"]


def test_another_asker_is_served_while_one_holds_all_of_theirs() -> None:
    async def story() -> None:
        turns, gate, begun = Turns(at_once=4, waiting=8, time_s=60), asyncio.Event(), []

        async def hold() -> None:
            async with turns.take("greedy"):
                begun.append(1)
                await gate.wait()

        held = [asyncio.create_task(hold()) for _ in range(4)]
        await asyncio.sleep(0)
        async with asyncio.timeout(30), turns.take("other"):
            assert len(begun) == 2
        with pytest.raises(DeskBusyError):
            async with turns.take("greedy"):
                raise AssertionError("a fifth of the same asker was let in")
        gate.set()
        await asyncio.gather(*held)
        assert len(begun) == 4

    asyncio.run(story())


def test_who_comes_newly_is_next_however_many_places_others_hold() -> None:
    async def story() -> None:
        turns, gate, order = Turns(at_once=4, waiting=12, time_s=60), asyncio.Event(), list[str]()

        async def one(asker: str) -> str:
            try:
                async with turns.take(asker):
                    order.append(asker)
                    await gate.wait()
            except DeskBusyError:
                return "gave way"
            return "done"

        greedy = [asyncio.create_task(one(asker)) for asker in ("a", "b") * 6]  # all places, and all that wait
        await asyncio.sleep(0)
        new = [asyncio.create_task(one(asker)) for asker in ("new", "newer")]
        await asyncio.sleep(0)
        assert sorted(order) == ["a", "a", "b", "b"]
        gate.set()
        fared = await asyncio.gather(*greedy)
        assert await asyncio.gather(*new) == ["done", "done"]
        assert order[4:6] == ["new", "newer"]
        assert fared.count("gave way") == 2
        assert [how for how, asker in zip(fared, ("a", "b") * 6, strict=True) if asker == "a"].count("gave way") == 1
        assert fared[:4] == ["done"] * 4  # nobody who is at work is sent away

    asyncio.run(story())


def test_where_all_have_one_place_nobody_gives_way() -> None:
    async def story() -> None:
        turns, gate = Turns(at_once=1, waiting=3, time_s=60), asyncio.Event()

        async def one(asker: str) -> None:
            async with turns.take(asker):
                await gate.wait()

        here = [asyncio.create_task(one(asker)) for asker in "abc"]
        await asyncio.sleep(0)
        with pytest.raises(DeskBusyError):
            async with turns.take("d"):
                raise AssertionError("a fourth was let in")
        gate.set()
        await asyncio.gather(*here)

    asyncio.run(story())


def test_who_gives_up_while_waiting_leaves_no_trace() -> None:
    async def story() -> None:
        turns = Turns(at_once=1, waiting=4, time_s=60)
        async with turns.take("a"):
            waiting = asyncio.create_task(turns.take("b").__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        async with asyncio.timeout(30), turns.take("c"):
            assert turns._here() == {"c": 1}
        assert not turns._here()

    asyncio.run(story())


def test_what_takes_too_long_is_broken_off_and_the_place_is_free_again() -> None:
    async def story() -> None:
        turns = Turns(at_once=1, waiting=4, time_s=0.05)
        async with asyncio.timeout(30):
            with pytest.raises(CheckTooLongError):
                async with turns.take("slow"):
                    await asyncio.sleep(60)
            async with turns.take("next"):
                pass

    asyncio.run(story())
