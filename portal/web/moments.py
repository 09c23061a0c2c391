"""How pages say times: in the institution's time zone, with the machine-readable moment beside it, which a script may turn into the reader's own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from markupsafe import Markup

_LOCALES = {"en": "en_PH", "fil": "fil_PH"}


def moment_element(moment: datetime | None, *, language: str, timezone: str) -> Markup:
    """Return a `<time>` element for `moment`, an em dash for None. A time without a zone is UTC."""
    if moment is None:
        return Markup("—")
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _element(aware.replace(microsecond=0), language, timezone)


@lru_cache(maxsize=4096)
def _element(aware: datetime, language: str, timezone: str) -> Markup:
    local = aware.astimezone(ZoneInfo(timezone))
    told = format_datetime(local, "d MMM y, HH:mm", locale=_LOCALES[language])
    city = timezone.rpartition("/")[2].replace("_", " ")
    return Markup('<time datetime="{}" data-moment="{}">{} ({})</time>').format(
        aware.astimezone(UTC).isoformat(timespec="seconds"), timezone, told, city
    )


def day_element(day: date | str | None, *, language: str) -> Markup:
    """Return a `<time>` element for a day (also as ISO 8601 writes it), an em dash for None and the empty text."""
    if not day:
        return Markup("—")
    return _day_element(date.fromisoformat(day[:10]) if isinstance(day, str) else day, language)


@lru_cache(maxsize=4096)
def _day_element(day: date, language: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), day_words(day, language))


@lru_cache(maxsize=4096)
def day_words(day: date, language: str) -> str:
    """Return a day in words, without a time zone's help: `20 November 2026`."""
    return format_date(day, "d MMMM y", locale=_LOCALES[language])
