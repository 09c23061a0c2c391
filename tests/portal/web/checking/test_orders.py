"""The wire: what was said is what is heard, and what was not said by our own code is no answer."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from issuer.verification import CHECK_NAMES, Check, CredentialFacts, State, Verdict, VerificationReport
from portal.web.checking.orders import (
    MAX_DATA_BYTES,
    Answer,
    Order,
    Refusal,
    RefusalKind,
    Task,
    answer_frame,
    order_frame,
    parse_answer,
    read_answer,
    read_order,
)

_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_MOMENTS = st.datetimes(timezones=st.just(UTC))
_FACTS = st.builds(CredentialFacts, *[_WORDS] * 5, *[st.none() | _WORDS] * 2, st.none() | _MOMENTS, _MOMENTS, st.none() | _MOMENTS)
_CHECKS = st.tuples(*(st.builds(Check, st.just(name), st.sampled_from(State), _WORDS) for name in CHECK_NAMES))
_BADGES = st.builds(VerificationReport, st.sampled_from(Verdict), _CHECKS, st.none() | _FACTS)
_REPORTS = st.builds(VerificationReport, st.sampled_from(Verdict), _CHECKS, st.none() | _FACTS, st.lists(_BADGES, max_size=2).map(tuple))
_REFUSALS = st.builds(Refusal, st.sampled_from(RefusalKind), _WORDS, _WORDS)
_ANSWERS = st.builds(Answer, st.binary(max_size=50), st.none() | _REPORTS, st.lists(_WORDS, max_size=3).map(tuple), st.none() | _REFUSALS)


def _heard(sent: bytes) -> Answer:
    async def read() -> Answer:
        stream = asyncio.StreamReader()
        stream.feed_data(sent)
        stream.feed_eof()
        return await read_answer(stream)

    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(read())
    finally:
        loop.close()


@given(
    st.builds(
        Order,
        st.sampled_from(Task),
        _WORDS,
        _MOMENTS,
        st.binary(max_size=200),
        st.lists(_WORDS, max_size=3).map(tuple),
        st.integers(0, 2**40),
    )
)
def test_an_order_arrives_as_it_was_given(order: Order) -> None:
    receive: Callable[[int], bytes] = io.BytesIO(order_frame(order)).read
    assert read_order(receive) == order


@given(_ANSWERS)
def test_an_answer_arrives_as_it_was_given(answer: Answer) -> None:
    sent = answer_frame(answer)
    size = int.from_bytes(sent[:4], "big")
    assert parse_answer(sent[8 : 8 + size], sent[8 + size :]) == answer


def test_what_no_utf8_can_hold_does_not_break_the_answer() -> None:
    sent = answer_frame(Answer(refusal=Refusal(RefusalKind.UNREADABLE, "the key '\ud800' stands twice")))
    assert parse_answer(sent[8:], b"").refusal == Refusal(RefusalKind.UNREADABLE, "the key '?' stands twice")


@given(
    st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5).map(json.dumps).map(str.encode)
)
@example(b"{")
def test_anything_else_is_no_answer(head: bytes) -> None:
    assume(head.strip() != b"{}")  # an answer that says nothing
    with pytest.raises(ValueError, match=r"."):
        parse_answer(head, b"")


@pytest.mark.parametrize(
    "head",
    [
        {"report": {"verdict": "valid", "checks": [], "facts": None}},
        {"report": {"verdict": "splendid", "checks": [], "facts": None}},
        {"is_admin": True},
        {"refusal": {"kind": "unreadable", "problem": "x", "remedy": "y", "more": 1}},
        {"codes": "https://one.example"},
    ],
)
def test_an_answer_of_another_form_is_refused(head: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_answer(json.dumps(head).encode(), b"")


def test_a_badge_of_a_record_has_its_five_checks_too() -> None:
    checks = tuple(Check(name, State.PASSED, "") for name in CHECK_NAMES)
    facts = None
    record = VerificationReport(Verdict.VALID, checks, facts, (VerificationReport(Verdict.VALID, checks[:4], facts),))
    sent = answer_frame(Answer(report=record))
    with pytest.raises(ValueError, match="five checks"):
        parse_answer(sent[8:], b"")


def test_an_answer_that_is_too_large_is_not_read() -> None:
    with pytest.raises(ValueError, match="too large"):
        _heard((2).to_bytes(4, "big") + (MAX_DATA_BYTES + 1).to_bytes(4, "big") + b"{}")


def test_an_answer_that_breaks_off_is_none() -> None:
    whole = answer_frame(Answer(b"12345", codes=("a",)))
    assert _heard(whole).codes == ("a",)
    for cut in (0, 5, 20, len(whole) - 1):
        with pytest.raises(asyncio.IncompleteReadError):
            _heard(whole[:cut])


def test_times_keep_their_zone() -> None:
    moment = datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert read_order(io.BytesIO(order_frame(Order(Task.EXAMINE, "/s", moment, b""))).read).now == moment
