"""A sign-in that was begun with one process of the portal is ended by any other, and by none with another secret."""

from __future__ import annotations

import pytest

pytest.importorskip("jupyterhub")

from portal.web.oauth_states import SealedStates, state_key

SECRET, OTHER = b"s" * 64, b"t" * 64


def process(secret: bytes = SECRET) -> SealedStates:
    """Return the sign-in as one process has it."""
    return SealedStates(state_key=state_key(secret), api_token="x" * 32, oauth_client_id="service-portal", base_url="/services/portal/")


def test_what_one_process_seals_another_opens() -> None:
    state = process().generate_state("/services/portal/my/c/basics", code_verifier="proof", cookie_name="a-cookie")
    assert "proof" not in state
    other = process()
    assert other.get_next_url(state) == "/services/portal/my/c/basics"
    assert other.get_code_verifier(state) == "proof"
    assert other.get_state_cookie_name(state) == "a-cookie"


@pytest.mark.parametrize(
    "state", ["", "nonsense", "ÿ", pytest.param(process(OTHER).generate_state("/elsewhere", code_verifier="proof"), id="another")]
)
def test_what_was_not_sealed_here_leads_to_the_first_page_and_proves_nothing(state: str) -> None:
    signing = process()
    assert signing.get_next_url(state) == "/services/portal/"
    assert signing.get_code_verifier(state) is None
    assert signing.get_state_cookie_name(state) == signing.state_cookie_name


def test_a_state_is_forgotten_after_ten_minutes() -> None:
    signing = process()
    state = signing.generate_state("/services/portal/my")
    signing.oauth_state_max_age = -1
    assert signing.get_next_url(state) == "/services/portal/"


def test_a_very_long_address_is_not_kept_since_the_cookie_would_not_be() -> None:
    state = process().generate_state("/services/portal/courses?q=" + "x" * 5000, code_verifier="p" * 128)
    assert len(state) < 1000
    assert process().get_next_url(state) == "/services/portal/"
