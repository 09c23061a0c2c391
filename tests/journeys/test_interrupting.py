"""Ctrl-C while learners' code runs: the command stops at once, says how to go on, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.autograder.grading_calls import attempts
from tests.portal.commands import heed_interrupts
from tests.small_course import SQUARE, make_small_course

pytestmark = pytest.mark.thorough  # `tests/autograder/test_stopping.py` interrupts the same command in `make test`


def test_grading_stops_at_once_and_goes_on_when_it_is_called_again(tmp_path: Path) -> None:
    course = make_small_course(tmp_path / "course", config="c.Execute.timeout = 600")
    course.submit("ana", SQUARE, "found = 3")
    course.submit("loops", "while True:\n    pass", "found = 3")
    command = [sys.executable, "-m", "portal.cli", "grade", "ps1", "--root", str(course.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts) as running:
        while not (attempts(course, "ana") and attempts(course, "ana")[0].results):
            assert running.poll() is None
            time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=120)  # the loop itself would end after ten minutes
    assert running.returncode == 130
    assert "goes on where it stopped" in told
    assert "Traceback" not in told
    course.submit("loops", SQUARE, "found = 3", timestamp="2026-11-21 08:00:00 UTC")
    done = subprocess.run([*command, "--learner", "loops"], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
