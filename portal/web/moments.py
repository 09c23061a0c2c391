"""How pages say times: in the institution's time zone, with the machine-readable moment beside it, which a script may turn into the reader's own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from markupsafe import Markup

_DAY_LETTERS = len("2026-11-20")
_LOCALES = {"en": "en_PH", "fil": "fil_PH"}


def moment_element(moment: datetime | None, *, language: str, timezone: str) -> Markup:
    """Return a `<time>` element for `moment`, an em dash for None. A time without a zone is UTC."""
    if moment is None:
        return Markup("—")
    return _element(_aware(moment).replace(microsecond=0), language, timezone)


@lru_cache(maxsize=4096)
def _element(aware: datetime, language: str, timezone: str) -> Markup:
    told = format_datetime(aware.astimezone(ZoneInfo(timezone)), "d MMM y, HH:mm", locale=_LOCALES[language])
    city = timezone.rpartition("/")[2].replace("_", " ")
    return Markup('<time datetime="{}" data-moment="{}">{} ({})</time>').format(
        aware.astimezone(UTC).isoformat(timespec="seconds"), timezone, told, city
    )


def day_element(day: date | datetime | str | None, *, language: str, timezone: str) -> Markup:
    """Return a `<time>` element for a day (also as ISO 8601 writes it), or a moment's day in the time zone; an em dash for None and the empty text."""
    if not day:
        return Markup("—")
    told = datetime.fromisoformat(day) if isinstance(day, str) and len(day) > _DAY_LETTERS else day
    if isinstance(told, datetime):
        return _day_element(day_in(told, timezone), language)
    return _day_element(date.fromisoformat(told) if isinstance(told, str) else told, language)


@lru_cache(maxsize=4096)
def _day_element(day: date, language: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), day_words(day, language))


@lru_cache(maxsize=4096)
def day_words(day: date, language: str) -> str:
    """Return a day in words, without a time zone's help: `20 November 2026`."""
    return format_date(day, "d MMMM y", locale=_LOCALES[language])


def day_in(moment: datetime, timezone: str) -> date:
    """Return the calendar day of a moment in a time zone. A time without a zone is UTC."""
    return _aware(moment).astimezone(ZoneInfo(timezone)).date()


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
