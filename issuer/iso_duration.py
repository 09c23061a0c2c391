"""Adds an ISO 8601 duration to a moment, as calendars do: P5Y after 29 February 2028 is 28 February 2033."""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta

_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def after(start: datetime, duration: str) -> datetime:
    """Return the moment `duration` after `start`; a day that the month does not have becomes its last.

    Raises:
        ValueError: `duration` is no ISO 8601 duration of whole numbers, or leads beyond the year 9999.
        OverflowError: it is so long that Python cannot count it.
    """
    match = _DURATION.fullmatch(duration)
    if match is None or not any(match.groups()):
        raise ValueError(f"{duration!r} is no ISO 8601 duration")
    years, months, weeks, days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    total = start.year * 12 + start.month - 1 + years * 12 + months
    year, month = total // 12, total % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=day) + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
