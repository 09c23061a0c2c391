"""What `patunay doctor` finds, for a page: examined by a process of its own, since it tries the sandbox out, and kept until somebody asks anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from courses.settings import Site
from portal.doctoring import Finding

_LONGEST_S = 180
_WORST_FIRST = {"missing": 0, "warning": 1}


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found, what is wrong first; and when."""

    findings: tuple[Finding, ...]
    at: datetime

    def count(self, state: str) -> int:
        """Return how many findings are in a state: `ok`, `warning`, `missing`."""
        return sum(each.state == state for each in self.findings)


class Examinations:
    """The last examination of each site; threads may ask at once, one examines."""

    def __init__(self) -> None:
        self._kept: dict[Path, Examination] = {}
        self._lock = threading.Lock()

    def last(self, site: Site) -> Examination | None:
        """Return the last one of this process, None if there was none."""
        return self._kept.get(site.root)

    def examine(self, site: Site, *, now: datetime) -> Examination:
        """Examine the machine and the site now; who asks meanwhile waits and gets the same."""
        before = self.last(site)
        with self._lock:
            if self.last(site) is not before:
                return self._kept[site.root]
            self._kept[site.root] = Examination(_found(site), now)
            return self._kept[site.root]


def _found(site: Site) -> tuple[Finding, ...]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTERHUB_")}
    command = [sys.executable, "-m", "portal.cli", "doctor", "--site", str(site.root), "--json"]
    try:
        said = subprocess.run(
            command, capture_output=True, timeout=_LONGEST_S, stdin=subprocess.DEVNULL, env=environment, check=False
        ).stdout
        found = [
            Finding(str(each["name"]), str(each["state"]), str(each["told"]), str(each.get("remedy", ""))) for each in json.loads(said)
        ]
    except (subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as broken:
        return (Finding("patunay doctor", "missing", f"it did not answer: {type(broken).__name__}", "Run it on the machine."),)
    return tuple(sorted(found, key=lambda each: _WORST_FIRST.get(each.state, 2)))


EXAMINATIONS = Examinations()
"""Of this process."""
