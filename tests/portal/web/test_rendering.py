"""Lines of pages break where a reader expects it: between parts of names, never before a percent sign or a point between two facts."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from portal.web.language import translations, unbroken
from portal.web.rendering import TEMPLATES, breakable, percent


def test_a_percent_sign_stays_with_its_number() -> None:
    assert percent(0.5) == "50\u00a0%"
    assert unbroken("58.36 %; 70 % is needed") == "58.36\u00a0%; 70\u00a0% is needed"
    assert unbroken("at least %(share)s %%") == "at least %(share)s\u00a0%%"
    assert unbroken("In {outcome} {share} %.") == "In {outcome} {share}\u00a0%."
    assert unbroken("What % means") == "What % means"
    assert translations("en").gettext("at least %(share)s %%") == "at least %(share)s\u00a0%%"


def test_a_name_breaks_where_its_parts_end() -> None:
    assert breakable("maria.santos@learners.example") == "maria.<wbr>santos@<wbr>learners.<wbr>example"
    assert breakable("test_q1_sample_means") == "test_<wbr>q1_<wbr>sample_<wbr>means"


@given(st.text())
def test_a_name_says_the_same_with_its_breaks_and_is_never_markup(name: str) -> None:
    assert breakable(name).replace("<wbr>", "") == escape(name)


def test_no_point_between_two_facts_begins_a_line() -> None:
    lines = [line for path in sorted(TEMPLATES.rglob("*.html")) for line in path.read_text(encoding="utf-8").splitlines()]
    loose = [line for line in lines if re.search(r"(?<!&nbsp;)·", line) and "<title>" not in line]
    assert len(lines) > 2000
    assert loose == []
