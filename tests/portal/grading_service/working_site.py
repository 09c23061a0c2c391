"""A site with a released course, learners who hand in through the exchange, and the service as its own process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from autograder.records import Attempt, Result, open_records
from courses.settings import Site
from portal.handing_in import hand_in
from tests.small_site import COURSE

PATIENCE_S = 240.0
"""Machines that run tests are slow, and busy."""
_ROOT = Path(__file__).resolve().parents[3]


def submit(site: Site, learner: str, body: str = "return n * n") -> str:
    """Hand in an answer to the basics as the portal's upload does; return its hash."""
    path = site.course_root(COURSE) / "release" / "basics" / "basics.ipynb"
    node = nbformat.read(path, as_version=4)
    next(cell for cell in node.cells if cell.metadata.nbgrader.grade_id == "square").source = f"def square(n):\n    {body}"
    files = {"basics.ipynb": nbformat.writes(node).encode("utf-8")}
    return hand_in(site, COURSE, learner, "basics", files, now=datetime.now(UTC)).digest


def start_service(site: Site, log: Path) -> subprocess.Popen[bytes]:
    """Start `patunay watch` for the site."""
    with log.open("ab") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", "portal.cli", "watch", "--site", str(site.root)], cwd=_ROOT, stdout=stream, stderr=stream
        )


@contextmanager
def running_service(site: Site, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the service meanwhile."""
    before = _starts(log)
    service = start_service(site, log)
    try:
        wait_until(lambda: _starts(log) > before, "the service has begun", log)  # before that a signal just ends it
        yield service
    finally:
        service.terminate()
        assert service.wait(PATIENCE_S) == 0, log.read_text(encoding="utf-8")


def _starts(log: Path) -> int:
    return log.read_text(encoding="utf-8").count("grading what arrives, until") if log.exists() else 0


def results(site: Site, course: str = COURSE) -> dict[str, list[tuple[str, bool]]]:
    """Return each learner's attempts' results, oldest first: their status, and whether the gradebook shows them; one a result, so twice graded is twice there."""
    found: dict[str, list[tuple[str, bool]]] = {}
    with open_records(site.course_root(course)) as session:
        for attempt in session.query(Attempt).order_by(Attempt.submitted_at):
            for result in session.query(Result).filter(Result.attempt_id == attempt.id):
                found.setdefault(attempt.learner, []).append((result.status, result.recorded))
    return found


def wait_until(is_so: Callable[[], bool], what: str, log: Path, *, pause_s: float = 0.2) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it is not after `PATIENCE_S`.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"not after {PATIENCE_S:.0f} s: {what}\n{log.read_text(encoding='utf-8')}"
        time.sleep(pause_s)
