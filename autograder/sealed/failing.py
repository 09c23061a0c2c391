"""How a kernel's shell shows and places what a test raised. Used on both sides, after a cell."""

from __future__ import annotations

from typing import Any

from autograder.sealed.own_trace import places_of


def brief_errors(shell: Any) -> None:
    """Show what a cell raises without its traceback: nobody reads a test's, and making one takes as long as ten cells."""
    shell.InteractiveTB.set_mode("Minimal")


def failing_line(shell: Any) -> int:
    """Return the line of the last cell that raised, 0 if none did."""
    ran = shell.last_execution_result
    places = places_of(ran.error_in_exec) if ran is not None and ran.error_in_exec is not None else []
    return int(places[0][1]) if places else 0
