"""The public pages in a real browser: nothing keeps people out, nothing is wider than a phone, in both languages, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser

from portal.sharing import PageChoices, share
from tests.portal.web.browser import barriers, drop_file, overflow
from tests.portal.web.public.conftest import IssuedPortal
from tests.small_site import COURSE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(issued: IssuedPortal) -> Iterator[dict[str, str]]:
    """Addresses by name."""
    token = share(issued.site, issued.numbers["ana"], PageChoices(show_grade=True, show_evidence=True, give_file=True), datetime.now(UTC))
    here = issued.running.address
    yield {
        "home": here,
        "catalogue": f"{here}courses",
        "filtered": f"{here}courses?words=zebra",
        "course": f"{here}courses/{COURSE}",
        "sample": f"{here}courses/{COURSE}/sample",
        "achievement": f"{here}achievements/{COURSE}/1.0.0",
        "outcome": f"{here}achievements/{COURSE}/1.0.0/outcomes/LO1",
        "verify": f"{here}verify",
        "refused": f"{here}verify?q=blah",
        "result": f"{here}verify/{issued.numbers['ana']}",
        "shared": f"{here}c/{token}",
        "trust": f"{here}trust",
    }


@pytest.mark.parametrize(
    ("scheme", "language", "width"), [pytest.param("light", "en-GB", 1200, marks=pytest.mark.thorough), ("dark", "fil-PH", 320)]
)
def test_nothing_keeps_anybody_out(browser: Browser, pages: dict[str, str], scheme: str, language: str, width: int) -> None:
    context = browser.new_context(color_scheme=scheme, locale=language, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    page = context.new_page()
    for name, address in pages.items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == (400 if name == "refused" else 200), name
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert barriers(page) == [], name
        assert overflow(page) <= 0, name
        assert page.locator("h1").count() == 1, name
    context.close()


def test_a_file_is_checked_without_javascript_by_keyboard_alone(browser: Browser, issued: IssuedPortal) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{issued.running.address}verify")
    page.set_input_files("#file", str(issued.file("ana", "png")))
    page.focus("button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".verdict", timeout=120_000)
    assert page.inner_text(".verdict .word") == "Valid"
    context.close()


def test_a_file_that_is_dropped_anywhere_on_the_page_is_checked_at_once(browser: Browser, issued: IssuedPortal) -> None:
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(f"{issued.running.address}verify")
    drop_file(page, issued.file("ana", "png"))
    page.wait_for_selector(".verdict", timeout=120_000)
    assert page.inner_text(".verdict .word") == "Valid"
    page.context.close()


def test_a_file_that_is_larger_than_any_server_takes_is_not_sent_and_the_next_one_is(
    browser: Browser, issued: IssuedPortal, tmp_path: Path
) -> None:
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(26 * 2**20)
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(f"{issued.running.address}verify")
    page.set_input_files("#file", str(large))
    assert page.evaluate("document.getElementById('file').validationMessage") == "This is larger than 25 MB, and was not sent."
    page.click("button[type=submit]")
    assert page.inner_text("h1") == "Check a credential"
    page.set_input_files("#file", str(issued.file("ana", "png")))
    page.click("button[type=submit]")
    page.wait_for_selector(".verdict", timeout=120_000)
    page.context.close()


def test_a_picture_of_a_qr_code_that_is_dropped_leads_to_the_check(browser: Browser, issued: IssuedPortal, tmp_path: Path) -> None:
    segno.make(f"https://badges.uni.example/verify/{issued.numbers['ana']}").save(str(tmp_path / "photo.png"), scale=6)
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(f"{issued.running.address}verify")
    drop_file(page, tmp_path / "photo.png")
    page.wait_for_selector(".verdict", timeout=120_000)
    assert page.url.endswith(f"/verify/{issued.numbers['ana']}")
    assert page.inner_text(".verdict .word") == "Valid"
    page.context.close()


def test_the_picture_of_the_certificate_comes_when_it_is_opened(browser: Browser, pages: dict[str, str]) -> None:
    page = browser.new_page()
    page.goto(pages["result"])
    with page.expect_response(lambda answer: answer.url.endswith("/certificate.png")) as answered:
        page.click("text=The certificate, to compare with")
        page.locator("img.certificate").scroll_into_view_if_needed()
    assert answered.value.ok
    page.wait_for_function(
        "() => document.querySelector('img.certificate').naturalWidth > 300"
    )  # what is answered is loaded a moment later
    page.close()
