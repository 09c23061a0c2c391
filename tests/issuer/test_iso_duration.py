"""Durations are added as calendars do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.iso_duration import after

moments = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(5000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - `timezones` gives it


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2028-02-29", "P5Y", "2033-02-28"),
        ("2028-02-29", "P4Y", "2032-02-29"),
        ("2026-01-31", "P1M", "2026-02-28"),
        ("2026-12-31", "P1M", "2027-01-31"),
        ("2026-12-01", "P13M", "2028-01-01"),
        ("2026-11-23", "P2W", "2026-12-07"),
        ("2026-11-23", "P1Y2M3W4D", "2028-02-17"),
        ("2026-11-23", "P0D", "2026-11-23"),
    ],
)
def test_a_duration_leads_where_a_calendar_says(start: str, duration: str, end: str) -> None:
    assert after(datetime.fromisoformat(start).replace(tzinfo=UTC), duration) == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_hours_are_hours() -> None:
    start = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert after(start, "PT1H45M10S") == start + timedelta(hours=1, minutes=45, seconds=10)


@pytest.mark.parametrize("text", ["", "P", "PT", "5Y", "P5", "P1Y1Y", "P-1Y", "P1.5Y", "p1y", "P1D1M", "P1Y ", "P1Y\n", "PT1D"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no ISO 8601 duration"):
        after(datetime(2026, 1, 1, tzinfo=UTC), text)


@given(moments, st.integers(0, 500), st.integers(0, 40))
def test_later_durations_lead_to_later_days(start: datetime, months: int, days: int) -> None:
    assert after(start, f"P{months + 1}M{days}D") > after(start, f"P{months}M{days}D")
    assert after(start, f"P{months}M{days + 1}D") == after(start, f"P{months}M{days}D") + timedelta(days=1)
    assert after(start, f"P{months}Y") == after(start, f"P{months * 12}M")
