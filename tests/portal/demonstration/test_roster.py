"""The simulated learners: distinct people, the same every time, of every kind."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from portal.demonstration.roster import Kind, make_roster


@given(st.integers(0, 500))
def test_everybody_has_an_id_and_an_address_of_their_own(count: int) -> None:
    roster = make_roster(count)
    assert len({learner.id for learner in roster}) == len({learner.email for learner in roster}) == count
    for learner in roster:
        assert re.fullmatch(r"[a-z]+\.[a-z]+\d*", learner.id)
        assert learner.email.endswith("@learners.bayanihan.example")
        assert learner.first_name.strip()
        assert learner.last_name.strip()


@given(st.integers(0, 100), st.integers(0, 100))
def test_a_larger_roster_begins_with_the_smaller_one(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert make_roster(large)[:small] == make_roster(small)


def test_the_first_ten_are_of_ten_kinds() -> None:
    assert {learner.kind for learner in make_roster(10)} == set(Kind)


def test_somebody_does_not_want_to_be_named() -> None:
    hidden = [learner for learner in make_roster(12) if not learner.shows_name]
    assert len(hidden) == 1
    assert hidden[0].kind is Kind.HONEST, "someone who earns a credential, or it shows nothing"
