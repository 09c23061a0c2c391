"""Values of a report that is stored where teachers can write, taken one by one: of the kind that they should be, short, and showing all that stands in them. Pure.

Each raises ValueError or TypeError for what is of another kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from courses.visible_text import visible

_LONGEST = 4_000
_HIGHEST = 10**15


def text_of(value: Any) -> str:
    """Return a text; characters that show nothing are written as Python escapes them, and one that is too long is cut off."""
    if not isinstance(value, str):
        raise TypeError("no text")
    return visible(value if len(value) <= _LONGEST else value[:_LONGEST] + "…")


def texts_of(value: Any) -> tuple[str, ...]:
    """Return a list of texts."""
    return tuple(text_of(each) for each in list_of(value))


def list_of(value: Any) -> Sequence[Any]:
    """Return a list."""
    if not isinstance(value, list | tuple):
        raise TypeError("no list")
    return value


def number_of(value: Any) -> float:
    """Return a number that a page can tell: no truth value, none without end."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("no number")
    if not abs(value) <= _HIGHEST:  # so said, NaN is refused too
        raise ValueError("no number of a report")
    return float(value)


def count_of(value: Any) -> int:
    """Return a whole number, 0 or more."""
    number = number_of(value)
    if number < 0 or number != int(number):
        raise ValueError("no count")
    return int(number)


def share_of(value: Any) -> float | None:
    """Return a share from 0 to 1; None stays None."""
    if value is None:
        return None
    number = number_of(value)
    if not 0 <= number <= 1:
        raise ValueError("no share")
    return number


def moment_of(value: Any) -> datetime:
    """Return a time, in UTC; one without a zone is UTC."""
    found = datetime.fromisoformat(text_of(value))
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    if not 1970 < aware.year < 9000:
        raise ValueError("no time of a report")
    return aware.astimezone(UTC)
