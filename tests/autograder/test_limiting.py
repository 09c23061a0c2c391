"""What is counted from outside while a cell runs."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from autograder.execution.limiting import Budget, CellWatch
from autograder.jobs import Limits

_PROGRAMS = (
    "import subprocess, sys\nall = [subprocess.Popen(['sleep', '60']) for _ in range(10)]\nprint('started', flush=True)\nsys.stdin.read()"
)


@pytest.mark.slow
@pytest.mark.parametrize(("allowed", "is_exceeded"), [(8, True), (11, False)])
def test_programs_that_are_too_many_end_with_their_kernel(allowed: int, *, is_exceeded: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", _PROGRAMS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as kernel:
        assert kernel.stdout is not None
        assert kernel.stdout.readline() == "started\n"
        programs = psutil.Process(kernel.pid).children()
        exceeded = CellWatch(Budget(Limits(processes=allowed)), [kernel.pid]).look()
        if is_exceeded:
            assert exceeded is not None
            assert exceeded.limit == "processes"
            assert psutil.wait_procs(programs, timeout=60)[1] == []
            assert kernel.wait(60) == -9
        else:
            assert exceeded is None
            assert all(program.is_running() for program in programs)
        for program in programs:
            if program.is_running():
                program.kill()
        kernel.kill()
