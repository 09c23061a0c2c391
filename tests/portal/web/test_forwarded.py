"""Whose word about a visitor counts: only that of trusted proxies, whatever a visitor sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.httputil import HTTPHeaders

from portal.web.forwarded import settle_forwarded, trusted_networks, visitor_address

MACHINE = trusted_networks(())
NEAR = trusted_networks(("10.0.0.0/8",))
addresses = st.ip_addresses(network="203.0.113.0/24").map(str)
nonsense = st.text(alphabet="0123456789abcdef.:, x-", max_size=40)


def settled(peer: str, **told: str) -> tuple[str | None, str | None]:
    headers = HTTPHeaders({name.replace("_", "-"): value for name, value in told.items()})
    settle_forwarded(headers, peer, MACHINE)
    assert not {"X-Real-Ip", "X-Scheme", "Forwarded"} & set(headers)
    return headers.get("X-Forwarded-For"), headers.get("X-Forwarded-Proto")


def test_a_web_server_and_the_hubs_proxy_on_this_machine_say_who_it_is_and_that_it_is_by_tls() -> None:
    assert settled("127.0.0.1", X_Forwarded_For="203.0.113.7,127.0.0.1", X_Forwarded_Proto="https,http") == ("203.0.113.7", "https")


@given(told=nonsense, protocol=nonsense, real=nonsense)
def test_from_anybody_else_nothing_is_believed(told: str, protocol: str, real: str) -> None:
    found = settled(
        "203.0.113.9", X_Forwarded_For=told, X_Forwarded_Proto=protocol, X_Real_Ip=real, X_Scheme="https", Forwarded="proto=https"
    )
    assert found == (None, None)


@given(made_up=nonsense, visitor=addresses)
def test_what_a_visitor_made_up_stands_before_what_the_first_proxy_added(made_up: str, visitor: str) -> None:
    assert visitor_address(f"{made_up}, {visitor}", MACHINE) == visitor
    assert visitor_address(f"{made_up}, {visitor}, 10.1.2.3, 127.0.0.1", NEAR) == visitor


@given(visitor=addresses)
def test_an_address_is_the_same_however_the_proxy_writes_it(visitor: str) -> None:
    assert visitor_address(f"::ffff:{visitor}", MACHINE) == visitor


@pytest.mark.parametrize("told", ["", "unknown", "203.0.113.7, nobody", ","])
def test_what_is_no_address_is_none(told: str) -> None:
    assert visitor_address(told, MACHINE) == ""


def test_who_stands_behind_trusted_proxies_only_is_the_first_of_them() -> None:
    assert visitor_address("127.0.0.1, ::1", MACHINE) == "127.0.0.1"
