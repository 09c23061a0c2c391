"""What holds for every page: headers, errors, the frame, both languages, no request to anywhere else."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from portal.web.application import STATIC
from tests.portal.web.browser import barriers, overflow
from tests.portal.web.running import RunningPortal, running_portal
from tests.small_site import COURSE, Someone, enter_results, released_site

pytestmark = pytest.mark.slow
_BRIGHTNESS = """() => {
  const told = (element, name) => getComputedStyle(element)[name].match(/[0-9.]+/g).slice(0, 3).reduce((sum, each) => sum + Number(each), 0) > 382 ? "light" : "dark";
  return { paper: told(document.body, "backgroundColor"), ink: told(document.querySelector("h1"), "color") };
}"""
_CARDS = """() => {
  const table = document.querySelector(".wide > table"), value = table.querySelector("td");
  return { cards: table.classList.contains("stacked"), table: table.role, value: value.role, column: value.dataset.label };
}"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    folder = tmp_path_factory.mktemp("site")
    site = released_site(folder / "s", folder)
    enter_results(site, (Someone("ana", "Ana Reyes"),))
    with running_portal(site) as running:
        yield running


def test_the_start_page_names_the_released_course(portal: RunningPortal) -> None:
    answer = portal.visitor().get("")
    assert answer.status_code == 200
    assert f'href="/courses/{COURSE}"' in answer.text


def test_every_answer_forbids_foreign_scripts_frames_and_guessing_of_types(portal: RunningPortal) -> None:
    for path in ("", "nosuch"):
        headers = portal.visitor().get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "'unsafe-inline'" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in headers


def test_an_address_that_is_none_is_told_in_words(portal: RunningPortal) -> None:
    answer = portal.visitor().get("nosuch")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_a_form_without_its_token_is_refused_in_words(portal: RunningPortal) -> None:
    answer = portal.visitor().post("sign-in", data={"name": "faculty"})
    assert answer.status_code == 403


def test_a_script_that_is_not_signed_in_is_refused_and_not_sent_round_to_the_sign_in(portal: RunningPortal) -> None:
    asked = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
    assert portal.visitor().get("my", headers=asked).status_code == 403
    assert portal.visitor().get("my").url.path == "/sign-in"


def test_whom_one_can_be_is_only_who_is_in_the_list(portal: RunningPortal) -> None:
    client = portal.visitor("faculty")
    assert "Signed in as faculty" in client.get("").text
    assert "Signed in as" not in portal.visitor().get("").text


def test_the_first_page_is_small(portal: RunningPortal) -> None:
    client = portal.visitor()
    page = client.get("").text
    files = [STATIC / re.sub(r"^/static/|\?.*$", "", address) for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page)]
    assert len(files) == 5
    sent = len(gzip.compress(page.encode())) + sum(len(gzip.compress(path.read_bytes())) for path in files)
    assert sent < 60_000


def test_on_paper_stands_the_content_alone_in_black_on_white_whatever_the_screen_is_like(portal: RunningPortal, browser: Browser) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(portal.address + "trust")
    assert page.evaluate(_BRIGHTNESS) == {"paper": "dark", "ink": "light"}
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(_BRIGHTNESS) == {"paper": "light", "ink": "dark"}
    assert [page.is_visible(each) for each in ("h1", ".site-head", "footer")] == [True, False, False]
    context.close()


def test_on_a_telephone_a_table_that_is_too_wide_becomes_cards_and_stays_a_table_for_who_listens(
    portal: RunningPortal, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(f"{portal.address}courses/{COURSE}")
    assert page.evaluate(_CARDS) == {"cards": True, "table": "table", "value": "cell", "column": "Kind"}
    assert (overflow(page), barriers(page)) == (0, [])
    page.set_viewport_size({"width": 1200, "height": 800})
    page.wait_for_function("() => !document.querySelector('.stacked')")
    context.close()


def test_nothing_is_asked_of_anybody_else(portal: RunningPortal) -> None:
    page = portal.visitor().get("").text
    assert re.findall(r'(?:src|href|action)="(https?:)?//', page) == []
    for path in (STATIC / "patunay.css", STATIC / "patunay.js"):
        assert "//" not in Path(path).read_text(encoding="utf-8").replace("// ", "")
