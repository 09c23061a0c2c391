"""The page that a holder shares: what they chose and no more, gone when they take it down, hidden from search engines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.sharing import PageChoices, share, unshare
from tests.portal.web.public.conftest import ANA, IssuedPortal

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_the_page_shows_what_was_chosen_and_is_gone_when_taken_down(own_portal: IssuedPortal) -> None:
    site, number = own_portal.site, own_portal.numbers["ana"]
    client = own_portal.running.visitor()
    token = share(site, number, PageChoices(), NOW)
    page = client.get(f"c/{token}")
    assert page.status_code == 200
    assert ANA.name in page.text
    assert "100 %" not in page.text
    assert "Submission uEi" not in page.text
    assert "Download" not in page.text
    assert client.get(f"c/{token}/credential.json").status_code == 404
    share(site, number, PageChoices(show_grade=True, show_evidence=True, give_file=True), NOW)
    page = client.get(f"c/{token}")
    for told in ("100 %", "Submission uEi", f'href="/c/{token}/credential.json"', f'href="/verify/{number}"'):
        assert told in page.text
    file = client.get(f"c/{token}/credential.json")
    assert file.content == own_portal.file("ana").read_bytes()
    assert file.headers["Content-Type"] == "application/vc+ld+json"
    assert file.headers["Access-Control-Allow-Origin"] == "*"
    assert client.get(f"c/{token}", headers={"Accept": "application/json"}).content == file.content
    unshare(site, number, NOW)
    gone = client.get(f"c/{token}")
    assert gone.status_code == 410
    assert "Ask the holder for the file" in gone.text
    for told in (ANA.name, "A tiny course", number):
        assert told not in gone.text
    assert client.get(f"c/{token}/credential.json").status_code == 404


def test_the_page_asks_search_engines_to_leave_it_out_and_previews_tell_no_name(own_portal: IssuedPortal) -> None:
    token = share(own_portal.site, own_portal.numbers["ana"], PageChoices(), NOW)
    answer = own_portal.running.visitor().get(f"c/{token}")
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert '<meta name="robots" content="noindex' in answer.text
    assert answer.headers["Referrer-Policy"] == "same-origin"
    previews = [line for line in answer.text.splitlines() if "og:" in line]
    assert previews
    assert not any(ANA.name in line for line in previews)


def test_a_token_that_never_was_is_no_page(issued: IssuedPortal) -> None:
    client = issued.running.visitor()
    for token in ("x", "A" * 43, f"{issued.numbers['ana']}", "..%2f..%2fledger.db", "%00"):
        assert client.get(f"c/{token}").status_code == 404
        assert client.get(f"c/{token}/credential.json").status_code == 404
