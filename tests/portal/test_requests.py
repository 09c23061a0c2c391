"""Requests of learners are kept, answered once by another person, and told back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from courses.settings import Site
from issuer.errors import DecisionError
from portal.governing import decide, learner_data
from portal.requests import LONGEST_TEXT, MOST_OPEN, Wish, answer, ask, requests_of
from portal.site_making import make_site
from tests.small_site import WANTED

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
MISTAKE = Wish("mistake", "Question 2 says 12, it should say 13.\r\nSee page 4.", course="tiny-course", assignment="basics")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path / "s", WANTED)


def test_a_request_is_kept_as_it_was_said_and_asked_twice_it_is_one(site: Site) -> None:
    asked = ask(site, "ana", MISTAKE, now=NOW)
    assert ask(site, "ana", MISTAKE, now=NOW) == asked
    assert ask(site, "ben", MISTAKE, now=NOW).id != asked.id
    assert requests_of(site, "ana") == (asked,)
    assert asked.wish.text == "Question 2 says 12, it should say 13.\nSee page 4."
    assert (asked.wish.assignment, asked.state, asked.answer) == ("basics", "open", "")
    assert [each["kind"] for each in learner_data(site, "ana")["decisions"]] == ["mistake"]


def test_an_answer_is_given_once_and_told_to_the_learner(site: Site) -> None:
    asked = ask(site, "ana", Wish("review", "Please look again.", course="tiny-course"), now=NOW)
    told = answer(site, asked.id, done=False, by="clerk", text="We looked; 13 is right.", now=NOW)
    assert (told.state, told.answered_by, told.answer) == ("refused", "clerk", "We looked; 13 is right.")
    with pytest.raises(DecisionError, match="refused by clerk already"):
        answer(site, asked.id, done=True, by="registrar", text="Yes.", now=NOW)
    assert requests_of(site, only_open=True) == ()


def test_nobody_answers_their_own_request(site: Site) -> None:
    asked = ask(site, "ana", MISTAKE, now=NOW)
    with pytest.raises(DecisionError, match="cannot decide it too"):
        answer(site, asked.id, done=True, by="ana", text="Yes.", now=NOW)


def test_granting_a_request_as_a_decision_does_nothing_to_credentials(site: Site) -> None:
    asked = ask(site, "ana", Wish("erasure", "Please.", credential="urn:uuid:x"), now=NOW)
    assert decide(site, asked.id, granted=True, reason="Done.", by="clerk", now=NOW) == (asked.id, "")
    assert requests_of(site, "ana")[0].state == "done"


@pytest.mark.parametrize(
    "wish",
    [Wish("mistake", " \n"), Wish("name change", "My passport", name="‎ "[1:]), Wish("mistake", "x" * (LONGEST_TEXT + 1))],
    ids=["nothing", "no name", "too long"],
)
def test_what_says_nothing_or_too_much_is_refused(site: Site, wish: Wish) -> None:
    with pytest.raises(DecisionError, match=r"nothing is said|too long"):
        ask(site, "ana", wish, now=NOW)


def test_no_learner_fills_the_office_alone(site: Site) -> None:
    for number in range(MOST_OPEN):
        ask(site, "ana", Wish("mistake", f"Mistake {number}"), now=NOW)
    with pytest.raises(DecisionError, match="too many"):
        ask(site, "ana", Wish("mistake", "One more"), now=NOW)


def test_characters_that_hide_or_turn_text_are_shown_as_numbers(site: Site) -> None:
    asked = ask(site, "ana", Wish("name change", "So it is \u202egnorw", name="Ana\u202e"), now=NOW)
    assert "\u202e" not in asked.wish.text + asked.wish.name
