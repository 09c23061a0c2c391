"""The main ways through the portal with the keyboard alone: a learner's, from the sign-in to a shared credential, and the office's, from eligibility to an approved batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.portal.web.browser import chromium
from tests.portal.web.keyboard import Keyboard
from tests.portal.web.learner_site import learner_site, learners_portal
from tests.portal.web.office_site import OFFICE, office_site
from tests.portal.web.running import RunningPortal, running_portal

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not chromium(), reason="needs Chromium (make browser)")]


@pytest.fixture(scope="module")
def learners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with learners_portal(learner_site(tmp_path_factory.mktemp("keys") / "learners", tmp_path_factory.getbasetemp())) as running:
        yield running


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    site = office_site(tmp_path_factory.mktemp("keys") / "office", tmp_path_factory.getbasetemp())
    with running_portal(site, people=OFFICE) as running:
        yield running


def arrive(portal: RunningPortal, browser: Browser, name: str, width: int = 1200) -> Keyboard:
    """Return somebody who has signed in with the keyboard, from the first page on."""
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
    page.set_default_timeout(60_000)
    page.goto(portal.address)
    keys = Keyboard(page)
    keys.follow("Sign in")
    keys.choose(name)
    keys.follow("Go on")
    return keys


def skip_to_content(keys: Keyboard) -> None:
    """Take the first stop of the page, which leads past the menu."""
    first = keys.tab()
    assert (first["name"], first["isOnScreen"]) == ("Skip to the content", True)
    keys.page.keyboard.press("Enter")
    expect(keys.page.locator("#content")).to_be_focused()
    assert keys.tab()["isInMain"]


@pytest.mark.parametrize("width", [360, 1200])
def test_a_learner_goes_from_the_sign_in_to_their_checklist_without_a_mouse(learners: RunningPortal, browser: Browser, width: int) -> None:
    keys = arrive(learners, browser, "cora", width)
    expect(keys.page.get_by_role("heading", level=1)).to_have_text("My courses")
    skip_to_content(keys)
    keys.follow("A tiny course")
    keys.follow("The basics")
    expect(keys.page.get_by_role("heading", level=1)).to_have_text("The basics")
    keys.follow("Hand in files")
    assert keys.to("", kind="file")["tag"] == "INPUT"
    keys.page.go_back()
    keys.follow("A tiny course")
    assert keys.to("Requirements")["tag"] == "DIV"  # the table scrolls with the arrows
    keys.follow("How your name will stand")
    keys.choose("Yes")
    keys.follow("Confirm")
    expect(keys.page.get_by_role("status")).to_contain_text("Written down")
    assert keys.unseen == []


def test_a_learner_claims_and_shares_without_a_mouse(learners: RunningPortal, browser: Browser) -> None:
    keys = arrive(learners, browser, "ana", 360)
    keys.follow("My credentials")
    keys.follow("Claim it")
    keys.choose("A page that nobody finds by searching")
    keys.tick("my results")
    keys.follow("Claim")
    expect(keys.page.get_by_role("status").first).to_contain_text("Claimed")
    keys.to("Copy the address")
    keys.to("Badge with the credential inside (PNG)")
    with keys.page.expect_download() as started:
        keys.page.keyboard.press("Enter")
    assert Path(started.value.suggested_filename).suffix == ".png"
    keys.page.goto(learners.address + keys.page.locator("a.mono").first.inner_text().removeprefix("https://badges.uni.example/"))
    skip_to_content(keys)
    assert keys.unseen == []


def test_the_office_prepares_and_somebody_else_approves_without_a_mouse(office: RunningPortal, browser: Browser) -> None:
    clerk = arrive(office, browser, "clerk")
    clerk.follow("Office")
    skip_to_content(clerk)
    clerk.follow("A tiny course")
    clerk.follow("Dry run, then prepare a batch")
    clerk.follow("Prepare a batch of 2")
    expect(clerk.page.get_by_role("status").first).to_contain_text("The batch is prepared.")
    registrar = arrive(office, browser, "registrar")
    registrar.follow("Office")
    registrar.follow("Approve or return a batch")
    registrar.tick("I have looked at what stands out")
    registrar.follow("Approve 2 awards")
    expect(registrar.page.get_by_role("status").first).to_contain_text("The batch is approved.")
    assert (clerk.unseen, registrar.unseen) == ([], [])
