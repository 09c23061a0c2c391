"""What is new in a course's inbound folder of the exchange, cheaply: a folder that did not change is not read.

A name is told once, when the submission is whole: nbgrader writes `submission_secret.txt` last. What stays without it for some minutes is told as it is.
"""

from __future__ import annotations

import os
from pathlib import Path

_COPYING_S = 310.0
"""A little longer than `autograder.submissions` waits, which would pass over what is told too early."""
_SAME_MOMENT_S = 2.0
"""A folder that was changed so shortly before it was read may have been changed once more in the same moment of its clock."""
_READ_ANYWAY_S = 15.0
"""Network file systems tell changes late."""


class Inbound:
    """One course's inbound folder.

    Args:
        folder: need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told: set[str] = set()
        self._unfinished: set[str] = set()
        self._changed, self._read_at = 0, 0.0

    def fresh(self, now: float) -> tuple[str, ...]:
        """Return the names that were not told before.

        Args:
            now: seconds since the epoch.
        """
        try:
            changed = self._folder.stat().st_mtime_ns
        except OSError:
            return ()
        if changed != self._changed or self._is_doubtful(now):
            self._changed, self._read_at = changed, now
            self._unfinished |= self._names() - self._told
        whole = {name for name in self._unfinished if self._is_whole(name, now)}
        self._unfinished -= whole
        self._told |= whole
        return tuple(sorted(whole))

    def _is_doubtful(self, now: float) -> bool:
        return self._read_at < self._changed / 1e9 + _SAME_MOMENT_S or now - self._read_at >= _READ_ANYWAY_S

    def _names(self) -> set[str]:
        try:
            found = {entry.name for entry in os.scandir(self._folder) if "+" in entry.name and not entry.name.startswith(".")}
        except OSError:
            return set()
        self._told &= found  # what was taken away is forgotten
        self._unfinished &= found
        return found

    def _is_whole(self, name: str, now: float) -> bool:
        try:
            secret = self._folder / name / "submission_secret.txt"
            return secret.is_file() or now - (self._folder / name).stat().st_mtime >= _COPYING_S
        except OSError:
            return False
