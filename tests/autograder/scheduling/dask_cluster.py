"""A Dask cluster of real processes for tests, started by Dask's own commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil

_DASK = Path(sys.executable).parent / "dask"


class Cluster:
    """A scheduler and its workers; `close` ends all of them."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self.processes: list[psutil.Popen] = []
        self.scheduler, self.address = self._start(["scheduler", "--port", "0", "--no-dashboard"], r"Scheduler at:\s+(tcp://[^\s]+)")

    def worker(self, **environment: str) -> psutil.Popen:
        """Start a worker and return its process once it is registered."""
        command = ["worker", self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(self._scratch)]
        return self._start(command, r"Registered to:\s+(tcp://[^\s]+)", **environment)[0]

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()

    def _start(self, arguments: list[str], ready: str, **environment: str) -> tuple[psutil.Popen, str]:
        process = psutil.Popen(
            [str(_DASK), *arguments], cwd=self._scratch, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        self.processes.append(process)
        for line in process.stderr:
            found = re.search(ready, line)
            if found:
                return process, found.group(1)
        raise AssertionError(f"{arguments} did not start")
