from __future__ import annotations

from courses.findings import Severity, blocking, warning


def test_a_blocking_finding_stops_a_release_and_a_warning_does_not() -> None:
    assert blocking("Q01", "p", "w", "r").is_blocking
    assert not warning("Q01", "p", "w", "r").is_blocking
    assert warning("Q01", "p", "w", "r").severity is Severity.WARNING
