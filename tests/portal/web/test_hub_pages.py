"""The hub's own pages, as its templates ask for them: their words, what may run in them, and nobody's text as markup."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from portal.web.hub_pages import HubPages

PAGES = HubPages("Example <State> University", "Sample badges", "Asia/Manila")
AUTHENTICATOR = SimpleNamespace(request_otp=False)


@dataclass
class Handler:
    """The hub's handler of a request, as far as a page asks it."""

    uri: str = "/hub/login"
    accepted: str = "en"
    cookies: dict[str, str] = field(default_factory=dict)
    xsrf_token: bytes = b"a-token"

    @property
    def request(self) -> Any:
        return SimpleNamespace(uri=self.uri, headers={"Accept-Language": self.accepted} if self.accepted else {})

    @property
    def hub(self) -> Any:
        return SimpleNamespace(base_url="/hub/")

    def get_cookie(self, name: str) -> str | None:
        return self.cookies.get(name)

    def static_url(self, path: str) -> str:
        return f"/hub/static/{path}"


def sign_in(handler: Handler, **how: Any) -> str:
    told = {
        "custom_html": "",
        "login_service": "",
        "login_error": None,
        "authenticator_login_url": "/hub/login?next=%2Fmy",
        "username": None,
    }
    return PAGES.sign_in(handler.static_url, **{**told, "authenticator": AUTHENTICATOR, **how})


def every_page(handler: Handler) -> list[str]:
    place = handler.static_url
    return [
        sign_in(handler),
        PAGES.starting(place, "/hub/api/users/ana/server/progress?_xsrf=1"),
        PAGES.stopping(place),
        PAGES.not_running(place, "/hub/spawn/ana", failed=False, detail=""),
        PAGES.not_running(place, "/hub/spawn/ana", failed=True, detail="<script>alert(1)</script>"),
        PAGES.signed_out(place, "/hub/login"),
        *(PAGES.error(place, status, "<b>why</b>") for status in (400, 403, 404, 500, 503)),
    ]


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_only_the_pages_own_style_and_script_are_let_in_by_their_policy() -> None:
    for page in every_page(Handler()):
        found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
        assert found
        told = found[1].replace("&#39;", "'")
        assert told.startswith("default-src 'none'; ")
        for kind, element in (("style-src", "style"), ("script-src", "script")):
            inside = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
            assert re.findall(rf"{kind} ([^;]+);", told) == [hash_of(text) for text in inside]
        assert not re.search(r'(?:src|href|action)="(?:[a-z]+:|//)', page)  # no third party


def test_nobodys_text_is_markup() -> None:
    for page in every_page(Handler(uri='/hub/x?next="><script>alert(2)</script>')):
        assert "<State>" not in page
        assert "alert(1)</script>" not in page
        assert "alert(2)</script>" not in page
        assert "<b>why" not in page


@pytest.mark.parametrize(
    ("handler", "language"),
    [
        (Handler(accepted="fil-PH,en;q=0.5"), "fil"),
        (Handler(accepted="en", cookies={"patunay-language": "fil"}), "fil"),
        (Handler(accepted="fil", uri="/hub/login?lang=en&next=%2Fmy"), "en"),
    ],
)
def test_a_page_is_in_the_language_that_the_portal_would_take(handler: Handler, language: str) -> None:
    for page in every_page(handler):
        assert f'<html lang="{language}">' in page


def test_every_page_is_in_filipino_too() -> None:
    for english, filipino in zip(every_page(Handler()), every_page(Handler(accepted="fil")), strict=True):
        headings = [re.findall(r"<h1>(.*?)</h1>", page) for page in (english, filipino)]
        assert len(headings[0]) == len(headings[1]) == 1
        assert headings[0] != headings[1]


def test_the_language_can_be_changed_and_stays_what_it_is_while_one_signs_in() -> None:
    page = sign_in(Handler(uri="/hub/login?next=%2Fmy&lang=fil"))
    assert 'href="/hub/login?next=%2Fmy&amp;lang=en"' in page
    assert 'action="/hub/login?next=%2Fmy&amp;lang=fil"' in page


def test_where_the_proxy_asks_in_its_own_name_an_error_is_told_in_both_languages() -> None:
    page = PAGES.error(Handler(accepted="", uri="/hub/error/503?url=%2Fservices%2Fportal%2Fmy").static_url, 503, "")
    assert "This part does not answer just now" in page
    assert '<div lang="fil">' in page
    assert (
        PAGES.error(Handler(accepted="", uri="/hub/error/404?url=%2F").static_url, 404, "").count("This part does not answer") == 2
    )  # the hub starts
    assert "lang=en" not in page  # a link for the language would lead to the proxy's address, not to the reader's


def test_what_the_hub_says_of_a_sign_in_is_in_the_pages_language_where_it_is_known() -> None:
    told = sign_in(Handler(accepted="fil"), login_error="Invalid username or password", username="ana")
    assert "Invalid username" not in told
    assert 'value="ana"' in told
    unknown = sign_in(Handler(accepted="fil"), login_error="Something of an authenticator's")
    assert '<p class="wrong" role="alert" lang="en">Something of an authenticator' in unknown


def test_an_institutions_login_is_a_link_and_an_authenticators_own_form_is_left_as_it_is() -> None:
    assert "Sign in with Example Login" in sign_in(
        Handler(), login_service="Example Login", authenticator_login_url="/hub/oauth_login?next="
    )
    own = sign_in(Handler(), custom_html="<form id=own><script>mine()</script></form>")
    assert "<script>mine()</script>" in own
    assert "Content-Security-Policy" not in own


def test_who_starts_again_is_led_on_to_where_they_were_going() -> None:
    handler = Handler(uri="/hub/spawn-pending/ana?next=%2Fuser%2Fana%2Fpatunay%2Fopen%2Fc%2Fbasics")
    page = PAGES.not_running(handler.static_url, "/hub/spawn/ana", failed=True, detail="")
    assert 'href="/hub/spawn/ana?next=%2Fuser%2Fana%2Fpatunay%2Fopen%2Fc%2Fbasics"' in page
