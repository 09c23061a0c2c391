"""A file that a process started beside the server holds as long as it lives, however it ends: whoever finds it free knows that nobody is at it.

Who starts the process takes the lock and hands it over; who only looks shares it for a moment, so that looking is in nobody's way.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

_LOOK_S, _MOST_LOOKS = 0.01, 500
"""Who only looks has the lock for less, and there are not so many."""


@contextlib.contextmanager
def lock_to_hand_over(path: Path) -> Iterator[int | None]:
    """Yield a descriptor that a process is to be started with (`pass_fds`), None if another one holds the lock; made if absent, with its folder.

    Raises:
        OSError: it cannot be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield descriptor if _take_for_good(descriptor) else None
    finally:
        os.close(descriptor)  # the process holds the lock by its own copy


def is_held(path: Path) -> bool:
    """Whether a process that was started with the lock lives."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return not _take(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _take_for_good(descriptor: int) -> bool:
    for _ in range(_MOST_LOOKS):
        if _take(descriptor, fcntl.LOCK_EX):
            return True
        if not _take(descriptor, fcntl.LOCK_SH):
            return False
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # somebody only looks, as we did just now
        time.sleep(_LOOK_S)
    return False


def _take(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
