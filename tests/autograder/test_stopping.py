"""Ctrl-C and SIGTERM while `patunay grade` runs, with real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from autograder.gradebook import GRADED
from autograder.jobs import Limits
from tests.autograder.grading_calls import attempts, by_learner, grade, state
from tests.small_course import SQUARE, SmallCourse

pytestmark = pytest.mark.slow
_ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.thorough
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_the_same_command_goes_on(small_course: SmallCourse, number: signal.Signals) -> None:
    small_course.submit("anna", SQUARE, "found = 1")
    small_course.submit("zoe", "while True:\n    pass", "found = 1")
    command = [sys.executable, "-m", "portal.cli", "grade", "ps1", "--compat", "--jobs", "1", "--json", "--root", str(small_course.root)]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        while not (attempts(small_course, "anna") and attempts(small_course, "anna")[0].results):
            assert run.poll() is None
            time.sleep(0.05)
        started = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(number)
        out, told = run.communicate(timeout=60)
    assert run.returncode == 130
    assert out == "", "nothing but a result goes to stdout"
    assert "stopping: running submissions are ended" in told
    assert "Run the same command again: it goes on where it stopped." in told
    assert "Traceback" not in told
    _, alive = psutil.wait_procs(started, timeout=60)
    assert alive == []
    assert state(small_course, "anna")["state"] == GRADED, "the gradebook shows what was finished"
    again = grade(small_course, assurance="compat", limits=Limits(cell_timeout_s=1))
    assert sorted(by_learner(again)) == ["zoe"]
    assert [result.status for result in attempts(small_course, "anna")[0].results] == ["graded"]
