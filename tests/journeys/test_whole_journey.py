"""The whole way of a credential on a real hub, in real browsers: released by a teacher, earned by two learners, one of them on a phone, issued, shared, checked, revoked."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from courses.settings import load_site
from tests.journeys.journey_site import MESSAGE, NAMES, enter_names, unreleased_site
from tests.journeys.notebook_typing import hand_in, run_from_here, type_answer
from tests.journeys.running_hub import PATIENCE_MS, RunningHub, running_hub
from tests.portal.web.browser import barriers, chromium, drop_file, overflow
from tests.small_site import COURSE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not chromium() or not shutil.which("npm"), reason="needs Chromium and npm (make browser node)"),
]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 640}, "is_mobile": True, "has_touch": True}
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    site = unreleased_site(tmp_path_factory.mktemp("journey") / "site")
    with running_hub(site.root, "--try-out") as running:
        yield running


def look(page: Page) -> None:
    """Return if nothing on the page keeps people out, and it fits the window."""
    page.wait_for_load_state()
    assert (barriers(page), overflow(page)) == ([], 0), page.url


def press(page: Page, name: str, role: str = "button") -> None:
    """Press what is called so."""
    page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]


def load_until(page: Page, text: str) -> None:
    """Load the page again until it says a text: work goes on beside it."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while text not in page.locator("main").inner_text():
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        time.sleep(1)
        page.reload()


def test_from_the_release_of_a_course_to_a_revoked_credential(hub: RunningHub, browser: Browser, tmp_path: Path) -> None:
    release(hub.sign_in(browser, "faculty"))
    enter_names(load_site(hub.site))
    learn_at_once(hub, browser)
    learn_at_the_second_try_on_a_phone(hub, browser)
    award(hub, browser)
    badge, page_of_it = claim_and_take_along(hub.sign_in(browser, "ben", **PHONE), tmp_path)
    check_as_an_employer(browser, hub, badge, page_of_it)
    revoke(hub.sign_in(browser, "clerk"))
    see_it_withdrawn(browser, hub, badge, page_of_it)


def release(teacher: Page) -> None:
    """See what the gate says of the files, release the course, which runs the gate whole, and read what that found."""
    assert teacher.url.endswith("/teach")
    look(teacher)
    press(teacher, "A tiny course", "link")
    press(teacher, "Release", "link")
    expect(teacher.get_by_role("heading", name="What the files say now")).to_be_visible()
    press(teacher, "Release version 1.0.0")
    load_until(teacher, "went through")
    look(teacher)
    press(teacher, "What the gate said of the release that runs", "link")
    expect(teacher.locator("body")).to_contain_text("squares")
    teacher.context.close()


def open_notebook(desk: Page, learner: str) -> None:
    """From the landing page by its one next step into the notebook in Jupyter."""
    press(desk, "Work on “Squares” and hand it in.", "link")
    press(desk, "Open in Jupyter", "link")
    desk.wait_for_url(f"**/user/{learner}/lab/tree/{COURSE}/squares/squares.ipynb")


def learn_at_once(hub: RunningHub, browser: Browser) -> None:
    """Ana solves it at the first try, in Jupyter's own window."""
    ana = hub.sign_in(browser, "ana")
    look(ana)
    open_notebook(ana, "ana")
    type_answer(ana, "def square(n):", "    return n * n")
    run_from_here(ana, cells=3)
    hand_in(ana)
    told = ana.locator("#state").inner_text()  # it waits to be graded, or is being; a slow browser comes when it was
    assert "graded" in told or "Passed" in told
    expect(ana.locator("#state")).to_contain_text("Passed")  # by itself: nobody loads the page again
    expect(ana.get_by_role("row", name="test_below_zero")).to_contain_text("6 / 6")
    ana.context.close()


def learn_at_the_second_try_on_a_phone(hub: RunningHub, browser: Browser) -> None:
    """Ben codes at a desk and does all else on his phone: he fails, reads why, mends it, and passes."""
    phone, desk = hub.sign_in(browser, "ben", **PHONE), hub.sign_in(browser, "ben")
    look(phone)
    open_notebook(desk, "ben")
    type_answer(desk, "def square(n):", "    return n * abs(n)")
    run_from_here(desk, cells=3)
    hand_in(desk)
    press(phone, "“Squares”", "link")
    expect(phone.locator("#state")).to_contain_text("Feedback is ready")
    expect(phone.get_by_role("row", name="test_below_zero")).to_contain_text(MESSAGE)
    look(phone)
    press(desk, "Open in Jupyter", "link")
    type_answer(desk, "def square(n):", "    return n * n", instead_of="abs(n)")
    run_from_here(desk, cells=3)
    hand_in(desk)
    phone.reload()
    expect(phone.locator("#state")).to_contain_text("Passed")
    expect(phone.get_by_role("row", name="test_below_zero")).to_contain_text("6 / 6")  # loaded anew by itself, which would undo a click
    confirm_name(phone)
    phone.context.close()
    desk.context.close()


