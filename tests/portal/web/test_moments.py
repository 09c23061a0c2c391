"""Pages say times and days where the institution is, whatever zone they were written down in."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from portal.web.moments import day_element, moment_element

EVENING = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)


def test_a_moment_is_told_in_the_institutions_time_and_kept_for_machines() -> None:
    told = moment_element(EVENING, language="en", timezone="Asia/Manila")
    assert told == '<time datetime="2026-11-29T23:30:00+00:00" data-moment="Asia/Manila">30 Nov 2026, 07:30 (Manila)</time>'


@pytest.mark.parametrize("moment", [EVENING, EVENING.replace(tzinfo=None), EVENING.isoformat(), "2026-11-29T23:30:00Z"])
def test_the_day_of_a_moment_is_the_one_where_the_institution_is(moment: datetime | str) -> None:
    assert day_element(moment, language="en", timezone="Asia/Manila") == '<time datetime="2026-11-30">30 November 2026</time>'
    assert day_element(moment, language="fil", timezone="America/Lima") == '<time datetime="2026-11-29">29 Nobyembre 2026</time>'


@pytest.mark.parametrize("day", [date(2026, 11, 29), "2026-11-29"])
def test_a_day_is_that_day_everywhere(day: date | str) -> None:
    for timezone in ("Asia/Manila", "Pacific/Kiritimati", "America/Lima"):
        assert day_element(day, language="en", timezone=timezone) == '<time datetime="2026-11-29">29 November 2026</time>'


def test_what_has_no_day_is_a_dash() -> None:
    assert day_element(None, language="en", timezone="Asia/Manila") == day_element("", language="en", timezone="Asia/Manila") == "\u2014"
