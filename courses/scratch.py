"""Folders for work in progress, with copies of what learners and authors wrote: they do not outlive the process that works there, however it ends.

A process that ends in order removes its own. One that is killed cannot; what it left is removed when another makes a folder of its own. Which ones were left
the operating system knows: a folder is locked for as long as its process, and what that forked, lives.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
import weakref

from courses.untrusted_trees import remove_tree

_PREFIX = "patunay-scratch-"
_YOUNG_S = 600.0
"""A folder that is not locked yet may be one that another process has just made."""
_EVERY_S = 600.0

_looked: dict[str, float] = {}
"""When this process looked last for folders that were left, in each place for temporary files."""


class ScratchFolder(tempfile.TemporaryDirectory[str]):
    """A temporary folder that nobody but its owner can enter; `with` gives its path and removes it at the end.

    Args:
        kind: what is done in it, for whoever looks into the folder of temporary files.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, kind: str) -> None:
        _remove_left()
        super().__init__(prefix=f"{_PREFIX}{kind}-", ignore_cleanup_errors=True)
        held = os.open(self.name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._let_go = weakref.finalize(self, os.close, held)
        fcntl.flock(held, fcntl.LOCK_EX)

    def cleanup(self) -> None:
        """Remove it with all that is in it, whatever untrusted code wrote there."""
        with contextlib.suppress(OSError):  # a process that does not end in time may still write
            remove_tree(self.name)
        super().cleanup()
        self._let_go()


def _remove_left() -> None:
    """Remove what killed processes of ours left where temporary files lie; looked for now and then only."""
    place, now = tempfile.gettempdir(), time.monotonic()
    if now - _looked.get(place, -_EVERY_S) < _EVERY_S:
        return
    _looked[place] = now
    with os.scandir(place) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(_PREFIX)]
    for name in names:
        with contextlib.suppress(OSError):  # gone, not ours, or somebody works there
            _remove_if_left(os.path.join(place, name))


def _remove_if_left(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(handle)
        if found.st_uid == os.geteuid() and time.time() - found.st_mtime >= _YOUNG_S:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_tree(folder)
    finally:
        os.close(handle)