def confirm_name(phone: Page) -> None:
    """From the result to the name, as it will stand in the credential: look at it, and agree."""
    press(phone, "A tiny course", "link")
    press(phone, "Check how your name will stand in the credential.", "link")
    expect(phone.get_by_text(NAMES["ben"], exact=True)).to_be_visible()
    phone.locator("img.certificate").scroll_into_view_if_needed()
    look(phone)
    phone.get_by_label("Yes, as it is above").check()
    press(phone, "Confirm")
    expect(phone.get_by_role("status")).to_contain_text("your name will stand")


def award(hub: RunningHub, browser: Browser) -> None:
    """The clerk prepares a batch, cannot approve it; the registrar approves; the clerk issues."""
    clerk = hub.sign_in(browser, "clerk")
    look(clerk)
    clerk.goto(f"{hub.address}/services/portal/office/courses/{COURSE}")
    look(clerk)
    press(clerk, "Dry run, then prepare a batch")
    press(clerk, "Prepare a batch of 2")
    look(clerk)
    expect(clerk.get_by_text("You prepared this batch, so you cannot approve it.")).to_be_visible()
    registrar = hub.sign_in(browser, "registrar")
    registrar.goto(clerk.url)
    registrar.get_by_label("I have looked at what stands out").check()
    press(registrar, "Approve 2 awards")
    look(registrar)
    load_until(clerk, "Issue 2 credentials")
    press(clerk, "Issue 2 credentials")
    expect(clerk.locator("main")).to_contain_text("All credentials are issued")  # by itself
    registrar.context.close()
    clerk.context.close()


def claim_and_take_along(phone: Page, folder: Path) -> tuple[Path, str]:
    """Ben claims his credential, lets it have a page with his grade, and takes the badge along; return the file and the page's address."""
    press(phone, "Your credential is ready. Claim it.", "link")
    look(phone)
    phone.locator("[name=page][value=link]").check()
    phone.locator("[name=grade]").check()
    phone.locator("main form button").click()
    expect(phone.get_by_role("status").first).to_contain_text("Claimed")
    look(phone)
    return take_along(phone, folder)


def take_along(phone: Page, folder: Path) -> tuple[Path, str]:
    """Download the badge, and read the address of the page."""
    with phone.expect_download() as started:
        press(phone, "Badge with the credential inside (PNG)", "link")
    badge = folder / "badge.png"
    started.value.save_as(badge)
    return badge, phone.locator("a.mono").first.inner_text()


def check_as_an_employer(browser: Browser, hub: RunningHub, badge: Path, page_of_it: str) -> None:
    """Somebody who is nobody here drops the badge on the page, and opens the shared page."""
    employer = browser.new_context().new_page()
    employer.set_default_timeout(PATIENCE_MS)
    assert check(employer, hub, badge).startswith("Valid")
    look(employer)
    facts = employer.locator("main").inner_text()
    for fact in (NAMES["ben"], "A tiny course", "Example State University", "Compute squares and sums"):
        assert fact in facts, facts
    employer.goto(page_of_it)
    expect(employer.get_by_role("heading", level=1)).to_contain_text(NAMES["ben"])
    look(employer)
    employer.context.close()


def check(employer: Page, hub: RunningHub, badge: Path) -> str:
    """Drop the file on the page as a hand does, check it, and return the big word."""
    employer.goto(f"{hub.address}/services/portal/verify")
    drop_file(employer, badge)
    employer.wait_for_selector(".verdict")
    return employer.locator(".verdict .word").inner_text()


def revoke(clerk: Page) -> None:
    """The registrar's office withdraws it for good."""
    clerk.goto(clerk.url.removesuffix("/") + "/register")
    press(clerk, NAMES["ben"], "link")
    clerk.get_by_text("Suspend or revoke").click()
    clerk.get_by_label("Revoke for good").check()
    clerk.get_by_label("Kind of reason").select_option("error")
    clerk.get_by_label("Why, for the record; it is never published").fill("The wrong Ben.")
    clerk.get_by_label("To confirm, type").fill(NAMES["ben"])
    look(clerk)
    press(clerk, "Withdraw it")
    expect(clerk.get_by_role("status")).to_contain_text("Whoever checks this credential sees it from now on.")
    look(clerk)
    clerk.context.close()


def see_it_withdrawn(browser: Browser, hub: RunningHub, badge: Path, page_of_it: str) -> None:
    """The same file and the same page say so now."""
    employer = browser.new_context().new_page()
    employer.set_default_timeout(PATIENCE_MS)
    assert check(employer, hub, badge).startswith("Withdrawn")
    employer.goto(page_of_it)
    expect(employer.locator(".verdict .word")).to_contain_text("Withdrawn")
