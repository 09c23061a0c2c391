from __future__ import annotations

import subprocess
import sys

from portal.cli.progress import SIGNING, PlainLines


def test_a_log_gets_a_line_at_the_start_every_ten_seconds_and_at_the_end() -> None:
    clock, lines = [0.0], list[str]()
    show = PlainLines(lambda: clock[0], lines.append)
    for second in range(41):
        clock[0] = second
        show(second, 40)
        if second < 40:
            show(second, 40)
    assert lines == [
        "grading 40 submissions",
        "graded 10 of 40, about 0 min 30 s left",
        "graded 20 of 40, about 0 min 20 s left",
        "graded 30 of 40, about 0 min 10 s left",
        "graded 40 of 40",
    ]


def test_the_next_assignment_begins_anew() -> None:
    lines: list[str] = []
    show = PlainLines(lambda: 0.0, lines.append)
    for done, total in ((0, 2), (2, 2), (0, 2), (0, 2), (2, 2)):
        show(done, total)
    assert lines == ["grading 2 submissions", "graded 2 of 2"] * 2


def test_where_one_hangs_no_time_is_foretold_that_would_only_grow() -> None:
    clock, lines = [0.0], list[str]()
    show = PlainLines(lambda: clock[0], lines.append)
    show(0, 30)
    clock[0] = 2.0
    show(29, 30)
    for second in (10, 20, 30):
        clock[0] = second
        show(29, 30)
    assert lines[1:] == ["graded 29 of 30, those left take longer than the others: an endless loop runs until its time limit"] * 3


def test_a_small_batch_is_not_talked_about_in_a_log() -> None:
    lines: list[str] = []
    show = PlainLines(lambda: 0.0, lines.append, SIGNING, fewest=500)
    for total in (499, 500):
        show(0, total)
        show(total, total)
    assert lines == ["signing 500 credentials", "signed 500 of 500"]


def test_two_tasks_one_after_the_other_are_shown_on_a_terminal_without_a_thread() -> None:
    """In a process of its own, which is told that its stderr is a terminal."""
    program = """
import threading
from portal.cli.progress import DRAWING, SIGNING, shown_progress
with shown_progress(SIGNING, DRAWING) as (signing, drawing):
    for done in range(3):
        signing(done, 2)
    drawing(2, 2)
    assert threading.active_count() == 1, threading.enumerate()
"""
    shown = subprocess.run(
        [sys.executable, "-c", program],
        env={"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "signing" in shown.stderr
    assert "2/2" in shown.stderr
    assert "drawing" in shown.stderr
