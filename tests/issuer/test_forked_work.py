"""Work that forked processes do: in order, once each, and never further ahead than is asked for."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.errors import StorageError
from issuer.forked_work import forked_work


def squared(number: int) -> tuple[int, int]:
    return number, number * number


def thrice(text: str) -> str:
    return text * 3


@pytest.mark.parametrize("processes", [0, 1, 3])
@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 700])
def test_each_item_is_done_once_and_comes_in_order(processes: int, count: int) -> None:
    with forked_work(squared, processes) as work:
        assert list(work(range(count))) == [(number, number * number) for number in range(count)]


@pytest.mark.slow
@given(st.lists(st.binary(max_size=3_000), max_size=120))
def test_what_goes_in_comes_out(items: list[bytes]) -> None:
    with forked_work(bytes, 2) as work:
        assert list(work(items)) == items


def test_large_answers_and_large_questions_do_not_wait_for_each_other() -> None:
    """More than a pipe holds goes both ways at once."""
    with forked_work(thrice, 1) as work:
        assert [len(each) for each in work("x" * 20_000 for _ in range(400))] == [60_000] * 400


@pytest.mark.parametrize("processes", [1, 2])
def test_the_stream_is_not_read_far_ahead_of_what_was_taken(processes: int) -> None:
    taken = 0

    def stream() -> object:
        nonlocal taken
        for number in range(10_000):
            taken += 1
            yield number

    with forked_work(lambda number: number, processes) as work:
        for done, _ in enumerate(work(stream()), start=1):  # type: ignore[arg-type]  # a generator is iterable
            assert taken <= done + 150 * processes
            if done == 2_000:
                break


@pytest.mark.parametrize("processes", [0, 2])
def test_an_error_that_we_know_comes_back_as_it_was(processes: int) -> None:
    def fail(number: int) -> int:
        if number == 70:
            raise StorageError("the disk is full", where="here", remedy="Make room.")
        return number

    with forked_work(fail, processes, at_once=7) as work:
        done = work(range(1_000))
        assert [next(done) for _ in range(70)] == list(range(70))
        with pytest.raises(StorageError, match="full") as raised:
            next(done)
    assert (raised.value.where, raised.value.remedy) == ("here", "Make room.")


def test_the_work_is_done_elsewhere_and_nobody_is_left() -> None:
    with forked_work(lambda _: os.getpid(), 2) as work:
        where = set(work(range(500)))
    assert len(where) == 2
    assert os.getpid() not in where
    assert multiprocessing.active_children() == []


def test_workers_end_when_the_process_that_started_them_is_killed() -> None:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    parent = context.Process(target=_start_and_hang, args=(theirs,))
    parent.start()
    theirs.close()
    workers = ours.recv()
    handles = [os.pidfd_open(each) for each in workers]
    assert parent.pid is not None
    os.kill(parent.pid, signal.SIGKILL)
    parent.join()
    for handle in handles:
        assert _has_ended(handle), "a worker outlives who started it"
        os.close(handle)


def _start_and_hang(pipe: Connection) -> None:
    with forked_work(lambda _: os.getpid(), 2) as work:
        pipe.send(sorted(set(work(range(500)))))
        signal.pause()


def _has_ended(handle: int) -> bool:
    """Wait until the process of the handle has ended; a minute at most."""
    import select

    return bool(select.select([handle], [], [], 60)[0])
