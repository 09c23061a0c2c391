"""Texts are read by several threads at a time."""

from __future__ import annotations

import ast
import gc
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from courses.python_syntax import parse

TEXT = "x = 1\ndef f(a):\n    return [b for b in a if b > 1]\n" * 60


class _Busy:
    """What takes its time to go, so that another thread gets its turn in the middle of a collection."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        for _ in range(50):
            pass


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Switch threads and collect garbage all the time."""
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*threshold)


def _failures(read: Callable[[str], ast.Module]) -> list[str]:
    found: list[str] = []

    def at_depth(depth: int) -> None:
        if depth:
            at_depth(depth - 1)
            return
        for _ in range(60):
            for _ in range(20):
                _Busy()
            try:
                assert len(read(TEXT).body) == 120
            except SystemError as failure:
                found.append(str(failure))

    threads = [threading.Thread(target=at_depth, args=(depth,)) for depth in (0, 5, 10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return found


@pytest.mark.slow
def test_threads_read_texts_at_the_same_time_and_none_fails(hasty_threads: None) -> None:
    assert _failures(parse) == []


def test_what_is_no_python_is_a_syntax_error() -> None:
    with pytest.raises(SyntaxError, match="invalid syntax"):
        parse("1 +")
    assert len(parse("x = 1").body) == 1
