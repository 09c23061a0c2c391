"""Runs the attack suite and prints what became of each attack: `python -m tests.attacks.report [pytest's own arguments]`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

LEAST = 60
_HEADINGS = ("attack", "family", "defence", "without", "with")


class Collector:
    """Takes from the tests' reports what they recorded."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the attacks of one test."""
        if report.when == "call":
            self.rows += [
                [str(part) for part in value] for name, value in report.user_properties if name == "attack" and isinstance(value, list)
            ]


def main() -> int:
    """Run the suite; return 0 if every attack fails with its defence, and there are enough of them."""
    collector = Collector()
    code = pytest.main([str(Path(__file__).parent), "-q", "-m", "not thorough", *sys.argv[1:]], plugins=[collector])
    table = Table(*_HEADINGS, title=f"{len(collector.rows)} attacks")
    for row in sorted(collector.rows, key=lambda row: (row[1], row[0])):
        table.add_row(*row)
    Console(width=190).print(table)
    is_whole = len(collector.rows) >= LEAST and all(row[3:] == ["succeeds", "fails"] for row in collector.rows)
    return 0 if code == 0 and is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
