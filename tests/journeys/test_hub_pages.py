"""The hub's own pages that people come across, on a real hub in a real browser: in the portal's words, in their language, without JavaScript, and when things fail."""

from __future__ import annotations

import shutil
import time
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.running_hub import PATIENCE_MS, RunningHub, ask
from tests.portal.web.browser import barriers, chromium, overflow
from tests.small_site import COURSE

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not chromium() or not shutil.which("npm"), reason="needs Chromium and npm (make browser node)"),
]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 640}}


def heading(page: Page) -> str:
    """Return what the page is called, after it was looked at."""
    assert (barriers(page), overflow(page)) == ([], 0)
    return page.get_by_role("heading", level=1).inner_text()


def stop_server(page: Page, name: str) -> None:
    """Stop a person's own server, as its owner may."""
    status, _ = ask(page, "DELETE", f"/hub/api/users/{name}/server")
    assert status in {202, 204}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("language", "title"), [("en-GB", "Sign in to Sample badges"), ("fil-PH", "Mag-sign in sa Sample badges")])
def test_the_sign_in_page_speaks_the_browsers_language(hub: RunningHub, browser: Browser, scheme: str, language: str, title: str) -> None:
    page = browser.new_context(locale=language, color_scheme=scheme, **PHONE).new_page()  # type: ignore[arg-type]
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{hub.address}/hub/login")
    assert heading(page) == title
    page.fill("#username_input", "ana")
    page.fill("#password_input", "guessed")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(
        "Mali ang username o password" if language == "fil-PH" else "Invalid username or password"
    )
    assert heading(page) == title
    assert not [line for line in said if "Content Security Policy" in line]


def test_jupyter_starts_in_ones_language_goes_on_by_itself_and_is_started_again_after_it_was_stopped(
    hub: RunningHub, browser: Browser
) -> None:
    page = hub.sign_in(browser, "ana", **PHONE)
    page.goto(f"{hub.address}/services/portal/?lang=fil")
    page.goto(f"{hub.address}/hub/spawn")
    assert heading(page) == "Binubuksan ang Jupyter"
    page.wait_for_function("document.querySelector('progress').value >= 50")
    page.wait_for_url("**/user/ana/lab**")
    page.goto(f"{hub.address}/hub/admin")  # 403, and a page of the hub, whose scripts may ask it
    stop_server(page, "ana")
    answer = page.goto(f"{hub.address}/user/ana/patunay/open/{COURSE}/basics")
    assert answer
    assert answer.status == 424
    assert heading(page) == "Hindi tumatakbo ngayon ang Jupyter"
    page.get_by_role("link", name="Buksan ang Jupyter").click()
    page.wait_for_url(f"**/user/ana/lab/tree/{COURSE}/basics/basics.ipynb")


def test_without_javascript_it_starts_as_well(hub: RunningHub, browser: Browser) -> None:
    page = hub.sign_in(browser, "ben", java_script_enabled=False)
    page.goto(f"{hub.address}/hub/spawn")
    expect(page.get_by_role("heading", level=1)).to_have_text("Jupyter starts")
    page.wait_for_url("**/user/ben/lab**")


def test_a_server_that_stops_says_so_until_it_has(hub: RunningHub, browser: Browser) -> None:
    page = hub.sign_in(browser, "ben")
    page.goto(f"{hub.address}/hub/spawn")
    page.wait_for_url("**/user/ben/lab**")
    other = page.context.new_page()
    other.set_default_timeout(PATIENCE_MS)
    other.goto(f"{hub.address}/hub/admin")  # 403, and a page of the hub's
    token = next(each["value"] for each in page.context.cookies() if each["name"] == "_xsrf" and each["path"] == "/hub/")
    other.evaluate(
        "token => { fetch('/hub/api/users/ben/server', {method: 'DELETE', keepalive: true, headers: {'X-XSRFToken': token}}); }", token
    )
    other.wait_for_timeout(300)
    other.goto(f"{hub.address}/hub/spawn-pending/ben?next=/user/ben/patunay/open/{COURSE}/basics")
    if heading(other) == "This part does not answer just now":  # it has ended, and the hub does not know yet
        other.goto(f"{hub.address}/hub/spawn-pending/ben?next=/user/ben/patunay/open/{COURSE}/basics")
    assert heading(other) in {"Jupyter stops", "Jupyter does not run now"}
    expect(other.get_by_role("heading", level=1)).to_have_text("Jupyter does not run now", timeout=PATIENCE_MS)  # by itself
    other.get_by_role("link", name="Start Jupyter").click()
    other.wait_for_url(f"**/user/ben/lab/tree/{COURSE}/basics/basics.ipynb")


def test_a_server_that_does_not_start_says_so_and_why_and_can_be_tried_again(hub: RunningHub, browser: Browser) -> None:
    settings = hub.site / "hub" / "homes" / "faculty" / ".jupyter"
    settings.mkdir(parents=True)
    (settings / "jupyter_server_config.py").write_text("import sys\nsys.exit(3)\n", encoding="utf-8")
    page = hub.sign_in(browser, "faculty", color_scheme="dark", **PHONE)
    page.goto(f"{hub.address}/hub/spawn")
    expect(page.get_by_role("heading", level=1)).to_have_text("Jupyter did not start", timeout=PATIENCE_MS)
    assert heading(page)
    (settings / "jupyter_server_config.py").unlink()
    page.get_by_role("link", name="Start Jupyter").click()
    page.wait_for_url("**/user/faculty/lab**")


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/hub/admin", 403, "This page is not for you"),
        ("/hub/no-such-page", 404, "There is no such page"),
        ("/user/administrator/lab", 404, "There is no such page"),
        ("/hub/spawn/ana/no-such-course", 403, "This page is not for you"),
    ],
)
def test_what_is_not_theirs_or_nowhere_says_so_and_leads_back(
    hub: RunningHub, browser: Browser, path: str, status: int, title: str
) -> None:
    page = hub.sign_in(browser, "ana", **PHONE)
    answer = page.goto(hub.address + path)
    assert answer
    assert (answer.status, heading(page)) == (status, title)
    page.locator("main").get_by_role("link", name="To the start page").click()
    page.wait_for_url("**/services/portal/**")


def test_while_the_portal_is_away_both_languages_say_so_and_it_comes_back(hub: RunningHub, browser: Browser) -> None:
    portal, deadline = hub.find_process("portal.cli", "serve"), time.monotonic() + 90
    assert portal
    portal.kill()
    while httpx.get(f"{hub.address}/services/portal/", timeout=60).status_code == 200:  # its workers hear of it
        assert time.monotonic() < deadline
    page = browser.new_context(**PHONE).new_page()
    answer = page.goto(f"{hub.address}/services/portal/")
    assert answer
    assert answer.status == 503
    assert heading(page) == "This part does not answer just now"
    expect(page.locator("[lang=fil] h2")).to_have_text("Hindi sumasagot ang bahaging ito ngayon")
    for _ in range(90):
        if httpx.get(f"{hub.address}/services/portal/", timeout=60).status_code == 200:
            return
        page.wait_for_timeout(1000)
    raise AssertionError("the portal did not come back")
